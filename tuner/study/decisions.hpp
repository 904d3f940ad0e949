// The host's side of a pruner: asks it what becomes of a trial, and keeps the journal of what it was told and decided.
//
// A measurement of a (trial, step) that was decided before gets the recorded decision and is not told again, whichever
// attempt of the trial reports it. What is new stands in take_entries(), for the coordinator to record before the trial
// hears of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tuner/search/pruner.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::study {

class Decisions {
 public:
  // Tells the pruner, which must outlive it, what earlier runs of the study recorded. configuration_of: of a trial that
  // has reports. Errors: storage.damaged.
  Decisions(search::Pruner& pruner, const storage::Store& store, const std::string& study,
            const std::function<Configuration(std::uint64_t trial)>& configuration_of);

  [[nodiscard]] Decision decide(const search::Judged& judged);
  // A trial that has ended reports nothing more.
  void ended(const search::Ended& ended);
  // How many reports were judged, in earlier runs too.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // What was decided since the last call.
  [[nodiscard]] std::vector<storage::JournalEntry> take_entries() { return std::exchange(entries_, {}); }

 private:
  search::Pruner& pruner_;
  std::map<std::pair<std::uint64_t, std::int64_t>, Decision> decided_;  // by trial and step
  std::vector<storage::JournalEntry> entries_;
  std::uint64_t count_ = 0;
};

}  // namespace tuner::study
