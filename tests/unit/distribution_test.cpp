// Distributions of ranges against their closed forms, and what a random search draws of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "plan_fixture.hpp"
#include "tuner/distribution.hpp"
#include "tuner/grid.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Range drawn_from(Distribution distribution) {
  Range range;
  range.distribution = distribution;
  range.min = -kInfinity;
  range.max = kInfinity;
  return range;
}
Range normal(double mu, double sigma) {
  Range range = drawn_from(Distribution::normal);
  range.mu = mu;
  range.sigma = sigma;
  return range;
}
Range log_normal(double mu, double sigma) {
  Range range = normal(mu, sigma);
  range.distribution = Distribution::log_normal;
  return range;
}
Range beta(double a, double b) {
  Range range = drawn_from(Distribution::beta);
  range.alpha = a;
  range.beta = b;
  return range;
}
Range cut(Range range, double min, double max) {
  range.min = min;
  range.max = max;
  return range;
}
double at(const Range& range, double u) { return std::get<double>(random_quantile(range, u)); }

// Source: W. J. Cody's erf through tables of the normal distribution (Abramowitz, Stegun, 26.2), 16 digits.
TEST(Distribution, NormalQuantilesAreThoseOfTables) {
  const std::pair<double, double> kTable[] = {{0.5, 0},
                                              {0.75, 0.6744897501960817},
                                              {0.9, 1.2815515655446004},
                                              {0.975, 1.959963984540054},
                                              {0.99, 2.3263478740408408},
                                              {0.999, 3.090232306167813}};
  for (const auto& [p, z] : kTable) {
    EXPECT_NEAR(at(normal(0, 1), p), z, 1e-13) << p;
    EXPECT_NEAR(at(normal(0, 1), 1 - p), -z, 1e-13) << p;
    EXPECT_NEAR(at(normal(10, 3), p), 10 + 3 * z, 1e-12) << p;
    EXPECT_NEAR(at(log_normal(-7, 2), p) / std::exp(-7 + 2 * z), 1, 1e-12) << p;
  }
}

TEST(Distribution, BetaQuantilesAreTheirClosedForms) {
  for (const double u : {1e-6, 0.01, 0.3, 0.5, 0.8, 0.999}) {
    EXPECT_NEAR(at(beta(1, 1), u), u, 1e-14);
    EXPECT_NEAR(at(beta(3, 1), u), std::cbrt(u), 1e-12);
    EXPECT_NEAR(at(beta(1, 4), u), 1 - std::pow(1 - u, 0.25), 1e-13);
    const double arcsine = std::sin(std::numbers::pi * u / 2);
    EXPECT_NEAR(at(beta(0.5, 0.5), u), arcsine * arcsine, 1e-13);
  }
}

// Both ends of u, 0 and the largest below 1, give numbers: 8.2 standard deviations from the mean.
TEST(Distribution, TheEndsOfUAreNotInfinite) {
  const double last = 1 - 0x1p-53;
  EXPECT_NEAR(at(normal(0, 1), 0), -8.2923, 1e-3);
  EXPECT_EQ(at(normal(0, 1), last), -at(normal(0, 1), 0)) << "symmetric to the last bit";
  EXPECT_GT(at(log_normal(0, 1), 0), 0);
  EXPECT_TRUE(std::isfinite(at(log_normal(0, 80), last)));
  EXPECT_GT(at(log_normal(-700, 80), 0), 0) << "an underflow is the least positive number";
  for (const auto& [a, b] : {std::pair(0.01, 0.01), {1e6, 1e6}, {0.01, 1e6}, {1e6, 0.01}, {2.0, 5.0}})
    for (const double u : {0.0, 0.25, 0.5, last}) {
      const double x = at(beta(a, b), u);
      EXPECT_TRUE(x >= 0 && x <= 1) << a << ' ' << b << ' ' << u << ' ' << x;
    }
}

