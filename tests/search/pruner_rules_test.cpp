// Each pruner against cases that were computed by hand or recorded from a public implementation.
#include <gtest/gtest.h>

#include <cmath>

#include "golden.hpp"
#include "loaded_pruner.hpp"

namespace search_tests {
namespace {

const double kNan = std::nan("");
const double kInf = std::numeric_limits<double>::infinity();

TEST(Pruning, SaysWhyATrialIsStopped) {
  LoadedPruner threshold("threshold", {.options = {{"upper", 2}, {"lower", 0}}});
  threshold.decide(0, 1, 3);
  EXPECT_EQ(threshold.said(), "its value 3 is not between 0 and 2");
  LoadedPruner asha("asha", {.options = {{"mode", 1}, {"min_steps", 1}}});
  for (std::uint64_t trial = 0; trial < 8; ++trial) asha.decide(trial, 1, static_cast<double>(trial));
  EXPECT_EQ(asha.said(), "rank 8 of 8 with 7 at the rung at step 1; the best 2 go on, the last of them with 1");
  LoadedPruner median("median", {.options = {{"startup", 1}}, .direction = TUNER_MAXIMIZE});
  median.run(0, {5, 5});
  median.decide(1, 1, 4);
  EXPECT_EQ(median.said(), "its best value 4 is worse than 5, the percentile 50 of 1 completed trials at this step");
  LoadedPruner wandb("wandb_hyperband", {.options = {{"min_iter", 1}}});
  wandb.decide(0, 1, 1);
  wandb.decide(1, 1, 2);
  EXPECT_EQ(wandb.said(), "its value 2 is worse than 1, the threshold of 2 runs at iteration 1");
  LoadedPruner wilcoxon("wilcoxon");
  wilcoxon.run(0, {1, 1, 1, 1});
  wilcoxon.run(1, {2, 2, 2, 2});
  EXPECT_EQ(wilcoxon.said(), "its values at 4 steps are worse than those of the best trial: p = 0.0625");
}

// Five completed trials with these values at step 1 and, all of them, 0 at step 2.
void complete(LoadedPruner& pruner, const std::vector<double>& values) {
  for (std::uint64_t trial = 0; trial < values.size(); ++trial) EXPECT_TRUE(pruner.run(trial, {values[trial], 0}));
}

TEST(Median, StopsWhatIsStrictlyWorseThanTheMedian) {
  LoadedPruner pruner("median");
  complete(pruner, {5, 1, 4, 2, 3});
  EXPECT_EQ(pruner.decide(5, 1, 3), until(2));
  EXPECT_EQ(pruner.decide(6, 1, std::nextafter(3, 4)), kStopped);
  EXPECT_EQ(pruner.decide(7, 1, 2), until(2));
}

TEST(Median, OfAnEvenNumberIsInTheMiddle) {
  LoadedPruner pruner("median");
  complete(pruner, {6, 2, 4, 3, 5, 1});
  EXPECT_EQ(pruner.decide(6, 1, 3.5), until(2));
  EXPECT_EQ(pruner.decide(7, 1, 3.6), kStopped);
}

TEST(Median, MaximizesByTheSign) {
  LoadedPruner pruner("median", {.direction = TUNER_MAXIMIZE});
  complete(pruner, {5, 1, 4, 2, 3});
  EXPECT_EQ(pruner.decide(5, 1, 3), until(2));
  EXPECT_EQ(pruner.decide(6, 1, 2.9), kStopped);
}

TEST(Median, ComparesTheBestSoFarWithTheOthersAtThisStep) {
  LoadedPruner pruner("median");
  complete(pruner, {5, 1, 4, 2, 3});
  EXPECT_EQ(pruner.decide(5, 1, -1), until(2));
  EXPECT_EQ(pruner.decide(5, 2, 100), until(3));  // -1 is better than their 0
  EXPECT_EQ(pruner.decide(6, 1, 1), until(2));
  EXPECT_EQ(pruner.decide(6, 2, 0.5), kStopped);
  EXPECT_EQ(pruner.decide(7, 3, 1e9), until(4));  // no trial reported at step 3
}

TEST(Median, WaitsForCompletedTrialsAlone) {
  LoadedPruner pruner("median");
  for (std::uint64_t trial = 0; trial < 4; ++trial) EXPECT_TRUE(pruner.run(trial, {1, 1}));
  pruner.decide(4, 1, 1);
  pruner.observe(4, kNan, TUNER_OUTCOME_FAILED);
  pruner.decide(5, 1, 1);
  pruner.observe(5, 1, TUNER_OUTCOME_PRUNED);
  EXPECT_EQ(pruner.decide(6, 1, 100), until(2));
  pruner.decide(7, 1, 1);
  pruner.decide(7, 3, 1);
  pruner.observe(7, 1, TUNER_OUTCOME_PAUSED);  // not an end
  EXPECT_EQ(pruner.decide(8, 1, 100), until(2));
  pruner.observe(7, 1);
  EXPECT_EQ(pruner.decide(9, 1, 100), kStopped);
  EXPECT_EQ(pruner.decide(10, 3, 2), kStopped);  // the only one there was the paused one
}

TEST(Median, WaitsForReportsAtTheStep) {
  LoadedPruner pruner("median", {.options = {{"min_trials", 6}}});
  complete(pruner, {1, 1, 1, 1, 1});
  EXPECT_EQ(pruner.decide(5, 1, 100), until(2));
  pruner.observe(5, 100);
  EXPECT_EQ(pruner.decide(6, 1, 2), kStopped);
}

TEST(Median, CountsNanAsAReport) {
  LoadedPruner pruner("median", {.options = {{"startup", 2}, {"min_trials", 2}}});
  complete(pruner, {1, kNan});
  EXPECT_EQ(pruner.decide(2, 1, 1.1), kStopped);
}

TEST(Median, IsThatOfCompletedTrialsAlone) {
  LoadedPruner pruner("median", {.options = {{"startup", 1}}});
  for (std::uint64_t trial = 0; trial < 6; ++trial) {
    pruner.decide(trial, 1, 0);
    pruner.observe(trial, 0, static_cast<std::uint32_t>(trial % 5 + TUNER_OUTCOME_PRUNED));
  }
  pruner.run(10, {5});
  EXPECT_EQ(pruner.decide(11, 1, 4), until(2));
}

TEST(Median, TakesNanForNoValue) {
  LoadedPruner pruner("median");
  complete(pruner, {1, kNan, 3, kNan, 5});
  EXPECT_EQ(pruner.decide(5, 1, 3), until(2));
  EXPECT_EQ(pruner.decide(6, 1, 3.1), kStopped);
  EXPECT_EQ(pruner.decide(7, 1, kNan), kStopped);
  LoadedPruner blind("median");
  complete(blind, {kNan, kNan, kNan, kNan, kNan});
  EXPECT_EQ(blind.decide(5, 1, 1e300), until(2));
  EXPECT_EQ(blind.decide(6, 1, kNan), kStopped);
}

TEST(Percentile, InterpolatesLikeNumpy) {
  // numpy.percentile([1, 2, 4, 8, 16], 30) = 2.4
  LoadedPruner pruner("percentile", {.options = {{"percentile", 30}}});
  complete(pruner, {16, 1, 8, 2, 4});
  EXPECT_EQ(pruner.decide(5, 1, 2.4), until(2));
  EXPECT_EQ(pruner.decide(6, 1, 2.4000001), kStopped);
  // numpy.percentile([-16, -8, -4, -2, -1], 70) = -2.4
  LoadedPruner high("percentile", {.options = {{"percentile", 30}}, .direction = TUNER_MAXIMIZE});
  complete(high, {-16, -1, -8, -2, -4});
  EXPECT_EQ(high.decide(5, 1, -2.4), until(2));
  EXPECT_EQ(high.decide(6, 1, -2.4000001), kStopped);
}

TEST(Percentile, HasEnds) {
  LoadedPruner best("percentile", {.options = {{"percentile", 0}}});
  complete(best, {3, 1, 2, 4, 5});
  EXPECT_EQ(best.decide(5, 1, 1), until(2));
  EXPECT_EQ(best.decide(6, 1, 1.1), kStopped);
  LoadedPruner worst("percentile", {.options = {{"percentile", 100}}});
  complete(worst, {3, 1, 2, 4, 5});
  EXPECT_EQ(worst.decide(5, 1, 5), until(2));
  EXPECT_EQ(worst.decide(6, 1, 5.1), kStopped);
}

TEST(Percentile, InterpolatesBesideInfinities) {
  LoadedPruner pruner("percentile", {.options = {{"percentile", 60}}});
  complete(pruner, {1, 2, 3, kInf, kInf});
  EXPECT_EQ(pruner.decide(5, 1, 1e308), until(2));
  LoadedPruner later("percentile", {.options = {{"percentile", 70}}});
  complete(later, {1, 2, 3, kInf, kInf});
  EXPECT_EQ(later.decide(5, 1, 1e308), until(2));
  LoadedPruner least("percentile", {.options = {{"percentile", 20}}});
  complete(least, {-kInf, 2, 3, 4, 5});
  EXPECT_EQ(least.decide(5, 1, -1e308), kStopped);
  LoadedPruner both("percentile", {.options = {{"percentile", 50}, {"startup", 2}}});
  complete(both, {-kInf, kInf});
  EXPECT_EQ(both.decide(5, 1, 1e308), until(2));
  LoadedPruner huge("percentile", {.options = {{"percentile", 50}, {"startup", 2}}});
  complete(huge, {-1.5e308, 1.5e308});
  EXPECT_EQ(huge.decide(5, 1, 0), until(2));
  EXPECT_EQ(huge.decide(6, 1, 1), kStopped);
}

TEST(Threshold, KeepsARange) {
  LoadedPruner pruner("threshold", {.options = {{"lower", -1}, {"upper", 2}}});
  EXPECT_EQ(pruner.decide(0, 1, -1), until(2));
  EXPECT_EQ(pruner.decide(0, 7, 2), until(8));
  EXPECT_EQ(pruner.decide(1, 1, -1.1), kStopped);
  EXPECT_EQ(pruner.decide(2, 1, 2.1), kStopped);
  EXPECT_EQ(pruner.decide(3, 1, kNan), kStopped);
  LoadedPruner open("threshold", {.direction = TUNER_MAXIMIZE});
  EXPECT_EQ(open.decide(0, 1, 1e308), until(2));
  EXPECT_EQ(open.decide(0, 2, -1e308), until(3));
  EXPECT_EQ(open.decide(1, 1, kInf), kStopped);
  EXPECT_EQ(open.decide(2, 1, -kInf), kStopped);
  EXPECT_EQ(open.decide(3, 1, kNan), kStopped);
  LoadedPruner crossed("threshold", {.options = {{"lower", 2}, {"upper", 1}}});
  EXPECT_EQ(crossed.status(), TUNER_INVALID);
  EXPECT_EQ(crossed.error(), "lower is above upper");
}

// The decisions that Optuna's SuccessiveHalvingPruner made at the first rung, in both directions.
TEST(Asha, DecidesAsRecorded) {
  const auto& recorded = golden("golden_pruners.json")["sha_eta3_min"];
  LoadedPruner low("asha", {.options = {{"mode", 1}, {"eta", 3}, {"min_steps", 1}}});
  LoadedPruner high("asha", {.options = {{"mode", 1}, {"eta", 3}, {"min_steps", 1}}, .direction = TUNER_MAXIMIZE});
  for (std::size_t i = 0; i < recorded["values"].size(); ++i) {
    const auto value = recorded["values"][i].get<double>();
    const Answer expected = recorded["promote"][i].get<bool>() ? until(3) : kStopped;
    EXPECT_EQ(low.decide(i, 1, value), expected) << i;
    EXPECT_EQ(high.decide(i, 1, -value), expected) << i;
  }
}

TEST(Asha, AsksAtRungsAlone) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 3}, {"min_steps", 2}}, .budget = 60});
  EXPECT_EQ(pruner.decide(0, 1, 5), until(2));
  EXPECT_EQ(pruner.decide(0, 2, 5), until(6));
  EXPECT_EQ(pruner.decide(0, 5, 9), until(6));  // a report that the host gives all the same
  EXPECT_EQ(pruner.decide(0, 6, 5), until(18));
  EXPECT_EQ(pruner.decide(0, 18, 5), until(54));
  EXPECT_EQ(pruner.decide(0, 54, 5), kFree);  // the next would be 162
}

