// What is measured once, at the weights that a trial ends with, beside the metrics of its splits: plain values, and the
// training loop with them.
#pragma once

#include <filesystem>

#include "tuner/plan.hpp"
#include "tuner/training.hpp"

namespace tuner {

struct EndMeasures {
  bool generalization_gap = false;      // as a metric: validation loss - loss of the training split
  std::filesystem::path predictions{};  // a folder for the probabilities of the validation samples; empty: none
};

// What training.generalization_gap and training.predictions say for this configuration. A relative folder counts from
// that of the sweep file.
[[nodiscard]] EndMeasures end_measures_of(const Study& study, const Configuration& configuration);

// As train() and check_trial(), with these measures. Errors: config.impossible where the objective has nothing to
// measure.
void train(TrialSpec& spec, SharedObjectives& shared, TrialRun& run, const Checkpoints* checkpoints,
           const EndMeasures& measures);
void check_trial(TrialSpec spec, SharedObjectives& shared, TrialTrace* trace, const EndMeasures& measures);

}  // namespace tuner
