// What a stream of text is shown on: a terminal with a width and colors, or a file for which none of it holds.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace tuner::report {

struct Terminal {
  std::size_t width = 0;  // characters of a line; 0: as long as they are
  bool colors = false;
};
// Kept with the stream. At first neither.
void set_terminal(std::ios_base& stream, const Terminal& terminal);
[[nodiscard]] Terminal terminal_of(std::ios_base& stream);

// Escape sequences; empty: as the text around it.
[[nodiscard]] std::string_view color_of_outcome(std::string_view outcome);
inline constexpr std::string_view kBold = "\x1b[1m", kBest = "\x1b[1;32m", kPlain = "\x1b[0m";

}  // namespace tuner::report
