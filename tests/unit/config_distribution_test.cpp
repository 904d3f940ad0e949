// Distributions and probabilities in sweep files.
#include <limits>

#include "config_reading.hpp"

namespace tuner::config {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string option_error(const std::string& option) { return error_of(sweep("{plugin: full, " + option + "}")); }
Range range_of(const std::string& option) {
  const StudyPlan plan = read(sweep("{plugin: full, " + option + "}"));
  EXPECT_EQ(plan.space.dimensions.size(), 1U);
  return std::get<Range>(plan.space.dimensions.at(0).domain);
}

TEST(ConfigDistribution, HasItsShapeAndMayBeCut) {
  const Range normal = range_of("beta: {distribution: normal, mu: 0.5, sigma: 0.1, min: 0, max: 0.9, step: 0.1}");
  EXPECT_EQ(normal.distribution, Distribution::normal);
  EXPECT_EQ(normal.mu, 0.5);
  EXPECT_EQ(normal.sigma, 0.1);
  EXPECT_EQ(normal.min, 0);
  EXPECT_EQ(normal.max, 0.9);
  EXPECT_EQ(normal.step, 0.1);
  const Range log_normal = range_of("lr: {distribution: log_normal, mu: -7, sigma: 1.5}");
  EXPECT_EQ(log_normal.distribution, Distribution::log_normal);
  EXPECT_EQ(log_normal.min, -kInfinity);
  EXPECT_EQ(log_normal.max, kInfinity);
  const Range beta = range_of("beta: {distribution: beta, alpha: 5, beta: 2, max: 0.99, min: null}");
  EXPECT_EQ(beta.distribution, Distribution::beta);
  EXPECT_EQ(beta.alpha, 5);
  EXPECT_EQ(beta.beta, 2);
  EXPECT_TRUE(range_of("window: {distribution: normal, mu: 8, sigma: 2, min: 1, max: 20}").integer);
  EXPECT_EQ(range_of("lr: {min: 0, max: 1}").distribution, Distribution::uniform);
}

TEST(ConfigDistribution, WhatItLacksIsSaid) {
  expect_error(option_error("lr: {distribution: log_normal, sigma: 1}"), "sweep.yaml:2:31 config.bad_hole",
               {"the log_normal distribution of option 'lr' of optimizer 'full' lacks its mu", "add mu: mean"});
  expect_error(option_error("lr: {distribution: log_normal, mu: 1}"), "sweep.yaml:2:31 config.bad_hole", {"its sigma"});
  expect_error(option_error("beta: {distribution: beta, alpha: 1}"), "sweep.yaml:2:33 config.bad_hole", {"its beta"});
  expect_error(option_error("lr: {distribution: log_normal, mu: 1, sigma: 0}"), "sweep.yaml:2:72 config.out_of_range",
               {"sigma of the log_normal distribution"});
  expect_error(option_error("beta: {distribution: beta, alpha: 0, beta: 1}"), "sweep.yaml:2:61 config.out_of_range");
  expect_error(option_error("lr: {distribution: log_normal, mu: x, sigma: 1}"), "sweep.yaml:2:62 config.wrong_type");
  expect_error(option_error("mode: {distribution: normal, mu: 0, sigma: 1}"), "sweep.yaml:2:33 config.bad_hole",
               {"is no number, so it has no distribution"});
  expect_error(option_error("lr: {distribution: [normal]}"), "sweep.yaml:2:46 config.wrong_type",
               {"one of normal, log_normal and beta"});
}

TEST(ConfigDistribution, HasNoOtherKeys) {
  const std::string lr = "lr: {distribution: log_normal, mu: -7, sigma: 1, ";
  expect_error(option_error(lr + "count: 3}"), "sweep.yaml:2:76 config.bad_hole", {"count is for a grid"});
  expect_error(option_error(lr + "scale: log}"), "sweep.yaml:2:76 config.bad_hole", {"is log_normal"});
  expect_error(option_error(lr + "alpha: 1}"), "sweep.yaml:2:76 config.bad_hole", {"no key 'alpha'"});
  expect_error(option_error(lr + "maxx: 1}"), "sweep.yaml:2:76 config.bad_hole", {"did you mean 'max'?"});
  expect_error(option_error("beta: {distribution: beta, a: 1, b: 1}"), "sweep.yaml:2:54 config.bad_hole",
               {"write alpha in its place"});
  expect_error(option_error("lr: {values: [1, 2], distribution: normal}"), "sweep.yaml:2:48 config.bad_hole",
               {"both values and distribution"});
}

// What could be drawn is as legal as what is written.
TEST(ConfigDistribution, EveryValueThatCanBeDrawnIsLegal) {
  expect_error(option_error("lr: {distribution: normal, mu: 0.1, sigma: 0.01}"), "sweep.yaml:2:31 config.bad_hole",
               {"has no min, and some of its values are not legal", "add min: the distribution is cut there"});
  EXPECT_EQ(option_error("lr: {distribution: normal, mu: 0.1, sigma: 0.01, min: 0}"), "no error");
  expect_error(option_error("lr: {distribution: normal, mu: 0.1, sigma: 0.01, min: -1}"),
               "sweep.yaml:2:81 config.out_of_range");
  expect_error(option_error("beta: {distribution: beta, alpha: 2, beta: 5}"), "sweep.yaml:2:33 config.bad_hole",
               {"has no max"});
  expect_error(option_error("window: {distribution: normal, mu: 5, sigma: 1}"), "sweep.yaml:2:35 config.bad_hole",
               {"has no min"});
}

TEST(ConfigDistribution, WhatNobodyCanMeanIsRefused) {
  expect_error(option_error("lr: {distribution: normal, mu: 0, sigma: 1, min: 2, max: 1}"),
               "sweep.yaml:2:84 config.bad_hole", {"is empty"});
  expect_error(option_error("lr: {distribution: normal, mu: 0, sigma: 1, min: 50, max: 60}"),
               "sweep.yaml:2:31 config.bad_hole", {"min and max leave less than 1e-12"});
  expect_error(option_error("lr: {distribution: log_normal, mu: 100, sigma: 100}"), "sweep.yaml:2:31 config.bad_hole",
               {"is more than a number can hold", "natural logarithm"});
  expect_error(option_error("lr: {distribution: log_normal, mu: 0, sigma: 1, step: 0}"),
               "sweep.yaml:2:81 config.out_of_range");
  expect_error(option_error("lr: {distribution: normal, mu: 0, sigma: 1, min: 0, max: 1, step: 2}"),
               "sweep.yaml:2:93 config.bad_hole", {"wider"});
  expect_error(option_error("window: {distribution: normal, mu: 5, sigma: 1, min: 1, max: 9, step: 0.5}"),
               "sweep.yaml:2:97 config.wrong_type", {"an integer"});
}

TEST(ConfigDistribution, ValuesAndBranchesHaveProbabilities) {
  StudyPlan plan = read(sweep("{plugin: full, lr: {values: [0.1, 0.2], probabilities: [0.75, 0.25]}}"));
  EXPECT_EQ(plan.space.dimensions[0].probabilities, (std::vector<double>{0.75, 0.25}));
  plan = read(sweep("{one_of: [bare, {plugin: full, lr: search}], probabilities: [0.9, 0.1]}"));
  EXPECT_EQ(plan.space.dimensions[0].probabilities, (std::vector<double>{0.9, 0.1}));
  EXPECT_TRUE(plan.space.dimensions[1].probabilities.empty());
  plan = read(sweep("bare"), {"scheduler={sequence: [{probabilities: [0.5, 0.5], one_of: [constant, {plugin: decay}], "
                              "steps: 3}, constant]}"});
  EXPECT_EQ(names(plan), (Names{"scheduler.sequence.0"}));
  EXPECT_EQ(plan.space.dimensions[0].probabilities, (std::vector<double>{0.5, 0.5}));
  plan = read(sweep("bare"), {"training.early_stopping={one_of: [null, {patience: 1}], probabilities: [0.5, 0.5]}"});
  EXPECT_EQ(plan.space.dimensions[0].probabilities, (std::vector<double>{0.5, 0.5}));
  EXPECT_TRUE(read(sweep("{plugin: full, lr: {values: [0.1, 0.2], probabilities: null}}"))
                  .space.dimensions[0]
                  .probabilities.empty());
}

TEST(ConfigDistribution, ProbabilitiesAreOneForEachAndAddUp) {
  expect_error(option_error("lr: {values: [1, 2], probabilities: [1]}"), "sweep.yaml:2:63 config.bad_hole",
               {"are 2, and there are 1 probabilities"});
  expect_error(option_error("lr: {values: [1, 2], probabilities: [0.5, 0.4]}"), "sweep.yaml:2:63 config.bad_hole",
               {"add up to 0.9", "add up to 1"});
  EXPECT_EQ(option_error("lr: {values: [1, 2, 3], probabilities: [0.333, 0.333, 0.333]}"), "no error");
  expect_error(option_error("lr: {values: [1, 2], probabilities: [1, 0]}"), "sweep.yaml:2:67 config.out_of_range",
               {"above 0"});
  expect_error(option_error("lr: {values: [1, 2], probabilities: 1}"), "sweep.yaml:2:63 config.bad_hole",
               {"a list is due"});
  expect_error(option_error("lr: {min: 1, max: 2, probabilities: [1]}"), "sweep.yaml:2:48 config.bad_hole",
               {"probabilities belong to values"});
  expect_error(error_of(sweep("{one_of: [bare, full], probabilities: [1]}")), "sweep.yaml:2:50 config.bad_hole",
               {"the branches of this one_of are 2"});
}

TEST(ConfigDistribution, AGridTakesNone) {
  const auto grid_error = [](const std::string& optimizer) { return error_of(run(optimizer, "method: grid\n")); };
  expect_error(grid_error("{plugin: full, lr: {distribution: log_normal, mu: -7, sigma: 1}}"),
               "sweep.yaml:2:31 config.impossible",
               {"optimizer.lr has a log_normal distribution", "count: n", "method: random"});
  expect_error(grid_error("{plugin: full, lr: {values: [1, 2], probabilities: [0.5, 0.5]}}"),
               "sweep.yaml:2:31 config.impossible", {"optimizer.lr has probabilities", "method: random"});
  expect_error(grid_error("{one_of: [bare, full], probabilities: [0.5, 0.5]}"), "sweep.yaml:2:21 config.impossible",
               {"optimizer has probabilities"});
}

}  // namespace
}  // namespace tuner::config
