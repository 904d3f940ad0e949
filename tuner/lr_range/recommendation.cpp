#include "tuner/lr_range/recommendation.hpp"

#include <fmt/format.h>

namespace tuner::lr_range {

storage::LrSuggestion recommend(const LrRangeSettings&, std::span<const Rung>, const storage::LrSuggestion&,
                                const storage::LrSuggestion& best_short_run) {
  storage::LrSuggestion advice = best_short_run;
  advice.name = "recommended", advice.rule = fmt::format("best_short_run / {:g}", kShortRunBias);
  for (auto* lr : {&advice.value, &advice.low, &advice.high})
    if (*lr) **lr /= kShortRunBias;
  return advice;
}

}  // namespace tuner::lr_range
