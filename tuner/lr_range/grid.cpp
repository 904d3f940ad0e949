// One lr of the LR grid: a short run at a constant lr.
#include <fmt/format.h>

#include <cmath>

#include "tuner/lr_range/part_run.hpp"

namespace tuner::lr_range {

void run_grid(PartRun& run, double lr) {
  const std::int64_t steps = run.settings().grid_steps, tail = steps - steps / 4;
  Trainer& trainer = run.trainer();
  const bool averages = trainer.optimizer().has_evaluation_point();
  double sum = 0;
  for (std::int64_t i = 0; i < steps; ++i) {
    double loss = run.take_step(i, steps, lr);
    // What the optimizer wants to be judged by.
    if (averages && i >= tail && std::isfinite(loss)) loss = trainer.loss(trainer.at_evaluation_point());
    run.record(i, "loss", loss);
    if (!std::isfinite(loss)) throw TrialEnded{Outcome::diverged, fmt::format("step {}: the loss is {}", i, loss)};
    if (i >= tail) sum += loss;
  }
  TrialResult& result = run.result();
  result.value = result.best_value = result.last_value = sum / static_cast<double>(steps - tail);
}

}  // namespace tuner::lr_range
