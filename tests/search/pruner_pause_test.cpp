// Pruners that pause trials and continue them: cases computed by hand, and studies whose trials end in any order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "loaded_pruner.hpp"

namespace search_tests {
namespace {

using Reviewed = std::pair<std::uint64_t, Answer>;
const double kNan = std::nan("");

// The trial reports at the first rung, which is step 1, and has paused there.
void pause(LoadedPruner& pruner, std::uint64_t trial, double value, std::int64_t step = 1) {
  EXPECT_EQ(pruner.decide(trial, step, value), kPaused) << trial;
  pruner.observe(trial, value, TUNER_OUTCOME_PAUSED);
}
bool has_none(LoadedPruner& pruner) { return pruner.review().second == kPaused; }

// Rungs at 1, 3, 9 and 27; of m trials floor(m / 3) go on.
const PrunerSetup kPromotion{.options = {{"eta", 3}, {"min_steps", 1}}, .budget = 30};

TEST(Promotion, ContinuesATrialOnceItBelongsToTheBest) {
  LoadedPruner pruner("asha", kPromotion);
  pause(pruner, 0, 5);
  pause(pruner, 1, 4);
  EXPECT_TRUE(has_none(pruner));
  EXPECT_EQ(pruner.decide(2, 1, 3), until(3)) << "the best one of three, at once";
  EXPECT_EQ(pruner.decide(3, 1, 2), until(3));
  pause(pruner, 4, 2.5);
  EXPECT_EQ(pruner.said(), "rank 2 of 5 with 2.5 at the rung at step 1; the best 1 go on, the last of them with 2");
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 5, 9);
  EXPECT_EQ(pruner.review(), Reviewed(4, until(3))) << "one of the best two of six";
  EXPECT_EQ(pruner.said(), "rank 2 of 6 with 2.5 at the rung at step 1; the best 2 go on, the last of them with 2.5");
  EXPECT_TRUE(has_none(pruner)) << "3 has gone on already";
  pause(pruner, 6, 6);
  pause(pruner, 7, 7);
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 8, 8);
  EXPECT_TRUE(has_none(pruner)) << "the best three of nine are 2, 2.5 and 3, which have all gone on";
  for (std::uint64_t trial = 9; trial < 12; ++trial) pause(pruner, trial, 10);
  EXPECT_EQ(pruner.review(), Reviewed(1, until(3)));
}

TEST(Promotion, GoesOnFromAReportThatWasBeyondSeveralRungs) {
  LoadedPruner pruner("asha", kPromotion);
  pause(pruner, 0, 5, 10);  // beyond the rungs at 1, 3 and 9, and not among the best at the first
  pause(pruner, 1, 6, 10);
  pause(pruner, 2, 7, 10);
  EXPECT_EQ(pruner.review(), Reviewed(0, until(11))) << "the best of three";
  // Its report at 11 counts at 3, where it is alone.
  pause(pruner, 0, 4, 11);
  EXPECT_EQ(pruner.said(), "rank 1 of 1 with 4 at the rung at step 3; the best 0 go on");
  EXPECT_TRUE(has_none(pruner));
}

