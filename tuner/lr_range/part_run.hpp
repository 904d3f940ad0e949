// What the parts have in common: a trainer, a place for what they measure, the clock.
#pragma once

#include <string_view>

#include "tuner/lr_range/part.hpp"
#include "tuner/trainer.hpp"

namespace tuner::lr_range {

class PartRun {
 public:
  // spec and run must outlive it. Allocates and initializes. Throws TrialEnded.
  PartRun(PartSpec& spec, SharedObjectives& shared, TrialRun& run);

  void record(std::int64_t step, std::string_view name, double value);
  // Call it before every step: reports what was measured. Throws TrialEnded when the part was cancelled or its time is
  // over.
  void check_time();
  // One update at constant lr, number step + 1. Returns the loss before it; where that is not finite nothing is
  // updated. Throws TrialEnded.
  [[nodiscard]] double take_step(std::int64_t step, std::int64_t horizon, double lr);

  [[nodiscard]] Trainer& trainer() { return trainer_; }
  [[nodiscard]] const TrialSpec& spec() const { return spec_; }
  [[nodiscard]] const TestSettings& settings() const { return settings_; }
  [[nodiscard]] TrialResult& result() { return run_.result(); }

 private:
  const TrialSpec& spec_;
  const TestSettings& settings_;
  TrialRun& run_;
  Trainer trainer_;
};

// Each file of this folder with such a name has one of them.
void run_ramp(PartRun& run);
void run_curvature(PartRun& run);
void run_probe(PartRun& run, double first_lr);
void run_grid(PartRun& run, double lr);
void run_stability(PartRun& run, double first_lr);

// The highest lr that a part may go to: lr_max, or as far again above it where the test may be extended.
[[nodiscard]] double highest_lr(const TestSettings& settings);

// What a part can cost at most, beside its own steps.
inline constexpr double kMostCurvatureProducts = 300, kMostProbeLosses = 10, kMostBisectionRuns = 14;

// Where a ramp has diverged for good: the smoothed loss has risen above its start by (stop - 1) times its scale, the
// larger of the start's size and of what the loss has fallen since. For a loss above 0 that does not fall: above `stop`
// times its start.
[[nodiscard]] bool has_diverged(double start, double least, double smoothed, double stop);

}  // namespace tuner::lr_range
