// What trials measure beside their value: constraints, and the metrics after the first.
#include "tuner/measured.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tuner/trial_run.hpp"

namespace tuner {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

TEST(Measured, ConstraintsAreKnownByTheirNames) {
  EXPECT_TRUE(is_constraint("constraint.memory"));
  EXPECT_TRUE(is_constraint("val_constraint.memory"));
  EXPECT_FALSE(is_constraint("test_constraint.memory"));
  EXPECT_FALSE(is_constraint("constraints"));
  EXPECT_FALSE(is_constraint("my_constraint.memory"));
}

TEST(Measured, TheLastValuesCount) {
  const std::vector<MetricPoint> points{{1, "constraint.b", 4}, {1, "loss", 7},         {1, "constraint.a", -1},
                                        {2, "loss", 6},         {2, "constraint.b", 2}, {3, "constraint.b", 0.5}};
  EXPECT_EQ(last_value(points, "loss"), 6);
  EXPECT_EQ(last_value(points, "other"), std::nullopt);
  EXPECT_EQ(constraints_of(points), (std::vector<double>{-1, 0.5}));
  EXPECT_EQ(last_points(points).size(), 3U);
}

TEST(Measured, TheViolationIsTheSumAboveZero) {
  EXPECT_EQ(violation_of(std::vector<double>{}), 0);
  EXPECT_EQ(violation_of(std::vector<double>{-3, 0}), 0);
  EXPECT_EQ(violation_of(std::vector<double>{-3, 2, 0.5}), 2.5);
  EXPECT_EQ(violation_of(std::vector<double>{-3, kNan}), kInfinity);
}

// A trial of a study with several metrics.
TrialResult trial_that_measures(const std::vector<MetricPoint>& points) {
  TrialRules rules;
  rules.metric = "loss";
  rules.further_metrics = {"bytes", "seconds"};
  TrialTrace trace;
  return measure(rules, trace, {}, nullptr, [&](TrialRun& run) {
    for (const MetricPoint& point : points) run.record(point.step, point.name, point.value);
  });
}

TEST(SeveralMetrics, TheValueIsTheLastOne) {
  TrialRules rules;
  rules.metric = "accuracy";
  rules.goal = Goal::maximize;
  rules.further_metrics = {"bytes"};
  TrialTrace trace;
  const TrialResult result = measure(rules, trace, {}, nullptr, [](TrialRun& run) {
    run.record(1, "accuracy", 0.9);
    run.record(1, "bytes", 3);
    run.record(2, "accuracy", 0.7);
    run.record(2, "bytes", 2);
  });
  EXPECT_EQ(result.outcome, Outcome::completed);
  EXPECT_EQ(result.value, 0.7);
  EXPECT_EQ(result.best_value, 0.9);
}

TEST(SeveralMetrics, ATrialThatLacksOneFails) {
  EXPECT_EQ(trial_that_measures({{1, "loss", 1}, {1, "bytes", 2}, {1, "seconds", 3}}).outcome, Outcome::completed);
  const TrialResult lacking = trial_that_measures({{1, "loss", 1}, {1, "bytes", 2}});
  EXPECT_EQ(lacking.outcome, Outcome::failed);
  EXPECT_EQ(lacking.failure, Failure::error);
  EXPECT_EQ(lacking.error, "the metric 'seconds' was never reported");
  EXPECT_EQ(lacking.value, std::nullopt);
  const TrialResult infinite = trial_that_measures({{1, "loss", 1}, {1, "bytes", kInfinity}, {1, "seconds", kNan}});
  EXPECT_EQ(infinite.outcome, Outcome::diverged);
  EXPECT_EQ(infinite.error, "the metric 'bytes' is inf");
}

}  // namespace
}  // namespace tuner
