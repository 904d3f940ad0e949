#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "open_trials.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

enum Option : std::size_t { kMinIter, kMaxIter, kS, kEta, kStrict };

struct WandbHyperband {
  static constexpr tuner::Info info{
      .id = "wandb_hyperband",
      .name = "Hyperband of W&B sweeps",
      .doc = "W&B's early_terminate of type hyperband, with its keys",
      .details =
          "bands: min_iter eta^k, k = 0 ... 99, or max_iter / eta, max_iter / eta^2, ..., s of them; rounded down\n"
          "An iteration is one report of the metric, whatever its step: a trial is at band n with its n-th report.\n"
          "There its value goes to those of all trials that reached the band, and must not be worse than the one at\n"
          "index floor(m / eta) of these m values, the best first, counted from 0. strict: the value of that report;\n"
          "without it the best so far. NaN counts as the worst there, and stops the trial.\n"
          "Give min_iter, or max_iter and s. It has nothing of Hyperband's brackets; for these take the pruner "
          "hyperband.\n"
          "Variant: W&B compares from time to time while a run goes on; here each trial is judged once at each band, "
          "when\n"
          "it gets there, and not at its end.",
      .reference = "Weights & Biases, sweep configuration, early_terminate; Li et al. 2018, Hyperband, JMLR 18"};

  static constexpr tuner::Param params[] = {
      tuner::integer("min_iter", 0, "first band, in reports; 0: not given")
          .at_least(0)
          .at_most(1e15)
          .search(1, 27, tuner::kLog),
      tuner::integer("max_iter", 0, "reports of a whole trial, of which the bands are parts; 0: not given")
          .at_least(0)
          .at_most(1e15),
      tuner::integer("s", 0, "how many bands max_iter is divided into").at_least(0).at_most(100),
      tuner::real("eta", 3, "from band to band").above(1).at_most(1e6),
      tuner::boolean("strict", true, "compare the value at the band, not the best so far")};

  static void check(const tuner::Options& options) {
    const bool from_below = options.integer(kMinIter) > 0;
    const bool from_above = options.integer(kMaxIter) > 0;
    if (from_below && from_above) throw tuner::Invalid("give min_iter, or max_iter and s, not both");
    if (!from_below && !from_above) throw tuner::Invalid("give min_iter, or max_iter and s");
    if (from_above && options.integer(kS) == 0) throw tuner::Invalid("give s beside max_iter");
    if (from_above && options.integer(kMaxIter) < options[kEta])
      throw tuner::Invalid("max_iter / eta is below 1: there is no band");
  }

  explicit WandbHyperband(const tuner::SearchSetup& setup)
      : sign(pruners::sign_of(setup)), eta(setup.options()[kEta]), strict(setup.options().flag(kStrict)) {
    check(setup.options());
    const std::int64_t end = setup.most_budget();
    bands = setup.options().integer(kMinIter) > 0 ? from_below(setup.options(), end) : from_above(setup.options());
    // A trial reports no more often than it has steps.
    const std::int64_t last = bands.empty() ? setup.options().integer(kMinIter) : bands.back();
    if (end > 0 && last > end)
      throw tuner::Invalid("a band lies at report " + std::to_string(last) + ", and a trial has " +
                           std::to_string(end) + " steps; give a smaller " +
                           (setup.options().integer(kMinIter) > 0 ? "min_iter" : "max_iter"));
    losses.resize(bands.size());
  }

  void observe(const tuner::Observation& observation) { trials.end(observation); }

  tuner::Decision decide(const tuner::Report& report) {
    Trial& trial = trials.of(report);
    const double loss = sign * report.value();
    ++trial.reports;
    trial.best = std::fmin(trial.best, loss);
    const bool is_at_end = report.budget() > 0 && report.step() >= report.budget();
    while (trial.passed < bands.size() && trial.reports >= bands[trial.passed]) {
      pruners::Rung& band = losses[trial.passed];
      if (!trial.left) {
        trial.left = strict ? loss : trial.best;
        band.add(std::isnan(*trial.left) ? tuner::kInfinity : *trial.left);
      }
      const double most = band.at(static_cast<std::size_t>(static_cast<double>(band.size()) / eta));
      if (!(*trial.left <= most) && !is_at_end)
        return pruners::stop(report, "its value %g is worse than %g, the threshold of %zu runs at iteration %lld",
                             sign * *trial.left, sign * most, band.size(), static_cast<long long>(bands[trial.passed]));
      ++trial.passed;
      trial.left.reset();
    }
    return trial.passed < bands.size() && !is_at_end ? pruners::see_next(report) : tuner::Decision{};
  }

 private:
  struct Trial {
    std::int64_t reports = 0;
    std::size_t passed = 0;                                  // bands
    std::optional<double> left;                              // at the next one, where it was stopped there
    double best = std::numeric_limits<double>::quiet_NaN();  // NaN: no number was reported
  };

  // Those that a trial can reach. With eta below 2 some are the same.
  static std::vector<std::int64_t> from_below(const tuner::Options& options, std::int64_t end) {
    const double most = end > 0 ? static_cast<double>(end) : 1e15;
    std::vector<std::int64_t> bands;
    double band = options[kMinIter];
    for (int k = 0; k < 100 && band <= most; ++k) {
      const auto whole = static_cast<std::int64_t>(band);
      if (bands.empty() || whole > bands.back()) bands.push_back(whole);
      band *= options[kEta];
    }
    return bands;
  }
  static std::vector<std::int64_t> from_above(const tuner::Options& options) {
    std::vector<std::int64_t> bands;
    double band = options[kMaxIter] / options[kEta];
    for (std::int64_t k = 0; k < options.integer(kS) && band >= 1; ++k) {
      const auto whole = static_cast<std::int64_t>(band);
      if (bands.empty() || whole < bands.back()) bands.push_back(whole);
      band /= options[kEta];
    }
    std::ranges::reverse(bands);
    return bands;
  }

  double sign, eta;
  bool strict;
  std::vector<std::int64_t> bands;    // in reports
  std::vector<pruners::Rung> losses;  // at each band
  pruners::OpenTrials<Trial> trials;
};

}  // namespace

TUNER_LIBRARY("wandb_hyperband", "1.0.0", "MIT", tuner::pruner<WandbHyperband>)
