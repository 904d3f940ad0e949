#include "tuner/study/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/measured.hpp"

namespace tuner::study {

namespace {

// Steps or epochs that a trial of this configuration can go.
double budget_of(const StudyPlan& plan, const Configuration& point) {
  for (const char* key : {"steps", "epochs"}) {
    const auto found = plan.training.find(key);
    if (found == plan.training.end()) continue;
    const auto* searched = std::get_if<SearchParameter>(&found->second);
    const Value value =
        searched ? point.at(searched->dimension).value_or(Value(Null{})) : std::get<Value>(found->second);
    if (const auto* count = std::get_if<std::int64_t>(&value); count && *count > 0) return static_cast<double>(*count);
  }
  return 0;
}

// Of each constraint the worst value of the replicates.
std::vector<double> worst_constraints(const std::vector<TrialResult>& results) {
  std::vector<MetricPoint> worst;
  for (const TrialResult& result : results)
    for (const MetricPoint& point : last_points(result.metrics)) {
      if (!is_constraint(point.name)) continue;
      const auto known = std::ranges::find(worst, point.name, &MetricPoint::name);
      if (known == worst.end())
        worst.push_back(point);
      else if (!(point.value <= known->value) && !std::isnan(known->value))
        known->value = point.value;
    }
  return constraints_of(worst);
}

// Of the replicates that have a value.
std::vector<double> further_means(const StudyPlan& plan, const std::vector<TrialResult>& results) {
  std::vector<double> means;
  for (const FurtherMetric& metric : plan.further_metrics) {
    std::vector<double> values;
    for (const TrialResult& result : results)
      if (const auto value = last_value(result.metrics, metric.name); result.value && value) values.push_back(*value);
    const Aggregate all = aggregate(values);
    if (!all.mean) return {};
    means.push_back(*all.mean);
  }
  return means;
}

search::Observation observation_of(const StudyPlan& plan, std::uint64_t proposal, const Configuration& point,
                                   const std::vector<TrialResult>& results) {
  search::Observation observation{.proposal = proposal,
                                  .configuration = proposal,
                                  .assignment = point,
                                  .outcome = Outcome::completed,
                                  .last_step = results.back().steps,
                                  .budget = budget_of(plan, point),
                                  .values = {},
                                  .mean = {},
                                  .standard_deviation = {},
                                  .results = {}};
  std::vector<double> there;
  for (const TrialResult& result : results) {
    observation.values.push_back(result.value);
    if (result.value) there.push_back(*result.value);
    if (observation.outcome == Outcome::completed) observation.outcome = result.outcome;
  }
  const Aggregate values = aggregate(there);
  observation.mean = values.mean;
  observation.standard_deviation = values.standard_deviation;
  observation.further_means = further_means(plan, results);
  observation.constraints = worst_constraints(results);
  return observation;
}

storage::ObservationRecord record_of(const search::Observation& observation) {
  return {.proposal = observation.proposal,
          .configuration = observation.configuration,
          .outcome = observation.outcome,
          .last_step = observation.last_step,
          .budget = observation.budget,
          .values = observation.values,
          .mean = observation.mean,
          .standard_deviation = observation.standard_deviation,
          .further_means = observation.further_means,
          .constraints = observation.constraints};
}

search::Observation observation_of(const storage::ObservationRecord& record, const Configuration& point) {
  return {.proposal = record.proposal,
          .configuration = record.configuration,
          .assignment = point,
          .outcome = record.outcome,
          .last_step = record.last_step,
          .budget = record.budget,
          .values = record.values,
          .mean = record.mean,
          .standard_deviation = record.standard_deviation,
          .further_means = record.further_means,
          .constraints = record.constraints,
          .results = {}};
}

// The k-th of other studies.
search::Observation observation_of(const storage::EvidenceRecord& evidence, const Configuration& point,
                                   std::uint64_t k) {
  return {.proposal = TUNER_PROPOSAL_ELSEWHERE + k,
          .configuration = TUNER_PROPOSAL_ELSEWHERE + k,
          .assignment = point,
          .outcome = evidence.outcome,
          .last_step = evidence.last_step,
          .budget = evidence.budget,
          .values = {evidence.value},
          .mean = evidence.value,
          .standard_deviation = {},
          .further_means = evidence.further_values,
          .constraints = evidence.constraints,
          .results = {}};
}

// "loss (minimize), bytes (minimize)"
std::string words_of_metrics(const std::string& first, Goal goal, const std::vector<FurtherMetric>& further) {
  std::string words = fmt::format("{} ({})", first, to_string(goal));
  for (const FurtherMetric& metric : further) words += fmt::format(", {} ({})", metric.name, to_string(metric.goal));
  return words;
}

// What the trial measured beside its value.
void add_measured(const StudyPlan& plan, const storage::TrialDetail& trial, storage::EvidenceRecord& evidence) {
  evidence.constraints = constraints_of(trial.metrics);
  for (const FurtherMetric& metric : plan.further_metrics)
    if (const auto value = last_value(trial.metrics, metric.name); value && evidence.value)
      evidence.further_values.push_back(*value);
}

// The value of a dimension that was recorded as `value`.
std::optional<Value> value_in(const Dimension& dimension, const Value& value) {
  if (const auto* values = std::get_if<Values>(&dimension.domain)) {
    if (std::ranges::find(*values, value) != values->end()) return value;
    // An infinity is recorded as a text.
    const auto found = std::ranges::find(*values, to_json(value), [](const Value& known) { return to_json(known); });
    return found == values->end() ? std::nullopt : std::optional(*found);
  }
  if (const auto* branches = std::get_if<Branches>(&dimension.domain)) {
    const auto* label = std::get_if<std::string>(&value);
    const bool known = label != nullptr && std::ranges::find(branches->labels, *label) != branches->labels.end();
    return known ? std::optional(value) : std::nullopt;
  }
  const auto& range = std::get<Range>(dimension.domain);
  if (range.integer) {
    const auto* integer = std::get_if<std::int64_t>(&value);
    const bool within =
        integer != nullptr && static_cast<double>(*integer) >= range.min && static_cast<double>(*integer) <= range.max;
    return within ? std::optional(value) : std::nullopt;
  }
  const auto* real = std::get_if<double>(&value);
  const bool legal = real != nullptr && std::isfinite(*real) && (range.scale != Scale::log || *real > 0);
  return legal ? std::optional(value) : std::nullopt;
}

std::string words_of(const Parameters& parameters) {
  std::string words;
  for (const auto& [name, value] : parameters)
    words += fmt::format("{}{}={}", words.empty() ? "" : " ", name, to_json(value));
  return words;
}

}  // namespace

std::uint64_t default_lag(std::uint32_t workers) { return std::max<std::uint64_t>(8, 4 * std::uint64_t{workers}); }

TrialResult result_of(storage::TrialDetail trial) {
  TrialResult result;
  result.outcome = trial.run.outcome;
  result.value = trial.run.value;
  result.best_value = trial.best_value;
  result.last_value = trial.last_value;
  result.steps = trial.run.steps;
  result.epochs = trial.epochs;
  result.evaluations = trial.evaluations;
  result.nonfinite_gradients = trial.nonfinite_gradients;
  result.target_step = trial.target_step;
  result.target_seconds = trial.target_seconds;
  result.wall_seconds = trial.run.wall_seconds;
  result.error = trial.run.error;
  result.metrics = std::move(trial.metrics);
  result.log = std::move(trial.log);
  return result;
}

void follow_paths(const StudyPlan& plan, Parameters& parameters) {
  for (auto& [name, value] : parameters) {
    const auto dimension = std::ranges::find(plan.space.dimensions, name, &Dimension::name);
    const auto* then = std::get_if<std::string>(&value);
    if (dimension == plan.space.dimensions.end() || then == nullptr) continue;
    const auto* values = std::get_if<Values>(&dimension->domain);
    if (values == nullptr || std::ranges::find(*values, value) != values->end()) continue;
    std::ptrdiff_t most = 0;
    std::optional<Value> nearest;
    const std::filesystem::path before(*then);
    for (const Value& candidate : *values) {
      const auto* text = std::get_if<std::string>(&candidate);
      if (text == nullptr || !plan.files.contains(*text)) continue;
      const std::filesystem::path now(*text);
      std::ptrdiff_t equal = 0;
      for (auto a = before.end(), b = now.end(); a != before.begin() && b != now.begin() && *--a == *--b;) ++equal;
      if (equal > most) {
        most = equal;
        nearest = candidate;
      }
    }
    if (nearest) value = *nearest;
  }
}

std::optional<Configuration> point_from(const Space& space, const Parameters& parameters,
                                        const search::Searcher& searcher) {
  Configuration point(space.dimensions.size());
  auto next = parameters.begin();
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    const bool given = next != parameters.end() && next->first == dimension.name;
    if (!is_active(space, point, i)) {
      if (given) return std::nullopt;
      continue;
    }
    if (given) point[i] = value_in(dimension, (next++)->second);
    if (!point[i] && (given || !searcher.may_lack(dimension))) return std::nullopt;
  }
  return next == parameters.end() ? std::optional(std::move(point)) : std::nullopt;
}

