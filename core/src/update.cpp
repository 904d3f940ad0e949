#include "update.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "gradient_transforms.hpp"
#include "gradients.hpp"
#include "tensor_values.hpp"
#include "tuner/error.hpp"
#include "tuner/trainer.hpp"

namespace tuner {

namespace {

using Clock = std::chrono::steady_clock;

// For the evaluations of a step after a stop: less than a worker has before it is ended.
constexpr std::chrono::seconds kToEnd{1};

}  // namespace

Update::Update(StepContext& context, Microbatches& microbatches) : context_(context), microbatches_(microbatches) {
  TrialSpec& spec = context.spec;
  const Calling calling(context.trace, TUNER_KIND_OPTIMIZER);
  optimizer_ =
      std::make_unique<Optimizer>(*spec.optimizer, context.objective->tensors(), spec.study_seed, context.trial);
  const std::vector<TensorSpec>& specs = context.objective->tensors().specs();
  for (const std::string& line : groups_without_tensors(*spec.optimizer, specs))
    context.host.log.push_back(fmt::format("{} of this trial: {}", line, tensor_names(specs)));
  const PluginUse* innermost = &*spec.optimizer;
  while (innermost->inner) {
    evaluates_ = evaluates_ || innermost->plugin->has(TUNER_PLUGIN_CLOSURE);
    innermost = innermost->inner.get();
  }
  evaluates_ = evaluates_ || innermost->plugin->has(TUNER_PLUGIN_CLOSURE);
  derivative_free_ = innermost->plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE);
  if (spec.objective.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE) && !derivative_free_)
    throw Error(Message::config_impossible,
                fmt::format("objective '{}' has no gradients, and optimizer '{}' needs them",
                            spec.objective.plugin->id(), innermost->plugin->id()),
                "take an optimizer that does without, such as nelder_mead or spsa");
  closure_.struct_size = sizeof closure_;
  closure_.context = this;
  closure_.evaluate = &closure_evaluate;
  if (context.objective->has_hvp()) closure_.hvp = &closure_hvp;
}

void Update::init() {
  const Calling calling(context_.trace, TUNER_KIND_OPTIMIZER);
  context_.require(optimizer_->init(context_.host.abi(), &context_.error), *context_.spec.optimizer);
}

void Update::begin() {
  context_.evaluations = 0;
  context_.budget_used_up = false;
  if (context_.spec.training.nonfinite_gradient == NonfiniteGradient::skip) save_buffers();
}

bool Update::may_evaluate(std::uint64_t cost) {
  if ((context_.evaluations += cost) > kEvaluationsPerStep) {
    context_.budget_used_up = true;
    return false;
  }
  if (!context_.stop.stop_requested()) return true;
  const auto now = Clock::now();
  if (!stop_seen_) stop_seen_ = now;
  return now - *stop_seen_ < kToEnd;
}

std::int32_t Update::failed(std::int32_t status) {
  objective_failed_ = true;
  if (status != TUNER_STOP) name_source(context_.error, *context_.spec.objective.plugin);
  return status;
}

// Called by an optimizer within its step: must not throw across the border.
std::int32_t Update::closure_evaluate(void* context, std::uint32_t want, double* loss) {
  auto& self = *static_cast<Update*>(context);
  StepContext& c = self.context_;
  if (!self.may_evaluate(1)) return TUNER_STOP;
  double unused = std::numeric_limits<double>::quiet_NaN();
  (want & TUNER_WANT_GRADIENT ? c.result.evaluations.gradient : c.result.evaluations.loss) +=
      self.microbatches_.parts();
  const Calling calling(c.trace, TUNER_KIND_OBJECTIVE);
  const std::size_t scratch = c.host.scratch_in_use();  // the optimizer's own stays valid
  double* const value = loss ? loss : &unused;
  const std::int32_t status = self.microbatches_.evaluate(*c.objective, want, TUNER_EVALUATE_TRAIN, value);
  c.host.reset_scratch(scratch);
  if (status != TUNER_OK) return self.failed(status);
  if ((want & TUNER_WANT_LOSS) && !std::isfinite(*value)) self.met_nonfinite_ = true;
  if (want & TUNER_WANT_GRADIENT) self.take_further_gradient();
  return status;
}

std::int32_t Update::closure_hvp(void* context, const void* const* vectors, void* const* products) {
  auto& self = *static_cast<Update*>(context);
  StepContext& c = self.context_;
  if (!self.may_evaluate(2)) return TUNER_STOP;
  c.result.evaluations.hvp += self.microbatches_.parts();
  const Calling calling(c.trace, TUNER_KIND_OBJECTIVE);
  const std::size_t scratch = c.host.scratch_in_use();
  const std::int32_t status = self.microbatches_.hvp(vectors, products);
  c.host.reset_scratch(scratch);
  if (status != TUNER_OK) return self.failed(status);
  const std::span<const tuner_tensor> tensors = c.objective->tensors().abi();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (products[i] != nullptr && !all_finite(products[i], tensors[i].numel, tensors[i].dtype))
      self.met_nonfinite_ = true;
  return status;
}