TEST(Asha, AsksUntilTheLastRungBelowTheEnd) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 25}}});
  EXPECT_EQ(pruner.decide(0, 25, 5), until(50));
  EXPECT_EQ(pruner.decide(0, 50, 5), kFree);
  EXPECT_EQ(pruner.decide(1, 100, 1e9), kFree);  // the end itself is not judged
}

TEST(Asha, JudgesEveryRungThatAReportHasReached) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 1}}});
  EXPECT_EQ(pruner.decide(0, 1, 5), until(2));
  EXPECT_EQ(pruner.decide(0, 2, 5), until(4));
  EXPECT_EQ(pruner.decide(1, 5, 4), until(8));  // best at 1, 2 and 4
  EXPECT_EQ(pruner.decide(0, 4, 4.5), kStopped);
  EXPECT_EQ(pruner.decide(2, 3, 4), until(4));    // ties go on, at 1 and 2
  EXPECT_EQ(pruner.decide(3, 3, 4.1), kStopped);  // fourth of four at the first rung
}

TEST(Asha, StopsNanWithoutKeepingIt) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 1}}});
  for (std::uint64_t trial = 0; trial < 10; ++trial) EXPECT_EQ(pruner.decide(trial, 1, kNan), kStopped);
  EXPECT_EQ(pruner.decide(10, 1, 5), until(2));
  EXPECT_EQ(pruner.decide(11, 1, 6), kStopped);  // one of two: ten more would have let it pass
}

