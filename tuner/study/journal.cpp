#include "tuner/study/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "tuner/error.hpp"

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

search::Observation observation_of(const StudyPlan& plan, std::uint64_t configuration, const Configuration& point,
                                   const std::vector<TrialResult>& results) {
  search::Observation observation{.proposal = configuration,
                                  .configuration = configuration,
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
          .standard_deviation = observation.standard_deviation};
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
          .results = {}};
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
    if (study->metric != plan.metric.name || study->goal != plan.metric.goal)
      refuse(fmt::format("its metric is {} ({}), and this study's is {} ({})", study->metric, to_string(study->goal),
                         plan.metric.name, to_string(plan.metric.goal)),
             "learn from studies of the same metric");
    const std::size_t before = all.size();
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
    });
    if (all.size() == before)
      refuse(fmt::format("none of its {} trials has parameters of this space", study->trials),
             "learn from studies with the same search parameters, each value of which this space has");
  }
  return all;
}

ReplayedProposals replay_proposals(const StudyPlan& plan, search::Searcher& searcher, const storage::Store& store) {
  ReplayedProposals replayed;
  std::vector<Configuration> pending;  // the recorded ones, so that a difference is said once
  const std::vector<std::uint64_t> finished = store.finished(plan.name);
  bool is_known = true;  // all that was observed
  const auto compare = [&](const storage::ProposalRecord& proposal) {
    if (!is_known) return void(++replayed.left_out);
    ++replayed.compared;
    const Configuration now = searcher.propose(proposal.proposal, pending);
    Parameters then = proposal.parameters;
    if (!plan.files.empty()) follow_paths(plan, then);
    pending.push_back(point_from(plan.space, then, searcher).value_or(now));
    if (const Parameters again = parameters_of(plan.space, now); words_of(again) != words_of(then))
      replayed.differences.push_back(
          fmt::format("proposal {} was {} and is {}", proposal.proposal, words_of(then), words_of(again)));
  };
  const auto observe = [&](const storage::ObservationRecord& record) {
    if (!is_known) return;
    search::Observation observation = observation_of(record, pending.front());
    pending.erase(pending.begin());
    if (searcher.wants_results()) {
      const std::uint64_t end = searcher.first_trial(record.configuration + 1);
      for (std::uint64_t number = searcher.first_trial(record.configuration); number < end; ++number) {
        is_known = std::ranges::binary_search(finished, number);
        if (!is_known) return;
        observation.results.push_back(result_of(store.trial(plan.name, number)));
      }
    }
    searcher.observe(observation);
  };
  std::uint64_t learned = 0;
  store.read_journal(plan.name, [&](const storage::JournalEntry& entry) {
    if (const auto* evidence = std::get_if<storage::EvidenceRecord>(&entry)) {
      const auto point = point_from(plan.space, evidence->parameters, searcher);
      if (point) searcher.observe(observation_of(*evidence, *point, learned));
      ++learned;
    }
    if (const auto* proposal = std::get_if<storage::ProposalRecord>(&entry)) compare(*proposal);
    if (const auto* observation = std::get_if<storage::ObservationRecord>(&entry)) observe(*observation);
  });
  return replayed;
}

Journal::Journal(const StudyPlan& plan, search::Searcher& searcher, storage::Store& store, std::uint64_t lag,
                 const std::set<std::uint64_t>& done, const FirstPauses& first_pauses)
    : plan_(plan), searcher_(searcher), store_(store), done_(done), lag_(lag) {
  const bool by_lag = !searcher.needs(0);
  is_kept_ = store.keep_journal(by_lag ? std::optional(lag) : std::nullopt);
  lag_ = store.lag(plan.name).value_or(lag);
  if (is_kept_) read();
  if (is_kept_ && proposed_ == 0 && learned_ == 0) learn();
  for (const auto& [number, pause] : first_pauses) {
    TrialResult result;
    result.outcome = Outcome::paused;
    result.steps = pause.last_step;
    result.value = pause.value;
    add(search::trial_of(searcher, number), std::move(result));
  }
  for (const std::uint64_t number : done) {
    const TrialId trial = search::trial_of(searcher, number);
    if (is_kept_ && trial.configuration >= proposed_)
      throw Error(Message::storage_damaged,
                  fmt::format("study '{}' has a trial {} that its journal did not propose", plan.name, number),
                  "restore a copy of the database, or begin the study anew: --fresh");
    if (trial.configuration >= observed_) add(trial, result_of(store.trial(plan.name, number)));
  }
}

