// The text of a config as a study stores it: the sweep file, then one comment line for every --set.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::commands {

// The file's text with `overrides` in order, so that it says everything that made the plan.
[[nodiscard]] std::string with_overrides(std::string text, std::span<const std::string> overrides);

// The overrides that a stored text may end with, in order. Some of them may be comments of the file itself; those stand
// first.
[[nodiscard]] std::vector<std::string> overrides_of(std::string_view text);

}  // namespace tuner::commands
