#include <memory>
#include <string>
#include <variant>

#include "cohorts.hpp"
#include "open_trials.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

using pruners::Cohorts;
using pruners::Halving;

constexpr const char* kModeChoices[] = {"cohorts", "asynchronous"};
enum Option : std::size_t { kMode, kEta, kMinSteps, kCohort, kBootstrap };

struct SuccessiveHalving {
  static constexpr tuner::Info info{
      .id = "successive_halving",
      .name = "Successive halving",
      .doc = "of a cohort of trials the best 1/eta go on at each rung, when all of them are there",
      .details =
          "rungs at the steps min_steps eta^k below the end of a trial, k = 0, 1, ...\n"
          "mode cohorts: trials 0 to cohort - 1 are the first cohort, and so on. A trial pauses at a rung until all "
          "of\n"
          "its cohort that got so far are there; then the best max(1, floor(n / eta)) of these n go on from their\n"
          "checkpoints, of equal ones those of lower numbers, and the others are pruned. One that failed or diverged\n"
          "counts as the worst. The study is the same on any number of workers. The last cohort, where it is not "
          "full,\n"
          "is judged once nothing else runs. NaN stops the trial.\n"
          "mode asynchronous: as Optuna's SuccessiveHalvingPruner. Nothing waits: a trial is stopped at a rung unless "
          "its\n"
          "value is among the best max(1, floor(m / eta)) of the m values left there so far, its own included; ties "
          "go\n"
          "on. The first trial at a rung always passes; bootstrap ends that many at each rung instead.\n"
          "Variant: the paper halves one set of arms; here cohort follows cohort, and trials of the next begin while "
          "one\n"
          "waits.",
      .reference =
          "Jamieson and Talwalkar 2016, Non-stochastic Best Arm Identification and Hyperparameter Optimization, "
          "AISTATS"};

  static constexpr tuner::Param params[] = {
      tuner::choice("mode", kModeChoices, "do trials wait for each other at a rung"),
      tuner::integer("eta", 4, "one of eta trials passes a rung").at_least(2).at_most(1e6),
      tuner::integer("min_steps", 0, "step of the first rung; 0: a hundredth of a trial").at_least(0).at_most(1e15),
      tuner::integer("cohort", 0, "trials of a cohort; 0: so many that one of them passes the last rung")
          .at_least(0)
          .at_most(1e9),
      tuner::integer("bootstrap", 0, "asynchronous: trials that end at each rung before one may pass")
          .at_least(0)
          .at_most(1e9)};

  static void check(const tuner::Options& options) {
    const bool waits = options.choice(kMode) == 0;
    if (waits && options.integer(kBootstrap) > 0)
      throw tuner::Invalid("bootstrap is for mode asynchronous; remove it, or give mode: asynchronous");
    if (!waits && options.integer(kCohort) > 0)
      throw tuner::Invalid("cohort is for mode cohorts; remove it, or give mode: cohorts");
  }

  explicit SuccessiveHalving(const tuner::SearchSetup& setup) : how(made(setup)) {}

  void observe(const tuner::Observation& observation) {
    trials.end(observation);
    if (auto* cohorts = std::get_if<Cohorts>(&how)) cohorts->observe(observation);
  }

  tuner::Decision decide(const tuner::Report& report) {
    if (auto* cohorts = std::get_if<Cohorts>(&how)) return cohorts->judge(report);
    return std::get<Halving>(how).judge(trials.of(report), report);
  }

  tuner::Reviewed review(const tuner::Review& review) {
    auto* cohorts = std::get_if<Cohorts>(&how);
    return cohorts != nullptr ? cohorts->review(review) : tuner::Reviewed();
  }

 private:
  using How = std::variant<Cohorts, Halving>;
  static How made(const tuner::SearchSetup& setup) {
    check(setup.options());
    const std::int64_t eta = setup.options().integer(kEta);
    const std::int64_t end = setup.most_budget();
    const std::int64_t first = pruners::first_rung(setup, kMinSteps);
    const double sign = pruners::sign_of(setup);
    if (setup.options().choice(kMode) == 1) return Halving(first, eta, setup.options().integer(kBootstrap), end, sign);
    if (end <= 0)
      throw tuner::Invalid(
          "cohorts need the number of steps of a trial, which is not known here; give mode: asynchronous");
    std::int64_t size = setup.options().integer(kCohort);
    if (size == 0) size = pruners::rung_step(1, eta, pruners::rungs_up_to(end - 1, first, eta));
    return Cohorts({{.first = first, .size = static_cast<std::uint64_t>(size)}}, eta, end, sign);
  }

  How how;
  pruners::OpenTrials<pruners::Place> trials;
};

}  // namespace

TUNER_LIBRARY("successive_halving", "1.0.0", "MIT", tuner::pruner<SuccessiveHalving>)
