// How LR range tests are made: the section `lr_range:` of the sweep file. See docs/lr-range.md for what the parts
// measure.
#pragma once

#include <cstdint>
#include <string>

#include "tuner/json.hpp"
#include "tuner/plan.hpp"

namespace tuner::lr_range {

// The method, the section and the word in {from: ...} of the sweep file.
inline constexpr const char* kMethod = "lr_range";
// The study of the test that a sweep begins with is called STUDY.lr_range.
inline constexpr const char* kStudySuffix = ".lr_range";

// What a trial of a test measures: the values of the dimension "lr_range.part".
inline constexpr const char* kParts[] = {"ramp", "curvature", "probe", "ladder", "stability"};

struct TestSettings {
  double lr_min = 1e-7, lr_max = 10;
  std::int64_t steps = 100;  // of a ramp from lr_min to lr_max
  std::int64_t seeds = 3;    // every part but curvature is made once for each
  double smoothing = 0.9;    // of the loss: weight of the past in a bias-corrected moving average
  double stop = 4;           // a ramp ends where the smoothed loss has risen by (stop - 1) times its scale
  bool extend = false;       // a ramp that has not diverged at lr_max goes on, at most as far again
  std::int64_t grid_points = 9, grid_steps = 200;  // short runs at constant lr; 0 points: none
  std::int64_t stability_steps = 1024;             // longest restarted run of the bisection; 0: none
  double stability_precision = 0.01;               // relative width of its result
  std::int64_t probes = 5;                         // of the critical lr, within one run; 0: none
  bool curvature = true;
  // A program is run as it is: of its test there is the LR grid alone.
  bool of_program = false;
  std::string lr_parameter = "lr";  // what the program calls its lr
  double grid_budget = 0;           // of a short run, in the program's own unit
  std::string metric = "loss";      // that its runs are judged by
  Goal goal = Goal::minimize;       // of that metric
  bool operator==(const TestSettings&) const = default;
};

// Their canonical form, which stands in StudyPlan::sections, and back. A plan without the section has the defaults.
// Metric and goal are those of the plan.
[[nodiscard]] Json canonical(const TestSettings& settings);
[[nodiscard]] TestSettings settings_of(const StudyPlan& plan);

// Is it an LR range test?
[[nodiscard]] bool is_test(const StudyPlan& plan);
// A range that a test gives?
[[nodiscard]] bool is_tested(const Dimension& dimension);
// Is it an LR range test, or a sweep with a range that one gives?
[[nodiscard]] bool needs_test(const StudyPlan& plan);

}  // namespace tuner::lr_range
