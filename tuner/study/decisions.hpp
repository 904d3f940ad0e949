// The host's side of a pruner: asks it what becomes of a trial, and keeps the journal of what it was told and decided.
//
// A measurement of a (trial, step) that was decided before gets the recorded decision and is not told again, whichever
// attempt of the trial reports it. What is new stands in take_entries(), for the coordinator to record before the trial
// hears of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tuner/search/pruner.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

class Decisions {
 public:
  // Tells the pruner, which must outlive it, what earlier runs of the study recorded. configuration_of: of a trial that
  // was reported or has ended. Errors: storage.damaged.
  Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study,
            const std::function<Configuration(std::uint64_t trial)>& configuration_of);

  [[nodiscard]] Decision decide(const search::Judged& judged);
  // A trial that has ended reports nothing more; one that has paused can be reviewed.
  void ended(const search::Ended& ended);
  // A worker is free: what becomes of one of the paused trials; nothing: they stay as they are. is_last: no trial runs,
  // and none will begin.
  [[nodiscard]] std::optional<search::Reviewed> review(bool is_last);
  [[nodiscard]] bool reviews() const { return pruner_.reviews(); }

  // Is it paused, and was not reviewed since?
  [[nodiscard]] bool is_paused(std::uint64_t number) const { return paused_.contains(number); }
  // Was the end of this trial recorded?
  [[nodiscard]] bool knows_end(std::uint64_t number) const { return ends_.contains(number); }
  // What the trial was when it paused first, in an earlier run of the study.
  [[nodiscard]] const std::map<std::uint64_t, storage::EndRecord>& first_pauses() const { return first_pauses_; }

  // How many reports were judged, in earlier runs too.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // What was decided since the last call.
  [[nodiscard]] std::vector<storage::JournalEntry> take_entries() { return std::exchange(entries_, {}); }

 private:
  using ConfigurationOf = std::function<Configuration(std::uint64_t trial)>;
  void replay(const storage::ReportRecord& report, const ConfigurationOf& configuration_of);
  void replay(const storage::EndRecord& end, const ConfigurationOf& configuration_of);
  void replay(const storage::ReviewRecord& review);
  void take_in(const search::Ended& ended);
  void take_in(const search::Reviewed& reviewed);

  search::Pruner& pruner_;
  std::map<std::pair<std::uint64_t, std::int64_t>, Decision> decided_;  // by trial and step
  std::map<std::uint64_t, std::int64_t> pausing_;  // trials that were to pause, with the step that was judged
  std::map<std::uint64_t, std::int64_t> paused_;   // and those that have
  std::set<std::uint64_t> ends_;
  std::map<std::uint64_t, storage::EndRecord> first_pauses_;
  std::vector<storage::JournalEntry> entries_;
  std::uint64_t count_ = 0;
};

}  // namespace tuner::study
