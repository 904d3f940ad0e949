#include "tuner/training.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "batches.hpp"
#include "floating_point.hpp"
#include "gradients.hpp"
#include "metric_tracker.hpp"
#include "tuner/error.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/schedule.hpp"

namespace tuner {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kEvaluationBatch = 1000;       // samples per call when a split is evaluated
constexpr std::uint64_t kEvaluationsPerStep = 10'000;  // a closure's budget
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Ends the loop; caught by TrainingRun::run.
struct Ended {
  Outcome outcome;
  std::string error;
  Failure failure = Failure::none;
};

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

class TrainingRun {
 public:
  TrainingRun(TrialSpec& spec, SharedObjectives& shared, std::stop_token stop, Progress progress, TrialTrace& trace,
              const Checkpoints* checkpoints)
      : spec_(spec),
        stop_(std::move(stop)),
        progress_(std::move(progress)),
        trace_(trace),
        checkpoints_(checkpoints),
        tracker_(spec, start_),
        trial_(spec.training.common_random_numbers ? 0 : static_cast<std::uint32_t>(spec.number)) {
    host_.stop = stop_;
    error_.struct_size = sizeof error_;
    trace_.step = 0, trace_.steps = 0, trace_.time_limit = spec.training.time_limit_seconds;
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    objective_ = std::make_unique<Objective>(spec.objective, shared, spec.study_seed, host_.abi());
  }

  TrialResult run() {
    try {
      if (objective_->tensors().size() == 0)
        evaluate_black_box();
      else
        train();
    } catch (const Ended& end) {
      result_.outcome = end.outcome, result_.error = end.error, result_.failure = end.failure;
    }
    finish();
    return std::move(result_);
  }

  void check() {
    if (objective_->tensors().size() == 0) return;
    try {
      prepare();
    } catch (const Ended&) {
      // An outcome of the trial, not a reason to refuse it.
    }
  }

 private:
  void evaluate_black_box();
  void train();
  void prepare();
  void take_step(std::int64_t step);
  void condition_gradients(std::int64_t step);
  void evaluation_point(std::int64_t step);
  void evaluate_split(Objective& objective, std::uint32_t split, std::string_view prefix, std::int64_t step);
  void finish();
  [[nodiscard]] bool checkpoint_is_due();
  void save_checkpoint(std::int64_t step);
  [[nodiscard]] bool restore_checkpoint();

  double evaluate(std::uint32_t want, std::uint32_t flags);
  void record(std::int64_t step, std::string_view name, double value);
  void record_reports();
  [[nodiscard]] static double since(Clock::time_point when) {
    return std::chrono::duration<double>(Clock::now() - when).count();
  }
  void check_time(std::int64_t step);
  void require(std::int32_t status, const PluginUse& use);
  tuner_rng stream(std::uint32_t purpose, std::int64_t step) const {
    tuner_rng rng{};
    rng.struct_size = sizeof rng, rng.purpose = purpose, rng.seed = spec_.study_seed, rng.trial = trial_;
    rng.position = static_cast<std::uint64_t>(step) << 32;
    return rng;
  }
  static std::int32_t closure_evaluate(void* context, std::uint32_t want, double* loss);
  static std::int32_t closure_hvp(void* context, const void* const* vectors, void* const* products);

