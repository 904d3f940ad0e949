#include "tuner/study/replayed_proposals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "tuner/error.hpp"
#include "tuner/study/observation.hpp"
#include "tuner/study/recorded_trial.hpp"

namespace tuner::study {

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

}  // namespace tuner::study
