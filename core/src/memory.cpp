#include "tuner/memory.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace tuner {

namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_in(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + first, text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;  // "max" is no number
}

std::optional<std::uint64_t> number_of_file(const fs::path& path) {
  std::string line;
  std::ifstream file(path);
  return std::getline(file, line) ? number_in(line) : std::nullopt;
}

// The number after `key` at the beginning of a line.
std::optional<std::uint64_t> number_of_line(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return number_in(std::string_view(line).substr(key.size()));
  return std::nullopt;
}

struct GroupFiles {
  const char *limit, *usage, *inactive;
};
constexpr GroupFiles kUnified{"memory.max", "memory.current", "inactive_file "};
constexpr GroupFiles kFirst{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "};

// What a group and those above it leave: the limit less what is used, apart from files that can be dropped.
std::uint64_t left_by_groups(const fs::path& mount, const fs::path& group, const GroupFiles& files) {
  std::uint64_t least = kUncountable;
  for (fs::path at = group.relative_path();; at = at.parent_path()) {
    const fs::path folder = mount / at;
    if (const auto limit = number_of_file(folder / files.limit)) {
      const std::uint64_t used = number_of_file(folder / files.usage).value_or(0);
      const std::uint64_t droppable = number_of_line(folder / "memory.stat", files.inactive).value_or(0);
      const std::uint64_t held = used - std::min(used, droppable);
      least = std::min(least, *limit - std::min(*limit, held));
    }
    if (at.empty()) return least;
  }
}

std::uint64_t left_by_groups(const fs::path& root) {
  std::uint64_t least = kUncountable;
  std::ifstream file(root / "proc/self/cgroup");
  const fs::path mount = root / "sys/fs/cgroup";
  for (std::string line; std::getline(file, line);) {  // "4:memory:/a/b", or "0::/a/b" of version 2
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(least, left_by_groups(mount, group, kUnified));
      least = std::min(least, left_by_groups(mount / "unified", group, kUnified));
    }
    if (("," + controllers + ",").find(",memory,") != std::string::npos)
      least = std::min(least, left_by_groups(mount / "memory", group, kFirst));
  }
  return least;
}

std::uint64_t process_limit(int resource) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return kUncountable;
  return limit.rlim_cur;
}

}  // namespace

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kUncountable : sum;
}

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kUncountable : product;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes == kUncountable) return "more than 2^64 bytes";
  constexpr std::pair<double, const char*> kUnits[] = {
      {1e18, "EB"}, {1e15, "PB"}, {1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}};
  for (const auto& [unit, name] : kUnits)
    if (const auto value = static_cast<double>(bytes); value >= unit)
      return fmt::format("{} bytes ({:.3g} {})", bytes, value / unit, name);
  return fmt::format("{} bytes", bytes);
}

MemoryBound memory_bound(std::uint64_t memory_limit, std::uint32_t workers, bool processes, const fs::path& root) {
  MemoryBound least;
  const auto limit = [&](std::uint64_t bytes, const char* source, bool shared) {
    if (bytes == kUncountable) return;
    if (shared) bytes /= std::max(workers, 1u);
    if (bytes >= least.bytes) return;
    least.bytes = bytes;
    least.source = shared && workers > 1 ? fmt::format("{}, shared by {} workers", source, workers) : source;
  };
  const auto available = number_of_line(root / "proc/meminfo", "MemAvailable:");
  limit(saturating_multiply(available.value_or(kUncountable), 1024), "the free memory", true);
  limit(left_by_groups(root), "what the control group leaves", true);
  limit(process_limit(RLIMIT_AS), "the limit of the address space (ulimit -v)", !processes);
  limit(process_limit(RLIMIT_DATA), "the limit of the data segment (ulimit -d)", !processes);
  if (memory_limit > 0) limit(memory_limit, "memory_limit", !processes);
  return least;
}

}  // namespace tuner