  const FloatingPointGuard guard_;
  const unsigned mode_ = floating_point_mode();
  TrialSpec& spec_;
  std::stop_token stop_;
  Progress progress_;
  TrialTrace& trace_;
  const Checkpoints* checkpoints_;
  Clock::time_point start_ = Clock::now(), saved_at_ = start_, looked_at_ = start_;
  std::int64_t look_every_ = 1, steps_until_look_ = 1;
  MetricTracker tracker_;
  std::uint32_t trial_;
  TrialResult result_;
  HostServices host_;
  tuner_error error_{};
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Objective> evaluation_copy_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<ScheduleRun> schedule_;
  std::unique_ptr<Batches> batches_;
  tuner_closure closure_{};
  std::span<const std::uint64_t> batch_;
  tuner_rng dropout_{};
  std::int64_t horizon_ = 0, log_every_ = 1, eval_every_ = 1, evaluated_at_ = -1;
  std::uint64_t evaluations_this_step_ = 0;
  bool budget_used_up_ = false;
  double epoch_loss_ = 0;
  std::uint64_t epoch_samples_ = 0, samples_seen_ = 0;
};

void TrainingRun::require(std::int32_t status, const PluginUse& use) {
  if (floating_point_mode() != mode_) {
    guard_.restore();
    throw Ended{Outcome::failed,
                fmt::format("step {}: {} '{}' changed the floating-point mode, which no plugin may", result_.steps,
                            to_string(use.plugin->kind()), use.plugin->id()),
                Failure::error};
  }
  if (status == TUNER_OK) return;
  if (stop_.stop_requested()) throw Ended{Outcome::cancelled, ""};
  std::string text = error_.text[0] ? error_.text : fmt::format("status {}", status);
  if (budget_used_up_) text = fmt::format("more than {} evaluations in one step", kEvaluationsPerStep);
  throw Ended{Outcome::failed,
              fmt::format("step {}: {} '{}': {}", result_.steps, to_string(use.plugin->kind()), use.plugin->id(), text),
              status == TUNER_OUT_OF_MEMORY ? Failure::out_of_memory : Failure::error};
}

double TrainingRun::evaluate(std::uint32_t want, std::uint32_t flags) {
  double loss = kNan;
  Objective::Request request;
  request.want = want, request.flags = flags, request.indices = batch_, request.rng = &dropout_;
  host_.reset_scratch();
  const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
  require(objective_->evaluate(request, &loss, nullptr, &error_), spec_.objective);
  if (want & TUNER_WANT_GRADIENT)
    ++result_.evaluations.gradient;
  else
    ++result_.evaluations.loss;
  return loss;
}

// Called by an optimizer within its step: must not throw across the border.
std::int32_t TrainingRun::closure_evaluate(void* context, std::uint32_t want, double* loss) {
  auto& self = *static_cast<TrainingRun*>(context);
  if (++self.evaluations_this_step_ > kEvaluationsPerStep) {
    self.budget_used_up_ = true;
    return TUNER_STOP;
  }
  if (self.stop_.stop_requested()) return TUNER_STOP;
  Objective::Request request;
  request.want = want, request.indices = self.batch_, request.rng = &self.dropout_;
  double unused = kNan;
  if (want & TUNER_WANT_GRADIENT)
    ++self.result_.evaluations.gradient;
  else
    ++self.result_.evaluations.loss;
  const Calling calling(self.trace_, TUNER_KIND_OBJECTIVE);
  const std::size_t scratch = self.host_.scratch_in_use();  // the optimizer's own stays valid
  const std::int32_t status = self.objective_->evaluate(request, loss ? loss : &unused, nullptr, &self.error_);
  self.host_.reset_scratch(scratch);
  if (status != TUNER_OK && status != TUNER_STOP) name_source(self.error_, *self.spec_.objective.plugin);
  return status;
}

std::int32_t TrainingRun::closure_hvp(void* context, const void* const* vectors, void* const* products) {
  auto& self = *static_cast<TrainingRun*>(context);
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
  if (status != TUNER_OK && status != TUNER_STOP) name_source(self.error_, *self.spec_.objective.plugin);
  return status;
}

void TrainingRun::record(std::int64_t step, std::string_view name, double value) {
  result_.metrics.push_back({step, std::string(name), value});
  if (name != spec_.metric) return;
  tracker_.observe(step, value, result_);
  if (progress_) progress_(step, horizon_, value);
}

void TrainingRun::record_reports() {
  for (const MetricPoint& point : std::exchange(host_.reports, {})) record(point.step, point.name, point.value);
}

void TrainingRun::check_time(std::int64_t step) {
  if (stop_.stop_requested()) throw Ended{Outcome::cancelled, ""};
  const double limit = spec_.training.time_limit_seconds;
  if (limit > 0 && std::chrono::duration<double>(Clock::now() - start_).count() > limit)
    throw Ended{Outcome::timed_out, fmt::format("step {}: the time limit of {:g} s is over", step, limit),
                Failure::timeout};
}

void TrainingRun::evaluate_black_box() {
  const double loss = evaluate(TUNER_WANT_LOSS, 0);
  record_reports();
  if (!std::isfinite(loss)) throw Ended{Outcome::diverged, fmt::format("the loss is {}", loss)};
  record(0, "loss", loss);
}

void TrainingRun::prepare() {
  if (!spec_.optimizer)
    throw Error(
        Message::config_impossible,
        fmt::format("objective '{}' has parameters to train, and no optimizer is named", spec_.objective.plugin->id()),
        "add `optimizer: adam`");
  const TrainingSettings& t = spec_.training;
  batches_ = std::make_unique<Batches>(objective_->samples(TUNER_SPLIT_TRAIN), t, spec_.study_seed, trial_);
  if (t.epochs > 0 && batches_->steps_per_epoch() == 0)
    throw Error(Message::config_impossible,
                fmt::format("objective '{}' has no samples, so there are no epochs", spec_.objective.plugin->id()),
                "say `steps:` in `training:`");
  horizon_ = t.steps > 0 ? t.steps : t.epochs * batches_->steps_per_epoch();
  trace_.steps.store(horizon_, std::memory_order_relaxed);
  log_every_ = t.log_every > 0 ? t.log_every : std::max<std::int64_t>(1, horizon_ / 200);
  eval_every_ = t.eval_every > 0                  ? t.eval_every
                : batches_->steps_per_epoch() > 0 ? batches_->steps_per_epoch()
                                                  : horizon_;

  optimizer_ = std::make_unique<Optimizer>(*spec_.optimizer, objective_->tensors(), spec_.study_seed, trial_);
  schedule_ = std::make_unique<ScheduleRun>(spec_.schedule, *spec_.optimizer, horizon_, batches_->steps_per_epoch(),
                                            spec_.goal, host_.abi());
  closure_.struct_size = sizeof closure_, closure_.context = this, closure_.evaluate = &closure_evaluate;
  if (objective_->has_hvp()) closure_.hvp = &closure_hvp;
  tuner_rng init = stream(TUNER_RNG_INIT, 0);
  result_.metrics.reserve(512);
  if (restore_checkpoint()) return;
  {
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    require(objective_->init(&init, &error_), spec_.objective);
  }
  const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
  require(optimizer_->init(host_.abi(), &error_), *spec_.optimizer);
}

void TrainingRun::train() {
  prepare();
  for (std::int64_t step = result_.steps; step < horizon_ && !tracker_.should_stop_early(); ++step) {
    if (checkpoints_ && step > 0 && (stop_.stop_requested() || checkpoint_is_due())) save_checkpoint(step);
    check_time(step);
    take_step(step);
    const std::int64_t done = step + 1;
    if (done % eval_every_ == 0 && done < horizon_) evaluation_point(done);
  }
  horizon_ = result_.steps;
  batch_ = batches_->at(horizon_);
  dropout_ = stream(TUNER_RNG_DROPOUT, horizon_);
  const double loss = evaluate(TUNER_WANT_LOSS, TUNER_EVALUATE_TRAIN);
  if (!std::isfinite(loss)) throw Ended{Outcome::diverged, fmt::format("step {}: the loss is {}", horizon_, loss)};
  record(horizon_, "loss", loss);
  evaluation_point(horizon_);
  if (objective_->samples(TUNER_SPLIT_TEST) > 0)
    evaluate_split(evaluation_copy_ ? *evaluation_copy_ : *objective_, TUNER_SPLIT_TEST, "test_", horizon_);
}

void TrainingRun::take_step(std::int64_t step) {
  {
    const Calling calling(trace_, TUNER_KIND_SCHEDULER);
    require(schedule_->apply({step, tracker_.last(), tracker_.count()}, &error_), schedule_->scheduler());
  }
  batch_ = batches_->at(step);
  dropout_ = stream(TUNER_RNG_DROPOUT, step);
  evaluations_this_step_ = 0, budget_used_up_ = false;
  const bool derivative_free = spec_.optimizer->plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE);
  const double loss = evaluate(derivative_free ? TUNER_WANT_LOSS : TUNER_WANT_LOSS | TUNER_WANT_GRADIENT,
                               TUNER_EVALUATE_TRAIN | TUNER_EVALUATE_UPDATE_BUFFERS);
  epoch_loss_ += loss * static_cast<double>(batch_.size());
  epoch_samples_ += batch_.size(), samples_seen_ += batch_.size();
  if (step % log_every_ == 0) {
    record(step, "loss", loss);
    if (const double lr = schedule_->lr(); !std::isnan(lr)) record(step, "lr", lr);
  }
  if (!std::isfinite(loss)) throw Ended{Outcome::diverged, fmt::format("step {}: the loss is {}", step, loss)};
  bool skipped = false;
  if (!derivative_free && !gradients_finite(objective_->tensors())) {
    ++result_.nonfinite_gradients;
    if (spec_.training.nonfinite_gradient == NonfiniteGradient::error)
      throw Ended{Outcome::diverged, fmt::format("step {}: the gradient is not finite", step)};
    if (spec_.training.nonfinite_gradient == NonfiniteGradient::zero)
      zero_nonfinite_gradients(objective_->tensors());
    else
      skipped = true;
  }
  std::uint32_t flags = 0;
  if (!skipped) {
    if (!derivative_free) condition_gradients(step);
    host_.reset_scratch();
    StepInputs inputs;
    inputs.step = step + 1, inputs.horizon = horizon_, inputs.loss = loss, inputs.host = host_.abi(),
    inputs.closure = &closure_;
    const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
    require(optimizer_->step(inputs, &error_, &flags), *spec_.optimizer);
  }
  result_.steps = step + 1;
  trace_.step.store(result_.steps, std::memory_order_relaxed);
  if (!parameters_finite(objective_->tensors()))
    throw Ended{Outcome::diverged, fmt::format("step {}: the parameters are not finite", result_.steps)};
  if (flags & (TUNER_STEP_CONVERGED | TUNER_STEP_NO_PROGRESS)) {
    host_.log.push_back(fmt::format("step {}: the optimizer says {}", result_.steps,
                                    flags & TUNER_STEP_CONVERGED ? "converged" : "no progress"));
    horizon_ = result_.steps;
  }
}