// F(x) = F(min) + u (F(max) - F(min)), also far out where F itself is 1 to all digits.
TEST(Distribution, ACutKeepsProportions) {
  const auto phi = [](double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; };
  const Range middle = cut(normal(0, 1), -0.5, 2);
  for (const double u : {0.1, 0.5, 0.9})
    EXPECT_NEAR(phi(at(middle, u)), phi(-0.5) + u * (phi(2) - phi(-0.5)), 1e-14) << u;
  EXPECT_NEAR(share_within(middle), phi(2) - phi(-0.5), 1e-15);
  const Range tail = cut(normal(0, 1), 10, kInfinity);
  for (const double u : {0.1, 0.5, 0.9}) {
    const double x = at(tail, u);
    EXPECT_NEAR(phi(-x) / phi(-10), 1 - u, 1e-10) << u;
    EXPECT_EQ(-at(cut(normal(0, 1), -kInfinity, -10), 1 - u - 0x1p-53), x) << "the other tail is its mirror image";
  }
  EXPECT_NEAR(at(cut(log_normal(0, 1), 1, kInfinity), 0.5), std::exp(0.6744897501960817), 1e-13);
  EXPECT_NEAR(at(cut(beta(1, 1), 0.2, 0.6), 0.25), 0.3, 1e-15);
  EXPECT_EQ(share_within(cut(beta(2, 2), 0, 1)), 1);
  EXPECT_EQ(share_within(cut(normal(0, 1), 50, 60)), 0);
  EXPECT_GE(at(cut(normal(0, 1), 0.3, kInfinity), 0), 0.3);
}

// P(k) = F(k + step / 2) - F(k - step / 2), over all draws of an even u.
TEST(Distribution, AStepHasTheShareOfItsNeighborhood) {
  const auto phi = [](double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; };
  constexpr int kDraws = 20'000;
  Range quantized = normal(1, 0.5);
  quantized.step = 0.25;
  std::map<double, int> found;
  for (int i = 0; i < kDraws; ++i) ++found[at(quantized, (i + 0.5) / kDraws)];
  for (const auto& [x, count] : found) {
    EXPECT_EQ(x, std::round(x * 4) / 4) << "multiples of the step";
    EXPECT_NEAR(count, kDraws * (phi((x + 0.125 - 1) / 0.5) - phi((x - 0.125 - 1) / 0.5)), 1) << x;
  }
  EXPECT_TRUE(found.contains(-0.25));
  Range integers = cut(normal(3, 1), 2, 5);
  integers.integer = true;
  std::map<std::int64_t, int> whole;
  for (int i = 0; i < kDraws; ++i) ++whole[std::get<std::int64_t>(random_quantile(integers, (i + 0.5) / kDraws))];
  ASSERT_EQ(whole.size(), 4u);
  for (const auto& [k, count] : whole) {
    const double z = static_cast<double>(k) - 3;
    EXPECT_NEAR(count, kDraws * (phi(z + 0.5) - phi(z - 0.5)) / (phi(2.5) - phi(-1.5)), 1) << k;
  }
}

TEST(Distribution, StepsAreTheDecimalsThatAreMeant) {
  Range range = normal(0, 1);
  range.step = 0.1;
  EXPECT_EQ(std::get<double>(nearest_step(range, 0.31)), 0.3);
  EXPECT_EQ(std::get<double>(nearest_step(range, -0.68)), -0.7);
  EXPECT_EQ(std::get<double>(nearest_step(range, 0.01)), 0);
  range.max = 0.35;
  EXPECT_EQ(std::get<double>(nearest_step(range, 9)), 0.3) << "no multiple above max";
  range.min = 0.05;
  EXPECT_EQ(std::get<double>(nearest_step(range, 0.29)), 0.25) << "counted from min";
  EXPECT_EQ(std::get<double>(nearest_step(range, -9)), 0.05);
  range = normal(0, 1);
  range.step = 3;
  range.integer = true;
  EXPECT_EQ(std::get<std::int64_t>(nearest_step(range, -7.6)), -9);
}

// The bits of a stored study: they must never change. The values are those of Python's NormalDist, and of bisecting
// 1 - (1 - x)^6 - 6 x (1 - x)^5 = 0.3.
TEST(Distribution, TheBitsOfADrawStay) {
  EXPECT_EQ(at(normal(0, 1), 0.3), -0x1.0c7e39582c5fap-1);
  EXPECT_EQ(at(log_normal(-7, 1.5), 0.8), 0x1.a6645da1169e2p-9);
  EXPECT_EQ(at(beta(2, 5), 0.3), 0x1.745560dce9cd1p-3);
}

StudyPlan random_plan(Space space) {
  StudyPlan plan;
  plan.method = "random";
  plan.seed = 5;
  plan.space = std::move(space);
  return plan;
}

