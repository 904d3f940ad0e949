#include <cmath>

#include "objective_fixture.hpp"

namespace tuner::test {
namespace {

struct Case {
  const char* name;
  const char* id;
  Settings settings;
  double at_start;
};

const char* const kWithMinimum[] = {
    "rosenbrock",      "beale",    "himmelblau",       "sphere",          "rastrigin", "booth",
    "styblinski_tang", "matyas",   "three_hump_camel", "goldstein_price", "easom",     "levy13",
    "mccormick",       "colville", "ackley",           "schwefel",        "drop_wave"};
// Of these the minimum lies at a kink or at the edge of the domain.
const char* const kWithoutSmoothMinimum[] = {"eggholder", "bukin6"};

// Start values: More, Garbow, Hillstrom 1981 and shared/spec; n40 of the extended Rosenbrock is 20 times 24.2.
const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"rosenbrock", "rosenbrock", {}, 24.2},
      {"rosenbrock_origin", "rosenbrock", {{"start", list_of({0, 0})}}, 1},
      {"rosenbrock_40", "rosenbrock", {{"dim", std::int64_t{40}}}, 484},
      {"beale", "beale", {}, 14.203125},
      {"himmelblau", "himmelblau", {}, 610},
      {"sphere", "sphere", {{"dim", std::int64_t{5}}}, 5},
      {"rastrigin", "rastrigin", {{"dim", std::int64_t{3}}}, 3 * 22.25},
      {"styblinski_tang", "styblinski_tang", {{"start", list_of({1, 1})}}, -10},
      {"saddle", "saddle", {}, 0.999999},
      {"booth", "booth", {}, 2180},
      {"matyas", "matyas", {}, 9},
      {"three_hump_camel", "three_hump_camel", {}, 3.1166666666666667},
      {"goldstein_price", "goldstein_price", {}, 304.16104969},
      {"easom", "easom", {}, -0.8388882192128048},
      {"levy13", "levy13", {}, 0.6845084971874742},
      {"mccormick", "mccormick", {}, 50.90929742682568},
      {"colville", "colville", {}, 19192},
      {"ackley", "ackley", {}, 12.642411176571154},
      {"ackley_3", "ackley", {{"start", list_of({1.5, 1.5, 1.5})}, {"dim", std::int64_t{3}}}, 7.5340379736532456},
      {"schwefel", "schwefel", {}, 1437.442969787711},
      {"drop_wave", "drop_wave", {}, -0.23221968746199524},
      {"eggholder", "eggholder", {}, 368.77987838749826},
      {"bukin6", "bukin6", {}, 128.10248474865697},
      {"quadratic", "quadratic", {}, 0.5 * (1 + 10)},
      {"quadratic_listed", "quadratic", {{"eigenvalues", list_of({2, -2, 8})}}, 4},
      {"quadratic_dim", "quadratic", {{"dim", std::int64_t{3}}, {"condition", 100.0}}, 0.5 * (1 + 10 + 100)}};
  return kCases;
}

class Analytic : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Functions, Analytic, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Analytic, HasTheStartValueOfTheLiterature) {
  Problem problem(GetParam().id, GetParam().settings);
  EXPECT_NEAR(problem.loss(), GetParam().at_start, 1e-12 * std::abs(GetParam().at_start));
}

TEST_P(Analytic, DerivativesAreExact) {
  Problem problem(GetParam().id, GetParam().settings);
  const std::size_t n = problem.parameters().size();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_exact_derivatives(problem, random_numbers(n, seed, -2.5, 2.5));
  }
}

TEST_P(Analytic, SinglePrecisionIsTheDoubleOneRounded) {
  Settings single = GetParam().settings;
  single["dtype"] = std::string("f32");
  Problem in32(GetParam().id, single), in64(GetParam().id, GetParam().settings);
  ASSERT_EQ(in32.objective().tensors().spec(0).dtype, TUNER_DTYPE_F32);
  ASSERT_EQ(in64.objective().tensors().spec(0).dtype, TUNER_DTYPE_F64);
  in32.set(random_numbers(in64.parameters().size(), 3, -2, 2));
  in64.set(in32.parameters());
  EXPECT_EQ(in32.loss(), in64.loss());
  const Numbers g32 = in32.gradient(), g64 = in64.gradient();
  for (std::size_t i = 0; i < g64.size(); ++i) EXPECT_EQ(g32[i], static_cast<float>(g64[i]));
  const Numbers v = in32.parameters(), h32 = in32.hvp(v), h64 = in64.hvp(v);
  for (std::size_t i = 0; i < h64.size(); ++i) EXPECT_EQ(h32[i], static_cast<float>(h64[i]));
}