void TrainingRun::condition_gradients(std::int64_t step) {
  const TrainingSettings& t = spec_.training;
  if (t.noise_eta > 0) add_noise(objective_->tensors(), t, step, stream(TUNER_RNG_NOISE, step));
  if (t.clip_value > 0) clip_by_value(objective_->tensors(), t.clip_value);
  if (t.clip_norm > 0) clip_by_norm(objective_->tensors(), t.clip_norm);
}

void TrainingRun::evaluation_point(std::int64_t step) {
  if (step == evaluated_at_) return;  // stopped early, just after one
  evaluated_at_ = step;
  if (epoch_samples_ > 0) record(step, "train_loss", epoch_loss_ / static_cast<double>(epoch_samples_));
  epoch_loss_ = 0, epoch_samples_ = 0;
  Objective* where = objective_.get();
  if (optimizer_->has_evaluation_point()) {
    if (!evaluation_copy_) evaluation_copy_ = objective_->evaluation_copy();
    where = evaluation_copy_.get();
    std::vector<void*> outputs;
    for (std::size_t i = 0; i < where->tensors().size(); ++i) outputs.push_back(where->tensors().data(i));
    const Calling calling(trace_, TUNER_KIND_OPTIMIZER);
    require(optimizer_->evaluation_point(host_.abi(), step, outputs, &error_), *spec_.optimizer);
  }
  if (objective_->samples(TUNER_SPLIT_VALID) > 0) evaluate_split(*where, TUNER_SPLIT_VALID, "val_", step);
  record_reports();
}

