// Worked examples: lines of a plugin's `details` that begin with the word example. They are documentation with numbers,
// which `tuner plugins check` computes again.
//
//   optimizer  example  momentum 0.9, nesterov true: x 1 -2; gradient 0.5 -4 -> 0.9905 -1.924; gradient 0.5 -4 -> ...
//   scheduler  example  t_max 4: lr 0.1; 0.1 0.0853553391 0.05
//   objective  example  dim 2: x -1.2 1 -> 24.2; gradient -215.6 -88
//
// Before the colon stand options that are not at their defaults. Numbers are compared in float64: one of six
// significant digits or more may be rounded, and a shorter one is exact.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/value.hpp"

namespace tuner::check {

// What an example that cannot be read lacks.
class BadExample : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ExampleNumber {
  double value = 0;
  double tolerance = 0;  // how far the computed one may be from it
};
using ExampleNumbers = std::vector<ExampleNumber>;
[[nodiscard]] std::vector<double> values_of(const ExampleNumbers& numbers);
// Is `got` what stands there, as far as the digits say?
[[nodiscard]] bool agrees(const ExampleNumber& number, double got);

// A part between semicolons: what goes in, and behind the arrow what comes out.
struct ExamplePart {
  std::string word;  // "x", "gradient", "lr"; empty: numbers alone
  ExampleNumbers given, expected;
};

struct Example {
  std::map<std::string, Value> options;  // of the plugin, typed as its parameters
  std::vector<ExamplePart> parts;        // at least one
};
// Errors: BadExample.
[[nodiscard]] Example parse_example(const Plugin& plugin, std::string_view line);

}  // namespace tuner::check
