#include "tuner/study/paused_trials.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace tuner::study {

void PausedTrials::add(executor::Job job, storage::TrialRecord record) {
  record.result.metrics.clear();
  record.result.log.clear();
  const std::uint64_t number = job.id.number, bytes = checkpoint_bytes(rules_, number);
  bytes_ += bytes;
  trials_.insert_or_assign(number, PausedTrial{std::move(job), std::move(record), bytes});
}

PausedTrial PausedTrials::take(std::uint64_t number) {
  PausedTrial trial = std::move(trials_.extract(number).mapped());
  bytes_ -= trial.bytes;
  return trial;
}

std::vector<std::uint64_t> PausedTrials::numbers() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, trial] : trials_) numbers.push_back(number);
  return numbers;
}

std::vector<PausedTrials::Evicted> PausedTrials::evict() {
  std::vector<Evicted> evicted;
  while (!rules_.keep_all && bytes_ > rules_.paused_limit) {
    const auto least = std::ranges::min_element(trials_, {}, [](const auto& entry) {
      return std::pair(entry.second.bytes == 0, entry.second.record.result.steps);
    });
    remove_checkpoints(rules_, least->first);
    bytes_ -= std::exchange(least->second.bytes, 0);
    evicted.push_back({.number = least->first, .step = least->second.record.result.steps});
  }
  return evicted;
}

}  // namespace tuner::study
