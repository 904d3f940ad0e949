#include "tuner/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <exception>
#include <iterator>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "best_weights.hpp"
#include "logged_weights.hpp"
#include "predictions.hpp"
#include "tuner/end_measures.hpp"
#include "tuner/error.hpp"
#include "tuner/memory.hpp"
#include "tuner/trainer.hpp"

namespace tuner {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kEvaluationBatch = 1000;  // samples per call when a split is evaluated
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A checkpoint that is whole, of this trial, and yet no state of it. What it was read into is not to be used.
struct UnusableCheckpoint {
  std::int64_t step;
  std::string why;
  std::vector<std::string> log;  // of the trial so far
};

// Epochs of a large batch for one of the base batch, so that both make as many updates.
// Source: Hoffer, Hubara, Soudry 2017, arXiv 1705.08741, section 6.
std::int64_t regime_factor(const TrainingSettings& t, std::int64_t samples) {
  if (t.regime_adaptation == 0) return 1;
  const std::int64_t batch = t.batch_size > 0 ? std::min(t.update_batch(), samples) : samples;
  return (batch + t.regime_adaptation - 1) / t.regime_adaptation;
}

class TrainingRun {
 public:
  // Takes no checkpoint of step `below` or a later one. log: what to begin the trial's log with.
  TrainingRun(TrialSpec& spec, SharedObjectives& shared, TrialRun& run, const Checkpoints* checkpoints,
              EndMeasures measures, std::int64_t below = INT64_MAX, std::vector<std::string> log = {})
      : spec_(spec),
        run_(run),
        trace_(run.trace()),
        result_(run.result()),
        checkpoints_(checkpoints),
        measures_(std::move(measures)),
        below_(below),
        trainer_(spec, shared, run) {
    std::ranges::move(log, std::back_inserter(host().log));
  }

  // Throws UnusableCheckpoint.
  void run() {
    try {
      if (trainer_.objective().tensors().size() == 0) {
        check_black_box();
        evaluate_black_box();
      } else
        train();
    } catch (const TrialEnded& end) {
      run_.end(end);
    }
    finish();
  }

  void check() {
    if (trainer_.objective().tensors().size() == 0) {
      require_measures();
      return check_black_box();
    }
    try {
      checks_ = true;
      prepare();
    } catch (const TrialEnded&) {
      // An outcome of the trial, not a reason to refuse it.
    }
  }

 private:
  void check_black_box();
  void evaluate_black_box();
  void train();
  void prepare();
  void take_step(std::int64_t step);
  void look_at_state();
  void evaluation_point(std::int64_t step);
  void keep_best(std::int64_t step);
  void end();
  [[nodiscard]] std::vector<MetricPoint> evaluate_split(Objective& objective, std::uint32_t split,
                                                        std::string_view prefix, std::int64_t step);
  [[nodiscard]] std::vector<MetricPoint> validate(std::int64_t step);
  void require_measures();
  void measure_gap(Objective& objective);
  void predict(Objective& objective);
  void finish();
  [[nodiscard]] bool checkpoint_is_due();
  void save_checkpoint(std::int64_t step);
  [[nodiscard]] bool restore_checkpoint();
  void restore(std::string_view state, std::int64_t step);
  template <class Archive>
  void serialize(Archive& archive, std::uint64_t& pending, TrialResult& so_far);

