// An LR range test for people and machines: text with charts, JSON, SVG.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/lr_range/chart.hpp"
#include "tuner/lr_range/measurements.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::lr_range {

struct LrBranch {
  std::string label;
  std::vector<storage::LrSuggestion> suggestions;
  std::vector<LrCurve> ramps;  // of every seed: the smoothed loss
  std::vector<GridLr> grid;    // of the LR grid: the values as they were measured
};
struct LrReport {
  std::string study;
  std::string metric = "loss";  // of the runs of the LR grid
  std::vector<LrBranch> branches;
};
// The curve of a ramp: the steps that have an lr and a smoothed loss.
[[nodiscard]] LrCurve ramp_curve(std::int64_t seed, std::span<const MetricPoint> metrics);
// Adds what a part measured to the report of its branch.
void add_part(LrBranch& branch, const Part& part, const TrialResult& result);

// For every branch a chart and the four learning rates with their evidence, then the rest that was measured.
[[nodiscard]] std::string lr_text(const LrReport& report);

// One object: study; suggestions with largest_stable, steepest, best_short_run, recommended, each {value, low, high,
// rule, note}; limits and rules of the same form. Where there are several branches, each of the three holds an object
// by branch. What is not known is null.
[[nodiscard]] Json lr_json(const LrReport& report);

// The chart of a branch as an SVG file.
[[nodiscard]] std::string lr_svg(const LrReport& report, const LrBranch& branch);

}  // namespace tuner::lr_range
