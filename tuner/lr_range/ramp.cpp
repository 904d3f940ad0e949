// The ramp: one step at each lr, from lr_min to lr_max in equal ratios.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void run_ramp(PartRun& run) {
  const TestSettings& settings = run.settings();
  Trainer& trainer = run.trainer();
  const double ratio = std::log(settings.lr_max / settings.lr_min) / static_cast<double>(settings.steps - 1);
  const std::int64_t most = settings.extend ? 2 * settings.steps : settings.steps;
  double average = 0, weight = 0, start = kNan, least = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < most; ++i) {
    const bool last = i == settings.steps - 1;  // exactly at lr_max
    const double lr = last ? settings.lr_max : settings.lr_min * std::exp(ratio * static_cast<double>(i));
    if (lr > highest_lr(settings)) return;
    double before = kNan, after = kNan;
    try {
      before = run.take_step(i, most, lr);
      if (i == 0) start = before;
      // The same batch and the same random numbers as before the update.
      if (std::isfinite(before)) after = trainer.loss(trainer.objective());
    } catch (const TrialEnded& end) {
      if (end.outcome != Outcome::diverged) throw;
      run.result().log.push_back(end.error);
    }
    run.record(i + 1, "lr", lr);
    run.record(i + 1, "loss_before", before);
    run.record(i + 1, "loss", after);
    average = settings.smoothing * average + (1 - settings.smoothing) * after;
    weight = settings.smoothing * weight + (1 - settings.smoothing);
    const double smoothed = average / weight;
    run.record(i + 1, "smoothed_loss", smoothed);
    least = std::min(least, smoothed);
    if (!std::isfinite(after) || has_diverged(start, least, smoothed, settings.stop)) {
      run.result().log.push_back(fmt::format("step {}: diverged at lr {:.4g}", i + 1, lr));
      return;
    }
    // Beyond lr_max only until it is known.
    if (i >= settings.steps - 1 && smoothed >= start) return;
  }
}

}  // namespace tuner::lr_range