  [[nodiscard]] HostServices& host() { return trainer_.host(); }
  [[nodiscard]] const std::string& watched_metric() const {
    const std::string& own = spec_.training.early_stopping->metric;
    return own.empty() ? spec_.metric : own;
  }
  void record(std::int64_t step, std::string_view name, double value);
  void record_reports();
  void record_weights(std::int64_t step, const Tensors& weights);
  [[nodiscard]] static double since(Clock::time_point when) {
    return std::chrono::duration<double>(Clock::now() - when).count();
  }
  TrialSpec& spec_;
  TrialRun& run_;
  TrialTrace& trace_;
  TrialResult& result_;
  const Checkpoints* checkpoints_;
  EndMeasures measures_;
  std::int64_t below_;
  Clock::time_point saved_at_ = Clock::now(), looked_at_ = saved_at_;
  std::int64_t look_every_ = 1, steps_until_look_ = 1;
  Trainer trainer_;
  std::unique_ptr<ScheduleRun> schedule_;
  std::unique_ptr<BestWeights> best_;  // where the trial ends with them
  bool checks_ = false;                // nothing is trained
  std::int64_t horizon_ = 0, log_every_ = 1, eval_every_ = 1, evaluated_at_ = -1;
  double epoch_loss_ = 0;
  std::uint64_t epoch_samples_ = 0, samples_seen_ = 0;
};

void TrainingRun::record(std::int64_t step, std::string_view name, double value) { run_.record(step, name, value); }

void TrainingRun::record_reports() {
  for (const MetricPoint& point : std::exchange(host().reports, {})) record(point.step, point.name, point.value);
}

void TrainingRun::record_weights(std::int64_t step, const Tensors& weights) {
  if (!spec_.training.log_weights) return;
  const std::vector<double> values = trained_values(weights);
  for (std::size_t i = 0; i < values.size(); ++i) record(step, fmt::format("weights.{}", i), values[i]);
}

void TrainingRun::check_black_box() {
  check_logged_weights(spec_, trainer_.objective().tensors());
  if (!spec_.optimizer) return;
  throw Error(Message::config_impossible,
              fmt::format("objective '{}' has no parameters to train, so optimizer '{}' has nothing to do",
                          spec_.objective.plugin->id(), spec_.optimizer->plugin->id()),
              "remove the optimizer: the options of the objective are what is searched");
}

// What it reports goes on at once: the one call of it is the whole trial.
void TrainingRun::evaluate_black_box() {
  std::exception_ptr ended;
  host().on_report = [&](const MetricPoint& point) {
    try {
      if (!ended) {
        record(point.step, point.name, point.value);
        run_.report(point.step);
        run_.check_paused();
      }
    } catch (...) {  // must not cross the plugin
      ended = std::current_exception();
    }
    return !ended;
  };
  double loss = kNan;
  try {
    loss = trainer_.loss(trainer_.objective(), 0);
  } catch (const TrialEnded&) {
    if (!ended) throw;
  }
  host().on_report = {};
  if (ended) std::rethrow_exception(ended);
  if (!std::isfinite(loss)) throw TrialEnded{Outcome::diverged, fmt::format("the loss is {}", loss)};
  record(0, "loss", loss);
}

void TrainingRun::prepare() {
  trainer_.prepare();
  const TrainingSettings& t = spec_.training;
  const std::int64_t steps_per_epoch = trainer_.steps_per_epoch();
  const auto samples = static_cast<std::int64_t>(trainer_.objective().samples(TUNER_SPLIT_TRAIN));
  if (t.epochs > 0 && steps_per_epoch == 0)
    throw Error(Message::config_impossible,
                fmt::format("objective '{}' has no samples, so there are no epochs", spec_.objective.plugin->id()),
                "say `steps:` in `training:`");
  check_logged_weights(spec_, trainer_.objective().tensors());
  horizon_ = t.steps > 0 ? t.steps : t.epochs * regime_factor(t, samples) * steps_per_epoch;
  trace_.steps.store(horizon_, std::memory_order_relaxed);
  log_every_ = t.log_every > 0 ? t.log_every : std::max<std::int64_t>(1, horizon_ / 200);
  eval_every_ = t.eval_every > 0 ? t.eval_every : steps_per_epoch > 0 ? steps_per_epoch : horizon_;
  schedule_ = std::make_unique<ScheduleRun>(spec_.schedule, *spec_.optimizer, horizon_, steps_per_epoch, spec_.goal,
                                            trainer_.host().abi());
  if (t.early_stopping && t.early_stopping->restore_best) best_ = std::make_unique<BestWeights>(trainer_.objective());
  result_.metrics.reserve(512);
  require_measures();
  if (!checks_) trainer_.arrange();
  if (restore_checkpoint()) return;
  trainer_.init();
  for (const std::string& line : schedule_->beyond(horizon_)) host().log.push_back(line);
}

void TrainingRun::train() {
  prepare();
  if (result_.steps > 0) {  // resumed, perhaps just before an evaluation
    trainer_.enter(result_.steps - 1);
    run_.report_again();
    if (result_.steps % eval_every_ == 0 && result_.steps < horizon_) evaluation_point(result_.steps);
  }
  for (std::int64_t step = result_.steps; step < horizon_ && !run_.should_stop_early(); ++step) {
    const bool stops = run_.stop().stop_requested();
    if (checkpoints_ && step > 0 && (stops || run_.is_to_pause() || checkpoint_is_due())) save_checkpoint(step);
    run_.check_time(step, stops);
    take_step(step);
    const std::int64_t done = step + 1;
    if (done % eval_every_ == 0 && done < horizon_) evaluation_point(done);
  }
  end();
}

// What is measured once, at the weights that the trial ends with.
void TrainingRun::end() {
  horizon_ = result_.steps;
  trainer_.enter(horizon_);
  // The last evaluation may be the best one.
  if (best_) evaluation_point(horizon_);
  const bool restored = best_ && best_->exist();
  if (restored) {
    if (!std::isnan(best_->value())) result_.last_value = best_->value();
    host().log.push_back(fmt::format("step {}: the weights of step {} are restored, the best by {}", horizon_,
                                     best_->step(), watched_metric()));
  }
  Objective& judged = restored ? best_->objective() : trainer_.at_evaluation_point();
  const double loss = trainer_.loss(judged);
  // Steps over such batches were skipped; where none is left that could be trained on, the trial has diverged.
  const bool tolerated = spec_.training.nonfinite_gradient != NonfiniteGradient::error && !trainer_.stuck();
  if (!std::isfinite(loss) && !tolerated)
    throw TrialEnded{Outcome::diverged, fmt::format("step {}: the loss is {}", horizon_, loss)};
  record(horizon_, "loss", loss);
  record_weights(horizon_, judged.tensors());
  run_.report(horizon_, true);
  if (!best_) evaluation_point(horizon_);
  const bool tests = trainer_.objective().samples(TUNER_SPLIT_TEST) > 0;
  if (!tests && !measures_.generalization_gap && measures_.predictions.empty()) return;
  Objective& objective = restored ? best_->objective() : trainer_.at_evaluation_point();
  if (measures_.generalization_gap) measure_gap(objective);
  if (!measures_.predictions.empty()) predict(objective);
  if (!tests) return;
  for (const MetricPoint& point : evaluate_split(objective, TUNER_SPLIT_TEST, "test_", horizon_))
    record(point.step, point.name, point.value);
}

// Both splits on the same footing: in evaluation mode, at the same weights.
void TrainingRun::measure_gap(Objective& objective) {
  const double seen = evaluate_split(objective, TUNER_SPLIT_TRAIN, "", horizon_).front().value;
  const double unseen = evaluate_split(objective, TUNER_SPLIT_VALID, "", horizon_).front().value;
  record(horizon_, "generalization_gap", unseen - seen);
}

void TrainingRun::require_measures() {
  if (!measures_.predictions.empty())
    static_cast<void>(classes_to_predict(trainer_.objective(), spec_.objective, trainer_.error()));
  const bool both =
      trainer_.objective().samples(TUNER_SPLIT_TRAIN) > 0 && trainer_.objective().samples(TUNER_SPLIT_VALID) > 0;
  if (!measures_.generalization_gap || both) return;
  throw Error(Message::config_impossible,
              fmt::format("objective '{}' has no samples of training and validation whose losses could be compared",
                          spec_.objective.plugin->id()),
              "remove generalization_gap, or give the objective a validation split");
}

void TrainingRun::predict(Objective& objective) {
  const auto piece = [&](std::span<const std::uint64_t> indices, double* rows) {
    if (run_.stop().stop_requested()) throw TrialEnded{Outcome::cancelled, ""};
    host().reset_scratch();
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    trainer_.require(objective.predict(TUNER_SPLIT_VALID, indices, rows, &trainer_.error()), spec_.objective);
  };
  const std::uint64_t classes = classes_to_predict(objective, spec_.objective, trainer_.error());
  write_predictions(measures_.predictions, spec_.number,
                    predict_in_pieces(objective.samples(TUNER_SPLIT_VALID), classes, kEvaluationBatch, piece));
}

void TrainingRun::take_step(std::int64_t step) {
  {
    const Calling calling(trace_, TUNER_KIND_SCHEDULER);
    trainer_.require(schedule_->apply({step, run_.last(), run_.count()}, &trainer_.error()), schedule_->scheduler());
  }
  const double loss = trainer_.evaluate_step(step);
  const std::size_t samples = trainer_.batch().size();
  samples_seen_ += samples;
  if (std::isfinite(loss)) {
    epoch_loss_ += loss * static_cast<double>(samples);
    epoch_samples_ += samples;
  }
  if (step % log_every_ == 0) {
    record(step, "loss", loss);
    if (const double lr = schedule_->lr(); !std::isnan(lr)) record(step, "lr", lr);
    if (spec_.training.log_schedule)
      for (const auto& [name, value] : schedule_->driven()) record(step, name, value);
    record_weights(step, trainer_.objective().tensors());
    keep_best(step);
    run_.report(step);
  }
  const std::uint32_t flags = trainer_.update(step, horizon_, loss);
  if (flags & (TUNER_STEP_CONVERGED | TUNER_STEP_NO_PROGRESS)) {
    host().log.push_back(fmt::format("step {}: the optimizer says {}", result_.steps,
                                     flags & TUNER_STEP_CONVERGED ? "converged" : "no progress"));
    horizon_ = result_.steps;
  }
  if (std::has_single_bit(static_cast<std::uint64_t>(result_.steps))) look_at_state();
}

// Once: the rules go on as their authors wrote them, with steps of 0 where a second moment is infinite.
void TrainingRun::look_at_state() {
  constexpr std::string_view kOverflow = "state_overflow: ";
  const auto said = [&](const std::string& line) { return line.find(kOverflow) != std::string::npos; };
  if (std::ranges::any_of(host().log, said)) return;
  const std::string where = trainer_.nonfinite_state();
  if (where.empty()) return;
  host().log.push_back(
      fmt::format("step {}: {}{} is not finite, and parameters that are divided by it stop moving: "
                  "scale the loss down, or take dtype f64",
                  result_.steps, kOverflow, where));
}

void TrainingRun::evaluation_point(std::int64_t step) {
  if (step == evaluated_at_) return;  // stopped early or resumed, just after one
  const std::vector<MetricPoint> measured = validate(step);
  evaluated_at_ = step;
  if (epoch_samples_ > 0) record(step, "train_loss", epoch_loss_ / static_cast<double>(epoch_samples_));
  epoch_loss_ = 0;
  epoch_samples_ = 0;
  for (const MetricPoint& point : measured) record(point.step, point.name, point.value);
  record_reports();
  keep_best(step);
  if (step < horizon_) run_.report(step);
}

// Called wherever the metric may just have been measured, so that nothing of it is left for a checkpoint.
void TrainingRun::keep_best(std::int64_t step) {
  const std::optional<double> value = run_.take_watched();
  if (!best_ || !value || !run_.better_to_watch(*value, best_->metric())) return;
  best_->keep(trainer_.at_evaluation_point().tensors(), step, *value, run_.last());
}

// One that is cancelled leaves no trace, so that the trial can continue with it.
std::vector<MetricPoint> TrainingRun::validate(std::int64_t step) {
  if (trainer_.objective().samples(TUNER_SPLIT_VALID) == 0) return {};
  const Evaluations evaluations = result_.evaluations;
  const std::size_t reports = host().reports.size(), lines = host().log.size();
  try {
    return evaluate_split(trainer_.at_evaluation_point(), TUNER_SPLIT_VALID, "val_", step);
  } catch (const TrialEnded& end) {
    if (end.outcome == Outcome::cancelled) {
      result_.evaluations = evaluations;
      host().reports.resize(reports);
      host().log.resize(lines);
      if (checkpoints_ && step < horizon_) save_checkpoint(step);
    }
    throw;
  }
}

std::vector<MetricPoint> TrainingRun::evaluate_split(Objective& objective, std::uint32_t split, std::string_view prefix,
                                                     std::int64_t step) {
  const std::uint64_t n = objective.samples(split);
  std::uint64_t chunk = kEvaluationBatch;
  for (std::size_t m = 0; m < objective.metric_count(); ++m)
    if (objective.metric(m).aggregation == TUNER_AGGREGATE_WHOLE) chunk = n;
  std::vector<std::uint64_t> indices(std::min(chunk, n));
  std::vector<double> metrics(objective.metric_count()), totals(objective.metric_count());
  double loss = kNan, total_loss = 0;
  for (std::uint64_t begin = 0; begin < n; begin += chunk) {
    if (run_.stop().stop_requested()) throw TrialEnded{Outcome::cancelled, ""};
    const std::uint64_t count = std::min(chunk, n - begin);
    std::iota(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(count), begin);
    Objective::Request request;
    request.want = TUNER_WANT_LOSS | TUNER_WANT_METRICS;
    request.flags = 0;
    request.split = split;
    request.indices = std::span(indices).first(count);
    request.rng = &trainer_.rng();
    host().reset_scratch();
    const Calling calling(trace_, TUNER_KIND_OBJECTIVE);
    trainer_.require(objective.evaluate(request, &loss, metrics.data(), &trainer_.error()), spec_.objective);
    ++result_.evaluations.loss;
    total_loss += loss * static_cast<double>(count);
    for (std::size_t m = 0; m < metrics.size(); ++m)
      totals[m] += objective.metric(m).aggregation == TUNER_AGGREGATE_MEAN ? metrics[m] * static_cast<double>(count)
                                                                           : metrics[m];
  }
  std::vector<MetricPoint> points{{step, fmt::format("{}loss", prefix), total_loss / static_cast<double>(n)}};
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const bool mean = objective.metric(m).aggregation == TUNER_AGGREGATE_MEAN;
    points.push_back({step, fmt::format("{}{}", prefix, objective.metric(m).id),
                      mean ? totals[m] / static_cast<double>(n) : totals[m]});
  }
  return points;
}

