// One optimizer at work on one objective, a step at a time: what a trial shares with whatever else takes steps.
//
// A step: the batch that seed, trial and step give; loss and gradient on it; gradient noise, clipping by value,
// clipping by global norm (each optional, in this order); the optimizer's update; finite parameters. Noise (the same
// draw) and clipping act on every further gradient that the optimizer asks for within the step.
//
// A step that meets a loss or a gradient that is not finite is treated by training.nonfinite_gradient. One that is
// skipped never was, as far as the optimizer is concerned: parameters, slots, its place in its random stream and its
// number of steps stay as they were, while batches, noise and schedule go on. A search within a step may meet such
// values and step back from them; its step is skipped where they end in parameters or state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/schedule.hpp"
#include "tuner/training.hpp"

namespace tuner {

class Batches;
class FloatingPointGuard;

// Says in the trace which kind of plugin is being called, for as long as it is.
class Calling {
 public:
  Calling(TrialTrace& trace, std::uint32_t kind) : trace_(trace), before_(trace.kind.load(std::memory_order_relaxed)) {
    trace_.kind.store(kind, std::memory_order_relaxed);
  }
  ~Calling() { trace_.kind.store(before_, std::memory_order_relaxed); }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

 private:
  TrialTrace& trace_;
  std::uint32_t before_;
};

// Threads: one trainer, one thread.
class Trainer {
 public:
  // spec and run must outlive it. Counts evaluations, steps and gradients that are not finite in the run's result.
  // Errors: those of Objective.
  Trainer(TrialSpec& spec, SharedObjectives& shared, TrialRun& run);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // Batches and optimizer. Errors: config.impossible, also where there is none.
  void prepare();
  // Parameters and slots as they are before step 0. Throws TrialEnded.
  void init();

  // Chooses the batch of `step` and the random numbers of its evaluations.
  void enter(std::int64_t step);
  // enter(), then the loss there and its gradient, as the update needs them. Throws TrialEnded for a failing objective;
  // a loss that is not finite is for the caller to judge.
  [[nodiscard]] double evaluate_step(std::int64_t step);
  // Update number step + 1, from evaluate_step()'s loss and gradient. horizon: steps of the run, -1 unknown. Returns
  // the flags TUNER_STEP_... Throws TrialEnded (diverged) for a loss or a gradient that is not finite, by
  // training.nonfinite_gradient, for parameters that are not, and for an optimizer that fails on state that is not.
  std::uint32_t update(std::int64_t step, std::int64_t horizon, double loss);
  // Updates done, as `result` counts them.
  [[nodiscard]] std::int64_t steps() const { return result_.steps; }
  void set_steps(std::int64_t steps) { result_.steps = steps; }
  // Loss alone on the batch that was entered, at the parameters of `objective`.
  [[nodiscard]] double loss(Objective& objective, std::uint32_t flags = TUNER_EVALUATE_TRAIN);
  // Loss and gradient on it, as closures get them; the gradient is left in the tensors.
  [[nodiscard]] double loss_and_gradient();
  // The Hessian on it times a vector, a buffer per tensor. Requires has_hvp().
  void hvp(const void* const* vectors, void* const* products);

  // The objective at the parameters that the optimizer wants to be judged by after the updates so far.
  [[nodiscard]] Objective& at_evaluation_point();
  // Did the last whole epoch (the last step, where there are none) consist of steps that met what is not finite?
  [[nodiscard]] bool stuck() const;
  // Optimizer::nonfinite_state(), empty before prepare().
  [[nodiscard]] std::string nonfinite_state() const;

  // The optimizer's lr, its own or that of the optimizer that it wraps, from the next update on. A group whose lr was
  // given keeps its ratio to the others. Requires has_lr().
  [[nodiscard]] bool has_lr() const { return lr_.use != nullptr; }
  void set_lr(double lr);

  [[nodiscard]] Objective& objective() { return *objective_; }
  [[nodiscard]] const Objective& objective() const { return *objective_; }
  [[nodiscard]] Optimizer& optimizer() { return *optimizer_; }
  [[nodiscard]] HostServices& host() { return host_; }
  [[nodiscard]] tuner_error& error() { return error_; }
  [[nodiscard]] const tuner_rng& rng() const { return dropout_; }
  [[nodiscard]] std::span<const std::uint64_t> batch() const { return batch_; }
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  // Does the optimizer do without gradients?
  [[nodiscard]] bool derivative_free() const { return derivative_free_; }

  // Throws TrialEnded unless a call into `use` went well.
  void require(std::int32_t status, const PluginUse& use);

  // Parameters, slots, places in random streams and counts of steps: with a step's number, all that the steps after it
  // depend on.
  // restore() throws DecodeError.
  void save(Writer& out) const;
  void restore(Reader& in);

 private:
  template <class Archive>
  void serialize(Archive& archive);
  void condition_gradients();
  void take_further_gradient();
  // Judges loss and gradient by training.nonfinite_gradient. False: the step is to be skipped. Throws TrialEnded.
  [[nodiscard]] bool may_step(std::int64_t step, double loss);
  // The optimizer's step. False where it met what is not finite and is to be skipped: all is as before. Throws
  // TrialEnded.
  [[nodiscard]] bool step_optimizer(std::int64_t step, std::int64_t horizon, double loss, std::uint32_t& flags);
  // False: the step is to be skipped. Throws TrialEnded.
  [[nodiscard]] bool judge(std::int32_t status, std::int64_t step);
  void save_buffers();
  void restore_buffers();
  [[nodiscard]] tuner_rng stream(std::uint32_t purpose, std::int64_t step) const;
  static std::int32_t closure_evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t closure_hvp(void* context, const void* const* vectors, void* const* products);

  std::unique_ptr<FloatingPointGuard> guard_;
  unsigned mode_;
  TrialSpec& spec_;
  std::stop_token stop_;
  TrialTrace& trace_;
  TrialResult& result_;
  std::uint32_t trial_;
  HostServices host_;
  tuner_error error_{};
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Objective> evaluation_copy_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Batches> batches_;
  tuner_closure closure_{};
  std::span<const std::uint64_t> batch_;
  tuner_rng dropout_{};
  Binding lr_;
  std::vector<double> lr_base_;  // by group
  std::uint64_t evaluations_this_step_ = 0;
  bool budget_used_up_ = false, derivative_free_ = false, evaluates_ = false;
  std::int64_t taken_ = 0;  // steps of the optimizer
  std::int64_t nonfinite_in_a_row_ = 0;
  // Of the step at hand, by its closure: a value that is not finite was met; the last gradient is not finite; the
  // objective failed.
  bool met_nonfinite_ = false, gradient_unusable_ = false, objective_failed_ = false;
  std::string buffers_;  // the objective's statistics before the step, where it may be skipped
};

}  // namespace tuner