void Journal::read() {
  store_.read_journal(plan_.name, [&](storage::JournalEntry entry) {
    if (const auto* evidence = std::get_if<storage::EvidenceRecord>(&entry)) take_in(*evidence);
    if (const auto* proposal = std::get_if<storage::ProposalRecord>(&entry)) {
      Parameters parameters = proposal->parameters;
      if (!plan_.files.empty()) follow_paths(plan_, parameters);
      auto point = point_from(plan_.space, parameters, searcher_);
      if (!point || proposal->configuration != proposal->proposal)
        throw Error(
            Message::storage_damaged,
            fmt::format("proposal {} of study '{}' is no configuration of its space", proposal->proposal, plan_.name),
            "restore a copy of the database, or begin the study anew: --fresh");
      pending_.push_back(std::move(*point));
      ++proposed_;
    }
    if (const auto* observation = std::get_if<storage::ObservationRecord>(&entry)) {
      const std::uint64_t configuration = observation->configuration;
      recorded_.emplace(configuration, *observation);
      if (configuration != observed_) return;
      if (!searcher_.wants_results()) return void(observe_next());
      if (!was_done(configuration)) return;
      TrialId trial{.number = searcher_.first_trial(configuration), .configuration = configuration, .replicate = 0};
      for (; trial.configuration == configuration; trial = search::next_trial(searcher_, trial))
        add(trial, result_of(store_.trial(plan_.name, trial.number)));
      observe_next();
    }
  });
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

bool Journal::was_done(std::uint64_t configuration) const {
  const std::uint64_t end = searcher_.first_trial(configuration + 1);
  for (std::uint64_t number = searcher_.first_trial(configuration); number < end; ++number)
    if (!done_.contains(number)) return false;
  return true;
}

void Journal::add(const TrialId& trial, TrialResult result) {
  if (trial.configuration < observed_) return;
  if (!searcher_.wants_results()) {
    result.metrics.clear();
    result.log.clear();
  }
  results_[trial.configuration].emplace(trial.replicate, std::move(result));
}

std::uint64_t Journal::needed_for(std::uint64_t proposal) const {
  if (const auto needed = searcher_.needs(proposal)) return *needed;
  return proposal < lag_ ? 0 : proposal - lag_ + 1;
}

bool Journal::observe_for(std::uint64_t configuration) {
  if (configuration < proposed_) return true;
  const std::uint64_t needed = needed_for(configuration);
  while (observed_ < needed)
    if (!observe_next()) return false;
  return true;
}

bool Journal::propose(std::uint64_t configuration) {
  if (configuration < proposed_) return true;
  try {
    pending_.push_back(searcher_.propose(configuration, pending_));
  } catch (const search::Exhausted&) {
    return false;
  }
  ++proposed_;
  if (is_kept_)
    entries_.emplace_back(storage::ProposalRecord{.proposal = configuration,
                                                  .configuration = configuration,
                                                  .parameters = parameters_of(plan_.space, pending_.back())});
  return true;
}

const Configuration& Journal::point(std::uint64_t configuration) const {
  return configuration < observed_ ? unfinished_.at(configuration) : pending_.at(configuration - observed_);
}

// False where its result is not there.
bool Journal::observe_next() {
  const auto there = results_.find(observed_);
  const bool all = there != results_.end() && there->second.size() >= searcher_.replicates(observed_);
  if (!all && (!recorded_.contains(observed_) || searcher_.wants_results())) return false;
  auto record = recorded_.extract(observed_);
  std::vector<TrialResult> results;
  if (all)
    for (auto& [replicate, result] : there->second) results.push_back(std::move(result));
  results_.erase(observed_);
  search::Observation observation = record.empty() ? observation_of(plan_, observed_, pending_.front(), results)
                                                   : observation_of(record.mapped(), pending_.front());
  if (record.empty() && is_kept_) entries_.emplace_back(record_of(observation));
  if (searcher_.wants_results()) observation.results = std::move(results);
  searcher_.observe(observation);
  if (!all && !was_done(observed_)) unfinished_.emplace(observed_, pending_.front());
  pending_.erase(pending_.begin());
  ++observed_;
  return true;
}

void Journal::observe_rest(std::uint64_t configurations) {
  const std::uint64_t needed = searcher_.needs(configurations).value_or(0);
  while (observed_ < needed && observe_next()) {
  }
}

std::vector<storage::JournalEntry> Journal::take_entries() { return std::exchange(entries_, {}); }

}  // namespace tuner::study
