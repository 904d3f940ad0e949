#include "tuner/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "batches.hpp"
#include "floating_point.hpp"
#include "gradients.hpp"
#include "tuner/error.hpp"

namespace tuner {

namespace {

constexpr std::uint64_t kEvaluationsPerStep = 10'000;  // a closure's budget
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Trainer::Trainer(TrialSpec& spec, SharedObjectives& shared, TrialRun& run)
    : guard_(std::make_unique<FloatingPointGuard>()),
      mode_(floating_point_mode()),
      spec_(spec),
      stop_(run.stop()),
      trace_(run.trace()),
      result_(run.result()),
      trial_(spec.training.common_random_numbers ? spec.replicate : static_cast<std::uint32_t>(spec.number)) {
  host_.stop = stop_;
  error_.struct_size = sizeof error_;
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  objective_ = std::make_unique<Objective>(spec.objective, shared, spec.study_seed, host_.abi());
}

Trainer::~Trainer() = default;

void Trainer::require(std::int32_t status, const PluginUse& use) {
  if (floating_point_mode() != mode_) {
    guard_->restore();
    throw TrialEnded{Outcome::failed,
                     fmt::format("step {}: {} '{}' changed the floating-point mode, which no plugin may", result_.steps,
                                 to_string(use.plugin->kind()), use.plugin->id()),
                     Failure::error};
  }
  if (status == TUNER_OK) return;
  if (stop_.stop_requested()) throw TrialEnded{Outcome::cancelled, ""};
  std::string text = error_.text[0] ? error_.text : fmt::format("status {}", status);
  if (budget_used_up_) text = fmt::format("more than {} evaluations in one step", kEvaluationsPerStep);
  throw TrialEnded{
      Outcome::failed,
      fmt::format("step {}: {} '{}': {}", result_.steps, to_string(use.plugin->kind()), use.plugin->id(), text),
      status == TUNER_OUT_OF_MEMORY ? Failure::out_of_memory : Failure::error};
}

tuner_rng Trainer::stream(std::uint32_t purpose, std::int64_t step) const {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = purpose;
  rng.seed = spec_.study_seed;
  rng.trial = trial_;
  rng.position = static_cast<std::uint64_t>(step) << 32;
  return rng;
}

void Trainer::prepare() {
  if (!spec_.optimizer)
    throw Error(
        Message::config_impossible,
        fmt::format("objective '{}' has parameters to train, and no optimizer is named", spec_.objective.plugin->id()),
        "add `optimizer: adam`");
  batches_ =
      std::make_unique<Batches>(objective_->samples(TUNER_SPLIT_TRAIN), spec_.training, spec_.study_seed, trial_);
  const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
  optimizer_ = std::make_unique<Optimizer>(*spec_.optimizer, objective_->tensors(), spec_.study_seed, trial_);
  const std::vector<TensorSpec>& specs = objective_->tensors().specs();
  for (const std::string& line : groups_without_tensors(*spec_.optimizer, specs))
    host_.log.push_back(fmt::format("{} of this trial: {}", line, tensor_names(specs)));
  const PluginUse* innermost = &*spec_.optimizer;
  while (innermost->inner) {
    evaluates_ = evaluates_ || innermost->plugin->has(TUNER_PLUGIN_CLOSURE);
    innermost = innermost->inner.get();
  }
  evaluates_ = evaluates_ || innermost->plugin->has(TUNER_PLUGIN_CLOSURE);
  derivative_free_ = innermost->plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE);
  if (spec_.objective.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE) && !derivative_free_)
    throw Error(Message::config_impossible,
                fmt::format("objective '{}' has no gradients, and optimizer '{}' needs them",
                            spec_.objective.plugin->id(), innermost->plugin->id()),
                "take an optimizer that does without, such as nelder_mead or spsa");
  lr_ = lr_option(*spec_.optimizer);
  if (has_lr())
    for (std::uint32_t g = 0; g < lr_.use->options.group_count(); ++g)
      lr_base_.push_back(lr_.use->options.number(lr_.param, g));
  closure_.struct_size = sizeof closure_;
  closure_.context = this;
  closure_.evaluate = &closure_evaluate;
  if (objective_->has_hvp()) closure_.hvp = &closure_hvp;
}

