// What single searchers promise beyond the contract of all of them.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "loaded_searcher.hpp"

namespace search_tests {
namespace {

TestSpace plane() {
  TestSpace space;
  space.real("x", -5, 5).real("y", -5, 5);
  return space;
}

double bowl(const Assignment& a) {
  double sum = 0;
  for (const double x : a.values) sum += (x - 1) * (x - 1);
  return sum;
}

void expect_same(const Assignment& a, const Assignment& b) {
  EXPECT_EQ(a.states, b.states);
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.states[i] == TUNER_VALUE_INACTIVE) continue;
    EXPECT_EQ(a.values[i], b.values[i]) << i;
  }
}

// ---- tpe

TestSpace conditional_space() {
  TestSpace space;
  space.choice("kind", 2)
      .real("a", 0, 1)
      .under(0, {0})
      .real("b", 0, 1)
      .under(0, {0})
      .integer("c", 1, 50)
      .under(0, {1})
      .real("d", -1, 1);
  return space;
}

// What it keeps from proposal to proposal changes none, also where old observations have left the window.
TEST(Tpe, KeepsNothingThatMatters) {
  for (const double group : {0, 1}) {
    TestSpace space = conditional_space();
    const StudySetup setup{.options = {{"group", group}}};
    LoadedSearcher old("tpe", space, setup);
    std::vector<Result> results;
    for (std::uint64_t trial = 0; trial < 1300; ++trial) {
      const Assignment made = trial % 10 == 0 ? old.propose(trial, 3)[0] : old.propose(trial)[0];
      Result result{made, std::sin(static_cast<double>(trial * trial)) + std::abs(made.values[4] - 0.3)};
      if (trial % 17 == 0) result.outcome = TUNER_OUTCOME_FAILED;
      results.push_back(result);
      old.observe({result});
      if (trial != 40 && trial != 300 && trial != 1040 && trial != 1299) continue;
      LoadedSearcher resumed("tpe", space, setup);
      resumed.observe(results);
      const auto made_together = resumed.propose(trial + 1, 4);
      const auto expected = old.propose(trial + 1, 4);
      for (std::size_t i = 0; i < 4; ++i) expect_same(made_together[i], expected[i]);
    }
  }
}

TEST(Tpe, RunningTrialsKeepOthersAway) {
  TestSpace space = plane();
  LoadedSearcher searcher("tpe", space);
  std::vector<Result> results;
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    searcher.observe({{made, bowl(made)}});
  }
  const Assignment alone = searcher.propose(30)[0];
  std::vector<Assignment> crowd(20, alone);
  for (std::size_t i = 0; i < crowd.size(); ++i) crowd[i].proposal = 100 + i;
  const Assignment away = searcher.propose(30, 1, crowd)[0];
  EXPECT_NE(away.values, alone.values);
  LoadedSearcher honest("tpe", space, {.options = {{"constant_liar", 0}}});
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Assignment made = honest.propose(trial)[0];
    honest.observe({{made, bowl(made)}});
  }
  expect_same(honest.propose(30, 1, crowd)[0], honest.propose(30)[0]);
}

// A half of the space where all trials fail is left alone.
TEST(Tpe, LearnsWhereTrialsFail) {
  TestSpace space = plane();
  LoadedSearcher searcher("tpe", space);
  int failed = 0;
  for (std::uint64_t trial = 0; trial < 100; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    Result result{made, made.values[1]};
    if (made.values[0] > 0) result.outcome = TUNER_OUTCOME_DIVERGED;
    searcher.observe({result});
    failed += trial >= 50 && made.values[0] > 0 ? 1 : 0;
  }
  EXPECT_LT(failed, 10);
}

// The result of a paused trial is replaced by what it ended with: as if it had ended so at once.
TEST(Tpe, PausedTrialsGoOn) {
  TestSpace space = plane();
  LoadedSearcher paused("tpe", space);
  LoadedSearcher whole("tpe", space);
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const Assignment made = paused.propose(trial)[0];
    const Result end{made, bowl(made)};
    if (trial % 2 == 0) paused.observe({{made, 100, TUNER_OUTCOME_PAUSED, 5}});
    paused.observe({end});
    whole.observe({end});
  }
  expect_same(paused.propose(40)[0], whole.propose(40)[0]);
}

