// Bytes that others wrote, as messages and tables show them: a terminal must not take a name for a command.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tuner {

// How many bytes of `text`, from its beginning, are UTF-8: all of them, or up to the first that is not.
[[nodiscard]] std::size_t utf8_prefix(std::string_view text);

// The text with every control character as an escape such as \x1b, also those that turn the direction of writing, and
// with every byte that is not UTF-8 as \xff. New lines and tabs stay.
[[nodiscard]] std::string printable(std::string_view text);

// A value of somebody's file, for a message: on one line, and of a long one the beginning with its length.
inline constexpr std::size_t kShownCharacters = 80;
[[nodiscard]] std::string shown(std::string_view text, std::size_t most = kShownCharacters);

}  // namespace tuner
