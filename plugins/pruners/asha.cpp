#include <algorithm>
#include <string>

#include "open_trials.hpp"
#include "promotion.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

using pruners::Halving;
using pruners::Promotion;

constexpr const char* kModeChoices[] = {"promotion", "stopping"};
enum Option : std::size_t { kEta, kMinSteps, kBootstrap, kBrackets, kMode };

struct Asha {
  static constexpr tuner::Info info{
      .id = "asha",
      .name = "ASHA",
      .doc = "asynchronous successive halving: at each rung the best 1/eta of the trials go on, the others wait",
      .details =
          "rungs at the steps min_steps eta^k below the end of a trial, k = 0, 1, ...\n"
          "A trial that reaches a rung leaves its value there. It is not judged between rungs, nor at its end. A "
          "report\n"
          "that has reached several rungs is judged at each of them. NaN stops the trial, and is not kept at the "
          "rung.\n"
          "mode promotion: it goes on where its value is among the best floor(m / eta) of the m values that were left\n"
          "there so far, its own included, and is paused else. Whenever a worker is free the best paused trial of the\n"
          "highest rung where one has come to belong to the best goes on from its checkpoint; where no trial does, a "
          "new\n"
          "trial begins.\n"
          "mode stopping: it goes on where its value is among the best max(1, floor(m / eta)), and is stopped else. "
          "The\n"
          "first trial at a rung always passes, so early trials get further than later ones of the same value; "
          "bootstrap\n"
          "ends that many at each rung instead. As Optuna's SuccessiveHalvingPruner, whose rung values stay in when a\n"
          "trial is stopped later.\n"
          "Ties go on. brackets: bracket b begins with rung b and keeps rungs of its own. A trial's bracket follows "
          "from "
          "its\n"
          "number, with the probabilities of the brackets as their numbers of rungs.\n"
          "Variant: a trial that belongs to the best when it gets to a rung goes on at once, without a pause.",
      .reference =
          "Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning, arXiv 1810.05934, algorithm 2"};

  static constexpr tuner::Param params[] = {
      tuner::integer("eta", 4, "one of eta trials passes a rung").at_least(2).at_most(1e6),
      tuner::integer("min_steps", 0, "step of the first rung; 0: a hundredth of a trial").at_least(0).at_most(1e15),
      tuner::integer("bootstrap", 0, "trials that end at each rung before one may pass").at_least(0).at_most(1e9),
      tuner::integer("brackets", 1, "brackets, each of which begins a rung later than the one before")
          .at_least(1)
          .at_most(60),
      tuner::choice("mode", kModeChoices, "what becomes of a trial that is not among the best")};

  static void check(const tuner::Options& options) {
    if (options.choice(kMode) == 0 && options.integer(kBootstrap) > 0)
      throw tuner::Invalid("bootstrap is for mode stopping; remove it, or give mode: stopping");
  }

  explicit Asha(const tuner::SearchSetup& setup) : promotes(setup.options().choice(kMode) == 0) {
    check(setup.options());
    const double sign = pruners::sign_of(setup);
    const std::int64_t eta = setup.options().integer(kEta);
    const std::int64_t end = setup.most_budget();
    const std::int64_t first = pruners::first_rung(setup, kMinSteps);
    const auto count = static_cast<std::size_t>(setup.options().integer(kBrackets));
    if (count > 1 && end <= 0)
      throw tuner::Invalid("brackets need the number of steps of a trial, which is not known here; give 1");
    const std::size_t rungs = end > 0 ? pruners::rungs_up_to(end - 1, first, eta) : 1;
    if (count > rungs)
      throw tuner::Invalid("bracket " + std::to_string(count) + " would begin at or above the end of a trial, " +
                           std::to_string(end) + " steps; there are " + std::to_string(rungs) +
                           " rungs before it: give so many brackets at most");
    for (std::size_t b = 0; b < count; ++b) {
      const std::int64_t begin = pruners::rung_step(first, eta, b);
      if (promotes)
        promotions.emplace_back(begin, eta, end, sign);
      else
        brackets.emplace_back(begin, eta, setup.options().integer(kBootstrap), end, sign);
      shares.push_back(rungs - b);
    }
  }

  void observe(const tuner::Observation& observation) {
    trials.end(observation);
    if (!promotes) return;
    const std::uint64_t trial = observation.configuration().proposal();
    if (observation.outcome() == TUNER_OUTCOME_PAUSED)
      promotions[bracket_of(trial)].paused(trial);
    else
      promotions[bracket_of(trial)].ended(trial);
  }

  tuner::Decision decide(const tuner::Report& report) {
    const std::size_t b = bracket_of(report.trial());
    return promotes ? promotions[b].judge(report) : brackets[b].judge(trials.of(report), report);
  }

  tuner::Reviewed review(const tuner::Review& review) {
    for (Promotion& bracket : promotions) {
      const tuner::Reviewed reviewed = bracket.review(review);
      if (reviewed.decision.what != TUNER_DECISION_PAUSE) return reviewed;
    }
    return {};
  }

 private:
  [[nodiscard]] std::size_t bracket_of(std::uint64_t trial) const {
    return shares.size() == 1 ? 0 : pruners::bracket_at(pruners::scattered("", trial), shares);
  }

  bool promotes;
  std::vector<Promotion> promotions;
  std::vector<Halving> brackets;
  std::vector<std::uint64_t> shares;
  pruners::OpenTrials<pruners::Place> trials;
};

}  // namespace

TUNER_LIBRARY("asha", "2.0.0", "MIT", tuner::pruner<Asha>)
