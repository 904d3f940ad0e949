// Third stage of a training step: the optimizer's update, with the evaluations that it asks for, and what becomes of a
// step that meets what is not finite.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "microbatches.hpp"
#include "step_context.hpp"
#include "tuner/optimizer.hpp"

namespace tuner {

class Update {
 public:
  // Both must outlive it. Errors: config.impossible, also where there is no optimizer.
  Update(StepContext& context, Microbatches& microbatches);
  Update(const Update&) = delete;
  Update& operator=(const Update&) = delete;

  // The slots as they are before step 0. Throws TrialEnded.
  void init();
  // Before the evaluation that a step begins with.
  void begin();
  // Judges its loss and gradient by training.nonfinite_gradient. False: the step is to be skipped. Throws TrialEnded.
  [[nodiscard]] bool may_step(std::int64_t step, double loss);
  // The optimizer's step with the gradient in the tensors. horizon: steps of the run, -1 unknown. False where it met
  // what is not finite and is to be skipped: all is as before. Throws TrialEnded.
  [[nodiscard]] bool take(std::int64_t step, std::int64_t horizon, double loss, std::uint32_t& flags);
  // After a step, whether or not it was taken. met: result.nonfinite_gradients before it.
  void end(bool taken, std::int64_t met);

  [[nodiscard]] Optimizer& optimizer() { return *optimizer_; }
  [[nodiscard]] const Optimizer& optimizer() const { return *optimizer_; }
  // Does the optimizer do without gradients?
  [[nodiscard]] bool derivative_free() const { return derivative_free_; }
  [[nodiscard]] std::int64_t taken() const { return taken_; }  // steps of the optimizer
  // Steps up to now, in a row, that met what is not finite.
  [[nodiscard]] std::int64_t nonfinite_in_a_row() const { return nonfinite_in_a_row_; }

  // Parameters, slots and counts. Reading throws DecodeError.
  template <class Archive>
  void serialize(Archive& archive);

 private:
  void take_further_gradient();
  // False: the step is to be skipped. Throws TrialEnded.
  [[nodiscard]] bool judge(std::int32_t status, std::int64_t step);
  void save_buffers();
  void restore_buffers();
  // Counts an evaluation that the optimizer asked for; false where there are too many, or the trial is to stop and its
  // step does not come to an end soon. One that does is not lost.
  [[nodiscard]] bool may_evaluate(std::uint64_t cost);
  std::int32_t failed(std::int32_t status);
  static std::int32_t closure_evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t closure_hvp(void* context, const void* const* vectors, void* const* products);

  StepContext& context_;
  Microbatches& microbatches_;
  std::unique_ptr<Optimizer> optimizer_;
  tuner_closure closure_{};
  bool derivative_free_ = false, evaluates_ = false;
  std::int64_t taken_ = 0;
  std::int64_t nonfinite_in_a_row_ = 0;
  // Of the step at hand, by its closure: a value that is not finite was met; the last gradient is not finite; the
  // objective failed.
  bool met_nonfinite_ = false, gradient_unusable_ = false, objective_failed_ = false;
  std::string buffers_;  // the objective's statistics before the step, where it may be skipped
  std::optional<std::chrono::steady_clock::time_point> stop_seen_;  // first, within a step
};

}  // namespace tuner
