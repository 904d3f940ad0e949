#include <cmath>
#include <unordered_map>
#include <utility>
#include <vector>

#include "open_trials.hpp"
#include "signed_rank.hpp"
#include "tuner/pruner.hpp"

namespace {

enum Option : std::size_t { kP, kStartup };

struct Wilcoxon {
  static constexpr tuner::Info info{
      .id = "wilcoxon",
      .name = "Wilcoxon",
      .doc = "stops a trial whose values are worse than the best trial's by a signed-rank test",
      .details =
          "d_s = value of the trial at step s less that of the best completed trial, over the steps of both\n"
          "p = P(W+ >= what the d_s have), one-sided; the trial is stopped where p < `p`.\n"
          "For trials whose steps are tasks, folds or seeds, measured in the same order or not, and whose result is "
          "the\n"
          "mean of them: not for curves of a training, whose steps are no repeated measurements.\n"
          "Nothing is stopped before `startup` steps are common, nor a trial whose mean so far is better than the "
          "mean\n"
          "of the best one. With 3 steps p is 1/8 at least: with p 0.1 the fourth is the first that stops one.\n"
          "Zeros are split (zsplit). p is exact for up to 50 differences without zeros, else normal. NaN is larger "
          "than\n"
          "all other values.\n"
          "Variant: as Optuna's WilcoxonPruner with SciPy 1.10.",
      .reference =
          "Wilcoxon 1945, Individual comparisons by ranking methods; Akiba et al. 2019, Optuna, arXiv "
          "1907.10902"};

  static constexpr tuner::Param params[] = {
      tuner::real("p", 0.1, "the probability below which a trial is stopped").above(0).at_most(1),
      tuner::integer("startup", 2, "common steps before a trial is stopped").at_least(1).at_most(1e9)};

  explicit Wilcoxon(const tuner::SearchSetup& setup)
      : sign(pruners::sign_of(setup)),
        p(setup.options()[kP]),
        startup(static_cast<std::size_t>(setup.options().integer(kStartup))) {}

  void observe(const tuner::Observation& observation) {
    trials.end(observation, [&](Trial& trial) {
      if (observation.outcome() != TUNER_OUTCOME_COMPLETED || observation.values().empty()) return;
      const double loss = sign * observation.values()[0];
      const std::uint64_t proposal = observation.configuration().proposal();
      if (!std::isfinite(loss)) return;
      // Of equal ones the first, in whatever order they end.
      if (!best.empty() && std::pair(loss, proposal) > std::pair(best_loss, best_proposal)) return;
      best_loss = loss;
      best_proposal = proposal;
      best_mean = mean(trial);
      best.clear();
      best.insert(trial.begin(), trial.end());
    });
  }

  tuner::Decision decide(const tuner::Report& report) {
    Trial& trial = trials.of(report);
    trial.emplace_back(report.step(), std::isnan(report.value()) ? tuner::kInfinity : sign * report.value());
    std::vector<double> differences;
    for (const auto& [step, loss] : trial) {
      const auto at = best.find(step);
      // infinity - infinity is NaN
      if (at != best.end()) differences.push_back(loss == at->second ? 0 : loss - at->second);
    }
    if (differences.empty() || differences.size() < startup) return pruners::see_next(report);
    const double by_chance = test.greater(differences);
    if (by_chance >= p || best_mean > mean(trial)) return pruners::see_next(report);
    return pruners::stop(report, "its values at %zu steps are worse than those of the best trial: p = %.3g",
                         differences.size(), by_chance);
  }

 private:
  using Trial = std::vector<std::pair<std::int64_t, double>>;  // step and loss

  static double mean(const Trial& trial) {
    double sum = 0;
    for (const auto& [step, loss] : trial) sum += loss;
    return sum / static_cast<double>(trial.size());
  }

  double sign, p;
  std::size_t startup;
  std::unordered_map<std::int64_t, double> best;  // losses of the best trial, by step
  double best_loss = 0, best_mean = 0;
  std::uint64_t best_proposal = 0;
  pruners::SignedRank test;
  pruners::OpenTrials<Trial> trials;
};

}  // namespace

TUNER_LIBRARY("wilcoxon", "1.0.0", "MIT", tuner::pruner<Wilcoxon>)