TEST_P(Analytic, NonFiniteIsAResult) {
  Problem problem(GetParam().id, GetParam().settings);
  const std::size_t n = problem.parameters().size();
  problem.set(Numbers(n, 1e200));
  EXPECT_NO_THROW(problem.gradient());
  problem.set(Numbers(n, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(std::isnan(problem.loss()));
}

TEST(AnalyticMetadata, DeclaredMinimisersAreMinima) {
  std::vector<const char*> ids(std::begin(kWithMinimum), std::end(kWithMinimum));
  ids.push_back("quadratic");
  for (const char* id : ids) {
    SCOPED_TRACE(id);
    Problem problem(id, {});
    const tuner_objective& known = objective_plugin(id).objective();
    ASSERT_EQ(known.dimension, problem.parameters().size());
    ASSERT_GT(known.n_minimisers, 0u);
    for (std::uint32_t m = 0; m < known.n_minimisers; ++m) {
      const Numbers x(known.minimisers + m * known.dimension, known.minimisers + (m + 1) * known.dimension);
      problem.set(x);
      // Two terms of Schwefel's function are 419.
      const double rounding = std::string_view(id) == "schwefel" ? 2e-13 : 1e-14;
      EXPECT_NEAR(problem.loss(), known.minimum, rounding * (1 + std::abs(known.minimum)));
      EXPECT_LT(largest(problem.gradient()), 1e-11);
      for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        problem.set(moved(x, 1e-3, random_numbers(x.size(), seed, -1, 1)));
        EXPECT_GT(problem.loss(), known.minimum);
      }
    }
  }
}

TEST(AnalyticMetadata, MinimaAtKinksAndEdgesHaveTheirValue) {
  for (const char* id : kWithoutSmoothMinimum) {
    SCOPED_TRACE(id);
    const tuner_objective& known = objective_plugin(id).objective();
    Problem problem(id, {});
    problem.set(Numbers(known.minimisers, known.minimisers + known.dimension));
    EXPECT_NEAR(problem.loss(), known.minimum, 1e-14 * (1 + std::abs(known.minimum)));
  }
}

TEST(AnalyticMetadata, TheDomainHoldsTheMinimisers) {
  for (const char* id : kWithMinimum) {
    SCOPED_TRACE(id);
    const tuner_objective& known = objective_plugin(id).objective();
    ASSERT_NE(known.domain_min, nullptr);
    for (std::uint32_t i = 0; i < known.n_minimisers * known.dimension; ++i) {
      EXPECT_LT(known.domain_min[i % known.dimension], known.minimisers[i]);
      EXPECT_GT(known.domain_max[i % known.dimension], known.minimisers[i]);
    }
  }
}

TEST(AnalyticOptions, StartIsTakenAsGiven) {
  Problem problem("beale", {{"start", list_of({0.25, -3})}});
  EXPECT_EQ(problem.parameters(), (Numbers{0.25, -3}));
}

TEST(AnalyticOptions, WrongStartAndOddDimensionAreRefused) {
  const auto refused = [](const char* id, const Settings& settings) {
    return error_of(Message::config_impossible, [&] { use_of(id, settings); });
  };
  EXPECT_CONTAINS(refused("beale", {{"start", list_of({1, 2, 3})}}), "start has 3 values");
  EXPECT_CONTAINS(refused("rosenbrock", {{"dim", std::int64_t{3}}}), "must be even");
  EXPECT_CONTAINS(refused("rosenbrock", {{"dim", std::int64_t{4}}, {"start", list_of({1, 2})}}), "start has 2 values");
}

TEST(Paraboloid, IsABlackBoxOfItsOptions) {
  Problem problem("paraboloid", {{"x", 3.0}, {"y", 1.0}});
  EXPECT_EQ(problem.objective().tensors().size(), 0u);
  EXPECT_EQ(problem.objective().samples(TUNER_SPLIT_TRAIN), 0u);
  EXPECT_EQ(problem.loss(), 1 + 4);
  EXPECT_TRUE(problem.host().reports.empty());
  EXPECT_EQ(Problem("paraboloid", {{"x", 2.0}, {"y", -1.0}}).loss(), 0);
}

TEST(Paraboloid, ReportsItsWayAndStopsWhenAsked) {
  Problem problem("paraboloid", {{"x", 4.0}, {"y", 0.0}, {"reports", std::int64_t{2}}});
  EXPECT_EQ(problem.loss(), 5);
  ASSERT_EQ(problem.host().reports.size(), 2u);
  EXPECT_EQ(problem.host().reports[0].name, "progress_loss");
  EXPECT_EQ(problem.host().reports[0].step, 1);
  EXPECT_EQ(problem.host().reports[0].value, 1);  // at (2, 0)
  EXPECT_EQ(problem.host().reports[1].value, 5);

  std::stop_source stop;
  stop.request_stop();
  problem.host().stop = stop.get_token();
  double loss = 0;
  EXPECT_EQ(problem.run(TUNER_WANT_LOSS, &loss, nullptr), TUNER_STOP);
}

}  // namespace
}  // namespace tuner::test
