#include "tuner/study/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/measured.hpp"
#include "tuner/study/evidence.hpp"
#include "tuner/study/observation.hpp"
#include "tuner/study/recorded_trial.hpp"

namespace tuner::study {

std::uint64_t default_lag(std::uint32_t workers) { return std::max<std::uint64_t>(8, 4 * std::uint64_t{workers}); }

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