void Trainer::init() {
  tuner_rng init = stream(TUNER_RNG_INIT, 0);
  {
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    require(objective_->init(&init, &error_), spec_.objective);
  }
  const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
  require(optimizer_->init(host_.abi(), &error_), *spec_.optimizer);
}

std::int64_t Trainer::steps_per_epoch() const { return batches_->steps_per_epoch(); }

void Trainer::set_lr(double lr) {
  for (std::uint32_t g = 0; g < lr_base_.size(); ++g)
    lr_.use->options.set_number(lr_.param, g, lr_base_[g] == lr_base_[0] ? lr : lr * (lr_base_[g] / lr_base_[0]));
}

void Trainer::enter(std::int64_t step) {
  batch_ = batches_->at(step);
  dropout_ = stream(TUNER_RNG_DROPOUT, step);
}

double Trainer::evaluate_step(std::int64_t step) {
  enter(step);
  evaluations_this_step_ = 0;
  budget_used_up_ = false;
  if (spec_.training.nonfinite_gradient == NonfiniteGradient::skip) save_buffers();
  Objective::Request request;
  request.want = derivative_free_ ? TUNER_WANT_LOSS : TUNER_WANT_LOSS | TUNER_WANT_GRADIENT;
  request.flags = TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS;
  request.indices = batch_;
  request.rng = &dropout_;
  double loss = kNan;
  host_.reset_scratch();
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  require(objective_->evaluate(request, &loss, nullptr, &error_), spec_.objective);
  ++(derivative_free_ ? result_.evaluations.loss : result_.evaluations.gradient);
  return loss;
}

double Trainer::loss(Objective& objective, std::uint32_t flags) {
  Objective::Request request;
  request.want = TUNER_WANT_LOSS;
  request.flags = flags;
  request.indices = batch_;
  request.rng = &dropout_;
  double loss = kNan;
  host_.reset_scratch();
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  require(objective.evaluate(request, &loss, nullptr, &error_), spec_.objective);
  ++result_.evaluations.loss;
  return loss;
}

double Trainer::loss_and_gradient() {
  Objective::Request request;
  request.indices = batch_;
  request.rng = &dropout_;
  double loss = kNan;
  host_.reset_scratch();
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  require(objective_->evaluate(request, &loss, nullptr, &error_), spec_.objective);
  ++result_.evaluations.gradient;
  return loss;
}

void Trainer::hvp(const void* const* vectors, void* const* products) {
  host_.reset_scratch();
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  require(objective_->hvp(batch_, vectors, products, &error_), spec_.objective);
  ++result_.evaluations.hvp;
}

// Called by an optimizer within its step: must not throw across the border.
std::int32_t Trainer::closure_evaluate(void* context, std::uint32_t want, double* loss) {
  auto& self = *static_cast<Trainer*>(context);
  if (++self.evaluations_this_step_ > kEvaluationsPerStep) {
    self.budget_used_up_ = true;
    return TUNER_STOP;
  }
  if (self.stop_.stop_requested()) return TUNER_STOP;
  Objective::Request request;
  request.want = want;
  request.indices = self.batch_;
  request.rng = &self.dropout_;
  double unused = kNan;
  if (want & TUNER_WANT_GRADIENT)
    ++self.result_.evaluations.gradient;
  else
    ++self.result_.evaluations.loss;
  const Calling calling(self.trace_, TUNER_KIND_OBJECTIVE);
  const std::size_t scratch = self.host_.scratch_in_use();  // the optimizer's own stays valid
  double* const value = loss ? loss : &unused;
  const std::int32_t status = self.objective_->evaluate(request, value, nullptr, &self.error_);
  self.host_.reset_scratch(scratch);
  if (status != TUNER_OK) {
    self.objective_failed_ = true;
    if (status != TUNER_STOP) name_source(self.error_, *self.spec_.objective.plugin);
    return status;
  }
  if ((want & TUNER_WANT_LOSS) && !std::isfinite(*value)) self.met_nonfinite_ = true;
  if (want & TUNER_WANT_GRADIENT) self.take_further_gradient();
  return status;
}

