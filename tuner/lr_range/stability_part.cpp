// The largest stable lr: restarted runs at constant lr, all from the same start with the same random numbers.
#include <cmath>
#include <limits>

#include "tuner/lr_range/part_run.hpp"
#include "tuner/lr_range/stability.hpp"

namespace tuner::lr_range {

void run_stability(PartRun& run, double first_lr) {
  const TestSettings& settings = run.settings();
  Writer start;
  run.trainer().save(start);
  const StartRun begin = [&](double lr) -> NextLoss {
    Reader in(start.bytes());
    run.trainer().restore(in);
    return [&run, &settings, lr, step = std::int64_t{0}]() mutable {
      try {
        const double loss = run.take_step(step, settings.stability_steps, lr);
        ++step;
        return loss;
      } catch (const TrialEnded& end) {
        if (end.outcome != Outcome::diverged) throw;
        return std::numeric_limits<double>::infinity();
      }
    };
  };
  const StabilityBracket bracket = largest_stable_lr(begin, {.first = first_lr,
                                                             .lowest = settings.lr_min,
                                                             .highest = highest_lr(settings),
                                                             .precision = settings.stability_precision,
                                                             .most_steps = settings.stability_steps});
  std::int64_t k = 0;
  for (const StabilityRun& one : bracket.runs) {
    ++k;
    run.record(k, "lr", one.lr);
    run.record(k, "steps", static_cast<double>(one.steps));
    run.record(k, "envelope_ratio", one.ratio);
    run.record(k, "stable", one.stable ? 1 : 0);
  }
  if (bracket.stable) run.record(k, "largest_stable", *bracket.stable);
  if (bracket.unstable) run.record(k, "smallest_unstable", *bracket.unstable);
}

}  // namespace tuner::lr_range
