#include "tuner/search/searcher.hpp"

namespace tuner::search {

std::optional<std::uint64_t> trials_of(const Searcher& searcher) {
  const std::optional<std::uint64_t> configurations = searcher.size();
  return configurations ? std::optional(searcher.first_trial(*configurations)) : std::nullopt;
}

TrialId trial_of(const Searcher& searcher, std::uint64_t number) {
  // The last configuration that begins at or before it. Each has a trial, so it is none after `number`.
  std::uint64_t low = 0, high = number;
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    if (searcher.first_trial(middle) <= number)
      low = middle;
    else
      high = middle - 1;
  }
  return {.number = number,
          .configuration = low,
          .replicate = static_cast<std::uint32_t>(number - searcher.first_trial(low))};
}

TrialId next_trial(const Searcher& searcher, const TrialId& trial) {
  TrialId next = trial;
  ++next.number;
  if (++next.replicate >= searcher.replicates(trial.configuration)) {
    ++next.configuration;
    next.replicate = 0;
  }
  return next;
}

}  // namespace tuner::search