std::vector<storage::EvidenceRecord> evidence_for(const StudyPlan& plan, const search::Searcher& searcher,
                                                  const storage::Store& store) {
  std::vector<storage::EvidenceRecord> all;
  const std::vector<storage::StudyRow> studies = store.studies();
  for (const std::string& name : plan.learn_from) {
    const auto refuse = [&](const std::string& why, const std::string& remedy) {
      throw Error(Message::config_impossible, fmt::format("learn_from names study '{}': {}", name, why), remedy);
    };
    const auto study = std::ranges::find(studies, name, &storage::StudyRow::name);
    if (study == studies.end()) refuse("the database has no such study", "`tuner studies` lists those that it has");
    const std::string theirs =
        words_of_metrics(study->metric, study->goal, further_metrics_of(store.versions(name).back().plan));
    const std::string ours = words_of_metrics(plan.metric.name, plan.metric.goal, plan.further_metrics);
    if (theirs != ours)
      refuse(fmt::format("its metric is {}, and this study's is {}", theirs, ours),
             "learn from studies of the same metric");
    const std::size_t before = all.size();
    std::vector<std::uint64_t> measured;  // those with more than a value
    store.read_runs(name, 0, false, [&](const storage::RunRow& run) {
      if (is_open(run.outcome)) return;
      Parameters parameters = run.parameters;
      if (!plan.files.empty()) follow_paths(plan, parameters);
      const auto point = point_from(plan.space, parameters, searcher);
      if (!point) return;
      all.push_back({.study = name,
                     .number = run.number,
                     .parameters = std::move(parameters),
                     .outcome = run.outcome,
                     .last_step = run.steps,
                     .budget = budget_of(plan, *point),
                     .value = run.value});
      if (run.violation || !plan.further_metrics.empty()) measured.push_back(all.size() - 1);
    });
    for (const std::uint64_t at : measured) add_measured(plan, store.trial(name, all[at].number), all[at]);
    if (all.size() == before)
      refuse(fmt::format("none of its {} trials has parameters of this space", study->trials),
             "learn from studies with the same search parameters, each value of which this space has");
  }
  return all;
}