TEST(Searchers, ThatTakeOneGoalSaySo) {
  TestSpace space = plane();
  for (const char* id : {"cmaes", "gp"}) {
    LoadedSearcher searcher(id, space, {.goals = 2});
    EXPECT_EQ(searcher.status(), TUNER_INVALID);
    EXPECT_EQ(searcher.error(), std::string(id) + " takes one goal");
  }
}

// ---- sobol

TEST(SobolSearcher, FirstRowsAreHalvesAndQuarters) {
  TestSpace space;
  space.real("x", 1, 100, TUNER_SCALE_LOG).choice("c", 4).integer("n", 1, 8);
  LoadedSearcher searcher("sobol", space, {.options = {{"scramble", 0}}});
  const auto rows = searcher.propose(0, 3);
  EXPECT_EQ(rows[0].values, (std::vector<double>{1, 0, 1}));
  EXPECT_NEAR(rows[1].values[0], 10, 1e-12);
  EXPECT_EQ(rows[1].values[1], 2);
  EXPECT_NEAR(rows[2].values[0], std::pow(10, 1.5), 1e-12);
  EXPECT_EQ(rows[2].values[1], 1);
}

// Of 64 rows each of 8 values, and each quarter of the choices by its probability, has its share.
TEST(SobolSearcher, ValuesHaveTheirShares) {
  TestSpace space;
  space.integer("n", 1, 8).choice("c", 3, {0.5, 0.25, 0.25});
  LoadedSearcher searcher("sobol", space);
  std::map<double, int> integers;
  std::map<double, int> choices;
  for (const Assignment& row : searcher.propose(0, 64)) {
    ++integers[row.values[0]];
    ++choices[row.values[1]];
  }
  for (int n = 1; n <= 8; ++n) EXPECT_EQ(integers[n], 8) << n;
  EXPECT_EQ(choices[0], 32);
  EXPECT_EQ(choices[1], 16);
  EXPECT_EQ(choices[2], 16);
}

// ---- halton

TEST(HaltonSearcher, FirstRowsAreDigitsInReverse) {
  TestSpace space;
  space.real("x", 1, 100, TUNER_SCALE_LOG).choice("c", 3).integer("n", 1, 4);
  LoadedSearcher searcher("halton", space, {.options = {{"scramble", 0}}});
  const auto rows = searcher.propose(0, 5);
  EXPECT_EQ(rows[0].values, (std::vector<double>{1, 0, 1}));
  EXPECT_NEAR(rows[1].values[0], 10, 1e-12);
  EXPECT_EQ(rows[1].values[1], 1);
  EXPECT_EQ(rows[1].values[2], 1);
  EXPECT_NEAR(rows[3].values[0], std::pow(10, 1.5), 1e-12);
  EXPECT_EQ(rows[3].values[1], 0);
  EXPECT_EQ(rows[3].values[2], 3);
  EXPECT_EQ(rows[4].values[2], 4);
}

// Of 324 rows each of 9 values, and each part of the choices by its probability, has its share.
TEST(HaltonSearcher, ValuesHaveTheirShares) {
  TestSpace space;
  space.choice("c", 3, {0.5, 0.25, 0.25}).integer("n", 1, 9);
  LoadedSearcher searcher("halton", space);
  std::map<double, int> integers;
  std::map<double, int> choices;
  const auto rows = searcher.propose(0, 324);
  for (const Assignment& row : rows) {
    ++choices[row.values[0]];
    ++integers[row.values[1]];
  }
  for (int n = 1; n <= 9; ++n) EXPECT_EQ(integers[n], 36) << n;
  EXPECT_EQ(choices[0], 162);
  EXPECT_EQ(choices[1], 81);
  EXPECT_EQ(choices[2], 81);
  expect_same(searcher.propose(300)[0], rows[300]);
}