void TrainingRun::evaluate_split(Objective& objective, std::uint32_t split, std::string_view prefix,
                                 std::int64_t step) {
  const std::uint64_t n = objective.samples(split);
  std::uint64_t chunk = kEvaluationBatch;
  for (std::size_t m = 0; m < objective.metric_count(); ++m)
    if (objective.metric(m).aggregation == TUNER_AGGREGATE_WHOLE) chunk = n;
  std::vector<std::uint64_t> indices(std::min(chunk, n));
  std::vector<double> metrics(objective.metric_count()), totals(objective.metric_count());
  double loss = kNan, total_loss = 0;
  for (std::uint64_t begin = 0; begin < n; begin += chunk) {
    const std::uint64_t count = std::min(chunk, n - begin);
    std::iota(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(count), begin);
    Objective::Request request;
    request.want = TUNER_WANT_LOSS | TUNER_WANT_METRICS, request.flags = 0, request.split = split;
    request.indices = std::span(indices).first(count), request.rng = &dropout_;
    host_.reset_scratch();
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    require(objective.evaluate(request, &loss, metrics.data(), &error_), spec_.objective);
    ++result_.evaluations.loss;
    total_loss += loss * static_cast<double>(count);
    for (std::size_t m = 0; m < metrics.size(); ++m)
      totals[m] += objective.metric(m).aggregation == TUNER_AGGREGATE_MEAN ? metrics[m] * static_cast<double>(count)
                                                                           : metrics[m];
  }
  record(step, fmt::format("{}loss", prefix), total_loss / static_cast<double>(n));
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const bool mean = objective.metric(m).aggregation == TUNER_AGGREGATE_MEAN;
    record(step, fmt::format("{}{}", prefix, objective.metric(m).id),
           mean ? totals[m] / static_cast<double>(n) : totals[m]);
  }
}

