// What every searcher must do, through the ABI: the contract of abi_search.h.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "loaded_searcher.hpp"

namespace search_tests {
namespace {

// Every kind of search parameter, with conditions two levels deep.
TestSpace mixed_space() {
  TestSpace space;
  space.real("lr", 1e-5, 1, TUNER_SCALE_LOG)
      .real("beta", 0.8, 0.9999, TUNER_SCALE_LOG1M)
      .choice("optimizer", 3, {0.5, 0.3, 0.2})
      .real("momentum", 0, 0.99)
      .under(2, {0, 2})
      .choice("nesterov", 2)
      .under(2, {0})
      .real("damping", 0, 0.5)
      .under(4, {1})
      .integer("batch", 16, 128, TUNER_SCALE_LINEAR, 16)
      .integer("width", 1, 1000, TUNER_SCALE_LOG)
      .real("drop", 0, 0.55, TUNER_SCALE_LINEAR, 0.1)
      .normal("offset", 1, 0.5, 0, 3)
      .normal("free", 0, 2, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity())
      .real("constant", 2, 2)
      .integer("one", 7, 7)
      .choice("single", 1);
  return space;
}

void expect_legal(const TestSpace& space, const Assignment& assignment) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    const tuner_dimension& d = space[i];
    SCOPED_TRACE(d.name);
    const double x = assignment.values[i];
    if (!space.is_active(i, assignment.values)) {
      EXPECT_EQ(assignment.states[i], TUNER_VALUE_INACTIVE);
      continue;
    }
    EXPECT_NE(assignment.states[i], TUNER_VALUE_INACTIVE);
    if (d.type == TUNER_DIMENSION_CHOICE) {
      EXPECT_EQ(x, std::floor(x));
      EXPECT_GE(x, 0);
      EXPECT_LT(x, d.n_choices);
      continue;
    }
    EXPECT_GE(x, d.low);
    EXPECT_LE(x, d.high);
    if (d.type == TUNER_DIMENSION_INTEGER) {
      EXPECT_EQ(x, std::floor(x));
    }
    if (d.step > 0) {
      EXPECT_NEAR(std::remainder(x - d.low, d.step), 0, 1e-9);
    }
  }
}

// A value for any assignment: all active values count.
double value_of(const TestSpace& space, const Assignment& assignment) {
  double value = 0;
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (assignment.states[i] == TUNER_VALUE_INACTIVE) continue;
    const tuner_dimension& d = space[i];
    const double x = d.scale == TUNER_SCALE_LOG ? std::log(assignment.values[i]) : assignment.values[i];
    value += std::cos(x + static_cast<double>(i)) + 0.1 * x;
  }
  return value;
}

// A whole study, one trial after the other; some end badly.
std::vector<Result> run(LoadedSearcher& searcher, const TestSpace& space, std::size_t trials, bool troubled = true) {
  std::vector<Result> results;
  for (std::size_t trial = 0; trial < trials; ++trial) {
    const auto made = searcher.propose(trial);
    EXPECT_EQ(searcher.status(), TUNER_OK) << searcher.error();
    if (made.empty()) return results;
    expect_legal(space, made[0]);
    Result result{made[0], value_of(space, made[0])};
    if (troubled && trial % 7 == 3) result.value = std::numeric_limits<double>::quiet_NaN();
    if (troubled && trial % 11 == 5) result.outcome = TUNER_OUTCOME_FAILED;
    if (troubled && trial % 13 == 6) result.outcome = TUNER_OUTCOME_DIVERGED;
    if (troubled && trial % 5 == 2) result.outcome = TUNER_OUTCOME_PRUNED;
    searcher.observe({result});
    results.push_back(result);
  }
  return results;
}

// The same configuration, bit for bit, in all that is active.
void expect_same(const Assignment& a, const Assignment& b) {
  EXPECT_EQ(a.states, b.states);
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.states[i] == TUNER_VALUE_INACTIVE) continue;
    EXPECT_EQ(a.values[i], b.values[i]) << i;
  }
}

class Searchers : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::string id() const { return GetParam(); }
};

TEST_P(Searchers, SayWhatTheyAre) {
  const tuner_plugin& plugin = plugin_of(id());
  EXPECT_EQ(plugin.kind, TUNER_KIND_SEARCHER);
  EXPECT_EQ(plugin.id, id());
  EXPECT_NE(std::string(plugin.details).find("Variant"), std::string::npos);
}

TEST_P(Searchers, KeepBoundsStepsAndConditionsWhateverTheOutcomes) {
  TestSpace space = mixed_space();
  LoadedSearcher searcher(id(), space);
  ASSERT_EQ(searcher.status(), TUNER_OK) << searcher.error();
  run(searcher, space, 60);
}

