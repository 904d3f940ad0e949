#include "percentile.hpp"

namespace {

enum Option : std::size_t { kStartup, kMinTrials };

struct Median : pruners::PercentileRule {
  static constexpr tuner::Info info{
      .id = "median",
      .name = "Median",
      .doc = "stops a trial whose best value is worse than the median of the others at the same step",
      .details =
          "at a report of step s: best value of the trial up to s against the median of the values that completed\n"
          "trials had at s; strictly worse stops it. Nothing is stopped before `startup` trials have completed, nor at "
          "a\n"
          "step where fewer than `min_trials` of them reported. Stopped, failed and diverged trials are not among "
          "them.\n"
          "NaN counts as no value, in the median too; a trial with nothing but NaN is stopped.\n"
          "Variant: as Optuna's MedianPruner: the trial's best so far, theirs at that very step, so a curve that is\n"
          "noisy, or rises after its best, counts in the trial's favor.",
      .reference =
          "Golovin et al. 2017, Google Vizier, KDD, section 3.2.2; Akiba et al. 2019, Optuna, arXiv 1907.10902"};

  static constexpr tuner::Param params[] = {
      tuner::integer("startup", 5, "trials that complete before any is stopped").at_least(0).at_most(1e9),
      tuner::integer("min_trials", 1, "completed trials that a step needs to be compared").at_least(1).at_most(1e9)};

  explicit Median(const tuner::SearchSetup& setup)
      : PercentileRule(setup, {.share = 0.5,
                               .startup = static_cast<std::size_t>(setup.options().integer(kStartup)),
                               .min_trials = static_cast<std::size_t>(setup.options().integer(kMinTrials))}) {}
};

}  // namespace

TUNER_LIBRARY("median", "1.0.0", "MIT", tuner::pruner<Median>)
