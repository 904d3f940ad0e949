#include <algorithm>
#include <string>

#include "open_trials.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

using pruners::Halving;

enum Option : std::size_t { kEta, kMinSteps, kBootstrap, kBrackets };

struct Asha {
  static constexpr tuner::Info info{
      .id = "asha",
      .name = "ASHA",
      .doc = "asynchronous successive halving: at each rung the best 1/eta of the trials go on",
      .details =
          "rungs at the steps min_steps eta^k below the end of a trial, k = 0, 1, ...\n"
          "A trial that reaches a rung leaves its value there. It goes on where that value is among the best\n"
          "max(1, floor(m / eta)) of the m values that were left there so far, its own included; ties go on. It is "
          "not\n"
          "judged between rungs, nor at its end. A report that has reached several rungs is judged at each of them.\n"
          "NaN stops the trial, and is not kept at the rung. The first trial at a rung always passes, so early trials\n"
          "get further than later ones of the same value; bootstrap ends that many at each rung instead.\n"
          "brackets: bracket b begins with rung b and keeps rungs of its own. A trial's bracket follows from its "
          "number,\n"
          "with the probabilities of the brackets as their numbers of rungs.\n"
          "Variant: the stopping form, as Optuna's SuccessiveHalvingPruner, whose rung values stay in when a trial is\n"
          "stopped later. In the paper a trial is paused at a rung and promoted once it belongs to the best.",
      .reference =
          "Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning, arXiv 1810.05934, algorithm 2"};

  static constexpr tuner::Param params[] = {
      tuner::integer("eta", 4, "one of eta trials passes a rung").at_least(2).at_most(1e6),
      tuner::integer("min_steps", 0, "step of the first rung; 0: a hundredth of a trial").at_least(0).at_most(1e15),
      tuner::integer("bootstrap", 0, "trials that end at each rung before one may pass").at_least(0).at_most(1e9),
      tuner::integer("brackets", 1, "brackets, each of which begins a rung later than the one before")
          .at_least(1)
          .at_most(60)};

  explicit Asha(const tuner::SearchSetup& setup) : sign(pruners::sign_of(setup)) {
    const std::int64_t eta = setup.options().integer(kEta);
    const std::int64_t end = setup.most_budget();
    const std::int64_t first = first_rung(setup);
    const auto count = static_cast<std::size_t>(setup.options().integer(kBrackets));
    if (count > 1 && end <= 0)
      throw tuner::Invalid("brackets need the number of steps of a trial, which is not known here; give 1");
    const std::size_t rungs = end > 0 ? pruners::rungs_up_to(end - 1, first, eta) : 1;
    if (count > rungs)
      throw tuner::Invalid("bracket " + std::to_string(count) + " would begin at or above the end of a trial, " +
                           std::to_string(end) + " steps; there are " + std::to_string(rungs) +
                           " rungs before it: give so many brackets at most");
    for (std::size_t b = 0; b < count; ++b) {
      brackets.emplace_back(pruners::rung_step(first, eta, b), eta, setup.options().integer(kBootstrap), end);
      shares.push_back(rungs - b);
    }
  }

  void observe(const tuner::Observation& observation) { trials.end(observation); }

  tuner::Decision decide(const tuner::Report& report) {
    const std::size_t b = shares.size() == 1 ? 0 : pruners::bracket_at(pruners::scattered("", report.trial()), shares);
    return brackets[b].judge(trials.of(report), report, sign * report.value());
  }

 private:
  static std::int64_t first_rung(const tuner::SearchSetup& setup) {
    const std::int64_t given = setup.options().integer(kMinSteps);
    const std::int64_t end = setup.most_budget();
    if (given == 0 && end <= 0)
      throw tuner::Invalid("the number of steps of a trial is not known here; give min_steps, the first rung");
    if (given == 0) return std::max<std::int64_t>(1, end / 100);
    if (end > 0 && given >= end)
      throw tuner::Invalid("min_steps is " + std::to_string(given) + ", and a trial has " + std::to_string(end) +
                           " steps: no trial would be stopped; give less than " + std::to_string(end));
    return given;
  }

  double sign;
  std::vector<Halving> brackets;
  std::vector<std::uint64_t> shares;
  pruners::OpenTrials<pruners::Place> trials;
};

}  // namespace

TUNER_LIBRARY("asha", "1.0.0", "MIT", tuner::pruner<Asha>)
