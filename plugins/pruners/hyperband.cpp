#include <string>

#include "open_trials.hpp"
#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace {

enum Option : std::size_t { kEta, kMinSteps, kMaxSteps, kBootstrap };

struct Hyperband {
  static constexpr tuner::Info info{
      .id = "hyperband",
      .name = "Hyperband",
      .doc = "successive halving in several brackets, some of which give trials a longer start",
      .details =
          "brackets b = 0 ... n - 1, n = floor(log_eta(max_steps / min_steps)) + 1 counted in integers\n"
          "Bracket b is successive halving with rungs at min_steps eta^(b + k) below the end of a trial: the value at "
          "a\n"
          "rung must be among the best max(1, floor(m / eta)) of the m values left there so far, its own included; "
          "ties\n"
          "go on. Trials are compared with those of their own bracket alone.\n"
          "A trial's bracket follows from its number: crc32(\"_NUMBER\") modulo the sum of the shares\n"
          "ceil(n eta^k / (k + 1)), k = n - 1 - b. Of 1 to 81 steps with eta 3, of 143 trials 81 are in bracket 0, "
          "then\n"
          "34, 15, 8 and 5. In the last bracket trials may have no rung: they come to their end.\n"
          "NaN stops the trial, and is not kept at the rung.\n"
          "Variant: as Optuna's HyperbandPruner, asynchronous, whose text before the number is the study's name; "
          "there\n"
          "a bracket is lost where the logarithm comes out too small: 1 to 243 steps have 6 here.",
      .reference = "Li et al. 2018, Hyperband, JMLR 18, algorithm 1; Akiba et al. 2019, Optuna, arXiv 1907.10902"};

  static constexpr tuner::Param params[] = {
      tuner::integer("eta", 3, "one of eta trials passes a rung").at_least(2).at_most(1e6),
      tuner::integer("min_steps", 1, "step of the first rung of bracket 0").at_least(1).at_most(1e15),
      tuner::integer("max_steps", 0, "most steps of a trial, which the brackets divide; 0: those of the study")
          .at_least(0)
          .at_most(1e15),
      tuner::integer("bootstrap", 0, "trials that end at each rung before one may pass").at_least(0).at_most(1e9)};

  explicit Hyperband(const tuner::SearchSetup& setup) : sign(pruners::sign_of(setup)) {
    const std::int64_t eta = setup.options().integer(kEta);
    const std::int64_t first = setup.options().integer(kMinSteps);
    const std::int64_t most = most_steps(setup);
    const std::int64_t end = setup.most_budget() > 0 ? setup.most_budget() : most;
    if (first >= most)
      throw tuner::Invalid("min_steps is " + std::to_string(first) + ", and a trial has " + std::to_string(most) +
                           " steps: no trial would be stopped; give less than " + std::to_string(most));
    const std::size_t count = pruners::rungs_up_to(most, first, eta);
    shares = pruners::hyperband_shares(count, eta);
    for (std::size_t b = 0; b < count; ++b)
      brackets.emplace_back(pruners::rung_step(first, eta, b), eta, setup.options().integer(kBootstrap), end);
  }

  void observe(const tuner::Observation& observation) { trials.end(observation); }

  tuner::Decision decide(const tuner::Report& report) {
    const std::size_t b = pruners::bracket_at(pruners::scattered("", report.trial()), shares);
    return brackets[b].judge(trials.of(report), report, sign * report.value());
  }

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

  double sign;
  std::vector<std::uint64_t> shares;
  std::vector<pruners::Halving> brackets;
  pruners::OpenTrials<pruners::Place> trials;
};

}  // namespace

TUNER_LIBRARY("hyperband", "1.0.0", "MIT", tuner::pruner<Hyperband>)
