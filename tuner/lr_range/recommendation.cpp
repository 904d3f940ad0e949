#include "tuner/lr_range/recommendation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tuner::lr_range {

storage::LrSuggestion recommend(std::span<const GridLr> grid, const storage::LrSuggestion& best_short_run) {
  storage::LrSuggestion advice = best_short_run;
  advice.name = "recommended";
  advice.rule = fmt::format("lowest lr as good as best / {:g}", kShortRunBias);
  advice.value.reset();
  advice.low.reset();
  advice.high.reset();
  if (!best_short_run.value) return advice;
  const auto best = *best_in_grid(grid);
  const double lr = grid[indistinguishable(grid, best).first].lr / kShortRunBias;
  advice.value = advice.low = lr;
  advice.high = grid[best].lr;
  for (std::size_t seed = 0; seed < grid[best].losses.size(); ++seed) {
    const auto own = std::ranges::min_element(grid, {}, [&](const GridLr& grid_lr) { return grid_lr.loss(seed); });
    advice.low = std::min(*advice.low, own->lr / kShortRunBias);
    advice.high = std::max(*advice.high, own->lr);
  }
  return advice;
}

}  // namespace tuner::lr_range