TEST_P(Searchers, AreDeterministic) {
  TestSpace space = mixed_space();
  LoadedSearcher first(id(), space);
  LoadedSearcher second(id(), space);
  const auto a = run(first, space, 40);
  const auto b = run(second, space, 40);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) expect_same(a[i].assignment, b[i].assignment);
}

// Fed with the observations of a journal at once, a new searcher goes on as the old one does.
TEST_P(Searchers, GoOnFromAJournal) {
  TestSpace space = mixed_space();
  LoadedSearcher old(id(), space);
  const auto results = run(old, space, 45);
  LoadedSearcher resumed(id(), space);
  resumed.observe(results);
  for (std::uint64_t proposal = 45; proposal < 50; ++proposal)
    expect_same(old.propose(proposal)[0], resumed.propose(proposal)[0]);
}

// A paused trial that has gone on counts as if it had never paused.
TEST_P(Searchers, TakeALaterObservationInPlaceOfTheEarlier) {
  TestSpace space = mixed_space();
  LoadedSearcher once(id(), space);
  auto results = run(once, space, 25);
  LoadedSearcher twice(id(), space);
  const Result end = results[23];
  results[23].outcome = TUNER_OUTCOME_PAUSED;
  results[23].value = 1e6;
  results.push_back(end);
  twice.observe(results);
  for (std::uint64_t proposal = 25; proposal < 30; ++proposal)
    expect_same(once.propose(proposal)[0], twice.propose(proposal)[0]);
}

TEST_P(Searchers, ProposalsChangeNoLaterAnswer) {
  TestSpace space = mixed_space();
  LoadedSearcher asked(id(), space);
  LoadedSearcher quiet(id(), space);
  const auto results = run(asked, space, 25);
  quiet.observe(results);
  const auto pending = asked.propose(25, 4);
  asked.propose(77);
  asked.propose(30, 1, pending);
  expect_same(asked.propose(29, 1, pending)[0], quiet.propose(29, 1, pending)[0]);
  asked.propose(1000, 3, pending);
  expect_same(asked.propose(25)[0], quiet.propose(25)[0]);
  expect_same(asked.propose(25)[0], pending[0]);
}

// Several proposals of one call are those of as many calls, each with the earlier ones pending.
TEST_P(Searchers, ProposeTogetherAsOneByOne) {
  TestSpace space = mixed_space();
  LoadedSearcher searcher(id(), space);
  run(searcher, space, 25);
  const auto together = searcher.propose(25, 5);
  ASSERT_EQ(together.size(), 5U);
  std::vector<Assignment> pending;
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto one = searcher.propose(25 + i, 1, pending);
    expect_same(one[0], together[i]);
    pending.push_back(one[0]);
  }
}

TEST_P(Searchers, LeaveFixedValuesAlone) {
  TestSpace space = mixed_space();
  LoadedSearcher searcher(id(), space);
  run(searcher, space, 30);
  // A parent, a child, a stepped and a real value; then everything.
  const std::map<std::size_t, double> some = {{0, 0.125}, {2, 0}, {4, 1}, {6, 48}, {10, 33}};
  for (std::uint64_t proposal = 30; proposal < 35; ++proposal) {
    const auto made = searcher.propose(proposal, 1, {}, some);
    ASSERT_EQ(made.size(), 1U);
    for (const auto& [dimension, value] : some) {
      EXPECT_EQ(made[0].values[dimension], value);
      EXPECT_EQ(made[0].states[dimension], TUNER_VALUE_FIXED);
    }
    EXPECT_EQ(made[0].states[1], TUNER_VALUE_FREE);
    EXPECT_EQ(made[0].states[5], TUNER_VALUE_FREE);
  }
  std::map<std::size_t, double> all;
  const Assignment whole = searcher.propose(40)[0];
  for (std::size_t i = 0; i < space.size(); ++i)
    if (whole.states[i] != TUNER_VALUE_INACTIVE) all[i] = whole.values[i];
  const Assignment same = searcher.propose(41, 1, {}, all)[0];
  for (const auto& [dimension, value] : all) EXPECT_EQ(same.values[dimension], value);
}

// What a user fixed, and a program measured elsewhere, may lie outside of the space.
TEST_P(Searchers, AcceptFixedValuesOutsideOfTheSpace) {
  TestSpace space;
  space.real("x", 0, 1).integer("n", 1, 8);
  LoadedSearcher searcher(id(), space);
  for (std::uint64_t proposal = 0; proposal < 30; ++proposal) {
    const auto made = searcher.propose(proposal, 1, {}, {{0, 5.0}});
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(made[0].values[0], 5.0);
    searcher.observe({{made[0], made[0].values[1]}});
  }
  const auto made = searcher.propose(30);
  expect_legal(space, made[0]);
}

