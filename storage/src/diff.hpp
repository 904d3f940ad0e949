#pragma once

#include <string>
#include <string_view>

namespace tuner::storage {

// The lines in which two texts differ, each with "- " (only in `before`) or "+ " (only in `after`) in front, in the
// order of the texts; lines that both have are left out. Empty where they are equal. After kMaxDiffLines lines it says
// how many more there are.
constexpr std::size_t kMaxDiffLines = 60;
[[nodiscard]] std::string line_diff(std::string_view before, std::string_view after);

}  // namespace tuner::storage