// The largest distance of the empirical distribution from F; 1.95 / sqrt n is passed once in a thousand.
TEST(RandomDistribution, DrawsFollowIt) {
  const auto phi = [](double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; };
  const StudyPlan plan = random_plan({{{"n", normal(2, 3), std::nullopt, 0},
                                       {"l", log_normal(-7, 1), std::nullopt, 0},
                                       {"b", beta(3, 1), std::nullopt, 0}}});
  const auto searcher = search::make_random(plan);
  constexpr std::size_t kDraws = 4000;
  std::vector<double> shares[3];
  for (std::uint64_t n = 0; n < kDraws; ++n) {
    const Configuration drawn = searcher->propose(n);
    shares[0].push_back(phi((std::get<double>(*drawn[0]) - 2) / 3));
    shares[1].push_back(phi(std::log(std::get<double>(*drawn[1])) + 7));
    shares[2].push_back(std::pow(std::get<double>(*drawn[2]), 3));
  }
  for (auto& all : shares) {
    std::ranges::sort(all);
    double distance = 0;
    for (std::size_t i = 0; i < kDraws; ++i) {
      const double share = static_cast<double>(i) / kDraws;
      distance = std::max({distance, std::abs(all[i] - share), std::abs(all[i] - share - 1.0 / kDraws)});
    }
    EXPECT_LT(distance, 1.95 / std::sqrt(kDraws));
  }
}

TEST(RandomDistribution, ProbabilitiesAreFrequencies) {
  Dimension choice{"x", Values{std::string("a"), std::string("b"), std::string("c")}, std::nullopt, 0, {0.5, 0.3, 0.2}};
  std::map<std::string, int> found;
  for (int i = 0; i < 1000; ++i) ++found[std::get<std::string>(search::random_value(choice, (i + 0.5) / 1000))];
  EXPECT_EQ(found, (std::map<std::string, int>{{"a", 500}, {"b", 300}, {"c", 200}}));
  // A sum that is not 1 but for rounding: each has its share of it.
  choice.probabilities = {0.333, 0.333, 0.333};
  found.clear();
  for (int i = 0; i < 999; ++i) ++found[std::get<std::string>(search::random_value(choice, (i + 0.5) / 999))];
  EXPECT_EQ(found, (std::map<std::string, int>{{"a", 333}, {"b", 333}, {"c", 333}}));
  Dimension branch{"y", Branches{{"sgd", "adam"}}, std::nullopt, 0, {0.9, 0.1}};
  EXPECT_EQ(search::random_value(branch, 0.89), Value(std::string("sgd")));
  EXPECT_EQ(search::random_value(branch, 0.91), Value(std::string("adam")));
}

// A configuration is drawn once, also where its values are the multiples of a step without an end.
TEST(RandomDistribution, NoConfigurationTwice) {
  Range quantized = normal(0, 2);
  quantized.step = 1;
  const StudyPlan endless = random_plan({{{"x", quantized, std::nullopt, 0}}});
  const auto searcher = search::make_random(endless);
  EXPECT_FALSE(searcher->size());
  std::map<double, int> found;
  for (std::uint64_t n = 0; n < 12; ++n) ++found[std::get<double>(*searcher->propose(n)[0])];
  EXPECT_EQ(found.size(), 12u);
  const StudyPlan bounded = random_plan({{{"x",
                                           [&] {
                                             Range range = cut(quantized, -3, 3);
                                             return range;
                                           }(),
                                           std::nullopt, 0}}});
  const auto whole = search::make_random(bounded);
  EXPECT_EQ(whole->size(), 7u);
  found.clear();
  for (std::uint64_t n = 0; n < 7; ++n) ++found[std::get<double>(*whole->propose(n)[0])];
  EXPECT_EQ(found.size(), 7u);
}

// What is not used is not there: the identity of a stored study has no word of it.
TEST(CanonicalDistribution, IsWrittenWhereItIsUsed) {
  StudyPlan plan = test::lr_study();
  const std::string before = canonical_plan(plan);
  EXPECT_EQ(before.find("distribution"), std::string::npos);
  EXPECT_EQ(before.find("probabilities"), std::string::npos);
  plan.space.dimensions[0].probabilities = {0.25, 0.75};
  const std::string weighted = canonical_plan(plan);
  EXPECT_NE(weighted, before);
  EXPECT_NE(weighted.find("\"probabilities\""), std::string::npos) << weighted;
  plan.space.dimensions[0] = {"optimizer.lr", cut(log_normal(-7, 1), -kInfinity, 1), std::nullopt, 0};
  const Json lr = Json::parse(canonical_plan(plan)).at("optimizer").at("options").at("lr");
  EXPECT_EQ(lr, (Json{{"distribution", "log_normal"}, {"max", 1.0}, {"mu", -7.0}, {"sigma", 1.0}})) << lr.dump();
}

}  // namespace
}  // namespace tuner