// Looking at the clock takes as long as a small step: about every 10 ms is enough.
bool TrainingRun::checkpoint_is_due() {
  if (--steps_until_look_ > 0) return false;
  look_every_ = since(looked_at_) < 0.01 ? 2 * look_every_ : std::max<std::int64_t>(1, look_every_ / 2);
  looked_at_ = Clock::now(), steps_until_look_ = look_every_;
  return checkpoints_->due(since(saved_at_));
}

// Between two steps: what the rest of the trial depends on, and what was measured so far.
void TrainingRun::save_checkpoint(std::int64_t step) {
  Writer out;
  for (const tuner_tensor& tensor : objective_->tensors().abi())
    out.put(tensor.numel), out.put_raw(tensor.data, tensor.numel * dtype_size(tensor.dtype));
  optimizer_->save(out);
  schedule_->save(out);
  tracker_.save(out);
  out.put(horizon_), out.put(evaluated_at_), out.put(epoch_loss_), out.put(epoch_samples_), out.put(samples_seen_);
  TrialResult so_far = result_;
  so_far.wall_seconds = since(start_), so_far.log = host_.log;
  so_far.metrics.insert(so_far.metrics.end(), host_.reports.begin(), host_.reports.end());
  out.put(static_cast<std::uint64_t>(host_.reports.size()));
  put(out, so_far);
  checkpoints_->write(step, out.bytes(), host_.log);
  saved_at_ = Clock::now();
}