TEST(Promotion, TakesTheHighestRungFirst) {
  LoadedPruner pruner("asha", kPromotion);
  // Three reach the rung at 3, where 0.5 waits until there are three.
  for (std::uint64_t trial = 0; trial < 9; ++trial) {
    const double value = trial == 0 ? 1 : 1 + static_cast<double>(trial);
    if (pruner.decide(trial, 1, value) == kPaused) pruner.observe(trial, value, TUNER_OUTCOME_PAUSED);
  }
  EXPECT_EQ(pruner.review(), Reviewed(0, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(1, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(2, until(3)));
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 0, 0.5, 3);
  pause(pruner, 1, 0.8, 3);
  pause(pruner, 2, 0.9, 3);
  for (std::uint64_t trial = 9; trial < 12; ++trial) pause(pruner, trial, 100);
  EXPECT_EQ(pruner.review(), Reviewed(0, until(9))) << "of the rung at 3, before 3 of the rung at 1";
  EXPECT_EQ(pruner.review(), Reviewed(3, until(3)));
  EXPECT_TRUE(has_none(pruner));
}

TEST(Promotion, ReviewsWhatHasPausedAlone) {
  LoadedPruner pruner("asha", kPromotion);
  EXPECT_EQ(pruner.decide(0, 1, 1), kPaused);
  pause(pruner, 1, 2);
  pause(pruner, 2, 3);
  EXPECT_TRUE(has_none(pruner)) << "trial 0 is on its way";
  pruner.observe(0, 1, TUNER_OUTCOME_PAUSED);
  EXPECT_EQ(pruner.review(), Reviewed(0, until(3)));
}

TEST(Promotion, ForgetsATrialThatEnded) {
  LoadedPruner pruner("asha", kPromotion);
  pause(pruner, 0, 1);
  pause(pruner, 1, 2);
  pruner.observe(0, 1);
  pause(pruner, 2, 3);
  EXPECT_TRUE(has_none(pruner)) << "its value stays at the rung, so 2 is not the best of three";
}

TEST(Promotion, StopsNanAndHasNoLastRung) {
  LoadedPruner pruner("asha", {.options = {{"eta", 2}, {"min_steps", 1}}, .budget = 3});
  EXPECT_EQ(pruner.decide(0, 1, kNan), kStopped);
  pause(pruner, 1, 1);
  EXPECT_EQ(pruner.decide(2, 1, 0.5), until(2));
  pause(pruner, 2, 0.5, 2);
  EXPECT_EQ(pruner.decide(3, 1, 0.6), kPaused) << "the second of three";
  EXPECT_EQ(pruner.decide(4, 1, 0.1), until(2));
  EXPECT_EQ(pruner.decide(4, 2, 0.1), kFree) << "the next rung, 4, is above the end";
  EXPECT_EQ(pruner.decide(5, 3, 0.7), kFree) << "the end is not judged";
}

TEST(Promotion, HasNoBootstrap) {
  LoadedPruner pruner("asha", {.options = {{"min_steps", 1}, {"bootstrap", 2}}});
  EXPECT_EQ(pruner.status(), TUNER_INVALID);
  EXPECT_EQ(pruner.error(), "bootstrap is for mode stopping; remove it, or give mode: stopping");
}

// Rungs at 1 and 3 of 9 steps; cohorts of 9, of which 3 and then 1 go on.
const PrunerSetup kCohorts{.options = {{"eta", 3}, {"min_steps", 1}, {"cohort", 9}}, .budget = 9};

TEST(Cohorts, WaitForTheLastOfThem) {
  LoadedPruner pruner("successive_halving", kCohorts);
  const double values[] = {5, 3, 8, 3, 9, 3, 7, 3, 6};
  for (std::uint64_t trial = 0; trial < 8; ++trial) pause(pruner, trial, values[trial]);
  EXPECT_TRUE(has_none(pruner));
  EXPECT_EQ(pruner.decide(8, 1, 6), kPaused) << "the last one pauses too";
  EXPECT_EQ(pruner.review(), Reviewed(1, until(3))) << "of four equal ones the first three";
  EXPECT_EQ(pruner.review(), Reviewed(3, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(5, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(7, kStopped));
  EXPECT_EQ(pruner.said(), "rank 1 of 9 with 3 at the rung at step 1; the best 3 go on, the last of them with 3");
  EXPECT_EQ(pruner.review(), Reviewed(0, kStopped));
  EXPECT_EQ(pruner.review(), Reviewed(6, kStopped));
  EXPECT_EQ(pruner.review(), Reviewed(2, kStopped));
  EXPECT_EQ(pruner.review(), Reviewed(4, kStopped));
  EXPECT_TRUE(has_none(pruner)) << "8 is on its way";
  pruner.observe(8, 6, TUNER_OUTCOME_PAUSED);
  EXPECT_EQ(pruner.review(), Reviewed(8, kStopped));
  pause(pruner, 1, 2, 3);
  pause(pruner, 3, 1, 3);
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 5, 4, 3);
  EXPECT_EQ(pruner.review(), Reviewed(3, kFree)) << "to its end";
}

TEST(Cohorts, CountATrialThatFailedAsTheWorst) {
  LoadedPruner pruner("successive_halving", kCohorts);
  for (std::uint64_t trial = 0; trial < 7; ++trial) pause(pruner, trial, static_cast<double>(trial));
  pruner.observe(7, kNan, TUNER_OUTCOME_FAILED);
  EXPECT_EQ(pruner.decide(8, 1, kNan), kStopped);
  EXPECT_TRUE(has_none(pruner)) << "it has not ended yet";
  pruner.observe(8, kNan, TUNER_OUTCOME_PRUNED);
  for (std::uint64_t trial = 0; trial < 3; ++trial) EXPECT_EQ(pruner.review(), Reviewed(trial, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(3, kStopped));
}

TEST(Cohorts, KeepTheirRankWhereATrialEndsByItself) {
  LoadedPruner pruner("successive_halving", kCohorts);
  for (std::uint64_t trial = 0; trial < 8; ++trial) pause(pruner, trial, static_cast<double>(10 + trial));
  pruner.observe(8, 1);  // converged before the rung
  EXPECT_EQ(pruner.review(), Reviewed(0, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(1, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(2, kStopped)) << "8 is one of the best three";
  pause(pruner, 0, 5, 3);
  pause(pruner, 1, 6, 3);
  for (int stopped = 0; stopped < 5; ++stopped) EXPECT_EQ(pruner.review().second, kStopped);
  EXPECT_EQ(pruner.review(), Reviewed(0, kFree));
}

TEST(Cohorts, JudgeTheNextRungByAReportThatHasReachedIt) {
  LoadedPruner pruner("successive_halving", kCohorts);
  for (std::uint64_t trial = 0; trial < 9; ++trial) pause(pruner, trial, static_cast<double>(trial), 4);
  EXPECT_EQ(pruner.review(false).second, kStopped);
  std::map<std::uint64_t, Answer> answers;
  for (Reviewed reviewed = pruner.review(); reviewed.second != kPaused; reviewed = pruner.review())
    answers.insert(reviewed);
  EXPECT_EQ(answers.at(0), kFree);
  EXPECT_EQ(std::ranges::count(answers, kStopped, [](const auto& entry) { return entry.second; }), 7);
}

TEST(Cohorts, AreJudgedAsTheyAreAtTheEnd) {
  LoadedPruner pruner("successive_halving", kCohorts);
  for (std::uint64_t trial = 0; trial < 6; ++trial) pause(pruner, trial, static_cast<double>(trial));
  EXPECT_TRUE(has_none(pruner));
  EXPECT_EQ(pruner.review(true), Reviewed(0, until(3)));
  EXPECT_EQ(pruner.review(), Reviewed(1, until(3)));
  for (int stopped = 0; stopped < 4; ++stopped) EXPECT_EQ(pruner.review().second, kStopped);
  EXPECT_TRUE(has_none(pruner));
  // Trials that are added later are a cohort of their own: 6 to 14.
  for (std::uint64_t trial = 6; trial < 14; ++trial) pause(pruner, trial, 1);
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 14, 1);
  EXPECT_EQ(pruner.review(), Reviewed(6, until(3)));
}

TEST(Cohorts, AreAsLargeAsTheirRungsNeed) {
  // Rungs at 1, 2 and 4 of 8 steps: of eight one passes the last.
  LoadedPruner pruner("successive_halving", {.options = {{"eta", 2}, {"min_steps", 1}}, .budget = 8});
  for (std::uint64_t trial = 0; trial < 7; ++trial) pause(pruner, trial, 1);
  EXPECT_TRUE(has_none(pruner));
  pause(pruner, 7, 1);
  EXPECT_FALSE(has_none(pruner));
}

TEST(Cohorts, RefuseWhatTheyCannotUse) {
  LoadedPruner unknown("successive_halving", {.options = {{"min_steps", 1}}, .budget = 0});
  EXPECT_EQ(unknown.status(), TUNER_INVALID);
  EXPECT_EQ(unknown.error(),
            "cohorts need the number of steps of a trial, which is not known here; give mode: asynchronous");
  LoadedPruner bootstrap("successive_halving", {.options = {{"bootstrap", 1}}});
  EXPECT_EQ(bootstrap.error(), "bootstrap is for mode asynchronous; remove it, or give mode: asynchronous");
  LoadedPruner cohort("successive_halving", {.options = {{"mode", 1}, {"cohort", 4}}});
  EXPECT_EQ(cohort.error(), "cohort is for mode cohorts; remove it, or give mode: cohorts");
  LoadedPruner of_hyperband("hyperband", {.options = {{"bootstrap", 1}}});
  EXPECT_EQ(of_hyperband.error(), "bootstrap is for mode asynchronous; remove it, or give mode: asynchronous");
}

// Of 1 to 9 steps with eta 3 the brackets have 9, 5 and 3 trials, and the first rungs 1, 3 and 9, which is the end.
TEST(Cohorts, AreHyperbandsBracketsInTurn) {
  LoadedPruner pruner("hyperband", {.options = {{"min_steps", 1}}, .budget = 9});
  for (const std::uint64_t turn : {0, 17}) {
    for (std::uint64_t trial = turn; trial < turn + 9; ++trial)
      EXPECT_EQ(pruner.decide(trial, 1, static_cast<double>(trial)), kPaused);
    for (std::uint64_t trial = turn + 9; trial < turn + 14; ++trial) EXPECT_EQ(pruner.decide(trial, 1, 0), until(3));
    for (std::uint64_t trial = turn + 14; trial < turn + 17; ++trial) EXPECT_EQ(pruner.decide(trial, 1, 0), kFree);
  }
}

// What becomes of the trials of a study whose workers take turns at random.
struct Fate {
  std::uint32_t outcome = TUNER_OUTCOME_COMPLETED;
  std::int64_t steps = 0;
  bool operator==(const Fate&) const = default;
};
class Simulation {
 public:
  static constexpr std::int64_t kSteps = 27;
  Simulation(LoadedPruner& pruner, std::uint64_t trials, std::size_t workers, unsigned seed)
      : pruner_(pruner), trials_(trials), workers_(workers), random_(seed) {}

  std::map<std::uint64_t, Fate> run() {
    while (begin()) {
      Running& trial = running_[random_() % running_.size()];
      ++trial.step;
      step(trial);
    }
    return fates_;
  }
  [[nodiscard]] std::size_t paused() const { return paused_.size(); }

 private:
  struct Running {
    std::uint64_t trial = 0;
    std::int64_t step = 0, due = 1;
  };
  // Fills the workers. False: nothing is left to do.
  bool begin() {
    while (running_.size() < workers_) {
      const bool at_end = next_ == trials_ && running_.empty();
      auto [trial, answer] = pruner_.review();
      if (answer == kPaused && at_end) std::tie(trial, answer) = pruner_.review(true);
      if (answer != kPaused) {
        auto paused = paused_.extract(trial);
        EXPECT_FALSE(paused.empty()) << trial;
        if (answer == kStopped)
          end(paused.mapped(), TUNER_OUTCOME_PRUNED);
        else
          running_.push_back({trial, paused.mapped().step, answer.next_step});
      } else if (next_ < trials_) {
        running_.push_back({next_++});
      } else {
        break;
      }
    }
    return !running_.empty();
  }
  void step(Running trial) {
    const double value = static_cast<double>((trial.trial * 7919) % 101) + 50.0 / static_cast<double>(trial.step);
    std::erase_if(running_, [&](const Running& other) { return other.trial == trial.trial; });
    if (trial.trial % 11 == 5 && trial.step == 2) return end(trial, TUNER_OUTCOME_FAILED);
    if (trial.due > 0 && trial.step >= trial.due && trial.step < kSteps) {
      const Answer answer = pruner_.decide(trial.trial, trial.step, value);
      trial.due = answer.next_step;
      if (answer == kStopped) return end(trial, TUNER_OUTCOME_PRUNED);
      if (answer == kPaused) {
        pruner_.observe(trial.trial, value, TUNER_OUTCOME_PAUSED);
        paused_.emplace(trial.trial, trial);
        return;
      }
    }
    if (trial.step == kSteps) return end(trial, TUNER_OUTCOME_COMPLETED);
    running_.push_back(trial);
  }
  void end(const Running& trial, std::uint32_t outcome) {
    EXPECT_TRUE(fates_.emplace(trial.trial, Fate{outcome, trial.step}).second) << "once";
    pruner_.observe(trial.trial, outcome == TUNER_OUTCOME_FAILED ? kNan : 1, outcome);
  }

  LoadedPruner& pruner_;
  std::uint64_t trials_, next_ = 0;
  std::size_t workers_;
  std::mt19937 random_;
  std::vector<Running> running_;
  std::map<std::uint64_t, Running> paused_;
  std::map<std::uint64_t, Fate> fates_;
};

TEST(Cohorts, AreTheSameOnAnyNumberOfWorkers) {
  for (const char* id : {"successive_halving", "hyperband"}) {
    std::map<std::uint64_t, Fate> expected;
    for (const std::size_t workers : {1, 2, 7, 40})
      for (unsigned seed = 0; seed < 5; ++seed) {
        LoadedPruner pruner(id, {.options = {{"eta", 3}, {"min_steps", 1}}, .budget = Simulation::kSteps});
        Simulation study(pruner, 100, workers, seed);
        const std::map<std::uint64_t, Fate> fates = study.run();
        EXPECT_EQ(study.paused(), 0U);
        ASSERT_EQ(fates.size(), 100U);
        if (expected.empty()) expected = fates;
        EXPECT_EQ(fates, expected) << id << " with " << workers << " workers, seed " << seed;
      }
    std::int64_t steps = 0;
    for (const auto& [trial, fate] : expected) steps += fate.steps;
    EXPECT_LT(steps, 100 * Simulation::kSteps / 3);
  }
}

// Every trial has ended or waits, and about one in three has passed each rung, on any number of workers.
TEST(Promotion, LetsAShareOfTheTrialsPassEachRung) {
  for (const std::size_t workers : {1, 8}) {
    LoadedPruner pruner("asha", {.options = {{"eta", 3}, {"min_steps", 1}}, .budget = Simulation::kSteps});
    Simulation study(pruner, 270, workers, 3);
    const std::map<std::uint64_t, Fate> fates = study.run();
    EXPECT_EQ(fates.size() + study.paused(), 270U);
    const auto completed = std::ranges::count(fates, std::uint32_t{TUNER_OUTCOME_COMPLETED},
                                              [](const auto& entry) { return entry.second.outcome; });
    EXPECT_GE(completed, 8);
    EXPECT_LE(completed, 14) << "of 270 with three rungs 10 pass the last";
  }
}

}  // namespace
}  // namespace search_tests