TEST(Asha, EndsAsManyTrialsAsBootstrapSays) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 1}, {"bootstrap", 3}}});
  for (std::uint64_t trial = 0; trial < 3; ++trial) EXPECT_EQ(pruner.decide(trial, 1, 1), kStopped);
  EXPECT_EQ(pruner.decide(3, 1, 1), until(2));
}

// Optuna's decisions are those of successive_halving without cohorts too.
TEST(SuccessiveHalving, DecidesAsRecordedWithoutCohorts) {
  const auto& recorded = golden("golden_pruners.json")["sha_eta3_min"];
  LoadedPruner pruner("successive_halving", {.options = {{"mode", 1}, {"eta", 3}, {"min_steps", 1}}});
  for (std::size_t i = 0; i < recorded["values"].size(); ++i)
    EXPECT_EQ(pruner.decide(i, 1, recorded["values"][i].get<double>()),
              recorded["promote"][i].get<bool>() ? until(3) : kStopped)
        << i;
}

// As with a host that is patient: what was stopped goes on, and reports again.
TEST(Asha, JudgesAgainWhatGoesOnAllTheSame) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"eta", 2}, {"min_steps", 1}}});
  pruner.decide(0, 1, 5);
  EXPECT_EQ(pruner.decide(1, 1, 6), kStopped);
  EXPECT_EQ(pruner.decide(1, 2, 1), kStopped);  // 6 is what it left
  EXPECT_EQ(pruner.decide(1, 3, 1), kStopped);  // and that once: 5, 6
  EXPECT_EQ(pruner.decide(2, 1, 7), kStopped);
  EXPECT_EQ(pruner.decide(3, 1, 8), kStopped);
  EXPECT_EQ(pruner.decide(1, 4, 1), until(8));  // two of 5, 6, 7, 8
}