std::int32_t Trainer::closure_hvp(void* context, const void* const* vectors, void* const* products) {
  auto& self = *static_cast<Trainer*>(context);
  if ((self.evaluations_this_step_ += 2) > kEvaluationsPerStep) {
    self.budget_used_up_ = true;
    return TUNER_STOP;
  }
  if (self.stop_.stop_requested()) return TUNER_STOP;
  ++self.result_.evaluations.hvp;
  const Calling calling(self.trace_, TUNER_KIND_OBJECTIVE);
  const std::size_t scratch = self.host_.scratch_in_use();
  const std::int32_t status = self.objective_->hvp(self.batch_, vectors, products, &self.error_);
  self.host_.reset_scratch(scratch);
  if (status != TUNER_OK) {
    self.objective_failed_ = true;
    if (status != TUNER_STOP) name_source(self.error_, *self.spec_.objective.plugin);
    return status;
  }
  const std::span<const tuner_tensor> tensors = self.objective_->tensors().abi();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (products[i] != nullptr && !all_finite(products[i], tensors[i].numel, tensors[i].dtype))
      self.met_nonfinite_ = true;
  return status;
}

// Every gradient of a step is treated alike, with the same draw of noise. One that is not finite stays unless it is to
// be zeroed: a search steps back from it by the loss.
void Trainer::take_further_gradient() {
  bool finite = gradients_finite(objective_->tensors());
  if (!finite && spec_.training.nonfinite_gradient == NonfiniteGradient::zero) {
    ++result_.nonfinite_gradients;
    zero_nonfinite_gradients(objective_->tensors());
    finite = true;
  }
  gradient_unusable_ = !finite;
  if (finite)
    condition_gradients();
  else
    met_nonfinite_ = true;
}

bool Trainer::may_step(std::int64_t step, double loss) {
  const bool loss_is_finite = std::isfinite(loss);
  if (loss_is_finite && (derivative_free_ || gradients_finite(objective_->tensors()))) return true;
  if (spec_.training.nonfinite_gradient == NonfiniteGradient::error && !loss_is_finite)
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the loss is {}", step, loss)};
  ++result_.nonfinite_gradients;
  switch (spec_.training.nonfinite_gradient) {
    case NonfiniteGradient::error:
      throw TrialEnded{Outcome::diverged, fmt::format("step {}: the gradient is not finite", step)};
    case NonfiniteGradient::zero:
      zero_nonfinite_gradients(objective_->tensors());
      return true;
    case NonfiniteGradient::skip:
      break;
  }
  return false;
}

bool Trainer::judge(std::int32_t status, std::int64_t step) {
  const bool refused =
      status == TUNER_STOP && gradient_unusable_ && !budget_used_up_ && !objective_failed_ && !stop_.stop_requested();
  const bool failed = status == TUNER_ERROR && !objective_failed_;
  const bool skips = spec_.training.nonfinite_gradient == NonfiniteGradient::skip && met_nonfinite_;
  std::string nonfinite;
  if (failed || skips) nonfinite = optimizer_->nonfinite_state();
  if (nonfinite.empty() && !parameters_finite(objective_->tensors())) nonfinite = "a parameter";
  if (skips && (refused || failed || !nonfinite.empty())) {
    ++result_.nonfinite_gradients;
    return false;
  }
  if (refused) {
    ++result_.nonfinite_gradients;
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the gradient is not finite", step)};
  }
  if (nonfinite.empty() && met_nonfinite_) nonfinite = "a value that the step asked for";
  if (failed && !nonfinite.empty())
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: {} is not finite (optimizer '{}': {})", step, nonfinite,
                                                    spec_.optimizer->plugin->id(), error_.text)};
  return true;
}

