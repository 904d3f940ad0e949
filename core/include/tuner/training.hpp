// The training loop: runs one trial.
//
// For every step: schedule -> options of the step; the closure evaluates loss and gradient on the step's batch;
// gradient noise, clipping by value, clipping by global norm (each optional, in this order); optimizer step; check for
// non-finite parameters; log. At every evaluation point: validation metrics, early stopping. Noise (the same draw) and
// clipping act on every further gradient that the optimizer asks for within the step.
//
// A metric's step is the number of updates already done: the first loss is at step 0, the loss after the last update at
// step = steps (on the batch that would come next, at the optimizer's evaluation point). `loss` and `lr` are logged
// every log_every steps; for the metric `loss` every logged value counts as an evaluation point. train_loss is the mean
// over the batches since the evaluation point before, those apart whose loss is not finite. test_* are measured once,
// at the end. Optimizer state that is not finite is looked for after steps 1, 2, 4, 8, ... and at the end, and said
// once in the log.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "tuner/checkpoint.hpp"
#include "tuner/trial.hpp"

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
// In order of preference: the first one is the default of `metric:`. Opens the objective's data.
[[nodiscard]] std::vector<MetricName> metric_names(const PluginUse& objective, SharedObjectives& shared,
                                                   std::uint64_t study_seed);

// Live view of a running trial; called from the trial's thread at evaluation points.
using Progress = std::function<void(std::int64_t step, std::int64_t steps, double value)>;

// Where a running trial is. Written by the trial's thread; may be read by any thread, and lie in memory shared with
// another process, which finds out from it what a trial was doing when it died.
struct TrialTrace {
  std::atomic<std::int64_t> step{0};    // updates done
  std::atomic<std::int64_t> steps{0};   // of the whole trial; 0: not known yet
  std::atomic<std::uint32_t> kind{0};   // of the plugin that is being called, TUNER_KIND_...; 0: the host at work
  std::atomic<double> time_limit{0.0};  // seconds, 0: none
  // errno of the last checkpoint that could not be written, also of an earlier trial; 0: none.
  std::atomic<std::int32_t> checkpoint_error{0};
};

// Adds up what the trial is known to need: parameters, gradients, the optimizers' slots, a copy to evaluate at. Scratch
// memory, activations and data are not known. Allocates none of it, but opens the objective's data. Throws OutOfMemory
// where that is more than spec.memory, with the bytes and what takes them.
void require_memory(const TrialSpec& spec, SharedObjectives& shared);

// Everything that run_trial does before the first step: throws what it would throw.
void check_trial(TrialSpec spec, SharedObjectives& shared);

// Runs to the end, to divergence, to the time limit, or until `stop` (cancelled). Never throws for what the plugins
// do: their failures are outcomes, and so is memory that runs out. Throws Error for data that cannot be opened.
// Threads: any number of trials side by side with one SharedObjectives.
//
// With `checkpoints` the trial continues from the newest one that can be used, and writes one whenever it is due and
// when it is cancelled between two steps. Its result is that of a trial which ran through, but for times.
[[nodiscard]] TrialResult run_trial(TrialSpec spec, SharedObjectives& shared, std::stop_token stop = {},
                                    const Progress& progress = {}, TrialTrace* trace = nullptr,
                                    const Checkpoints* checkpoints = nullptr);

// Runs `body`, whose plugins may throw past the ABI or run out of memory: that fails the trial, with what `body` has
// put into the result kept. Errors: an Error goes through. std::bad_alloc, whoever throws it, is an outcome: failed,
// with Failure::out_of_memory.
[[nodiscard]] TrialResult run_guarded(const TrialTrace& trace, const std::function<void(TrialResult&)>& body);

}  // namespace tuner
