#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tuner::storage {

// The lines in which two texts differ, each with "- " (only in `before`) or "+ " (only in `after`) in front, in the
// order of the texts; lines that both have are left out. Empty where they are equal. After kMaxDiffLines lines it says
// how many more there are.
constexpr std::size_t kMaxDiffLines = 60;
[[nodiscard]] std::string line_diff(std::string_view before, std::string_view after);

// Where two plans differ in absolute paths alone, and nothing speaks against it that those are of the same files: what
// is at the earlier path is gone, the same file, or a file of equal content. Each path then and now; none where the
// plans are equal, nullopt where they differ in more.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> moved_paths(std::string_view before,
                                                                                          std::string_view after);

}  // namespace tuner::storage
