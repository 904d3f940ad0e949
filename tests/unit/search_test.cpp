// Grid and random search.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tuner/error.hpp"
#include "tuner/replicates.hpp"
#include "tuner/search/grid.hpp"
#include "tuner/study/method.hpp"

namespace tuner::search {
namespace {

using study::make_searcher;

Dimension values(const char* name, Values list, std::optional<std::size_t> parent = std::nullopt,
                 std::size_t branch = 0) {
  return {name, std::move(list), parent, branch};
}
Dimension branches(const char* name, std::vector<std::string> labels, std::optional<std::size_t> parent = std::nullopt,
                   std::size_t branch = 0) {
  return {name, Branches{std::move(labels)}, parent, branch};
}
Dimension range(double min, double max, Scale scale = Scale::linear, bool integer = false) {
  Range domain;
  domain.min = min;
  domain.max = max;
  domain.scale = scale;
  domain.integer = integer;
  return {"x", domain, std::nullopt, 0};
}
Dimension stepped(double min, double max, double step, Scale scale = Scale::linear) {
  Dimension dimension = range(min, max, scale);
  std::get<Range>(dimension.domain).step = step;
  return dimension;
}
// "optimizer=sgd lr=1"
std::string text(const Space& space, const Configuration& configuration) {
  std::string all;
  for (const auto& [name, value] : parameters_of(space, configuration)) all += name + "=" + to_display(value) + " ";
  return all;
}

// Numbers of trials and what they are, both ways.
TEST(Replicates, AreNumberedWithinTheirConfiguration) {
  const Space space{{values("x", {std::int64_t{1}, std::int64_t{2}, std::int64_t{3}})}};
  for (const std::uint32_t repeats : {1u, 2u, 5u}) {
    const Grid grid(space, kSearchVersion, repeats);
    EXPECT_EQ(grid.size(), 3u) << "configurations";
    EXPECT_EQ(trials_of(grid), 3 * repeats);
    EXPECT_EQ(grid.first_trial(2), 2 * repeats);
    TrialId next;
    for (std::uint64_t number = 0; number < 3 * repeats; ++number, next = next_trial(grid, next)) {
      const TrialId expected{number, number / repeats, static_cast<std::uint32_t>(number % repeats)};
      EXPECT_EQ(next, expected);
      EXPECT_EQ(trial_of(grid, number), expected);
    }
  }
}

TEST(Replicates, OfARandomSearchTakeOneConfiguration) {
  StudyPlan plan;
  plan.method = "random";
  plan.space.dimensions = {range(0, 1)};
  const auto once = make_searcher(plan);
  plan.repeats.count = 4;
  const auto repeated = make_searcher(plan);
  EXPECT_EQ(trials_of(*repeated), std::nullopt);
  EXPECT_EQ(repeated->replicates(7), 4u);
  for (std::uint64_t configuration = 0; configuration < 20; ++configuration)
    EXPECT_EQ(repeated->propose(configuration), once->propose(configuration)) << "proposals go by configuration";
}

TEST(Aggregate, IsTheMeanAndTheDeviationOfASample) {
  EXPECT_EQ(aggregate({}).count, 0u);
  EXPECT_FALSE(aggregate({}).mean || aggregate({}).standard_deviation);
  const double one[] = {3};
  EXPECT_EQ(aggregate(one).mean, 3.0);
  EXPECT_FALSE(aggregate(one).standard_deviation);
  const double four[] = {2, 4, 4, 6};
  EXPECT_EQ(aggregate(four).mean, 4.0);
  EXPECT_DOUBLE_EQ(*aggregate(four).standard_deviation, std::sqrt(8.0 / 3));
  // Squares less squares would be 0 or less here.
  const double close[] = {1e9, 1e9 + 1, 1e9 + 2};
  EXPECT_EQ(aggregate(close).standard_deviation, 1.0);
}

TEST(Grid, CountsTheLastKeyFastest) {
  Space space;
  space.dimensions = {values("a", {std::int64_t{1}, std::int64_t{2}}),
                      values("b", {std::string("x"), std::string("y")}), values("c", {true, false, Null{}})};
  const Grid grid(space);
  ASSERT_EQ(grid.size(), 12u);
  EXPECT_EQ(text(space, grid.propose(0)), "a=1 b=x c=true ");
  EXPECT_EQ(text(space, grid.propose(1)), "a=1 b=x c=false ");
  EXPECT_EQ(text(space, grid.propose(2)), "a=1 b=x c=null ");
  EXPECT_EQ(text(space, grid.propose(3)), "a=1 b=y c=true ");
  EXPECT_EQ(text(space, grid.propose(6)), "a=2 b=x c=true ");
  EXPECT_EQ(text(space, grid.propose(11)), "a=2 b=y c=null ");
}

// optimizer: sgd (momentum of 2) | lookahead (k of 2, inner: adam (beta of 3) | plain) | none; batch of 2.
Space nested() {
  const auto numbers = [](std::int64_t n) {
    Values list;
    for (std::int64_t i = 0; i < n; ++i) list.emplace_back(i);
    return list;
  };
  Space space;
  space.dimensions.push_back(branches("optimizer", {"sgd", "lookahead", "none"}));
  space.dimensions.push_back(values("momentum", numbers(2), 0, 0));
  space.dimensions.push_back(values("k", numbers(2), 0, 1));
  space.dimensions.push_back(branches("inner", {"adam", "plain"}, 0, 1));
  space.dimensions.push_back(values("beta", numbers(3), 3, 0));
  space.dimensions.push_back(values("batch", numbers(2)));
  return space;
}

TEST(Grid, IsTheUnionOverBranchesWithNesting) {
  const Space space = nested();
  const Grid grid(space);
  ASSERT_EQ(grid.size(), (2u + 2 * (3 + 1) + 1) * 2);
  std::vector<std::string> all;
  for (std::uint64_t n = 0; n < *grid.size(); ++n) all.push_back(text(space, grid.propose(n)));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size()) << "every configuration once";
  EXPECT_EQ(all[0], "optimizer=sgd momentum=0 batch=0 ");
  EXPECT_EQ(all[1], "optimizer=sgd momentum=0 batch=1 ");
  EXPECT_EQ(all[3], "optimizer=sgd momentum=1 batch=1 ");
  EXPECT_EQ(all[4], "optimizer=lookahead k=0 inner=adam beta=0 batch=0 ");
  EXPECT_EQ(all[10], "optimizer=lookahead k=0 inner=plain batch=0 ");
  EXPECT_EQ(all[12], "optimizer=lookahead k=1 inner=adam beta=0 batch=0 ");
  EXPECT_EQ(all[20], "optimizer=none batch=0 ");
  EXPECT_EQ(all[21], "optimizer=none batch=1 ");
}

TEST(Grid, WithoutDimensionsIsOnePoint) {
  const Space space;
  const Grid grid(space);
  EXPECT_EQ(grid.size(), 1u);
  EXPECT_TRUE(grid.propose(0).empty());
}

// `n` dimensions of two values each, all of them inside of branch 0 of a one_of, `copies` times.
Space binary(int n, int copies = 0) {
  Space space;
  const Values two = {false, true};
  if (copies == 0)
    for (int i = 0; i < n; ++i) space.dimensions.push_back(values(("d" + std::to_string(i)).c_str(), two));
  for (int c = 0; c < copies; ++c) {
    const std::size_t parent = space.dimensions.size();
    space.dimensions.push_back(branches(("c" + std::to_string(c)).c_str(), {"only"}));
    for (int i = 0; i < n; ++i) space.dimensions.push_back(values("inside", two, parent, 0));
  }
  return space;
}

TEST(Grid, HasAtMostFourBillionPoints) {
  const auto refused = [](const Space& space) {
    try {
      const Grid grid(space);
    } catch (const Error& e) {
      EXPECT_EQ(e.id(), Message::config_impossible);
      EXPECT_STREQ(e.what(),
                   "the grid has more than 4294967296 configurations\n  take fewer values, or method: random");
      return true;
    }
    return false;
  };
  const Space largest = binary(32);
  const Grid grid(largest);
  EXPECT_EQ(grid.size(), std::uint64_t{1} << 32);
  EXPECT_EQ(grid.propose((std::uint64_t{1} << 32) - 1), Configuration(32, Value(true)));
  EXPECT_EQ(grid.propose(1).back(), Value(true));
  EXPECT_TRUE(refused(binary(33)));
  EXPECT_TRUE(refused(binary(64))) << "2^64 does not come round to nothing";
  EXPECT_TRUE(refused(binary(32, 2))) << "nor does it as 2^32 times 2^32";
  Space sum;
  sum.dimensions.push_back(branches("either", {"left", "right"}));
  for (std::size_t branch : {0u, 1u})
    for (int i = 0; i < 32; ++i) sum.dimensions.push_back(values("inside", {false, true}, 0, branch));
  EXPECT_TRUE(refused(sum)) << "2^32 + 2^32";
}

// ---- random

StudyPlan plan_of(Space space, std::uint64_t seed = 1) {
  StudyPlan plan;
  plan.method = "random";
  plan.seed = seed;
  plan.space = std::move(space);
  return plan;
}
// n equidistant places of [0, 1), its ends included.
std::vector<double> places(int n) {
  std::vector<double> u = {0, std::nextafter(1.0, 0.0)};
  for (int i = 1; i < n; ++i) u.push_back(static_cast<double>(i) / n);
  return u;
}
template <class T>
T draw(const Dimension& dimension, double u) {
  return std::get<T>(random_value(dimension, u));
}

TEST(Random, StaysWithinTheRangeOnEveryScale) {
  for (const Scale scale : {Scale::linear, Scale::log, Scale::log1m})
    for (const auto& [min, max] : {std::pair{1e-5, 0.1}, {0.1, 0.3}, {0.9, 0.999}, {1e-12, 0.999999999}})
      for (const double u : places(1000)) {
        const auto x = draw<double>(range(min, max, scale), u);
        EXPECT_GE(x, min);
        EXPECT_LE(x, max);
      }
  EXPECT_EQ(draw<double>(range(2, 4), 0.25), 2.5);
  EXPECT_NEAR(draw<double>(range(1e-4, 1, Scale::log), 0.5), 1e-2, 1e-16);
  EXPECT_NEAR(draw<double>(range(0.9, 0.999, Scale::log1m), 0.5), 0.99, 1e-15);
}

// Quantiles: a range that is uniform on its scale has u of its values below the value for u.
TEST(Random, LogRangesAreUniformInTheLogarithm) {
  const StudyPlan plan = plan_of({{range(1e-4, 1, Scale::log)}}, 3);
  const auto searcher = make_searcher(plan);
  std::vector<int> decades(4);
  constexpr int kDraws = 20'000;
  for (int n = 0; n < kDraws; ++n) {
    const double x = std::get<double>(*searcher->propose(static_cast<std::uint64_t>(n))[0]);
    ++decades[static_cast<std::size_t>(std::floor(std::log10(x)) + 4)];
  }
  // A quarter each; the deviation of a count is sqrt(n / 4 * 3 / 4) = 61.
  for (const int count : decades) EXPECT_NEAR(count, kDraws / 4, 250);
}

TEST(Random, IntegersAreUniform) {
  constexpr int kValues = 10, kDraws = 20'000;
  StudyPlan plan = plan_of({{range(3, 12, Scale::linear, true)}}, 5);
  plan.search_version = 1;
  const auto searcher = make_searcher(plan);
  std::map<std::int64_t, int> counts;
  for (int n = 0; n < kDraws; ++n)
    ++counts[std::get<std::int64_t>(*searcher->propose(static_cast<std::uint64_t>(n))[0])];
  ASSERT_EQ(counts.size(), static_cast<std::size_t>(kValues));
  EXPECT_EQ(counts.begin()->first, 3);
  EXPECT_EQ(counts.rbegin()->first, 12);
  double chi_square = 0;
  for (const auto& [value, count] : counts) {
    const double gap = count - kDraws / kValues;
    chi_square += gap * gap / (static_cast<double>(kDraws) / kValues);
  }
  EXPECT_LT(chi_square, 27.9) << "9 degrees of freedom: one in a thousand is above";
}

TEST(Random, IntegersOfALogScaleOwnTheirShareOfIt) {
  // [0.5, 4.5) in logarithms: 1 owns log 3, 2 owns log 5/3, ... of log 9.
  const Dimension dimension = range(1, 4, Scale::log, true);
  std::map<std::int64_t, double> share;
  constexpr int kPlaces = 20'000;
  for (int i = 0; i < kPlaces; ++i) share[draw<std::int64_t>(dimension, (i + 0.5) / kPlaces)] += 1.0 / kPlaces;
  ASSERT_EQ(share.size(), 4u);
  for (std::int64_t v = 1; v <= 4; ++v) {
    const auto x = static_cast<double>(v);
    EXPECT_NEAR(share[v], std::log((x + 0.5) / (x - 0.5)) / std::log(9), 1e-4) << v;
  }
  EXPECT_EQ(draw<std::int64_t>(dimension, 0), 1);
  EXPECT_EQ(draw<std::int64_t>(dimension, std::nextafter(1.0, 0.0)), 4);
}

TEST(Random, NegativeIntegersHaveEqualSharesToo) {
  std::map<std::int64_t, int> share;
  for (int i = 0; i < 1000; ++i) ++share[draw<std::int64_t>(range(-2, 2, Scale::linear, true), (i + 0.5) / 1000)];
  for (std::int64_t v = -2; v <= 2; ++v) EXPECT_EQ(share[v], 200) << v;
}

TEST(Random, StepsAreTheValuesOfTheGrid) {
  std::map<double, int> share;
  for (int i = 0; i < 1000; ++i) ++share[draw<double>(stepped(0, 1, 0.25), (i + 0.5) / 1000)];
  ASSERT_EQ(share.size(), 5u);
  for (const auto& [value, count] : share) {
    EXPECT_EQ(count, 200) << value;
    EXPECT_EQ(value * 4, std::floor(value * 4));
  }
  // On a log scale each step owns what is nearest to it: the share of the logarithm between the middles.
  std::map<double, int> logs;
  for (int i = 0; i < 1000; ++i) ++logs[draw<double>(stepped(1, 9, 2, Scale::log), (i + 0.5) / 1000)];
  ASSERT_EQ(logs.size(), 5u);
  for (const auto& [value, count] : logs) {
    const double low = std::max(1.0, value - 1), high = std::min(9.0, value + 1);
    EXPECT_NEAR(count, 1000 * std::log(high / low) / std::log(9), 1) << value;
  }
}

TEST(Random, ChoosesBranchesFirstAndOnlyWhatIsInThem) {
  StudyPlan plan = plan_of(nested(), 2);
  plan.search_version = 1;
  const auto searcher = make_searcher(plan);
  std::map<std::string, int> labels;
  constexpr int kDraws = 3000;
  for (std::uint64_t n = 0; n < kDraws; ++n) {
    const Configuration configuration = searcher->propose(n);
    ++labels[std::get<std::string>(*configuration[0])];
    for (std::size_t i = 0; i < configuration.size(); ++i)
      EXPECT_EQ(configuration[i].has_value(), is_active(plan.space, configuration, i))
          << text(plan.space, configuration);
  }
  ASSERT_EQ(labels.size(), 3u);
  for (const auto& [label, count] : labels)
    EXPECT_NEAR(count, kDraws / 3, 150) << "branches, not configurations, are equal";
}

TEST(Random, DrawsOfADimensionDoNotDependOnOtherOnes) {
  Space many = nested();
  many.dimensions.push_back(range(0, 1));
  const auto alone = [](Dimension dimension) {
    dimension.parent.reset();
    return plan_of({{std::move(dimension)}}, 4);
  };
  const StudyPlan all = plan_of(many, 4);  // a range of reals is among them: nothing repeats
  const auto searcher = make_searcher(all);
  for (const std::size_t i : {0u, 1u, 5u, 6u}) {
    StudyPlan one = alone(many.dimensions[i]);
    one.search_version = 1;  // alone it would repeat
    const auto single = make_searcher(one);
    for (std::uint64_t n = 0; n < 50; ++n)
      if (const auto value = searcher->propose(n)[i]) {
        EXPECT_EQ(*value, *single->propose(n)[0]) << many.dimensions[i].name << " in trial " << n;
      }
  }
}

TEST(Random, SameSeedSamePoints) {
  const StudyPlan plan = plan_of(nested(), 9), again = plan_of(nested(), 9), other = plan_of(nested(), 10);
  const auto a = make_searcher(plan), b = make_searcher(again), c = make_searcher(other);
  bool differ = false;
  for (std::uint64_t n = 40; n-- > 0;) {
    EXPECT_EQ(a->propose(n), b->propose(n)) << "in any order";
    differ = differ || a->propose(n) != c->propose(n);
  }
  EXPECT_TRUE(differ);
  EXPECT_EQ(a->size(), 22u) << "as many as there are";
}

// ---- random, without repetition

std::vector<std::string> texts(const StudyPlan& plan, std::uint64_t count) {
  const auto searcher = make_searcher(plan);
  std::vector<std::string> all;
  for (std::uint64_t n = 0; n < count; ++n) all.push_back(text(plan.space, searcher->propose(n)));
  return all;
}

TEST(Random, DrawsEveryConfigurationOnceAndEnds) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const StudyPlan plan = plan_of(nested(), seed);
    ASSERT_EQ(make_searcher(plan)->size(), 22u);
    const auto all = texts(plan, 22);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 22u) << seed;
  }
}

