// The config of a study as people read it: the sweep file, then one comment line for every --set. Before schema 6 it
// was stored like that.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::commands {

[[nodiscard]] std::string with_overrides(std::string text, std::span<const std::string> overrides);

// The overrides that such a text may end with, in order. Some of them may be comments of the file itself; those stand
// first.
[[nodiscard]] std::vector<std::string> overrides_of(std::string_view text);

}  // namespace tuner::commands
