#include "tuner/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "average.hpp"
#include "gradient_transforms.hpp"
#include "gradients.hpp"
#include "microbatches.hpp"
#include "step_context.hpp"
#include "tuner/error.hpp"
#include "update.hpp"

namespace tuner {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Trainer::Trainer(TrialSpec& spec, SharedObjectives& shared, TrialRun& run)
    : context_(std::make_unique<StepContext>(spec, shared, run)) {}

Trainer::~Trainer() = default;

void Trainer::prepare() {
  TrialSpec& spec = context_->spec;
  if (!spec.optimizer)
    throw Error(
        Message::config_impossible,
        fmt::format("objective '{}' has parameters to train, and no optimizer is named", spec.objective.plugin->id()),
        "add `optimizer: adam`");
  microbatches_ = std::make_unique<Microbatches>(*context_);
  update_ = std::make_unique<Update>(*context_, *microbatches_);
  if (spec.training.averaging)
    average_ = std::make_unique<Average>(*spec.training.averaging, objective(), steps_per_epoch());
  lr_ = lr_option(*spec.optimizer);
  if (has_lr())
    for (std::uint32_t g = 0; g < lr_.use->options.group_count(); ++g)
      lr_base_.push_back(lr_.use->options.number(lr_.param, g));
}

void Trainer::init_objective() {
  tuner_rng init = context_->stream(TUNER_RNG_INIT, 0);
  const Calling calling(context_->trace, TUNER_KIND_OBJECTIVE);
  require(objective().init(&init, &error()), context_->spec.objective);
}

void Trainer::arrange() {
  if (context_->spec.training.order != Order::curriculum) return;
  init_objective();
  const Calling calling(context_->trace, TUNER_KIND_OBJECTIVE);
  const tuner_rng rng = context_->stream(TUNER_RNG_DROPOUT, 0);
  std::vector<double> losses(objective().samples(TUNER_SPLIT_TRAIN), kNan);
  for (std::uint64_t i = 0; i < losses.size(); ++i) {
    if (context_->stop.stop_requested()) throw TrialEnded{Outcome::cancelled, ""};
    Objective::Request request;
    request.want = TUNER_WANT_LOSS;
    request.flags = 0;
    request.indices = std::span(&i, 1);
    request.rng = &rng;
    host().reset_scratch();
    require(objective().evaluate(request, &losses[i], nullptr, &error()), context_->spec.objective);
    ++context_->result.evaluations.loss;
  }
  microbatches_->sort_by(losses);
}

void Trainer::init() {
  init_objective();
  update_->init();
  if (average_) average_->begin(objective().tensors());
}

// ---- A step: its stages, each in a file of its own.

void Trainer::enter(std::int64_t step) { microbatches_->enter(step); }

// Microbatches: loss and gradient.
double Trainer::evaluate_step(std::int64_t step) {
  enter(step);
  update_->begin();
  const std::uint32_t want = derivative_free() ? TUNER_WANT_LOSS : TUNER_WANT_LOSS | TUNER_WANT_GRADIENT;
  const double loss = evaluate(objective(), want, TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS);
  Evaluations& evaluations = context_->result.evaluations;
  (derivative_free() ? evaluations.loss : evaluations.gradient) += microbatches_->parts();
  return loss;
}

// Gradient transforms, the optimizer's update, the average.
std::uint32_t Trainer::update(std::int64_t step, std::int64_t horizon, double loss) {
  TrialResult& result = context_->result;
  const std::int64_t met = result.nonfinite_gradients;
  std::uint32_t flags = 0;
  bool taken = update_->may_step(step, loss);
  if (taken) {
    if (!derivative_free())
      transform_gradients(objective().tensors(), context_->spec.training, result.steps,
                          context_->stream(TUNER_RNG_NOISE, result.steps));
    taken = update_->take(step, horizon, loss, flags);
  }
  update_->end(taken, met);
  result.steps = step + 1;
  context_->trace.step.store(result.steps, std::memory_order_relaxed);
  if (!parameters_finite(objective().tensors()))
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the parameters are not finite", result.steps)};
  if (taken && average_ && average_->wants(result.steps, horizon)) average_->add(optimizers_point().tensors());
  return flags;
}

// ---- What else is evaluated.

double Trainer::evaluate(Objective& objective, std::uint32_t want, std::uint32_t flags) {
  double loss = kNan;
  context_->host.reset_scratch();
  const Calling calling(context_->trace, TUNER_KIND_OBJECTIVE);
  // A black box has no batches.
  if (microbatches_) {
    require(microbatches_->evaluate(objective, want, flags, &loss), context_->spec.objective);
    return loss;
  }
  Objective::Request request;
  request.want = want;
  request.flags = flags;
  request.rng = &no_numbers_;
  require(objective.evaluate(request, &loss, nullptr, &error()), context_->spec.objective);
  return loss;
}

double Trainer::loss(Objective& objective, std::uint32_t flags) {
  const double loss = evaluate(objective, TUNER_WANT_LOSS, flags);
  context_->result.evaluations.loss += microbatches_ ? microbatches_->parts() : 1;
  return loss;
}

double Trainer::loss_and_gradient() {
  const double loss = evaluate(objective(), TUNER_WANT_LOSS | TUNER_WANT_GRADIENT, TUNER_EVALUATE_TRAIN);
  context_->result.evaluations.gradient += microbatches_->parts();
  return loss;
}

void Trainer::hvp(const void* const* vectors, void* const* products) {
  context_->host.reset_scratch();
  const Calling calling(context_->trace, TUNER_KIND_OBJECTIVE);
  require(microbatches_->hvp(vectors, products), context_->spec.objective);
  context_->result.evaluations.hvp += microbatches_->parts();
}

Objective& Trainer::at_evaluation_point() {
  if (average_ && average_->exists()) return average_->objective();
  return optimizers_point();
}

Objective& Trainer::optimizers_point() {
  if (!optimizer().has_evaluation_point()) return objective();
  if (!evaluation_copy_) evaluation_copy_ = objective().evaluation_copy();
  std::vector<void*> outputs;
  for (std::size_t i = 0; i < evaluation_copy_->tensors().size(); ++i)
    outputs.push_back(evaluation_copy_->tensors().data(i));
  const Calling calling(context_->trace, TUNER_KIND_OPTIMIZER);
  require(optimizer().evaluation_point(context_->host.abi(), update_->taken(), outputs, &error()),
          *context_->spec.optimizer);
  return *evaluation_copy_;
}

// ---- The trainer's state.

std::int64_t Trainer::steps() const { return context_->result.steps; }
void Trainer::set_steps(std::int64_t steps) { context_->result.steps = steps; }
std::int64_t Trainer::steps_per_epoch() const { return microbatches_->steps_per_epoch(); }

Objective& Trainer::objective() { return *context_->objective; }
const Objective& Trainer::objective() const { return *context_->objective; }
Optimizer& Trainer::optimizer() { return update_->optimizer(); }
HostServices& Trainer::host() { return context_->host; }
tuner_error& Trainer::error() { return context_->error; }
const tuner_rng& Trainer::rng() const { return microbatches_->rng(); }
std::span<const std::uint64_t> Trainer::batch() const { return microbatches_->batch(); }
bool Trainer::derivative_free() const { return update_->derivative_free(); }

void Trainer::require(std::int32_t status, const PluginUse& use) { context_->require(status, use); }

bool Trainer::stuck() const {
  const std::int64_t met = update_->nonfinite_in_a_row();
  return met > 0 && met >= std::min(steps_per_epoch(), context_->result.steps);
}

std::string Trainer::nonfinite_state() const {
  return update_ ? update_->optimizer().nonfinite_state() : std::string();
}

void Trainer::set_lr(double lr) {
  for (std::uint32_t g = 0; g < lr_base_.size(); ++g)
    lr_.use->options.set_number(lr_.param, g, lr_base_[g] == lr_base_[0] ? lr : lr * (lr_base_[g] / lr_base_[0]));
}

template <class Archive>
void Trainer::serialize(Archive& archive) {
  update_->serialize(archive);
  if (average_) average_->serialize(archive);
}

void Trainer::save(Writer& out) const { const_cast<Trainer*>(this)->serialize(out); }

void Trainer::restore(Reader& in) { serialize(in); }

}  // namespace tuner