TEST(Random, NumbersOfEveryKindAreDrawnOnce) {
  Space space;
  space.dimensions = {range(-3, 3, Scale::linear, true), range(1, 8, Scale::log, true), stepped(0, 0.7, 0.1)};
  for (std::size_t i = 0; i < 3; ++i) space.dimensions[i].name = std::string(1, static_cast<char>('a' + i));
  const StudyPlan plan = plan_of(space);
  ASSERT_EQ(make_searcher(plan)->size(), 7u * 8 * 8);
  const auto drawn = texts(plan, 448);
  EXPECT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), 448u);
}

TEST(Random, WithoutRepetitionNeedsNoOrder) {
  const StudyPlan plan = plan_of(nested(), 3);
  const auto forward = texts(plan, 22);
  const auto searcher = make_searcher(plan);
  for (std::uint64_t n = 22; n-- > 0;) EXPECT_EQ(text(plan.space, searcher->propose(n)), forward[n]) << n;
  EXPECT_EQ(texts(plan, 5), std::vector<std::string>(forward.begin(), forward.begin() + 5)) << "more trials go on";
}

// The first draw that is new decides, so what is frequent comes early: one branch of two holds 1 of 101 configurations.
TEST(Random, KeepsTheWeightsOfItsDraws) {
  Space space;
  Values hundred;
  for (std::int64_t i = 0; i < 100; ++i) hundred.emplace_back(i);
  space.dimensions = {branches("either", {"one", "hundred"}), values("inside", hundred, 0, 1)};
  int first = 0;
  constexpr int kSeeds = 400;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) first += texts(plan_of(space, seed), 1)[0] == "either=one ";
  EXPECT_NEAR(first, kSeeds / 2, 50);
}

