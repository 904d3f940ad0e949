// The training loop: runs one trial.
//
// For every step: schedule -> options of the step; the pipeline of trainer.hpp; check for non-finite parameters; log.
// At every evaluation point: validation metrics, early stopping.
//
// A metric's step is the number of updates already done: the first loss is at step 0, the loss after the last update at
// step = steps (on the batch that would come next, at the optimizer's evaluation point). `loss` and `lr` are logged
// every log_every steps; for the metric `loss` every logged value counts as an evaluation point. train_loss is the mean
// over the batches since the evaluation point before, those apart whose loss is not finite. test_* are measured once,
// at the end; with early_stopping.restore_best that is at the weights of the best evaluation, which is known only after
// the last one, and so is the last `loss`. Optimizer state that is not finite is looked for after steps 1, 2, 4, 8, ...
// and at the end, and said once in the log.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "tuner/checkpoint.hpp"
#include "tuner/trial.hpp"
#include "tuner/trial_run.hpp"

namespace tuner {

// An objective's shared part (its data), opened once per process for each distinct set of DATA options and seed.
// Threads: safe; a second caller for the same key waits for the first.
class SharedObjectives {
 public:
  SharedObjectives();
  ~SharedObjectives();
  // The plugin's `shared`, null where it has no open(). Throws plugin.data with the plugin's text, and OutOfMemory.
  [[nodiscard]] const void* get(const Plugin& objective, const OptionTable& options, std::uint64_t study_seed);
  // The files that the plugin said its data comes from; opens it likewise.
  [[nodiscard]] std::vector<std::string> files(const Plugin& objective, const OptionTable& options,
                                               std::uint64_t study_seed);

 private:
  struct Entry;
  [[nodiscard]] std::shared_ptr<Entry> opened(const Plugin& objective, const OptionTable& options,
                                              std::uint64_t study_seed);
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

// What an objective reports, by the names that the store and `metric:` use: loss, lr, train_loss, val_loss,
// val_accuracy, test_accuracy, ...
struct MetricName {
  std::string name;
  Goal goal;
};
template <class Archive>
void serialize(Archive& archive, MetricName& metric) {
  archive(metric.name, metric.goal);
}
// In order of preference: the first one is the default of `metric:`. Opens the objective's data.
[[nodiscard]] std::vector<MetricName> metric_names(const PluginUse& objective, SharedObjectives& shared,
                                                   std::uint64_t study_seed);

// Adds up what the trial is known to need: parameters, gradients, the optimizers' slots, a copy to evaluate at. Scratch
// memory, activations and data are not known. Allocates none of it, but opens the objective's data. Throws OutOfMemory
// where that is more than spec.memory, with the bytes and what takes them.
void require_memory(const TrialSpec& spec, SharedObjectives& shared);

// Everything that train() does before the first step: throws what it would throw. trace: says what it is at.
void check_trial(TrialSpec spec, SharedObjectives& shared, TrialTrace* trace = nullptr);

// The work of one trial, between the beginning and the end of `run`: to the end, to divergence, to the time limit,
// until it is stopped. Never throws for what the plugins do but what measure() takes. Throws Error for data that cannot
// be opened. Threads: any number of trials side by side with one SharedObjectives.
//
// With `checkpoints` the trial continues from the newest one that can be used, and writes one whenever it is due and
// when it is cancelled between two steps. Its result is that of a trial which ran through, but for times. One that
// cannot be decoded is set aside, and the one before it is tried.
void train(TrialSpec& spec, SharedObjectives& shared, TrialRun& run, const Checkpoints* checkpoints = nullptr);

// A whole trial: measure() around train(). trace: null where nobody looks.
[[nodiscard]] TrialResult run_trial(TrialSpec spec, SharedObjectives& shared, const std::stop_token& stop = {},
                                    TrialObserver* observer = nullptr, TrialTrace* trace = nullptr,
                                    const Checkpoints* checkpoints = nullptr);

}  // namespace tuner
