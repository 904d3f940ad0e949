#include "percentile.hpp"

namespace {

enum Option : std::size_t { kPercentile, kStartup, kMinTrials };

struct Percentile : pruners::PercentileRule {
  static constexpr tuner::Info info{
      .id = "percentile",
      .name = "Percentile",
      .doc = "stops a trial whose best value is not among the best percentile of the others at the same step",
      .details =
          "at a report of step s: best value of the trial up to s against a percentile of the values that completed\n"
          "trials had at s; strictly worse stops it. percentile 25: the trial must be as good as the best quarter of "
          "them;\n"
          "50 is the pruner median. Nothing is stopped before `startup` trials have completed, nor at a step where "
          "fewer\n"
          "than `min_trials` of them reported. Stopped, failed and diverged trials are not among them.\n"
          "NaN counts as no value, in the percentile too; a trial with nothing but NaN is stopped.\n"
          "Variant: as Optuna's PercentilePruner: values between two ranks are interpolated linearly, and a study "
          "that\n"
          "maximizes counts from the other end.",
      .reference =
          "Golovin et al. 2017, Google Vizier, KDD, section 3.2.2; Akiba et al. 2019, Optuna, arXiv 1907.10902"};

  static constexpr tuner::Param params[] = {
      tuner::real("percentile", 25, "the best that are kept, of 100").at_least(0).at_most(100),
      tuner::integer("startup", 5, "trials that complete before any is stopped").at_least(0).at_most(1e9),
      tuner::integer("min_trials", 1, "completed trials that a step needs to be compared").at_least(1).at_most(1e9)};

  explicit Percentile(const tuner::SearchSetup& setup)
      : PercentileRule(setup, {.share = setup.options()[kPercentile] / 100,
                               .startup = static_cast<std::size_t>(setup.options().integer(kStartup)),
                               .min_trials = static_cast<std::size_t>(setup.options().integer(kMinTrials))}) {}
};

}  // namespace

TUNER_LIBRARY("percentile", "1.0.0", "MIT", tuner::pruner<Percentile>)
