#include <optional>
#include <string>
#include <utility>

#include "cohorts.hpp"
#include "open_trials.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

constexpr const char* kModeChoices[] = {"cohorts", "asynchronous"};
enum Option : std::size_t { kEta, kMinSteps, kMaxSteps, kBootstrap, kMode };

using pruners::Cohorts;

struct Hyperband {
  static constexpr tuner::Info info{
      .id = "hyperband",
      .name = "Hyperband",
      .doc = "successive halving in several brackets, some of which give trials a longer start",
      .details =
          "brackets b = 0 ... n - 1, n = floor(log_eta(max_steps / min_steps)) + 1 counted in integers\n"
          "Bracket b is successive halving with rungs at min_steps eta^(b + k) below the end of a trial. Of every turn "
          "it\n"
          "has ceil(n eta^s / (s + 1)) trials, s = n - 1 - b: of 1 to 81 steps with eta 3 81, 34, 15, 8 and 5. In the\n"
          "last bracket trials may have no rung: they come to their end.\n"
          "mode cohorts: the trials take the brackets in turn by their numbers, 0 to 80 being bracket 0 in this "
          "example,\n"
          "81 to 114 bracket 1, and 143 beginning bracket 0 again. A trial pauses at a rung until all of its bracket\n"
          "that got so far are there; then the best max(1, floor(n / eta)) of these n go on from their checkpoints, "
          "of\n"
          "equal ones those of lower numbers, and the others are pruned. The study is the same on any number of "
          "workers.\n"
          "A bracket that is not full at the end of the study is judged once nothing else runs.\n"
          "mode asynchronous: nothing waits. A trial is stopped at a rung unless its value is among the best\n"
          "max(1, floor(m / eta)) of the m values left there so far, its own included; ties go on. As Optuna's\n"
          "HyperbandPruner: a trial's bracket follows from crc32(\"_NUMBER\") modulo the sum of the shares, where "
          "Optuna "
          "has\n"
          "the study's name before the number, and loses a bracket where its logarithm comes out too small: 1 to 243\n"
          "steps have 6 here.\n"
          "NaN stops the trial.\n"
          "Variant: the paper draws new configurations for each bracket once the one before is done; here the next "
          "trials\n"
          "begin while a bracket waits.",
      .reference = "Li et al. 2018, Hyperband, JMLR 18, algorithm 1; Akiba et al. 2019, Optuna, arXiv 1907.10902"};

  static constexpr tuner::Param params[] = {
      tuner::integer("eta", 3, "one of eta trials passes a rung").at_least(2).at_most(1e6),
      tuner::integer("min_steps", 1, "step of the first rung of bracket 0").at_least(1).at_most(1e15),
      tuner::integer("max_steps", 0, "most steps of a trial, which the brackets divide; 0: those of the study")
          .at_least(0)
          .at_most(1e15),
      tuner::integer("bootstrap", 0, "asynchronous: trials that end at each rung before one may pass")
          .at_least(0)
          .at_most(1e9),
      tuner::choice("mode", kModeChoices, "do trials wait for each other at a rung")};

  static void check(const tuner::Options& options) {
    if (options.choice(kMode) == 0 && options.integer(kBootstrap) > 0)
      throw tuner::Invalid("bootstrap is for mode asynchronous; remove it, or give mode: asynchronous");
  }

  explicit Hyperband(const tuner::SearchSetup& setup) {
    check(setup.options());
    const double sign = pruners::sign_of(setup);
    const std::int64_t eta = setup.options().integer(kEta);
    const std::int64_t first = setup.options().integer(kMinSteps);
    const std::int64_t most = most_steps(setup);
    const std::int64_t end = setup.most_budget() > 0 ? setup.most_budget() : most;
    if (first >= most)
      throw tuner::Invalid("min_steps is " + std::to_string(first) + ", and a trial has " + std::to_string(most) +
                           " steps: no trial would be stopped; give less than " + std::to_string(most));
    const std::size_t count = pruners::rungs_up_to(most, first, eta);
    shares = pruners::hyperband_shares(count, eta);
    std::vector<Cohorts::Bracket> starts;
    for (std::size_t b = 0; b < count; ++b) {
      starts.push_back({.first = pruners::rung_step(first, eta, b), .size = shares[b]});
      brackets.emplace_back(starts.back().first, eta, setup.options().integer(kBootstrap), end, sign);
    }
    if (setup.options().choice(kMode) == 0) cohorts.emplace(std::move(starts), eta, end, sign);
  }

  void observe(const tuner::Observation& observation) {
    trials.end(observation);
    if (cohorts) cohorts->observe(observation);
  }

  tuner::Decision decide(const tuner::Report& report) {
    if (cohorts) return cohorts->judge(report);
    const std::size_t b = pruners::bracket_at(pruners::scattered("", report.trial()), shares);
    return brackets[b].judge(trials.of(report), report);
  }

  tuner::Reviewed review(const tuner::Review& review) { return cohorts ? cohorts->review(review) : tuner::Reviewed(); }

 private:
  static std::int64_t most_steps(const tuner::SearchSetup& setup) {
    const std::int64_t given = setup.options().integer(kMaxSteps);
    const std::int64_t end = setup.most_budget();
    if (given == 0 && end <= 0)
      throw tuner::Invalid(
          "the number of steps of a trial is not known here; give max_steps, the most steps of a trial");
    if (end > 0 && given > end)
      throw tuner::Invalid("max_steps is " + std::to_string(given) + ", and a trial has " + std::to_string(end) +
                           " steps; give at most so many, or leave it out");
    return given > 0 ? given : end;
  }

  std::optional<Cohorts> cohorts;
  std::vector<std::uint64_t> shares;
  std::vector<pruners::Halving> brackets;
  pruners::OpenTrials<pruners::Place> trials;
};

}  // namespace

TUNER_LIBRARY("hyperband", "2.0.0", "MIT", tuner::pruner<Hyperband>)
