// What a curve of an LR range test suggests, by named rules: tuner's own, and those of well-known tools.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::lr_range {

// One step of the test: the loss on that step's batch before the step, and on the same batch after it.
struct CurvePoint {
  double lr;
  double loss_before;
  double loss;
};
// In order of lr, which is positive. The curve ends at the first point whose loss is not finite, if there is one.
using Curve = std::vector<CurvePoint>;

// The bias-corrected exponential moving average s[i] = sum_k beta^(i-k) losses[k] / sum_k beta^(i-k), k = 0..i.
// beta: weight of the past; 0 gives the losses themselves. After a loss that is not finite nothing is finite.
// Requires: 0 <= beta < 1.
[[nodiscard]] std::vector<double> smoothed(std::span<const double> losses, double beta);

struct Rule {
  std::string_view name;
  std::string_view doc;     // what it takes of the curve, and what it assumes
  std::string_view source;  // where the idea, or the algorithm, is from
};
// Of tuner's own first, then those that reproduce a tool; within each in order of their description.
[[nodiscard]] std::span<const Rule> rules();

struct Finding {
  std::optional<double> lr;
  std::string why;  // in words: why there is no lr; empty where there is one
};

// The lr that a rule suggests; none where the curve does not tell. The same for the same curve, always.
//
// Rules of our own look at `loss`, smoothed; adding a constant to all losses or multiplying them by a positive one
// changes nothing but rounding. The lr lies within the curve, divided by the rule's own factor ("/3").
//
// Rules of tools ("fastai.valley") look at `loss_before`, which is what those tools log for an lr, so that their lr is
// that of the step *after* the one that made the loss: this shift by one belongs to what they suggest. They smooth and
// cut the curve as the tool would have, in double where the tool may use float, and ignore `smoothing`. A curve that
// ends where the loss was finite is the tool's whole run. One that ends with a loss that is not is what the tool would
// have logged next, and NaN from there to `planned_steps`, since most of them do not stop at NaN. Nothing is suggested
// where the tool returns nothing or raises an error.
//
// planned_steps: of the whole ramp, had it not stopped; fastai's rules skip a tenth of it. A curve that is longer
// counts by its own length. Requires: 0 <= smoothing < 1. Errors: std::out_of_range for a name that is no rule.
// Threads: any. Cost: quadratic in the length of the curve.
[[nodiscard]] Finding apply_rule(std::string_view name, const Curve& curve, double smoothing,
                                 std::size_t planned_steps = 100);

}  // namespace tuner::lr_range
