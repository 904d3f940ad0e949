// What stands in a plugin's `details`: its text, and lines with a name that say in short what it does and whom it is
// for.
#pragma once

#include <string>
#include <vector>

#include "tuner/catalogue.hpp"

namespace tuner {

// A line of `details` that begins with one of the words family, rule, use, not, example and two spaces or more is taken
// out of the text and stands here without them, empty where no line has it. A word twice: the last one counts, but for
// example.
struct Details {
  std::string text;                   // the other lines
  std::string family;                 // "adaptive"; what a list is grouped by
  std::string rule;                   // the update in one line
  std::string use;                    // when to take it, from what source
  std::string avoid;                  // "not": when to take something else
  std::vector<std::string> examples;  // what it computes, with numbers (see tuner/check/example.hpp)
};
[[nodiscard]] Details details_of(const Plugin& plugin);

}  // namespace tuner
