#include "tuner/trial_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/measured.hpp"
#include "tuner/memory.hpp"

namespace tuner {

namespace {

// Anything is better than NaN.
bool better(double a, double b, double delta, Goal goal) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return goal == Goal::minimize ? a < b - delta : a > b + delta;
}

}  // namespace

TrialRules rules_of(const TrialSpec& spec) {
  return {.metric = spec.metric,
          .goal = spec.goal,
          .target = spec.target,
          .summary = spec.training.summary,
          .early_stopping = spec.training.early_stopping,
          .time_limit_seconds = spec.training.time_limit_seconds,
          .further_metrics = spec.further_metrics};
}

TrialRun::TrialRun(TrialRules rules, TrialTrace& trace, std::stop_token stop, TrialObserver* observer,
                   TrialResult& result)
    : rules_(std::move(rules)), trace_(trace), stop_(std::move(stop)), observer_(observer), result_(result) {
  trace_.begin();
  trace_.time_limit = rules_.time_limit_seconds;
  if (observer_ != nullptr) next_decision_ = observer_->first_decision();
}

double TrialRun::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void TrialRun::check_time(std::int64_t step, bool stops) const {
  if (stops) throw TrialEnded{Outcome::cancelled, ""};
  check_paused();
  const double limit = rules_.time_limit_seconds;
  if (limit > 0 && seconds() > limit)
    throw TrialEnded{Outcome::timed_out, fmt::format("step {}: the time limit of {:g} s is over", step, limit),
                     Failure::timeout};
}

void TrialRun::check_paused() const {
  if (pause_) throw TrialEnded{Outcome::paused, pause_->why};
}

void TrialRun::observe(std::int64_t step, double value) {
  last_ = value;
  ++count_;
  trace_.value.store(value, std::memory_order_relaxed);
  if (better(value, best_, 0, rules_.goal)) best_ = value;
  result_.best_value = best_;
  result_.last_value = value;
  if (rules_.target && !result_.target_step && !better(*rules_.target, value, 0, rules_.goal) && !std::isnan(value)) {
    result_.target_step = step;
    result_.target_seconds = seconds();
  }
}

bool TrialRun::watches(std::string_view name) const {
  const bool own = rules_.early_stopping && !rules_.early_stopping->metric.empty();
  return name == (own ? rules_.early_stopping->metric : rules_.metric);
}

Goal TrialRun::watched_goal() const {
  const bool own = rules_.early_stopping && !rules_.early_stopping->metric.empty();
  return own ? rules_.early_stopping->goal : rules_.goal;
}

bool TrialRun::better_to_watch(double value, double than) const { return better(value, than, 0, watched_goal()); }

void TrialRun::watch(double value) {
  // Measured from the last value that counted, so that slow progress adds up.
  const double min_delta = rules_.early_stopping ? rules_.early_stopping->min_delta : 0;
  const bool improved = better(value, reference_, min_delta, watched_goal());
  if (improved) reference_ = value;
  since_improvement_ = improved ? 0 : since_improvement_ + 1;
  watched_ = value;
}

void TrialRun::record(std::int64_t step, std::string_view name, double value) {
  result_.metrics.push_back({step, std::string(name), value});
  if (name == rules_.metric) observe(step, value);
  if (watches(name)) watch(value);
}

void TrialRun::report(std::int64_t step, bool last) {
  if (observer_ == nullptr || reported_ >= result_.metrics.size()) return;
  StepReport report{.step = step, .value = {}, .metrics = std::span(result_.metrics).subspan(reported_)};
  reported_ = result_.metrics.size();
  for (const MetricPoint& point : report.metrics)
    if (point.name == rules_.metric) {
      report.step = point.step;
      report.value = point.value;
    }
  if (last || !report.value || report.step < next_decision_)
    observer_->report(report);
  else
    wait_for_decision(report);
}

void TrialRun::report_again() {
  if (observer_ == nullptr) return;
  reported_ = result_.metrics.size();
  for (std::size_t i = 0; i < reported_ && next_decision_ != kNever; ++i) {
    const MetricPoint point = result_.metrics[i];
    if (point.name != rules_.metric || point.step < next_decision_) continue;
    wait_for_decision({.step = point.step, .value = point.value, .metrics = std::span(&point, 1)});
  }
}