namespace {

class Replay {
 public:
  Replay(std::span<const ReplayedVersion> versions, const storage::Store& store)
      : versions_(versions), store_(store), finished_(store.finished(plan().name)) {}

  void take(const storage::EvidenceRecord& evidence) {
    if (const auto point = point_from(plan().space, evidence.parameters, searcher()))
      tell(observation_of(evidence, *point, learned_));
    ++learned_;
  }
  void take(const storage::ProposalRecord& proposal) {
    while (proposal.proposal >= versions_[version_].proposals) grow();
    if (!is_known_) return void(++replayed_.left_out);
    ++replayed_.compared;
    const Configuration now = searcher().propose(proposal.proposal, pending_);
    Parameters then = proposal.parameters;
    if (!plan().files.empty()) follow_paths(plan(), then);
    pending_.push_back({proposal.proposal, point_from(plan().space, then, searcher()).value_or(now)});
    if (const Parameters again = parameters_of(plan().space, now); words_of(again) != words_of(then))
      replayed_.differences.push_back(
          fmt::format("proposal {} was {} and is {}", proposal.proposal, words_of(then), words_of(again)));
  }
  void take(const storage::ObservationRecord& record) {
    if (!is_known_) return;
    const auto known = std::ranges::find(pending_, record.proposal, &search::PendingProposal::proposal);
    search::Observation observation =
        observation_of(record, known == pending_.end() ? paused_.at(record.proposal) : known->configuration);
    if (record.outcome == Outcome::paused) paused_.emplace(record.proposal, observation.assignment);
    if (known != pending_.end()) pending_.erase(known);
    if (searcher().wants_results()) {
      const std::uint64_t end = searcher().first_trial(record.proposal + 1);
      for (std::uint64_t number = searcher().first_trial(record.proposal); number < end; ++number) {
        is_known_ = std::ranges::binary_search(finished_, number);
        if (!is_known_) return;
        observation.results.push_back(result_of(store_.trial(plan().name, number)));
      }
    }
    tell(std::move(observation));
  }
  template <class Entry>
  void take(const Entry&) {}  // what a pruner did is recorded, and not asked for again