// Looking at the clock takes as long as a small step: about every 10 ms is enough.
bool TrainingRun::checkpoint_is_due() {
  if (--steps_until_look_ > 0) return false;
  look_every_ = since(looked_at_) < 0.01 ? 2 * look_every_ : std::max<std::int64_t>(1, look_every_ / 2);
  looked_at_ = Clock::now();
  steps_until_look_ = look_every_;
  return checkpoints_->due(since(saved_at_));
}

// Between two steps: what the rest of the trial depends on. so_far: what was measured, the last `pending` of its
// metrics being reports that no evaluation point has taken yet.
template <class Archive>
void TrainingRun::serialize(Archive& archive, std::uint64_t& pending, TrialResult& so_far) {
  if constexpr (std::is_same_v<Archive, Writer>) {
    trainer_.save(archive);
    schedule_->save(archive);
  } else {
    trainer_.restore(archive);
    schedule_->restore(archive);
  }
  run_.serialize(archive);
  archive(horizon_, evaluated_at_, epoch_loss_, epoch_samples_, samples_seen_, pending, so_far);
  if (best_) best_->serialize(archive);
}

void TrainingRun::save_checkpoint(std::int64_t step) {
  TrialResult so_far = result_;
  so_far.wall_seconds = run_.seconds();
  so_far.log = host().log;
  so_far.metrics.insert(so_far.metrics.end(), host().reports.begin(), host().reports.end());
  std::uint64_t pending = host().reports.size();
  Writer out;
  serialize(out, pending, so_far);
  if (const int reason = checkpoints_->write(step, out.bytes(), host().log))
    trace_.checkpoint_error = reason;
  else
    run_.saved(step);
  saved_at_ = Clock::now();
}