bool TrainingRun::restore_checkpoint() {
  const auto state = checkpoints_ ? checkpoints_->newest(host_.log) : std::nullopt;
  if (!state) return false;
  Reader in(*state);
  for (const tuner_tensor& tensor : objective_->tensors().abi()) {
    if (in.get<std::uint64_t>() != tensor.numel) throw Garbled("a tensor has another size");
    in.get_raw(tensor.data, tensor.numel * dtype_size(tensor.dtype));
  }
  optimizer_->restore(in);
  schedule_->restore(in);
  tracker_.restore(in);
  horizon_ = in.get<std::int64_t>(), evaluated_at_ = in.get<std::int64_t>(), epoch_loss_ = in.get<double>();
  epoch_samples_ = in.get<std::uint64_t>(), samples_seen_ = in.get<std::uint64_t>();
  const std::size_t pending = in.get<std::uint64_t>();
  result_ = read_result(in);
  in.end();
  if (pending > result_.metrics.size()) throw Garbled("more reports than metrics");
  host_.reports.assign(result_.metrics.end() - static_cast<std::ptrdiff_t>(pending), result_.metrics.end());
  result_.metrics.resize(result_.metrics.size() - pending);
  host_.log.insert(host_.log.begin(), result_.log.begin(), result_.log.end());
  const std::chrono::duration<double> spent(result_.wall_seconds);
  start_ -= std::chrono::duration_cast<Clock::duration>(spent);
  tracker_.began_earlier(spent);
  trace_.step = result_.steps;
  return true;
}

void TrainingRun::finish() {
  record_reports();  // what plugins said before the trial ended
  if (result_.outcome == Outcome::completed) {
    result_.value = tracker_.value(result_);
    if (!result_.value) {
      result_.outcome = Outcome::failed, result_.failure = Failure::error;
      result_.error = fmt::format("the metric '{}' was never reported", spec_.metric);
    } else if (!std::isfinite(*result_.value)) {
      result_.outcome = Outcome::diverged;
      result_.error = fmt::format("the metric '{}' is {}", spec_.metric, *result_.value);
      result_.value.reset();
    }
  }
  const std::uint64_t n = objective_->samples(TUNER_SPLIT_TRAIN);
  if (n > 0) result_.epochs = static_cast<double>(samples_seen_) / static_cast<double>(n);
  result_.log = std::move(host_.log);
  result_.wall_seconds = std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace

std::vector<MetricName> metric_names(const PluginUse& objective, SharedObjectives& shared, std::uint64_t study_seed) {
  HostServices host;
  const ObjectiveLayout layout =
      describe(objective, shared.get(*objective.plugin, objective.options, study_seed), host.abi());
  const tuner_objective& plugin = objective.plugin->objective();
  std::vector<MetricName> names;
  const auto add_split = [&](std::uint32_t split, std::string_view prefix) {
    if (layout.samples[split] == 0) return;
    for (std::uint32_t m = 0; m < plugin.n_metrics; ++m)
      names.push_back({fmt::format("{}{}", prefix, plugin.metrics[m]->id),
                       plugin.metrics[m]->direction == TUNER_MAXIMIZE ? Goal::maximize : Goal::minimize});
    names.push_back({fmt::format("{}loss", prefix), Goal::minimize});
  };
  add_split(TUNER_SPLIT_VALID, "val_");
  names.push_back({"loss", Goal::minimize});
  if (layout.samples[TUNER_SPLIT_TRAIN] > 0) names.push_back({"train_loss", Goal::minimize});
  add_split(TUNER_SPLIT_TEST, "test_");
  return names;
}

void check_trial(TrialSpec spec, SharedObjectives& shared) {
  TrialTrace trace;
  TrainingRun(spec, shared, {}, {}, trace, nullptr).check();
}

TrialResult run_trial(TrialSpec spec, SharedObjectives& shared, std::stop_token stop, const Progress& progress,
                      TrialTrace* trace, const Checkpoints* checkpoints) {
  TrialTrace own;
  if (trace == nullptr) trace = &own;
  TrialResult failed;
  failed.outcome = Outcome::failed;
  try {
    return TrainingRun(spec, shared, std::move(stop), progress, *trace, checkpoints).run();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    failed.failure = Failure::out_of_memory, failed.error = "the memory ran out";
  } catch (const std::exception& e) {  // C++ without the C++ layer, whose thunks catch everything
    failed.failure = Failure::error, failed.error = fmt::format("a plugin threw past the ABI: {}", e.what());
  }
  failed.steps = trace->step;
  failed.error = fmt::format("step {}: {}", failed.steps, failed.error);
  return failed;
}

}  // namespace tuner
