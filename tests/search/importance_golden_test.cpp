// Importance of parameters, against recorded values and closed forms.
#include "tuner/report/importance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "golden.hpp"
#include "tuner/report/regression_tree.hpp"

namespace tuner::report {
namespace {

using search_tests::golden;

StoredParameter range(std::string name, double low, double high, Scale scale = Scale::linear) {
  return {.name = std::move(name), .choices = {}, .scale = scale, .low = low, .high = high, .step = {}};
}

// The i-th of an even sequence.
double turn(double a, int i) { return std::fmod((i + 1) * a, 1.0); }

std::vector<StoredParameter> space() {
  StoredParameter units = range("units", 4, 64);
  units.integer = true;
  units.step = 4;
  StoredParameter choice{
      .name = "opt", .choices = {R"("sgd")", R"("adam")", R"("radam")"}, .low = {}, .high = {}, .step = {}};
  return {range("lr", 1e-4, 1, Scale::log), range("mom", 0, 0.99), units, choice};
}

// The trials of the recorded cases: (log10 lr + 2)^2 + 0.3 (mom - 0.9)^2 + 0.001 units + {0.2, 0, 0.1}[opt]; in the
// conditional one mom is there for sgd alone, and units is not.
std::vector<Assessed> trials(int n, bool conditional) {
  std::vector<Assessed> all;
  for (int i = 0; i < n; ++i) {
    const double lr = std::exp(std::log(1e-4) * (1 - turn(std::sqrt(5.0) / 2 - 0.5, i)));
    const double mom = 0.99 * turn(std::sqrt(2.0) - 1, i);
    const double units = 4 + 4 * std::floor(16 * turn(std::sqrt(3.0) - 1, i));
    const double opt = std::floor(3 * turn(std::sqrt(11.0) - 3, i));
    const bool has_mom = !conditional || opt == 0;
    const double decades = std::log10(lr) + 2;
    constexpr double kOf[] = {0.2, 0, 0.1};
    Assessed trial{.values = {lr, std::nullopt, units, opt}, .loss = decades * decades + kOf[static_cast<int>(opt)]};
    if (has_mom) trial.values[1] = mom;
    if (has_mom) trial.loss += 0.3 * (mom - 0.9) * (mom - 0.9);
    if (!conditional) trial.loss += 0.001 * units;
    all.push_back(std::move(trial));
  }
  return all;
}

TEST(PedAnova, RecordedValues) {
  const std::vector<StoredParameter> parameters = space();
  const Json& cases = golden("golden_importance.json").at("ped_anova").at("cases");
  for (const Json& recorded : cases) {
    const Json& arguments = recorded.at("args");
    PedAnova settings;
    settings.against_region = !arguments.contains("evaluate_on_local");
    if (arguments.contains("target_quantile")) settings.target_quantile = arguments.at("target_quantile").get<double>();
    if (arguments.contains("region_quantile")) settings.region_quantile = arguments.at("region_quantile").get<double>();
    const auto importances =
        ped_anova(parameters, trials(static_cast<int>(recorded.at("n").get<std::int64_t>()), false), settings);
    const auto shares = normalized(importances);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const double expected = recorded.at("raw").at(parameters[p].name).get<double>();
      EXPECT_NEAR(importances[p], expected, 1e-9 * expected) << parameters[p].name << " " << recorded.line();
      EXPECT_NEAR(shares[p], recorded.at("normalized").at(parameters[p].name).get<double>(), 1e-9);
    }
  }
}

// Of 60 trials, a fifth of them good.
TEST(PedAnova, ConditionalParametersCountByTheirRegime) {
  const std::vector<StoredParameter> parameters = space();
  const auto importances = ped_anova(parameters, trials(60, true), {.target_quantile = 0.2});
  const Json& raw = golden("golden_importance.json").at("cond_ped_anova").at("raw");
  for (const std::size_t p : {0, 1, 3}) {
    const double expected = raw.at(parameters[p].name).get<double>();
    EXPECT_NEAR(importances[p], expected, 1e-9 * expected) << parameters[p].name;
  }
}

TEST(PedAnova, FewTrialsAndParametersWithoutEnds) {
  const std::vector<StoredParameter> parameters = space();
  EXPECT_EQ(ped_anova(parameters, {}), std::vector<double>(4));
  EXPECT_EQ(ped_anova(parameters, trials(1, false)), std::vector<double>(4));
  EXPECT_EQ(normalized({0, 0}), (std::vector<double>{0.5, 0.5}));
  // What a normal distribution drew has the ends of what was drawn; one value alone is no matter.
  const StoredParameter open{.name = "x", .choices = {}, .low = {}, .high = {}, .step = {}};
  std::vector<Assessed> drawn, same;
  for (int i = 0; i < 40; ++i) {
    drawn.push_back({.values = {i * 1.0}, .loss = std::abs(i - 10.0)});
    same.push_back({.values = {3.0}, .loss = i * 1.0});
  }
  EXPECT_GT(ped_anova(std::vector{open}, drawn).front(), 0.01);
  EXPECT_NEAR(ped_anova(std::vector{open}, same).front(), 0, 1e-12);
}

// Of [0, 1] x [0, 1] x [0, 2], split at x1 <= 0.5 and below at x2 <= 1.5: from its volumes by hand.
TEST(Fanova, AnalyticTree) {
  RegressionTree tree({{0, 1}, {0, 1}, {0, 2}}, 0);
  tree.split(0, 1, 0.5, 0, 0.5);
  tree.split(0, 2, 1.5, 0.1, 0.2);
  EXPECT_NEAR(tree.variance(), 0.03609375, 1e-15);
  EXPECT_NEAR(tree.variance_of(0), 0, 1e-15);
  EXPECT_NEAR(tree.variance_of(1), 0.03515625, 1e-15);
  EXPECT_NEAR(tree.variance_of(2), 0.00046875, 1e-15);
}

TEST(Fanova, IshigamisFunction) {
  // Its first-order shares are 0.3139, 0.4424 and 0 (Ishigami, Homma 1990).
  constexpr double kPi = 3.14159265358979323846;
  const std::vector<StoredParameter> parameters{range("a", -kPi, kPi), range("b", -kPi, kPi), range("c", -kPi, kPi)};
  std::vector<Assessed> all;
  for (int i = 0; i < 4000; ++i) {
    const double a = kPi * (2 * turn(0.8191725133961645, i) - 1), b = kPi * (2 * turn(0.6710436067037893, i) - 1),
                 c = kPi * (2 * turn(0.5497004779019703, i) - 1);
    all.push_back(
        {.values = {a, b, c}, .loss = std::sin(a) + 7 * std::pow(std::sin(b), 2) + 0.1 * std::pow(c, 4) * std::sin(a)});
  }
  const auto shares = fanova(parameters, all, {.trees = 16});
  EXPECT_NEAR(shares[0].value(), 0.3139, 0.07);
  EXPECT_NEAR(shares[1].value(), 0.4424, 0.07);
  EXPECT_NEAR(shares[2].value(), 0, 0.07);
}

TEST(Fanova, ConditionalParametersHaveNone) {
  const auto shares = fanova(space(), trials(60, true), {.trees = 8});
  EXPECT_TRUE(shares[0]);
  EXPECT_FALSE(shares[1]);
  EXPECT_GT(shares[0].value(), shares[3].value());
}

}  // namespace
}  // namespace tuner::report