// A parameter has the same coordinate whether those before it are active or not.
TEST(HaltonSearcher, InactiveParametersKeepTheirCoordinate) {
  TestSpace space = conditional_space();
  TestSpace flat;
  flat.choice("kind", 2).real("a", 0, 1).real("b", 0, 1).integer("c", 1, 50).real("d", -1, 1);
  LoadedSearcher searcher("halton", space);
  LoadedSearcher all("halton", flat);
  int active = 0;
  for (std::uint64_t n = 0; n < 40; ++n) {
    const Assignment row = searcher.propose(n)[0], whole = all.propose(n)[0];
    for (std::size_t i = 0; i < 5; ++i) {
      const bool expected = i == 0 || i == 4 || (i < 3) == (row.values[0] == 0);
      ASSERT_EQ(row.states[i] != TUNER_VALUE_INACTIVE, expected) << i;
      if (!expected) continue;
      EXPECT_EQ(row.values[i], whole.values[i]) << i;
      active += i == 3 ? 1 : 0;
    }
  }
  EXPECT_EQ(active, 20);
}

// ---- cmaes

// The farthest of the last thousand of 4,000 proposals from the minimum.
double farthest_of_the_last(double restarts) {
  TestSpace space = plane();
  LoadedSearcher searcher("cmaes", space, {.options = {{"restarts", restarts}}});
  double farthest = 0;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    searcher.observe({{made, bowl(made)}});
    if (trial >= 3000) farthest = std::max(farthest, bowl(made));
  }
  return farthest;
}

TEST(CmaEs, BeginsAnewWhereItIsTold) {
  EXPECT_LT(farthest_of_the_last(0), 1e-10);
  EXPECT_GT(farthest_of_the_last(1), 0.1);
  EXPECT_GT(farthest_of_the_last(2), 0.1);
}

// Neighboring values stay in reach: the margin.
TEST(CmaEs, TriesNeighborsOfIntegers) {
  TestSpace space;
  space.integer("n", 0, 20).real("x", -5, 5);
  LoadedSearcher searcher("cmaes", space);
  std::set<double> late;
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    const double n = made.values[0] - 7;
    searcher.observe({{made, n * n + made.values[1] * made.values[1]}});
    if (trial >= 1000) late.insert(made.values[0]);
  }
  EXPECT_TRUE(late.contains(7));
  EXPECT_GT(late.size(), 1U);
  EXPECT_LT(late.size(), 8U);
}

// ---- gp

TEST(Gp, FindsABowlInFewTrials) {
  TestSpace space = plane();
  LoadedSearcher searcher("gp", space);
  double best = 100;
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    best = std::min(best, bowl(made));
    searcher.observe({{made, bowl(made)}});
  }
  EXPECT_LT(best, 1e-3);
}

// Proposals made at once lie apart, where much is unknown.
TEST(Gp, BelievesInWhatIsPending) {
  TestSpace space = plane();
  LoadedSearcher searcher("gp", space);
  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    searcher.observe({{made, std::cos(2 * made.values[0]) + std::cos(3 * made.values[1])}});
  }
  const auto batch = searcher.propose(12, 4);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_GT(std::hypot(batch[i].values[0] - batch[j].values[0], batch[i].values[1] - batch[j].values[1]), 0.05);
}

// In a space that can be counted it leaves out what was tried and what is pending, however good that is.
TEST(Gp, TriesNothingTwiceWhereItCanCount) {
  TestSpace space;
  space.integer("n", 0, 7).choice("c", 4);
  LoadedSearcher searcher("gp", space, {.options = {{"candidates", 64}}});
  std::set<std::vector<double>> tried;
  std::vector<Assignment> pending;
  for (std::uint64_t trial = 0; trial < 30; ++trial) {
    const Assignment made = searcher.propose(trial, 1, pending)[0];
    const bool is_new = tried.insert(made.values).second;
    if (trial >= 13) {
      EXPECT_TRUE(is_new) << trial;
    }
    pending.push_back(made);
    if (pending.size() < 3) continue;
    const Assignment& first = pending.front();
    searcher.observe({{first, std::abs(first.values[0] - 5) + first.values[1]}});
    pending.erase(pending.begin());
  }
}

// More observations than the model takes.
TEST(Gp, GoesOnBeyondItsMostObservations) {
  TestSpace space = plane();
  LoadedSearcher searcher("gp", space, {.options = {{"most", 20}, {"candidates", 64}}});
  for (std::uint64_t trial = 0; trial < 60; ++trial) {
    const Assignment made = searcher.propose(trial)[0];
    ASSERT_EQ(searcher.status(), TUNER_OK) << searcher.error();
    searcher.observe({{made, bowl(made)}});
  }
}

}  // namespace
}  // namespace search_tests
