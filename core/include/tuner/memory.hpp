// The memory of a trial, added up before any of it is allocated, and what there is for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <new>
#include <string>

namespace tuner {

// Memory that a trial cannot have, with words. It costs that trial alone: see run_guarded().
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

inline constexpr std::uint64_t kUncountable = std::numeric_limits<std::uint64_t>::max();
// Sums and products that stay at kUncountable where they would overflow.
[[nodiscard]] std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b);
[[nodiscard]] std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b);

// "800040080004 bytes (800 GB)".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// The most that one trial can have, and what sets it: "free memory / 4 workers".
struct MemoryBound {
  std::uint64_t bytes = kUncountable;
  std::string source;
};

// The least of the free memory (MemAvailable), what the control groups of this process leave (v1 and v2, with the
// groups above), each divided by the workers, and of what one process may have: memory_limit (0: none) and the limits
// of setrlimit. Threads share the latter. root: where /proc and /sys are found.
[[nodiscard]] MemoryBound memory_bound(std::uint64_t memory_limit, std::uint32_t workers, bool processes,
                                       const std::filesystem::path& root = "/");

}  // namespace tuner
