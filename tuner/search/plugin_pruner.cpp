#include "tuner/search/plugin_pruner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace tuner::search {

PluginPruner::PluginPruner(const StudyPlan& plan, const EngineSetup& setup, MakePruneEngine make)
    : plan_(plan), rules_(*plan.pruner), setup_(setup), make_(std::move(make)), space_(plan.space) {}

PruneEngine& PluginPruner::engine() const {
  if (!engine_) engine_ = make_(plan_, setup_);
  return *engine_;
}

std::int64_t PluginPruner::first_step() const { return std::max<std::int64_t>(rules_.warmup, 1); }

TrialEvent PluginPruner::event_of(std::uint64_t trial, std::int64_t step, std::optional<double> value,
                                  const Configuration& configuration) const {
  return {.is_end = false,
          .trial = trial,
          .outcome = 0,
          .step = step,
          .budget = setup_.budget,
          .value = value.value_or(std::numeric_limits<double>::quiet_NaN()),
          .row = space_.row_of(configuration)};
}

// Source: Optuna's PatientPruner.
bool PluginPruner::is_out_of_patience(const std::vector<double>& values) const {
  const auto recent = static_cast<std::size_t>(rules_.patience) + 1;
  if (values.size() <= recent) return false;
  const double sign = plan_.metric.goal == Goal::minimize ? 1 : -1;
  const auto least = [&](auto begin, auto end) {
    double best = std::numeric_limits<double>::infinity();
    for (; begin != end; ++begin)
      if (!std::isnan(*begin)) best = std::min(best, sign * *begin);
    return best;
  };
  const auto cut = values.end() - static_cast<std::ptrdiff_t>(recent);
  return least(values.begin(), cut) + rules_.min_delta < least(cut, values.end());
}

void PluginPruner::observe(const Judged& judged) {
  TrialEvent event = event_of(judged.number, judged.step, judged.value, judged.configuration);
  const double value = event.value;
  const Verdict verdict = engine().decide(std::move(event));
  bool stop = verdict.decision == TUNER_DECISION_STOP;
  if (rules_.patience > 0) {
    std::vector<double>& values = values_[judged.number];
    values.push_back(value);
    stop = stop && is_out_of_patience(values);
  }
  decision_ = {.stop = stop, .next = kNever, .why = stop && !verdict.log.empty() ? verdict.log.back() : ""};
  if (stop) return;
  const bool is_kept = verdict.decision == TUNER_DECISION_STOP;  // by patience alone
  const std::int64_t asked = is_kept ? judged.step + 1 : verdict.next_step;
  if (asked >= 0) decision_.next = std::max(asked, (judged.step / rules_.interval + 1) * rules_.interval);
}

Decision PluginPruner::decide(const Judged&) const { return decision_; }

void PluginPruner::ended(const Ended& ended) {
  values_.erase(ended.number);
  TrialEvent event = event_of(ended.number, ended.last_step, ended.value, ended.configuration);
  event.is_end = true;
  event.outcome = static_cast<std::uint32_t>(ended.outcome);
  engine().tell(std::move(event));
}

}  // namespace tuner::search
