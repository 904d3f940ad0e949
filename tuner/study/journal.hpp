// The host's side of a searcher that learns: asks it for configurations, tells it the results, and keeps the journal of
// both.
//
// A configuration is observed once, when all its replicates have ended, or paused for the first time.
//
// Proposal n is made when exactly so many results have been observed as it may see: those of the configurations 0 to
// n - lag, or what the searcher itself says that it needs. Results are observed in order of configuration, whatever the
// order in which trials end. So the journal, and with it the study, is the same on any number of workers.
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

  // Reads what the open study has, and tells the searcher. lag: of a study that is new. done: numbers of the finished
  // trials. All but first_pauses must outlive it. Errors: storage.damaged where the journal is not that of the study.
  Journal(const StudyPlan& plan, search::Searcher& searcher, storage::Store& store, std::uint64_t lag,
          const std::set<std::uint64_t>& done, const FirstPauses& first_pauses = {});

  // A trial that has ended or paused, in the database already or recorded together with entries(). The first time
  // counts.
  void add(const TrialId& trial, TrialResult result);
  // Observes what proposal `configuration` may see. Is that all there, or the proposal made already?
  bool observe_for(std::uint64_t configuration);
  // After the last of so many configurations was proposed: observes what the searcher wants to know at the end. What no
  // proposal sees is not observed otherwise, since with more trials there may be one.
  void observe_rest(std::uint64_t configurations);
  // Makes the proposal where it is not there. False: the searcher has no further configuration. Requires:
  // observe_for().
  [[nodiscard]] bool propose(std::uint64_t configuration);
  // Requires: proposed, and one of its trials is not finished.
  [[nodiscard]] const Configuration& point(std::uint64_t configuration) const;

  // What has happened since the last call.
  [[nodiscard]] std::vector<storage::JournalEntry> take_entries();

 private:
  void read();
  // Tells the searcher of the trials of other studies, the first time that this study is opened.
  void learn();
  void take_in(const storage::EvidenceRecord& evidence);
  [[nodiscard]] std::uint64_t needed_for(std::uint64_t proposal) const;
  bool observe_next();
  // Were all trials of a configuration finished when the study was opened?
  [[nodiscard]] bool was_done(std::uint64_t configuration) const;

  const StudyPlan& plan_;
  search::Searcher& searcher_;
  storage::Store& store_;
  const std::set<std::uint64_t>& done_;
  std::uint64_t lag_;
  bool is_kept_ = false;  // not of a study that an earlier version began
  std::uint64_t proposed_ = 0, observed_ = 0;
  std::vector<Configuration> pending_;  // configurations observed_ to proposed_ - 1
  std::map<std::uint64_t, Configuration>
      unfinished_;  // observed ones whose trials are made again, as someone deleted them
  // Of those that are not observed yet, by configuration and replicate.
  std::map<std::uint64_t, std::map<std::uint32_t, TrialResult>> results_;
  // Observations of the journal that wait for a trial that was deleted to be made again.
  std::map<std::uint64_t, storage::ObservationRecord> recorded_;
  std::vector<storage::JournalEntry> entries_;
  std::uint64_t learned_ = 0;  // trials of other studies
};

// Trials of the studies that the plan learns from which it can use: those that have ended, with parameters of its
// space. Errors: config.impossible where there is no such study, its metric is another one, or none of its trials fits.
[[nodiscard]] std::vector<storage::EvidenceRecord> evidence_for(const StudyPlan& plan, const search::Searcher& searcher,
                                                                const storage::Store& store);

// Makes the proposals of a recorded study again, each from what its journal says that was observed by then.
// searcher: a new one; the plan must be that of the study. Errors: storage.damaged.
struct ReplayedProposals {
  std::uint64_t compared = 0;
  std::uint64_t left_out = 0;            // those after an observation whose trial is missing
  std::vector<std::string> differences;  // a line for each that is another one now
};
[[nodiscard]] ReplayedProposals replay_proposals(const StudyPlan& plan, search::Searcher& searcher,
                                                 const storage::Store& store);

// A recorded trial as it was measured, but for its Failure, which is not recorded.
[[nodiscard]] TrialResult result_of(storage::TrialDetail trial);

// Recorded parameters with the paths of today: of a path that is a value of the search and may have moved since, the
// value of the plan that agrees with it from the end in the most parts.
void follow_paths(const StudyPlan& plan, Parameters& parameters);

// The point of a space that has these parameters; nothing where they are none that the searcher makes. The ends of a
// range of reals are not looked at: a searcher may go beyond them.
[[nodiscard]] std::optional<Configuration> point_from(const Space& space, const Parameters& parameters,
                                                      const search::Searcher& searcher);

}  // namespace tuner::study