  [[nodiscard]] ReplayedProposals result() && { return std::move(replayed_); }

 private:
  [[nodiscard]] const StudyPlan& plan() const { return versions_[version_].plan; }
  [[nodiscard]] search::Searcher& searcher() const { return *versions_[version_].searcher; }

  void tell(search::Observation observation) {
    searcher().observe(observation);
    if (version_ + 1 < versions_.size()) told_.push_back(std::move(observation));
  }
  // Goes over to the next version, whose space has every configuration of this one.
  void grow() {
    const Space& before = plan().space;
    ++version_;
    const auto follow = [&](Configuration& configuration) {
      auto point = point_from(plan().space, parameters_of(before, configuration), searcher());
      if (!point)
        throw Error(Message::storage_damaged,
                    fmt::format("the space of study '{}' lacks {}, which an earlier version of it has", plan().name,
                                words_of(parameters_of(before, configuration))),
                    "restore a copy of the database, or begin the study anew: --fresh");
      configuration = *std::move(point);
    };
    for (auto& pending : pending_) follow(pending.configuration);
    for (auto& [proposal, configuration] : paused_) follow(configuration);
    for (search::Observation& observation : std::exchange(told_, {})) {
      follow(observation.assignment);
      tell(std::move(observation));
    }
  }

  std::span<const ReplayedVersion> versions_;
  std::size_t version_ = 0;
  const storage::Store& store_;
  std::vector<std::uint64_t> finished_;
  std::vector<search::PendingProposal> pending_;  // the recorded ones, so that a difference is said once
  std::map<std::uint64_t, Configuration> paused_;
  std::vector<search::Observation> told_;  // where another version follows
  std::uint64_t learned_ = 0;              // trials of other studies
  bool is_known_ = true;                   // all that was observed
  ReplayedProposals replayed_;
};

}  // namespace

ReplayedProposals replay_proposals(std::span<const ReplayedVersion> versions, const storage::Store& store) {
  Replay replay(versions, store);
  store.read_journal(versions.front().plan.name, [&](const storage::JournalEntry& entry) {
    std::visit([&](const auto& one) { replay.take(one); }, entry);
  });
  return std::move(replay).result();
}

Journal::Journal(const StudyPlan& plan, search::Searcher& searcher, storage::Store& store, const Setup& setup,
                 const std::set<std::uint64_t>& done, const FirstPauses& first_pauses)
    : plan_(plan), searcher_(searcher), store_(store), done_(done), setup_(setup) {
  const bool by_lag = !searcher.needs(0);
  is_kept_ = store.keep_journal(by_lag ? std::optional(setup.lag) : std::nullopt);
  setup_.lag = store.lag(plan.name).value_or(setup.lag);
  is_free_ = by_lag && setup_.lag == kFreeLag;
  if (is_kept_) read();
  if (is_kept_ && proposed_ == 0 && learned_ == 0) learn();
  for (const auto& [number, pause] : first_pauses) {
    TrialResult result;
    result.outcome = Outcome::paused;
    result.steps = pause.last_step;
    result.value = pause.value;
    add(number, std::move(result));
  }
  for (const std::uint64_t number : done) {
    const std::uint64_t proposal = search::trial_of(searcher, number).configuration;
    if (is_kept_ && proposal >= proposed_)
      throw Error(Message::storage_damaged,
                  fmt::format("study '{}' has a trial {} that its journal did not propose", plan.name, number),
                  "restore a copy of the database, or begin the study anew: --fresh");
    if (!is_observed(proposal) || paused_.contains(proposal)) add(number, result_of(store.trial(plan.name, number)));
  }
}

void Journal::read() {
  store_.read_journal(plan_.name, [&](storage::JournalEntry entry) {
    if (const auto* evidence = std::get_if<storage::EvidenceRecord>(&entry)) take_in(*evidence);
    if (const auto* proposal = std::get_if<storage::ProposalRecord>(&entry)) read(*proposal);
    if (const auto* observation = std::get_if<storage::ObservationRecord>(&entry)) read(*observation);
  });
}

