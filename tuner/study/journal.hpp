// The host's side of a searcher that learns: asks it for configurations, tells it the results, and keeps the journal of
// both.
//
// Trials are counted by proposal, each of which has the replicates that search::first_trial() says. A proposal is
// observed once, when all its replicates that are due have ended, or paused for the first time.
//
// Proposal n is made when exactly so many results have been observed as it may see: those of the proposals 0 to n -
// lag, or what the searcher itself says that it needs. Results are observed in order of proposal, whatever the order in
// which trials end. So the journal, and with it the study, is the same on any number of workers.
//
// With kFreeLag results are observed as they come: a proposal sees all that are there, and a trial that paused is
// observed again where it has been continued to its end.
//
// A proposal of a configuration that was proposed before has the result of that one, where the plan says reuse: it is
// observed with it, and has no trials. Where the plan says repeat its trials are further replicates of that one, and it
// is observed for itself.
//
// A study that is resumed takes its proposals and observations from the journal. What is new stands in entries(), for
// the coordinator to record before anything comes of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

// Of a study that says nothing of it.
[[nodiscard]] std::uint64_t default_lag(std::uint32_t workers);

class Journal {
 public:
  // What trials were when they paused first, by number.
  using FirstPauses = std::map<std::uint64_t, storage::EndRecord>;
  struct Setup {
    std::uint64_t lag = 1;  // of a study that is new
    bool judged = false;    // by a pruner: where a replicate does not complete, those after it are not due
  };

  // Reads what the open study has, and tells the searcher. done: numbers of the finished trials. All but first_pauses
  // and setup must outlive it. Errors: storage.damaged where the journal is not that of the study.
  Journal(const StudyPlan& plan, search::Searcher& searcher, storage::Store& store, const Setup& setup,
          const std::set<std::uint64_t>& done, const FirstPauses& first_pauses = {});

  // Are results observed as they come?
  [[nodiscard]] bool is_free() const { return is_free_; }
  // A trial that has ended or paused, in the database already or recorded together with entries(). The first time
  // counts, but for continued trials where is_free().
  void add(std::uint64_t number, TrialResult result);
  // Observes what this proposal may see. Is that all there, or the proposal made already?
  bool observe_for(std::uint64_t proposal);
  // After the last of so many proposals was made: observes what the searcher wants to know at the end. What no
  // proposal sees is not observed otherwise, since with more trials there may be one.
  void observe_rest(std::uint64_t proposals);
  // Makes the proposal where it is not there. False: the searcher has no further configuration. Requires:
  // observe_for().
  [[nodiscard]] bool propose(std::uint64_t proposal);
  // Has the proposal, which was made, the result of an earlier one?
  [[nodiscard]] bool is_reused(std::uint64_t proposal) const { return reused(proposal).has_value(); }
  // The trial of a proposal that was made.
  [[nodiscard]] TrialId trial_of(std::uint64_t number) const;
  // Requires: proposed, and one of its trials is not finished.
  [[nodiscard]] const Configuration& point(std::uint64_t proposal) const;

  // What has happened since the last call.
  [[nodiscard]] std::vector<storage::JournalEntry> take_entries();

 private:
  using Replicates = std::map<std::uint32_t, TrialResult>;
  void read();
  void read(const storage::ProposalRecord& proposal);
  void read(const storage::ObservationRecord& observation);
  // Tells the searcher of the trials of other studies, the first time that this study is opened.
  void learn();
  void take_in(const storage::EvidenceRecord& evidence);
  [[nodiscard]] std::uint64_t needed_for(std::uint64_t proposal) const;
  // Was its configuration proposed before?
  void note_duplicate(std::uint64_t proposal, const Configuration& configuration);
  // The first proposal of the same configuration.
  [[nodiscard]] std::uint64_t first_of(std::uint64_t proposal) const;
  // The proposal whose result it has.
  [[nodiscard]] std::optional<std::uint64_t> reused(std::uint64_t proposal) const;
  [[nodiscard]] bool is_complete(std::uint64_t proposal) const;
  // Is no further replicate due after these?
  [[nodiscard]] bool is_over(const Replicates& replicates) const;
  // It can be observed, where is_free().
  void arrive(std::uint64_t proposal);
  // Requires: complete, or recorded. Forgets the record.
  [[nodiscard]] search::Observation observation(std::uint64_t proposal, const Configuration& configuration);
  // False where its result is not there.
  bool observe(std::uint64_t proposal);
  void let_reuse(search::Observation observation);
  // Were all trials of a proposal finished when the study was opened?
  [[nodiscard]] bool was_done(std::uint64_t proposal) const;
  [[nodiscard]] bool is_observed(std::uint64_t proposal) const;
  // Null: it was observed, or not made yet.
  [[nodiscard]] const Configuration* pending(std::uint64_t proposal) const;

  const StudyPlan& plan_;
  search::Searcher& searcher_;
  storage::Store& store_;
  const std::set<std::uint64_t>& done_;
  Setup setup_;
  bool is_kept_ = false;  // not of a study that an earlier version began
  bool is_free_ = false;
  std::uint64_t proposed_ = 0, observed_ = 0;     // how many; without is_free() the first ones are observed
  std::vector<search::PendingProposal> pending_;  // in their order
  // Observed ones whose trials are made again, as someone deleted them.
  std::map<std::uint64_t, Configuration> unfinished_;
  std::map<std::uint64_t, Configuration> paused_;  // observed so, where is_free()
  std::map<std::uint64_t, Replicates> results_;    // of those that are to be observed
  std::vector<std::uint64_t> arrived_;             // of them the complete ones as they came, where is_free()
  // Observations of the journal that wait for a trial that was deleted to be made again.
  std::map<std::uint64_t, storage::ObservationRecord> recorded_;
  std::vector<storage::JournalEntry> entries_;
  std::uint64_t learned_ = 0;  // trials of other studies
  // Where configurations may be proposed again: the proposals before it that made the same one.
  struct Earlier {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
  };
  std::map<std::string, Earlier> made_;                        // by the words of a configuration
  std::map<std::uint64_t, Earlier> duplicates_;                // by proposal
  std::map<std::uint64_t, search::Observation> observations_;  // by first proposal, where results are reused
};

}  // namespace tuner::study