TEST(Asha, FirstRungIsAHundredthOfATrial) {
  EXPECT_EQ(LoadedPruner("asha", {.options = {{"mode", 1}}, .budget = 1000}).decide(0, 1, 0), until(10));
  EXPECT_EQ(LoadedPruner("asha", {.options = {{"mode", 1}}, .budget = 50}).decide(0, 1, 0), until(4));
}

TEST(Asha, RefusesRungsThatNoTrialReaches) {
  LoadedPruner above("asha", {.options = {{"mode", 1}, {"min_steps", 100}}});
  EXPECT_EQ(above.status(), TUNER_INVALID);
  EXPECT_EQ(above.error(),
            "min_steps is 100, and a trial has 100 steps: no trial would be stopped; give less than 100");
  LoadedPruner unknown("asha", {.options = {{"mode", 1}}, .budget = 0});
  EXPECT_EQ(unknown.status(), TUNER_INVALID);
  EXPECT_EQ(unknown.error(), "the number of steps of a trial is not known here; give min_steps, the first rung");
  LoadedPruner brackets("asha", {.options = {{"mode", 1}, {"min_steps", 1}, {"brackets", 5}}});
  EXPECT_EQ(brackets.status(), TUNER_INVALID);
  EXPECT_EQ(brackets.error(),
            "bracket 5 would begin at or above the end of a trial, 100 steps; there are 4 rungs before it: give "
            "so many brackets at most");
}

