#include "tuner/report/terminal.hpp"

#include <ios>

namespace tuner::report {

namespace {

int width_place() {
  static const int place = std::ios_base::xalloc();
  return place;
}
int colors_place() {
  static const int place = std::ios_base::xalloc();
  return place;
}

}  // namespace

void set_terminal(std::ios_base& stream, const Terminal& terminal) {
  stream.iword(width_place()) = static_cast<long>(terminal.width);
  stream.iword(colors_place()) = terminal.colors ? 1 : 0;
}

Terminal terminal_of(std::ios_base& stream) {
  return {.width = static_cast<std::size_t>(stream.iword(width_place())), .colors = stream.iword(colors_place()) != 0};
}

std::string_view color_of_outcome(std::string_view outcome) {
  if (outcome == "failed" || outcome == "timed_out") return "\x1b[31m";
  if (outcome == "diverged") return "\x1b[33m";
  if (outcome == "pruned" || outcome == "cancelled" || outcome == "paused") return "\x1b[2m";
  return "";
}

}  // namespace tuner::report