bool Trainer::step_optimizer(std::int64_t step, std::int64_t horizon, double loss, std::uint32_t& flags) {
  met_nonfinite_ = gradient_unusable_ = objective_failed_ = false;
  // Only a step that evaluates can find out too late.
  Writer before;
  if (evaluates_ && spec_.training.nonfinite_gradient == NonfiniteGradient::skip) save(before);
  if (!derivative_free_) condition_gradients();
  host_.reset_scratch();
  StepInputs inputs;
  inputs.step = taken_ + 1;
  inputs.horizon = horizon;
  inputs.loss = loss;
  inputs.host = host_.abi();
  inputs.closure = &closure_;
  inputs.gradient_unusable = &gradient_unusable_;
  const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
  const std::int32_t status = optimizer_->step(inputs, &error_, &flags);
  if ((status != TUNER_OK || met_nonfinite_) && !judge(status, step)) {
    Reader in(before.bytes());
    restore(in);
    flags = 0;
    return false;
  }
  require(status, *spec_.optimizer);
  ++taken_;
  return true;
}

std::uint32_t Trainer::update(std::int64_t step, std::int64_t horizon, double loss) {
  std::uint32_t flags = 0;
  const std::int64_t met = result_.nonfinite_gradients;
  if (!may_step(step, loss) || !step_optimizer(step, horizon, loss, flags)) restore_buffers();
  nonfinite_in_a_row_ = result_.nonfinite_gradients > met ? nonfinite_in_a_row_ + 1 : 0;
  result_.steps = step + 1;
  trace_.step.store(result_.steps, std::memory_order_relaxed);
  if (!parameters_finite(objective_->tensors()))
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the parameters are not finite", result_.steps)};
  return flags;
}

void Trainer::condition_gradients() {
  const TrainingSettings& t = spec_.training;
  const std::int64_t step = result_.steps;
  if (t.noise_eta > 0) add_noise(objective_->tensors(), t, step, stream(TUNER_RNG_NOISE, step));
  if (t.clip_value > 0) clip_by_value(objective_->tensors(), t.clip_value);
  if (t.clip_norm > 0) clip_by_norm(objective_->tensors(), t.clip_norm);
}

bool Trainer::stuck() const {
  return nonfinite_in_a_row_ > 0 && nonfinite_in_a_row_ >= std::min(steps_per_epoch(), result_.steps);
}

std::string Trainer::nonfinite_state() const { return optimizer_ ? optimizer_->nonfinite_state() : std::string(); }

Objective& Trainer::at_evaluation_point() {
  if (!optimizer_->has_evaluation_point()) return *objective_;
  if (!evaluation_copy_) evaluation_copy_ = objective_->evaluation_copy();
  std::vector<void*> outputs;
  for (std::size_t i = 0; i < evaluation_copy_->tensors().size(); ++i)
    outputs.push_back(evaluation_copy_->tensors().data(i));
  const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
  require(optimizer_->evaluation_point(host_.abi(), taken_, outputs, &error_), *spec_.optimizer);
  return *evaluation_copy_;
}

template <class Archive>
void Trainer::serialize(Archive& archive) {
  for (const tuner_tensor& tensor : objective_->tensors().abi()) {
    archive.same(tensor.numel, "a tensor has another size");
    archive.raw(tensor.data, tensor.numel * dtype_size(tensor.dtype));
  }
  if constexpr (std::is_same_v<Archive, Writer>)
    optimizer_->save(archive);
  else
    optimizer_->restore(archive);
  archive(taken_, nonfinite_in_a_row_);
}

void Trainer::save(Writer& out) const { const_cast<Trainer*>(this)->serialize(out); }

void Trainer::restore(Reader& in) { serialize(in); }

void Trainer::save_buffers() {
  buffers_.clear();
  for (const tuner_tensor& tensor : objective_->tensors().abi())
    if (tensor.info->flags & TUNER_TENSOR_BUFFER)
      buffers_.append(static_cast<const char*>(tensor.data), tensor.numel * dtype_size(tensor.dtype));
}

void Trainer::restore_buffers() {
  std::size_t at = 0;
  for (const tuner_tensor& tensor : objective_->tensors().abi()) {
    if ((tensor.info->flags & TUNER_TENSOR_BUFFER) == 0) continue;
    const std::size_t size = tensor.numel * dtype_size(tensor.dtype);
    std::memcpy(tensor.data, buffers_.data() + at, size);
    at += size;
  }
}

}  // namespace tuner
