// One optimizer at work on one objective, a step at a time: what a trial shares with whatever else takes steps.
//
// A step is a pipeline, each of its stages in a file of core/src:
//   microbatches         the samples that seed, trial and step give, in parts; loss and gradient on them
//   gradient_transforms  noise, clip_value, clip_agc, clip_norm (each optional, in this order)
//   update               the optimizer's step, and what becomes of one that meets what is not finite
//   average              of the weights, to evaluate at (optional)
// Noise (the same draw) and clipping act on every further gradient that the optimizer asks for within the step.
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

class Average;
class Microbatches;
class Update;
struct StepContext;

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
  // With order: curriculum, sorts the samples by their loss at the start, each alone: n evaluations, dropout off. What
  // is in the parameters is lost. Throws TrialEnded. Source: Bengio, Louradour, Collobert, Weston 2009, Curriculum
  // learning (easy before hard); the loss at the start as difficulty is this project's choice.
  void arrange();
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
  [[nodiscard]] std::int64_t steps() const;
  void set_steps(std::int64_t steps);
  // Loss alone on the batch that was entered, at the parameters of `objective`.
  [[nodiscard]] double loss(Objective& objective, std::uint32_t flags = TUNER_EVALUATE_TRAIN);
  // Loss and gradient on it, as closures get them; the gradient is left in the tensors.
  [[nodiscard]] double loss_and_gradient();
  // The Hessian on it times a vector, a buffer per tensor. Requires has_hvp().
  void hvp(const void* const* vectors, void* const* products);

  // The objective at the weights that the trial is judged by after the updates so far: their average, where there is
  // one, else those that the optimizer wants to be judged by.
  [[nodiscard]] Objective& at_evaluation_point();
  // Did the last whole epoch (the last step, where there are none) consist of steps that met what is not finite?
  [[nodiscard]] bool stuck() const;
  // Optimizer::nonfinite_state(), empty before prepare().
  [[nodiscard]] std::string nonfinite_state() const;

  // The optimizer's lr, its own or that of the optimizer that it wraps, from the next update on. A group whose lr was
  // given keeps its ratio to the others. Requires has_lr().
  [[nodiscard]] bool has_lr() const { return lr_.use != nullptr; }
  void set_lr(double lr);

  [[nodiscard]] Objective& objective();
  [[nodiscard]] const Objective& objective() const;
  [[nodiscard]] Optimizer& optimizer();
  [[nodiscard]] HostServices& host();
  [[nodiscard]] tuner_error& error();
  [[nodiscard]] const tuner_rng& rng() const;
  [[nodiscard]] std::span<const std::uint64_t> batch() const;  // the samples of the step
  [[nodiscard]] std::int64_t steps_per_epoch() const;
  // Does the optimizer do without gradients?
  [[nodiscard]] bool derivative_free() const;

  // Throws TrialEnded unless a call into `use` went well.
  void require(std::int32_t status, const PluginUse& use);

  // Parameters, slots, places in random streams, counts of steps and the average: with a step's number, all that the
  // steps after it depend on.
  // restore() throws DecodeError.
  void save(Writer& out) const;
  void restore(Reader& in);

 private:
  template <class Archive>
  void serialize(Archive& archive);
  void init_objective();
  // On the batch that was entered.
  [[nodiscard]] double evaluate(Objective& objective, std::uint32_t want, std::uint32_t flags);
  // The objective at the weights that the optimizer wants to be judged by.
  [[nodiscard]] Objective& optimizers_point();

  std::unique_ptr<StepContext> context_;
  std::unique_ptr<Microbatches> microbatches_;
  std::unique_ptr<Update> update_;
  std::unique_ptr<Average> average_;
  std::unique_ptr<Objective> evaluation_copy_;
  Binding lr_;
  std::vector<double> lr_base_;  // by group
  const tuner_rng no_numbers_{};
};

}  // namespace tuner
