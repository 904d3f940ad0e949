#include "tuner/search/plugin_pruner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/search/plugin_call.hpp"

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
  return {.kind = TrialEvent::Kind::report,
          .trial = trial / plan_.repeats.count,
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
  const bool is_kept = !stop && verdict.decision == TUNER_DECISION_STOP;  // by patience alone
  decision_ = {.what = stop ? Decision::What::stop : Decision::What::go_on,
               .next = kNever,
               .why = is_kept || verdict.log.empty() ? "" : verdict.log.back()};
  if (stop) return;
  if (verdict.decision == TUNER_DECISION_PAUSE) {
    decision_.what = Decision::What::pause;
    pausing_[judged.number] = judged.step;
    return;
  }
  decision_.next = next_after(judged.step, is_kept ? judged.step + 1 : verdict.next_step);
}

std::int64_t PluginPruner::next_after(std::int64_t step, std::int64_t asked) const {
  return asked < 0 ? kNever : std::max(asked, (step / rules_.interval + 1) * rules_.interval);
}

bool PluginPruner::reviews() const { return search::reviews(rules_.plugin.plugin->pruner()); }

std::optional<Reviewed> PluginPruner::review(bool is_last) {
  TrialEvent event;
  event.kind = is_last ? TrialEvent::Kind::last_review : TrialEvent::Kind::review;
  const Verdict verdict = engine().decide(std::move(event));
  if (verdict.decision == TUNER_DECISION_PAUSE) return std::nullopt;
  const std::uint64_t number = verdict.trial * plan_.repeats.count;
  const auto paused = paused_.find(number);
  const bool is_stopped = verdict.decision == TUNER_DECISION_STOP;
  if (paused == paused_.end() || (!is_stopped && verdict.next_step >= 0 && verdict.next_step <= paused->second))
    throw Error(Message::plugin_bad_proposal,
                paused == paused_.end()
                    ? fmt::format("pruner '{}' reviews trial {}, which is not paused", rules_.plugin.plugin->id(),
                                  verdict.trial)
                    : fmt::format("pruner '{}' wants to judge step {} of trial {} next, which is at step {}",
                                  rules_.plugin.plugin->id(), verdict.next_step, verdict.trial, paused->second),
                PluginCall::kRemedy);
  const std::int64_t step = paused->second;
  paused_.erase(paused);
  return Reviewed{.number = number,
                  .decision = {.what = is_stopped ? Decision::What::stop : Decision::What::go_on,
                               .next = is_stopped ? kNever : next_after(step, verdict.next_step),
                               .why = verdict.log.empty() ? "" : verdict.log.back()}};
}

Decision PluginPruner::decide(const Judged&) const { return decision_; }

void PluginPruner::ended(const Ended& ended) {
  auto pausing = pausing_.extract(ended.number);
  if (ended.outcome == Outcome::paused && !pausing.empty()) {
    paused_.insert(std::move(pausing));
  } else {
    values_.erase(ended.number);
    paused_.erase(ended.number);
  }
  TrialEvent event = event_of(ended.number, ended.last_step, ended.value, ended.configuration);
  event.kind = TrialEvent::Kind::end;
  event.outcome = static_cast<std::uint32_t>(ended.outcome);
  engine().tell(std::move(event));
}

}  // namespace tuner::search
