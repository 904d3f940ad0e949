// The trials of a study that its pruner has paused: what continues them, and the room that their checkpoints take.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tuner/checkpoint.hpp"
#include "tuner/executor/executor.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::study {

struct PausedTrial {
  executor::Job job;
  storage::TrialRecord record;  // without metrics and log
  std::uint64_t bytes = 0;      // of its checkpoints
};

class PausedTrials {
 public:
  // The rules must outlive it.
  explicit PausedTrials(const CheckpointRules& rules) : rules_(rules) {}

  void add(executor::Job job, storage::TrialRecord record);
  // Requires: contains(number).
  [[nodiscard]] PausedTrial take(std::uint64_t number);
  [[nodiscard]] bool contains(std::uint64_t number) const { return trials_.contains(number); }
  [[nodiscard]] std::uint64_t size() const { return trials_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::vector<std::uint64_t> numbers() const;

  // A trial that has lost its checkpoints, and the step that it is paused at.
  struct Evicted {
    std::uint64_t number = 0;
    std::int64_t step = 0;
  };
  // Removes checkpoints until the others have room: first of the trials that lose the fewest steps by it.
  [[nodiscard]] std::vector<Evicted> evict();

 private:
  const CheckpointRules& rules_;
  std::map<std::uint64_t, PausedTrial> trials_;  // by number
  std::uint64_t bytes_ = 0;
};

}  // namespace tuner::study