bool TrainingRun::restore_checkpoint() {
  const auto checkpoint = checkpoints_ ? checkpoints_->newest(host().log, below_) : std::nullopt;
  if (!checkpoint) return false;
  try {
    restore(checkpoint->state, checkpoint->step);
  } catch (const std::bad_alloc&) {
    throw;  // the trial's, not the file's
  } catch (const std::exception& e) {
    throw UnusableCheckpoint{checkpoint->step, e.what(), host().log};
  }
  return true;
}

void TrainingRun::restore(std::string_view state, std::int64_t step) {
  Reader in(state);
  std::uint64_t pending = 0;
  serialize(in, pending, result_);
  in.end();
  if (pending > result_.metrics.size()) throw DecodeError("more reports than metrics");
  if (result_.steps != step) throw DecodeError(fmt::format("it is the state after step {}", result_.steps));
  host().reports.assign(result_.metrics.end() - static_cast<std::ptrdiff_t>(pending), result_.metrics.end());
  result_.metrics.resize(result_.metrics.size() - pending);
  host().log.insert(host().log.begin(), result_.log.begin(), result_.log.end());
  run_.began_earlier(result_.wall_seconds);
  trace_.step = result_.steps;
}

void TrainingRun::finish() {
  record_reports();  // what plugins said before the trial ended
  if (result_.outcome == Outcome::completed) look_at_state();
  const std::uint64_t n = trainer_.objective().samples(TUNER_SPLIT_TRAIN);
  if (n > 0) result_.epochs = static_cast<double>(samples_seen_) / static_cast<double>(n);
  result_.log = std::move(host().log);
}

}  // namespace