TEST(Random, WithARangeOfRealsDrawsAsBefore) {
  Space space = nested();
  space.dimensions.push_back(range(0, 1));
  StudyPlan plan = plan_of(space, 6);
  const auto now = texts(plan, 100);
  plan.search_version = 1;
  EXPECT_EQ(now, texts(plan, 100));
}

// A branch without a range has one configuration, and the rest of the search is the other branch's.
TEST(Random, RepeatsNoBranchBesideAContinuousOne) {
  Space space;
  space.dimensions = {branches("either", {"fixed", "free"}), range(0, 1)};
  space.dimensions[1].parent = 0;
  space.dimensions[1].branch = 1;
  const StudyPlan plan = plan_of(space, 6);
  EXPECT_FALSE(make_searcher(plan)->size());
  const auto all = texts(plan, 100);
  EXPECT_EQ(std::ranges::count(all, "either=fixed "), 1);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 100u);
}

TEST(Random, WithoutDimensionsRepeatsTheRun) {
  const StudyPlan plan = plan_of({}, 6);
  EXPECT_FALSE(make_searcher(plan)->size());
  EXPECT_TRUE(make_searcher(plan)->propose(9).empty());
}

TEST(Random, OfVersionOneGoesOnWithRepetitions) {
  StudyPlan plan = plan_of(nested(), 3);
  plan.search_version = 1;
  EXPECT_FALSE(make_searcher(plan)->size());
  const auto all = texts(plan, 50);
  EXPECT_LT(std::set<std::string>(all.begin(), all.end()).size(), 22u + 1);
}

TEST(Random, EndsInALargeSpaceToo) {
  Values hundred;
  for (std::int64_t i = 0; i < 100; ++i) hundred.emplace_back(i);
  Space space;
  space.dimensions = {values("a", hundred), values("b", hundred)};
  const StudyPlan plan = plan_of(space, 6);
  const auto searcher = make_searcher(plan);
  ASSERT_EQ(searcher->size(), 10'000u);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (std::uint64_t n = 0; n < 10'000; ++n) {
    const Configuration configuration = searcher->propose(n);
    seen.emplace(std::get<std::int64_t>(*configuration[0]), std::get<std::int64_t>(*configuration[1]));
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

}  // namespace
}  // namespace tuner::search