TEST_P(Searchers, SearchOneDimensionAndTwoHundred) {
  for (const std::size_t dimensions : {1, 200}) {
    TestSpace space;
    for (std::size_t i = 0; i < dimensions; ++i) space.real("x", -1, 1);
    LoadedSearcher searcher(id(), space);
    const auto results = run(searcher, space, 30);
    std::set<double> different;
    for (const Result& result : results) different.insert(result.assignment.values[0]);
    EXPECT_GT(different.size(), 12U);  // the best value may lie at an end, to be tried again
  }
}

TEST_P(Searchers, SearchWhereNothingHasAValue) {
  TestSpace space = mixed_space();
  LoadedSearcher searcher(id(), space);
  for (std::uint64_t proposal = 0; proposal < 40; ++proposal) {
    const auto made = searcher.propose(proposal);
    ASSERT_EQ(made.size(), 1U);
    expect_legal(space, made[0]);
    Result result{made[0], std::numeric_limits<double>::quiet_NaN()};
    result.outcome = proposal % 2 == 0 ? TUNER_OUTCOME_FAILED : TUNER_OUTCOME_DIVERGED;
    searcher.observe({result});
  }
}

// Infinite and enormous values, ties, and a space of two configurations.
TEST_P(Searchers, AcceptExtremeValues) {
  TestSpace space;
  space.real("x", 0, 1).choice("c", 2);
  LoadedSearcher searcher(id(), space);
  const double infinity = std::numeric_limits<double>::infinity();
  const double values[] = {1e300, -1e300, infinity, -infinity, 0, 0, 1, 1e-300};
  for (std::uint64_t proposal = 0; proposal < 48; ++proposal) {
    const auto made = searcher.propose(proposal);
    ASSERT_EQ(made.size(), 1U);
    expect_legal(space, made[0]);
    searcher.observe({{made[0], values[proposal % 8]}});
  }
  TestSpace small;
  small.choice("c", 2);
  LoadedSearcher other(id(), small);
  run(other, small, 40);
}

// With the signs of all values turned, maximizing asks for the same.
TEST_P(Searchers, MaximizeAsTheyMinimize) {
  TestSpace space = mixed_space();
  LoadedSearcher low(id(), space, {.direction = TUNER_MINIMIZE});
  LoadedSearcher high(id(), space, {.direction = TUNER_MAXIMIZE});
  for (std::uint64_t proposal = 0; proposal < 40; ++proposal) {
    const auto a = low.propose(proposal);
    const auto b = high.propose(proposal);
    expect_same(a[0], b[0]);
    const double value = value_of(space, a[0]);
    low.observe({{a[0], value}});
    high.observe({{b[0], -value}});
  }
}

// Two seeds give two searches.
TEST_P(Searchers, FollowTheSeed) {
  TestSpace space = mixed_space();
  LoadedSearcher one(id(), space, {.seed = 1});
  LoadedSearcher two(id(), space, {.seed = 2});
  EXPECT_NE(one.propose(3)[0].values, two.propose(3)[0].values);
}

// The least of 50 values of a sphere; the first `random` proposals are drawn evenly instead.
double least_on_sphere(const std::string& id, std::uint64_t seed, std::size_t random) {
  TestSpace space;
  for (int i = 0; i < 5; ++i) space.real("x", -5, 5);
  LoadedSearcher searcher(id, space, {.seed = seed});
  std::mt19937_64 draws(seed);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t proposal = 0; proposal < 50; ++proposal) {
    Assignment made = searcher.propose(proposal)[0];
    if (proposal < random)
      for (double& x : made.values) x = std::uniform_real_distribution<>(-5, 5)(draws);
    double value = 0;
    for (const double x : made.values) value += (x - 1) * (x - 1);
    least = std::min(least, value);
    searcher.observe({{made, value}});
  }
  return least;
}

// A flag LEARNS is a claim: the mean of log(least value / that of random search) over fixed seeds lies below log 0.6 by
// two standard errors.
// Those that claim to.
class LearningSearchers : public Searchers {};

std::vector<const char*> learning_searchers() {
  std::vector<const char*> ids{SEARCHERS};
  std::erase_if(ids, [](const char* id) { return (plugin_of(id).flags & TUNER_PLUGIN_LEARNS) == 0; });
  return ids;
}

TEST_P(LearningSearchers, BeatRandom) {
  constexpr int kSeeds = 10;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const double gain = std::log(least_on_sphere(id(), seed, 0) / least_on_sphere("sobol", seed, 50));
    sum += gain;
    squares += gain * gain;
  }
  const double mean = sum / kSeeds;
  const double error = std::sqrt((squares / kSeeds - mean * mean) / (kSeeds - 1));
  EXPECT_LT(mean + 2 * error, std::log(0.6)) << "mean " << mean << ", standard error " << error;
}

INSTANTIATE_TEST_SUITE_P(All, Searchers, testing::Values(SEARCHERS),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(All, LearningSearchers, testing::ValuesIn(learning_searchers()),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace search_tests
