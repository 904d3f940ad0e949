// Runs the checks on libraries, each in a child process.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tuner/check/check.hpp"

namespace tuner::check {

enum class Verdict { passed, warned, failed, not_applicable, not_run, blocked };
[[nodiscard]] const char* to_string(Verdict verdict);  // "not applicable"

struct Result {
  std::filesystem::path file;
  std::string plugin;  // "optimizer:adam", empty for a check of the library
  const Check* check = nullptr;
  Verdict verdict = Verdict::passed;
  std::string reason;  // of not_applicable, not_run and blocked
  std::vector<Finding> findings;
  std::string out, err;  // what the child printed, the last 4 kB of each
  double elapsed_ms = 0;
};

struct RunSettings {
  std::filesystem::path self;          // the tuner executable
  std::vector<const Check*> selected;  // in the order of all_checks(); what they need is run, too
  std::uint64_t seed = 1;
  std::chrono::milliseconds time_limit = std::chrono::seconds(60);  // of one check
  std::size_t most_children = 1;
  std::vector<std::string> settings;  // OPTION=VALUE
};

// The checks that `only` (groups or ids, separated by commas) names, all where it is empty. Errors: usage.bad_option
// with "did you mean".
[[nodiscard]] std::vector<const Check*> select(const std::string& only);

// Checks one library, in the order of all_checks() for the library and then for each of its plugins. plugins: those of
// interest ("optimizer:adam"), all where it is empty. A file that cannot be opened, or a --set that no plugin takes,
// is an error (plugin.unreadable, usage.bad_option) and not a finding.
[[nodiscard]] std::vector<Result> check_library(const RunSettings& settings, const std::filesystem::path& file,
                                                const std::vector<std::string>& plugins);

}  // namespace tuner::check