void TrialRun::wait_for_decision(const StepReport& report) {
  const auto since = Clock::now();
  trace_.waiting_since_ns = monotonic_ns();
  const Decision decision = observer_->decide(report);
  const auto waited = Clock::now() - since;
  trace_.waited_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(waited).count();
  trace_.waiting_since_ns = 0;
  start_ += waited;
  if (stop_.stop_requested()) return;  // check_time() says so, after the checkpoint
  next_decision_ = decision.what == Decision::What::pause ? kNever : decision.next;
  if (decision.what == Decision::What::go_on) return;
  const std::string why = decision.why.empty() ? "" : fmt::format("step {}: {}", report.step, decision.why);
  if (decision.stops()) throw TrialEnded{Outcome::pruned, why};
  pause_ = Pause{why, result_.last_value, result_.best_value};
}

void TrialRun::saved(std::int64_t step) {
  if (observer_ != nullptr) observer_->checkpoint(step);
}

bool TrialRun::should_stop_early() const {
  return rules_.early_stopping && since_improvement_ >= rules_.early_stopping->patience;
}

void TrialRun::end(const TrialEnded& ended) {
  result_.outcome = ended.outcome;
  result_.error = ended.error;
  result_.failure = ended.failure;
}

void TrialRun::finish() {
  result_.wall_seconds = seconds();
  report(result_.steps, true);
  const bool has_value =
      result_.outcome == Outcome::completed || result_.outcome == Outcome::pruned || result_.outcome == Outcome::paused;
  if (rules_.metric.empty() || !has_value) return;
  if (result_.outcome == Outcome::paused) {
    result_.last_value = pause_->last_value;
    result_.best_value = pause_->best_value;
  }
  Summary summary = rules_.summary;
  const bool last = rules_.metric == "loss" || !rules_.further_metrics.empty();
  if (summary == Summary::automatic) summary = last ? Summary::last : Summary::best;
  result_.value = summary == Summary::last ? result_.last_value : result_.best_value;
  require(rules_.metric, result_.value);
  for (const std::string& name : rules_.further_metrics) require(name, last_value(result_.metrics, name));
}

// The trial came to no end without it.
void TrialRun::require(std::string_view metric, const std::optional<double>& value) {
  if (value && std::isfinite(*value)) return;
  if (result_.outcome == Outcome::failed || result_.outcome == Outcome::diverged) return;
  result_.outcome = value ? Outcome::diverged : Outcome::failed;
  if (!value) result_.failure = Failure::error;
  result_.error = value ? fmt::format("the metric '{}' is {}", metric, *value)
                        : fmt::format("the metric '{}' was never reported", metric);
  result_.value.reset();
}

void TrialRun::began_earlier(double seconds) {
  start_ -= std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void TrialRun::begin_anew() {
  result_ = {};
  last_ = best_ = reference_ = kUnknown;
  count_ = 0;
  since_improvement_ = 0;
  watched_.reset();
  pause_.reset();
  reported_ = 0;
}

TrialResult measure(const TrialRules& rules, TrialTrace& trace, const std::stop_token& stop, TrialObserver* observer,
                    const std::function<void(TrialRun&)>& body) {
  TrialResult result;
  TrialRun run(rules, trace, stop, observer, result);
  try {
    try {
      body(run);
    } catch (const TrialEnded& end) {
      run.end(end);
    }
    run.finish();
    return result;
  } catch (const Error&) {
    throw;
  } catch (const OutOfMemory& e) {
    result.failure = Failure::out_of_memory;
    result.error = e.what();
  } catch (const std::bad_alloc&) {
    result.failure = Failure::out_of_memory;
    result.error = "the memory ran out";
  } catch (const std::exception& e) {  // C++ without the C++ layer, whose thunks catch everything
    result.failure = Failure::error;
    result.error = fmt::format("a plugin threw past the ABI: {}", e.what());
  }
  result.outcome = Outcome::failed;
  result.value.reset();
  result.steps = trace.step;
  result.wall_seconds = run.seconds();
  result.error = fmt::format("step {}: {}", result.steps, result.error);
  return result;
}

}  // namespace tuner
