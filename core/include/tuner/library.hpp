// One loaded plugin library.
//
// Loading never unloads (a Library is kept until the process ends), resolves every symbol at once, keeps the library's
// symbols to itself, and leaves the floating-point environment as it was. The file is hashed before and after. Neither
// it nor a folder on the way to it may be writable by everybody.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tuner/abi.h"

namespace tuner {

struct Library {
  std::filesystem::path path;  // canonical
  std::string sha256;          // hex, of the file
  const tuner_library* table = nullptr;
  std::uint32_t build_flags = 0;  // TUNER_BUILD_..., of its build_probe where it has one
  std::uint64_t device = 0, inode = 0;
};

// Loads and checks. Errors: plugin.unreadable, .not_a_library, .no_entry, .other_major, .needs_newer_host, .not_hosted
// (an objective for another device), .other_platform, .bad_descriptor, .world_writable, .changed;
// each names the file and both values that do not agree.
// Threads: call from one thread.
[[nodiscard]] std::unique_ptr<Library> load_library(const std::filesystem::path& path);

// The checks of load_library on a table in memory; `path` is for the messages.
void check_library_table(const tuner_library* table, const std::filesystem::path& path);

// Loads `path` in a child process and throws plugin.crashes_on_load where that child does not come back in good
// health within the time limit: static constructors run before any check could say no. `self` is the tuner executable,
// run as `self --probe-plugin FILE`. For libraries outside tuner's own folder; once per run and file, before threads
// start.
void probe_library(const std::filesystem::path& self, const std::filesystem::path& path,
                   std::chrono::milliseconds time_limit = std::chrono::seconds(10));
// What `--probe-plugin FILE` does: loads FILE, says on standard output that loading came to an end, and returns the
// exit code of the process (0, or that of the error with which load_library refuses it).
[[nodiscard]] int answer_probe(const std::filesystem::path& path);

// Flags of a build in words: "fast-math, FMA contraction, sanitizer, debug, assertions", "unknown build" where the
// library did not find them out itself; empty for none.
[[nodiscard]] std::string build_flags_text(std::uint32_t flags);

// Hex sha256 of a file's bytes, or of a text. Throws plugin.unreadable / nothing.
[[nodiscard]] std::string sha256_of_file(const std::filesystem::path& path);
[[nodiscard]] std::string sha256_of_text(std::string_view text);

}  // namespace tuner