// One that is not finite stays as it is: a search steps back from it by the loss.
void Update::take_further_gradient() {
  Tensors& tensors = context_.objective->tensors();
  bool finite = gradients_finite(tensors);
  if (!finite && context_.spec.training.nonfinite_gradient == NonfiniteGradient::zero) {
    ++context_.result.nonfinite_gradients;
    zero_nonfinite_gradients(tensors);
    finite = true;
  }
  gradient_unusable_ = !finite;
  const std::int64_t step = context_.result.steps;
  if (finite)
    transform_gradients(tensors, context_.spec.training, step, context_.stream(TUNER_RNG_NOISE, step));
  else
    met_nonfinite_ = true;
}

bool Update::may_step(std::int64_t step, double loss) {
  Tensors& tensors = context_.objective->tensors();
  const NonfiniteGradient policy = context_.spec.training.nonfinite_gradient;
  const bool loss_is_finite = std::isfinite(loss);
  if (loss_is_finite && (derivative_free_ || gradients_finite(tensors))) return true;
  if (policy == NonfiniteGradient::error && !loss_is_finite)
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the loss is {}", step, loss)};
  ++context_.result.nonfinite_gradients;
  switch (policy) {
    case NonfiniteGradient::error:
      throw TrialEnded{Outcome::diverged, fmt::format("step {}: the gradient is not finite", step)};
    case NonfiniteGradient::zero:
      zero_nonfinite_gradients(tensors);
      return true;
    case NonfiniteGradient::skip:
      break;
  }
  return false;
}

bool Update::judge(std::int32_t status, std::int64_t step) {
  const bool refused = status == TUNER_STOP && gradient_unusable_ && !context_.budget_used_up && !objective_failed_ &&
                       !context_.stop.stop_requested();
  const bool failed = status == TUNER_ERROR && !objective_failed_;
  const bool skips = context_.spec.training.nonfinite_gradient == NonfiniteGradient::skip && met_nonfinite_;
  std::string nonfinite;
  if (failed || skips) nonfinite = optimizer_->nonfinite_state();
  if (nonfinite.empty() && !parameters_finite(context_.objective->tensors())) nonfinite = "a parameter";
  if (skips && (refused || failed || !nonfinite.empty())) {
    ++context_.result.nonfinite_gradients;
    return false;
  }
  if (refused) {
    ++context_.result.nonfinite_gradients;
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the gradient is not finite", step)};
  }
  if (nonfinite.empty() && met_nonfinite_) nonfinite = "a value that the step asked for";
  if (failed && !nonfinite.empty())
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: {} is not finite (optimizer '{}': {})", step, nonfinite,
                                                    context_.spec.optimizer->plugin->id(), context_.error.text)};
  return true;
}

bool Update::take(std::int64_t step, std::int64_t horizon, double loss, std::uint32_t& flags) {
  met_nonfinite_ = gradient_unusable_ = objective_failed_ = false;
  // Only a step that evaluates can find out too late.
  Writer before;
  if (evaluates_ && context_.spec.training.nonfinite_gradient == NonfiniteGradient::skip) serialize(before);
  context_.host.reset_scratch();
  StepInputs inputs;
  inputs.step = taken_ + 1;
  inputs.horizon = horizon;
  inputs.loss = loss;
  inputs.host = context_.host.abi();
  inputs.closure = &closure_;
  inputs.gradient_unusable = &gradient_unusable_;
  const Calling calling(context_.trace, TUNER_KIND_OPTIMIZER);
  const std::int32_t status = optimizer_->step(inputs, &context_.error, &flags);
  if ((status != TUNER_OK || met_nonfinite_) && !judge(status, step)) {
    Reader in(before.bytes());
    serialize(in);
    flags = 0;
    return false;
  }
  context_.require(status, *context_.spec.optimizer);
  ++taken_;
  return true;
}

void Update::end(bool taken, std::int64_t met) {
  if (!taken) restore_buffers();
  nonfinite_in_a_row_ = context_.result.nonfinite_gradients > met ? nonfinite_in_a_row_ + 1 : 0;
}

template <class Archive>
void Update::serialize(Archive& archive) {
  serialize_values(archive, context_.objective->tensors());
  if constexpr (std::is_same_v<Archive, Writer>)
    optimizer_->save(archive);
  else
    optimizer_->restore(archive);
  archive(taken_, nonfinite_in_a_row_);
}
template void Update::serialize(Writer& archive);
template void Update::serialize(Reader& archive);

void Update::save_buffers() {
  buffers_.clear();
  for (const tuner_tensor& tensor : context_.objective->tensors().abi())
    if (tensor.info->flags & TUNER_TENSOR_BUFFER)
      buffers_.append(static_cast<const char*>(tensor.data), tensor.numel * dtype_size(tensor.dtype));
}

void Update::restore_buffers() {
  std::size_t at = 0;
  for (const tuner_tensor& tensor : context_.objective->tensors().abi()) {
    if ((tensor.info->flags & TUNER_TENSOR_BUFFER) == 0) continue;
    const std::size_t size = tensor.numel * dtype_size(tensor.dtype);
    std::memcpy(tensor.data, buffers_.data() + at, size);
    at += size;
  }
}

}  // namespace tuner
