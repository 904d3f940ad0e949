// Which trials of a configuration are due where a pruner judges: the first replicate is judged, and each of the others
// begins when the one before it has completed. Where one does not complete, those after it are not run.
//
// Later replicates are not judged. They measure the noise of a configuration that has been through all rungs already,
// and to keep only those that look good would flatter its mean.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tuner/executor/executor.hpp"

namespace tuner::study {

class DueReplicates {
 public:
  // judged: there is a pruner. Without one all replicates are due from the beginning.
  DueReplicates(std::uint32_t repeats, bool judged) : repeats_(repeats), waits_(judged && repeats > 1) {}

  // Does this one begin by itself, and not after the one before it?
  [[nodiscard]] bool begins(const TrialId& trial) const { return !waits_ || trial.replicate == 0; }
  [[nodiscard]] static bool is_judged(const TrialId& trial) { return trial.replicate == 0; }
  // The trial has ended; what it was may have been recorded by an earlier run of the study.
  void ended(const TrialId& trial, Outcome outcome, const Configuration& configuration) {
    if (!waits_ || trial.replicate + 1 >= repeats_) return;
    if (outcome != Outcome::completed) {
      not_due_ += repeats_ - 1 - trial.replicate;
      return;
    }
    executor::Job next;
    next.id = {.number = trial.number + 1, .configuration = trial.configuration, .replicate = trial.replicate + 1};
    next.point = configuration;
    next_.push_back(std::move(next));
  }
  // A trial that begins now; nothing: none is due.
  [[nodiscard]] std::optional<executor::Job> take() {
    if (next_.empty()) return std::nullopt;
    std::optional<executor::Job> job = std::move(next_.front());
    next_.erase(next_.begin());
    return job;
  }
  [[nodiscard]] bool empty() const { return next_.empty(); }

  // Trials that will not be run, of `paused` configurations those that wait with them among them.
  [[nodiscard]] std::uint64_t not_due(std::uint64_t paused) const {
    return not_due_ + (waits_ ? paused * (repeats_ - 1) : 0);
  }

 private:
  std::uint32_t repeats_;
  bool waits_;
  std::vector<executor::Job> next_;
  std::uint64_t not_due_ = 0;
};

}  // namespace tuner::study
