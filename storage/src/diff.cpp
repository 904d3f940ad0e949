#include "diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "tuner/library.hpp"
#include "tuner/value.hpp"

namespace tuner::storage {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

void append(Lines& lines, std::vector<char>& signs, std::string_view line, char sign) {
  lines.push_back(line);
  signs.push_back(sign);
}

// By the longest common subsequence: length[i][j] of a from i on and b from j on.
void compare(std::span<const std::string_view> a, std::span<const std::string_view> b, Lines& lines,
             std::vector<char>& signs) {
  constexpr std::size_t kMaxCells = 16'000'000;
  const std::size_t width = b.size() + 1;
  const bool small = (a.size() + 1) * width <= kMaxCells;
  // Beyond that size it is enough to show the whole middle as replaced.
  std::vector<std::uint32_t> length(small ? (a.size() + 1) * width : 0);
  for (std::size_t i = a.size(); small && i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      length[i * width + j] = a[i] == b[j] ? length[(i + 1) * width + j + 1] + 1
                                           : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (small && i < a.size() && j < b.size() && a[i] == b[j]) {
      ++i;
      ++j;
    } else if (i < a.size() && (!small || j == b.size() || length[(i + 1) * width + j] >= length[i * width + j + 1])) {
      append(lines, signs, a[i++], '-');
    } else {
      append(lines, signs, b[j++], '+');
    }
  }
}

// The absolute path that is the value of a line of JSON, and what stands before it.
struct PathLine {
  std::string_view before;
  std::string path;
};
std::optional<PathLine> path_of(std::string_view line) {
  const auto begin = line.find("\"/");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view value = line.substr(begin);
  if (value.ends_with(',')) value.remove_suffix(1);
  const Value path = value_from_json(value);
  const auto* text = std::get_if<std::string>(&path);
  return text == nullptr ? std::nullopt : std::optional(PathLine{line.substr(0, begin), *text});
}

bool may_be_the_same(const std::string& then, const std::string& now) {
  std::error_code error;
  if (!std::filesystem::exists(then, error)) return true;
  if (std::filesystem::equivalent(then, now, error)) return true;
  return std::filesystem::is_regular_file(then, error) && std::filesystem::is_regular_file(now, error) &&
         sha256_of_file(then) == sha256_of_file(now);
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> moved_paths(std::string_view before,
                                                                            std::string_view after) {
  const Lines a = lines_of(before), b = lines_of(after);
  if (a.size() != b.size()) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> moved;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto then = path_of(a[i]), now = path_of(b[i]);
    if (!then || !now || then->before != now->before) return std::nullopt;
    if (!may_be_the_same(then->path, now->path)) return std::nullopt;
    moved.emplace_back(then->path, now->path);
  }
  return moved;
}

std::string line_diff(std::string_view before, std::string_view after) {
  const Lines a = lines_of(before), b = lines_of(after);
  std::size_t head = 0, tail = 0;
  const std::size_t shorter = std::min(a.size(), b.size());
  while (head < shorter && a[head] == b[head]) ++head;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;

  Lines lines;
  std::vector<char> signs;
  compare(std::span(a).subspan(head, a.size() - head - tail), std::span(b).subspan(head, b.size() - head - tail), lines,
          signs);
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxDiffLines); ++i)
    text += fmt::format("{} {}\n", signs[i], lines[i]);
  if (lines.size() > kMaxDiffLines) text += fmt::format("... and {} more\n", lines.size() - kMaxDiffLines);
  return text;
}

}  // namespace tuner::storage