void check_trial(TrialSpec spec, SharedObjectives& shared, TrialTrace* trace) {
  check_trial(std::move(spec), shared, trace, {});
}

void check_trial(TrialSpec spec, SharedObjectives& shared, TrialTrace* trace, const EndMeasures& measures) {
  TrialTrace own;
  TrialResult result;
  TrialRun run(rules_of(spec), trace != nullptr ? *trace : own, {}, nullptr, result);
  TrainingRun(spec, shared, run, nullptr, measures).check();
}

void train(TrialSpec& spec, SharedObjectives& shared, TrialRun& run, const Checkpoints* checkpoints) {
  train(spec, shared, run, checkpoints, {});
}

void train(TrialSpec& spec, SharedObjectives& shared, TrialRun& run, const Checkpoints* checkpoints,
           const EndMeasures& measures) {
  require_memory(spec, shared);
  std::int64_t below = INT64_MAX;
  std::vector<std::string> log;
  for (;;) try {
      return TrainingRun(spec, shared, run, checkpoints, measures, below, log).run();
    } catch (const UnusableCheckpoint& checkpoint) {
      run.begin_anew();
      log = checkpoint.log;
      checkpoints->set_aside(checkpoint.step, checkpoint.why, log);
      below = checkpoint.step;
    }
}

TrialResult run_trial(TrialSpec spec, SharedObjectives& shared, const std::stop_token& stop, TrialObserver* observer,
                      TrialTrace* trace, const Checkpoints* checkpoints) {
  TrialTrace own;
  return measure(rules_of(spec), trace != nullptr ? *trace : own, stop, observer,
                 [&](TrialRun& run) { train(spec, shared, run, checkpoints); });
}

}  // namespace tuner