void Journal::read(const storage::ProposalRecord& proposal) {
  Parameters parameters = proposal.parameters;
  if (!plan_.files.empty()) follow_paths(plan_, parameters);
  auto point = point_from(plan_.space, parameters, searcher_);
  if (point) note_duplicate(proposal.proposal, *point);
  if (!point || proposal.configuration != first_of(proposal.proposal))
    throw Error(
        Message::storage_damaged,
        fmt::format("proposal {} of study '{}' is no configuration of its space", proposal.proposal, plan_.name),
        "restore a copy of the database, or begin the study anew: --fresh");
  pending_.push_back({proposal.proposal, std::move(*point)});
  ++proposed_;
}

void Journal::read(const storage::ObservationRecord& observation) {
  const std::uint64_t proposal = observation.proposal;
  recorded_.insert_or_assign(proposal, observation);
  if (!is_free_ && proposal != observed_) return;
  if (searcher_.wants_results()) {
    if (!was_done(proposal)) return;
    const std::uint64_t end = searcher_.first_trial(proposal + 1);
    for (std::uint64_t number = searcher_.first_trial(proposal); number < end; ++number)
      add(number, result_of(store_.trial(plan_.name, number)));
  }
  observe(proposal);
}

void Journal::learn() {
  for (storage::EvidenceRecord& evidence : evidence_for(plan_, searcher_, store_)) {
    take_in(evidence);
    entries_.emplace_back(std::move(evidence));
  }
}

void Journal::take_in(const storage::EvidenceRecord& evidence) {
  const auto point = point_from(plan_.space, evidence.parameters, searcher_);
  if (point) searcher_.observe(observation_of(evidence, *point, learned_));
  ++learned_;
}

bool Journal::was_done(std::uint64_t proposal) const {
  const std::uint64_t end = searcher_.first_trial(proposal + 1);
  for (std::uint64_t number = searcher_.first_trial(proposal); number < end; ++number)
    if (!done_.contains(number)) return false;
  return true;
}

const Configuration* Journal::pending(std::uint64_t proposal) const {
  const auto known = std::ranges::lower_bound(pending_, proposal, {}, &search::PendingProposal::proposal);
  return known == pending_.end() || known->proposal != proposal ? nullptr : &known->configuration;
}

bool Journal::is_observed(std::uint64_t proposal) const { return proposal < proposed_ && pending(proposal) == nullptr; }

void Journal::note_duplicate(std::uint64_t proposal, const Configuration& configuration) {
  if (plan_.on_duplicate == OnDuplicate::retry) return;
  const auto [made, is_new] =
      made_.emplace(words_of(parameters_of(plan_.space, configuration)), Earlier{.first = proposal, .count = 0});
  if (!is_new) duplicates_.emplace(proposal, made->second);
  ++made->second.count;
}

std::uint64_t Journal::first_of(std::uint64_t proposal) const {
  const auto duplicate = duplicates_.find(proposal);
  return duplicate == duplicates_.end() ? proposal : duplicate->second.first;
}

std::optional<std::uint64_t> Journal::reused(std::uint64_t proposal) const {
  if (plan_.on_duplicate != OnDuplicate::reuse || !duplicates_.contains(proposal)) return std::nullopt;
  return first_of(proposal);
}

TrialId Journal::trial_of(std::uint64_t number) const {
  TrialId trial = search::trial_of(searcher_, number);
  const auto duplicate = duplicates_.find(trial.configuration);
  if (duplicate == duplicates_.end()) return trial;
  trial.replicate += duplicate->second.count * searcher_.replicates(trial.configuration);
  trial.configuration = duplicate->second.first;
  return trial;
}

void Journal::add(std::uint64_t number, TrialResult result) {
  const TrialId trial = search::trial_of(searcher_, number);
  const std::uint64_t proposal = trial.configuration;
  const bool is_continued = paused_.contains(proposal) && result.outcome != Outcome::paused;
  if (is_observed(proposal) && !is_continued) return;
  if (!searcher_.wants_results()) {
    result.metrics = last_points(result.metrics);
    result.log.clear();
  }
  Replicates& replicates = results_[proposal];
  // Paused when it counted: replicates that came of its continuation come too late.
  if (!is_free_ && is_over(replicates)) return;
  const auto [known, is_new] = replicates.try_emplace(trial.replicate, std::move(result));
  if (!is_new && is_free_ && known->second.outcome == Outcome::paused) known->second = std::move(result);
  if (is_free_ && is_complete(proposal)) arrive(proposal);
}

void Journal::arrive(std::uint64_t proposal) {
  if (std::ranges::find(arrived_, proposal) == arrived_.end()) arrived_.push_back(proposal);
}

