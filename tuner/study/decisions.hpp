// The host's side of a pruner: asks it what becomes of a trial, and keeps the journal of what it was told and decided.
//
// A measurement of a (trial, step) that was decided before gets the recorded decision and is not told again, whichever
// attempt of the trial reports it. What is new stands in take_entries(), for the coordinator to record before the trial
// hears of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tuner/search/pruner.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

class Decisions {
 public:
  // Tells the pruner, which must outlive it, what earlier runs of the study recorded. Errors: storage.damaged.
  Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study);

  [[nodiscard]] Decision decide(const search::Judged& judged);
  // A trial that has ended reports nothing more.
  void forget(std::uint64_t number);
  // What was decided since the last call.
  [[nodiscard]] std::vector<storage::JournalEntry> take_entries() { return std::exchange(entries_, {}); }

 private:
  search::Pruner& pruner_;
  std::map<std::pair<std::uint64_t, std::int64_t>, Decision> decided_;  // by trial and step
  std::vector<storage::JournalEntry> entries_;
};

}  // namespace tuner::study