TEST(Asha, HasRungsWithoutEndWhereTheEndIsNotKnown) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"min_steps", 1}, {"eta", 1e6}}, .budget = 0});
  EXPECT_EQ(pruner.decide(0, 1'000'000'000'000'000'000, 1), kFree);  // the next would be 10^24
  EXPECT_EQ(pruner.decide(1, 999'999'999'999, 1), until(1'000'000'000'000));
}

// Rungs at 1, 4, 16, 64: of bracket 0 four, of bracket 1 three: 4/7 and 3/7 of the trials.
TEST(Asha, DrawsBracketsByTheirRungs) {
  LoadedPruner pruner("asha", {.options = {{"mode", 1}, {"min_steps", 1}, {"brackets", 2}}});
  int later = 0;
  for (std::uint64_t trial = 0; trial < 7000; ++trial) later += pruner.decide(trial, 1, 0) == until(4) ? 0 : 1;
  // With ties everywhere bracket 0 goes on to 4 too; a worse value tells them apart.
  EXPECT_EQ(later, 0);
  for (std::uint64_t trial = 7000; trial < 14000; ++trial) later += pruner.decide(trial, 1, 1) == until(4) ? 1 : 0;
  EXPECT_NEAR(later, 3000, 3 * 41.4);
}

// Of 1 to 100 steps with eta 10: brackets with the first rungs 1, 10, 100 and the shares 100, 15, 3.
TEST(Hyperband, ComparesWithinABracket) {
  LoadedPruner pruner("hyperband", {.options = {{"mode", 1}, {"eta", 10}}});
  std::map<std::int64_t, std::vector<std::uint64_t>> of_first;
  for (std::uint64_t trial = 0; trial < 1180; ++trial) {
    const Answer answer = pruner.decide(trial, 1, 1);  // all alike: bracket 0 passes its first rung
    of_first[answer.next_step].push_back(trial);
  }
  ASSERT_EQ(of_first.size(), 2U);
  EXPECT_NEAR(static_cast<double>(of_first[-1].size()), 30, 3 * 5.4);  // the last bracket has no rung below the end
  std::uint64_t stopped = 0;
  std::uint64_t passed = 0;
  for (const std::uint64_t trial : of_first[10]) {
    const Answer answer = pruner.decide(trial, 10, static_cast<double>(trial));
    (answer == kStopped ? stopped : passed) += 1;
  }
  EXPECT_EQ(passed, 2U);  // the first of either bracket
  EXPECT_EQ(stopped, of_first[10].size() - 2);
}

TEST(Hyperband, NeedsTheLengthOfATrial) {
  LoadedPruner unknown("hyperband", {.options = {{"mode", 1}}, .budget = 0});
  EXPECT_EQ(unknown.status(), TUNER_INVALID);
  EXPECT_EQ(unknown.error(),
            "the number of steps of a trial is not known here; give max_steps, the most steps of a trial");
  LoadedPruner known("hyperband", {.options = {{"mode", 1}, {"max_steps", 81}}, .budget = 0});
  EXPECT_EQ(known.status(), TUNER_OK) << known.error();
  LoadedPruner above("hyperband", {.options = {{"mode", 1}, {"max_steps", 101}}});
  EXPECT_EQ(above.status(), TUNER_INVALID);
  EXPECT_EQ(above.error(), "max_steps is 101, and a trial has 100 steps; give at most so many, or leave it out");
  LoadedPruner late("hyperband", {.options = {{"mode", 1}, {"min_steps", 100}}});
  EXPECT_EQ(late.status(), TUNER_INVALID);
  EXPECT_EQ(late.error(), "min_steps is 100, and a trial has 100 steps: no trial would be stopped; give less than 100");
}

// The bands, as the reports at which a trial that is worse than three others is stopped.
std::vector<std::int64_t> bands_of(std::map<std::string, double> options, std::int64_t reports = 60) {
  std::vector<std::int64_t> bands;
  for (std::int64_t band = 1; band <= reports; ++band) {
    LoadedPruner pruner("wandb_hyperband", {.options = options, .budget = 1000});
    EXPECT_EQ(pruner.status(), TUNER_OK) << pruner.error();
    for (std::uint64_t trial = 0; trial < 4; ++trial)
      for (std::int64_t report = 1; report <= band; ++report) {
        const double value = trial == 3 && report == band ? 1 : 0;
        // Steps in tens: a band is a number of reports.
        if (pruner.decide(trial, 10 * report, value) == kStopped) bands.push_back(band);
      }
  }
  return bands;
}

TEST(WandbHyperband, HasTheBandsOfItsKeys) {
  using Bands = std::vector<std::int64_t>;
  EXPECT_EQ(bands_of({{"max_iter", 27}, {"s", 2}}), (Bands{3, 9}));
  EXPECT_EQ(bands_of({{"max_iter", 27}, {"s", 9}}), (Bands{1, 3, 9}));
  EXPECT_EQ(bands_of({{"max_iter", 100}, {"s", 3}}), (Bands{3, 11, 33}));
  EXPECT_EQ(bands_of({{"min_iter", 3}}), (Bands{3, 9, 27}));
  EXPECT_EQ(bands_of({{"min_iter", 2}, {"eta", 2.5}}), (Bands{2, 5, 12, 31}));
  EXPECT_EQ(bands_of({{"min_iter", 1}, {"eta", 1.5}}, 12), (Bands{1, 2, 3, 5, 7, 11}));
}

// eta 3: with m trials at the band, what equals the value of index floor(m / 3) goes on.
TEST(WandbHyperband, KeepsWhatIsAsGoodAsTheThreshold) {
  LoadedPruner pruner("wandb_hyperband", {.options = {{"min_iter", 1}}});
  const double values[] = {5, 6, 5.5, 5.6, 5.4, 7, 5.45, 6.5};
  // m 1: of 5; m 2: of 5 alone; m 3: of 5, 5.5; then 5, 5.5; 5, 5.4; 5, 5.4, 5.5; 5, 5.4, 5.45 twice
  const bool goes_on[] = {true, false, true, false, true, false, true, false};
  for (std::uint64_t trial = 0; trial < 8; ++trial)
    EXPECT_EQ(pruner.decide(trial, 1, values[trial]), goes_on[trial] ? until(2) : kStopped) << trial;
}

TEST(WandbHyperband, IsStrictWhereItSaysSo) {
  for (const bool strict : {true, false}) {
    LoadedPruner pruner("wandb_hyperband", {.options = {{"min_iter", 2}, {"strict", strict ? 1.0 : 0.0}}});
    pruner.decide(0, 1, 5);
    EXPECT_EQ(pruner.decide(0, 2, 5), until(3));
    pruner.decide(1, 1, 1);
    EXPECT_EQ(pruner.decide(1, 2, 9), strict ? kStopped : until(3));
    pruner.decide(2, 1, 1);
    EXPECT_EQ(pruner.decide(2, 2, kNan), strict ? kStopped : until(3));
    pruner.decide(3, 1, kNan);
    EXPECT_EQ(pruner.decide(3, 2, kNan), kStopped);
  }
}

TEST(WandbHyperband, JudgesAgainWhatGoesOnAllTheSame) {
  LoadedPruner pruner("wandb_hyperband", {.options = {{"min_iter", 1}}});
  pruner.decide(0, 1, 5);
  EXPECT_EQ(pruner.decide(1, 1, 6), kStopped);
  EXPECT_EQ(pruner.decide(1, 2, 1), kStopped);
  EXPECT_EQ(pruner.decide(2, 1, 7), kStopped);
  EXPECT_EQ(pruner.decide(1, 3, 1), until(4));  // of 5, 6, 7 that of index 1
}

TEST(WandbHyperband, CountsNanAsTheWorst) {
  LoadedPruner pruner("wandb_hyperband", {.options = {{"min_iter", 1}}});
  EXPECT_EQ(pruner.decide(0, 1, kNan), kStopped);
  EXPECT_EQ(pruner.decide(1, 1, 5), until(2));
  EXPECT_EQ(pruner.decide(2, 1, 6), until(2));  // that of index 1 of 5, 6, NaN
}

TEST(WandbHyperband, LetsATrialAtItsEndBe) {
  LoadedPruner pruner("wandb_hyperband", {.options = {{"min_iter", 1}}});
  EXPECT_EQ(pruner.decide(0, 100, 1), kFree);
  EXPECT_EQ(pruner.decide(1, 100, 2), kFree);
  EXPECT_EQ(pruner.decide(2, 1, 1), until(2));  // the others were at the band: 1, 1, 2
  EXPECT_EQ(pruner.decide(3, 1, 1.5), kStopped);
}

TEST(WandbHyperband, SaysWhichKeysItNeeds) {
  const auto error = [](std::map<std::string, double> options) {
    const LoadedPruner pruner("wandb_hyperband", {.options = std::move(options)});
    EXPECT_EQ(pruner.status(), TUNER_INVALID);
    return pruner.error();
  };
  EXPECT_EQ(error({}), "give min_iter, or max_iter and s");
  EXPECT_EQ(error({{"max_iter", 27}}), "give s beside max_iter");
  EXPECT_EQ(error({{"max_iter", 27}, {"s", 2}, {"min_iter", 3}}), "give min_iter, or max_iter and s, not both");
  EXPECT_EQ(error({{"max_iter", 2}, {"s", 2}}), "max_iter / eta is below 1: there is no band");
  EXPECT_EQ(error({{"min_iter", 101}}),
            "a band lies at report 101, and a trial has 100 steps; give a smaller min_iter");
  EXPECT_EQ(error({{"max_iter", 303}, {"s", 1}}),
            "a band lies at report 101, and a trial has 100 steps; give a smaller max_iter");
}

// The best trial has 1 at steps 1 to 8. p of n positive differences is 2^-n: 1/8 at step 3, 1/16 at step 4.
TEST(Wilcoxon, StopsAtTheFourthWorseStep) {
  for (const double sign : {1.0, -1.0}) {
    LoadedPruner pruner("wilcoxon", {.direction = sign > 0 ? TUNER_MINIMIZE : TUNER_MAXIMIZE});
    EXPECT_TRUE(pruner.run(0, std::vector<double>(8, sign)));
    for (std::int64_t step = 1; step < 4; ++step)
      EXPECT_EQ(pruner.decide(1, step, sign * (1.5 + 0.1 * step)), until(step + 1));
    EXPECT_EQ(pruner.decide(1, 4, sign * 1.9), kStopped);
    for (std::int64_t step = 1; step < 9; ++step) EXPECT_EQ(pruner.decide(2, step, sign * 0.9), until(step + 1));
  }
}

TEST(Wilcoxon, PairsCommonStepsInAnyOrder) {
  LoadedPruner pruner("wilcoxon");
  pruner.run(0, {1, 2, 3, 4, 5, 6});
  for (const std::int64_t step : {6, 5, 9, 1}) EXPECT_EQ(pruner.decide(1, step, step + 1.0), until(step + 1));
  EXPECT_EQ(pruner.decide(1, 2, 3), kStopped);  // the fourth of both
}

TEST(Wilcoxon, WaitsForCommonSteps) {
  LoadedPruner pruner("wilcoxon", {.options = {{"startup", 6}}});
  pruner.run(0, std::vector<double>(8, 1));
  for (std::int64_t step = 1; step < 6; ++step) EXPECT_EQ(pruner.decide(1, step, 2), until(step + 1));
  EXPECT_EQ(pruner.decide(1, 6, 2), kStopped);
}

TEST(Wilcoxon, ComparesWithTheBestCompletedTrial) {
  LoadedPruner pruner("wilcoxon");
  EXPECT_EQ(pruner.decide(9, 1, 1e9), until(2));  // none has completed
  for (std::int64_t step = 1; step < 5; ++step) pruner.decide(0, step, 1);
  pruner.observe(0, 1, TUNER_OUTCOME_PRUNED);
  pruner.run(1, {5, 5, 5, 5, 5});
  pruner.run(2, {3, 3, 3, 3, 3});  // now the best
  pruner.run(3, {4, 4, 4});
  for (std::int64_t step = 1; step < 4; ++step) EXPECT_EQ(pruner.decide(4, step, 3.5 + 0.1 * step), until(step + 1));
  EXPECT_EQ(pruner.decide(4, 4, 3.9), kStopped);
  for (std::int64_t step = 1; step < 5; ++step) EXPECT_EQ(pruner.decide(5, step, 2), until(step + 1));
  for (std::int64_t step = 1; step < 5; ++step) pruner.decide(6, step, -9);
  pruner.observe(6, -kInf);  // no result to compare with
  for (std::int64_t step = 1; step < 5; ++step) EXPECT_EQ(pruner.decide(7, step, 2), until(step + 1));
}

TEST(Wilcoxon, StopsBelowP) {
  LoadedPruner pruner("wilcoxon", {.options = {{"p", 0.0625}}});
  pruner.run(0, std::vector<double>(8, 1));
  for (std::int64_t step = 1; step < 5; ++step) EXPECT_EQ(pruner.decide(1, step, 2), until(step + 1));
  EXPECT_EQ(pruner.decide(1, 5, 2), kStopped);
}

TEST(Wilcoxon, TakesTheFirstOfEqualTrialsInWhateverOrderTheyEnd) {
  for (const bool turned : {false, true}) {
    LoadedPruner pruner("wilcoxon");
    for (const std::uint64_t trial : {0, 1})
      for (std::int64_t step = 1; step < 5; ++step) pruner.decide(trial, step, trial == 0 ? 1 : 9);
    for (const std::uint64_t trial : {0, 1}) pruner.observe(turned ? 1 - trial : trial, 1);
    for (std::int64_t step = 1; step < 4; ++step) pruner.decide(2, step, 5);
    EXPECT_EQ(pruner.decide(2, 4, 5), kStopped);
  }
}

// Worse on the common steps, but better on the mean of all: that of the best trial is worse.
TEST(Wilcoxon, KeepsATrialWithTheBetterMean) {
  LoadedPruner pruner("wilcoxon");
  pruner.run(0, {1, 1, 1, 1, 100});
  for (std::int64_t step = 1; step < 4; ++step) pruner.decide(1, step, 1.5 + 0.1 * step);
  EXPECT_EQ(pruner.decide(1, 4, 1.9), until(5));
  for (std::int64_t step = 1; step < 4; ++step) pruner.decide(2, step, 30);
  EXPECT_EQ(pruner.decide(2, 4, 40), kStopped);
}

TEST(Wilcoxon, TakesNanForTheLargestValue) {
  LoadedPruner pruner("wilcoxon");
  pruner.run(0, {1, kNan, 1, 1, 1, 1});
  EXPECT_EQ(pruner.decide(1, 2, kNan), until(3));  // as bad as the best one
  for (const std::int64_t step : {1, 3, 4}) EXPECT_EQ(pruner.decide(2, step, kNan), until(step + 1));
  EXPECT_EQ(pruner.decide(2, 5, kNan), kStopped);
}

}  // namespace
}  // namespace search_tests
