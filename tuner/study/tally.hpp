// What a study has come to: counts its trials, keeps the best one, and finds where the study must stop.
#pragma once

#include <optional>

#include "tuner/plan.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/study/coordinator.hpp"

namespace tuner::study {

class Tally {
 public:
  // Counts what the store has. All must outlive it.
  Tally(const StudyPlan& plan, const RunSettings& run, const storage::Store& store, StudyStatus& status);

  // A trial that has ended, paused or been cancelled.
  void count(const storage::TrialRecord& record);

  // Has the best trial, of this run of the study or an earlier one, reached the target that ends the study?
  [[nodiscard]] bool target_reached() const;
  [[nodiscard]] bool too_many_failed() const {
    return run_.max_failed_trials && status_.failed > *run_.max_failed_trials;
  }
  // Have the first trials of a program all failed at their start? Then the status has the reason.
  [[nodiscard]] bool fails_at_start() const { return fails_at_start_; }

 private:
  void look_at_start(const storage::TrialRecord& record);
  void remember(std::uint64_t number, double value, const Parameters& parameters);

  const StudyPlan& plan_;
  const RunSettings& run_;
  StudyStatus& status_;
  std::optional<int> failed_at_start_ = 0;  // how many, while all of the first trials have
  bool fails_at_start_ = false;
};

}  // namespace tuner::study