std::uint64_t Journal::needed_for(std::uint64_t proposal) const {
  if (const auto needed = searcher_.needs(proposal)) return *needed;
  return proposal < setup_.lag ? 0 : proposal - setup_.lag + 1;
}

bool Journal::observe_for(std::uint64_t proposal) {
  if (proposal < proposed_) return true;
  if (is_free_) {
    for (std::size_t i = 0; i < arrived_.size(); ++i) observe(arrived_[i]);  // which may let others arrive
    arrived_.clear();
    return true;
  }
  const std::uint64_t needed = needed_for(proposal);
  while (observed_ < needed)
    if (!observe(observed_)) return false;
  return true;
}

bool Journal::propose(std::uint64_t proposal) {
  if (proposal < proposed_) return true;
  try {
    pending_.push_back({proposal, searcher_.propose(proposal, pending_)});
  } catch (const search::Exhausted&) {
    return false;
  }
  ++proposed_;
  const Configuration& configuration = pending_.back().configuration;
  note_duplicate(proposal, configuration);
  if (is_kept_)
    entries_.emplace_back(storage::ProposalRecord{.proposal = proposal,
                                                  .configuration = first_of(proposal),
                                                  .parameters = parameters_of(plan_.space, configuration)});
  if (is_free_ && is_reused(proposal) && is_complete(proposal)) arrive(proposal);
  return true;
}

const Configuration& Journal::point(std::uint64_t proposal) const {
  const Configuration* configuration = pending(proposal);
  return configuration == nullptr ? unfinished_.at(proposal) : *configuration;
}

bool Journal::is_complete(std::uint64_t proposal) const {
  if (const auto first = reused(proposal)) return observations_.contains(*first);
  const auto there = results_.find(proposal);
  if (there == results_.end()) return false;
  return is_over(there->second) || there->second.size() >= searcher_.replicates(proposal);
}

bool Journal::is_over(const Replicates& replicates) const {
  return setup_.judged && !replicates.empty() && replicates.rbegin()->second.outcome != Outcome::completed;
}

search::Observation Journal::observation(std::uint64_t proposal, const Configuration& configuration) {
  if (auto record = recorded_.extract(proposal); !record.empty()) return observation_of(record.mapped(), configuration);
  if (const auto first = reused(proposal)) {
    search::Observation again = observations_.at(*first);
    again.proposal = proposal;
    return again;
  }
  std::vector<TrialResult> results;
  for (const auto& [replicate, result] : results_.at(proposal)) results.push_back(result);
  search::Observation observation = observation_of(plan_, proposal, configuration, results);
  observation.configuration = first_of(proposal);
  return observation;
}

bool Journal::observe(std::uint64_t proposal) {
  const bool all = is_complete(proposal), is_new = !recorded_.contains(proposal);
  if (!all && (is_new || searcher_.wants_results())) return false;
  const Configuration* const first = pending(proposal);
  const Configuration configuration = first == nullptr ? paused_.at(proposal) : *first;
  search::Observation observation = this->observation(proposal, configuration);
  if (is_new && is_kept_) entries_.emplace_back(record_of(observation));
  auto results = results_.extract(proposal);
  if (searcher_.wants_results())
    for (auto& [replicate, result] : results.mapped()) observation.results.push_back(std::move(result));
  searcher_.observe(observation);

  if (!all && !was_done(proposal)) unfinished_.emplace(proposal, configuration);
  if (is_free_ && observation.outcome == Outcome::paused)
    paused_.emplace(proposal, configuration);
  else
    paused_.erase(proposal);
  if (first != nullptr) {
    std::erase_if(pending_, [&](const auto& one) { return one.proposal == proposal; });
    ++observed_;
  }
  if (plan_.on_duplicate == OnDuplicate::reuse) let_reuse(std::move(observation));
  return true;
}

void Journal::let_reuse(search::Observation observation) {
  const std::uint64_t proposal = observation.proposal;
  if (is_reused(proposal)) return;
  observations_.insert_or_assign(proposal, std::move(observation));
  if (!is_free_) return;
  for (const auto& [duplicate, earlier] : duplicates_)
    if (earlier.first == proposal && !is_observed(duplicate)) arrive(duplicate);
}

void Journal::observe_rest(std::uint64_t proposals) {
  const std::uint64_t needed = searcher_.needs(proposals).value_or(0);
  while (observed_ < needed && observe(observed_)) {
  }
}

std::vector<storage::JournalEntry> Journal::take_entries() { return std::exchange(entries_, {}); }

}  // namespace tuner::study
