// From the measurements of an LR range test to what it says: numbers, intervals, and when it cannot tell.
#include "tuner/lr_range/diagnosis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "tuner/json.hpp"
#include "tuner/lr_range/measurements.hpp"
#include "tuner/lr_range/recommendation.hpp"
#include "tuner/lr_range/report.hpp"

namespace tuner::lr_range {
namespace {

constexpr double kInf = INFINITY;
using Metrics = std::vector<MetricPoint>;

TEST(LrMeasurements, ACurveIsReadInOrderOfItsSteps) {
  const Metrics metrics{{2, "loss", 5}, {1, "lr", 0.1},   {2, "lr", 0.2},        {1, "loss", 6},
                        {3, "lr", 0.4}, {3, "loss", NAN}, {1, "loss_before", 7}, {2, "smoothed_loss", 1}};
  const Curve curve = curve_of(metrics);
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0].lr, 0.1);
  EXPECT_EQ(curve[0].loss_before, 7);
  EXPECT_EQ(curve[0].loss, 6);
  EXPECT_EQ(curve[1].loss, 5);
  EXPECT_TRUE(std::isnan(curve[2].loss));
  EXPECT_TRUE(curve_of({}).empty());
  EXPECT_EQ(last_value(metrics, "lr"), 0.4);
  EXPECT_EQ(last_value(metrics, "none"), std::nullopt);
}

TEST(LrMeasurements, TheMedianIsThatOfTheFiniteOnes) {
  EXPECT_EQ(median({}), std::nullopt);
  EXPECT_EQ(median({kInf, NAN}), std::nullopt);
  EXPECT_EQ(median({3, kInf}), 3);
  EXPECT_EQ(median({10, 0.1, 1}), 1);
  EXPECT_DOUBLE_EQ(*median({100, 1}), 10);
}

TEST(LrMeasurements, TheGridStandsInOrderOfLr) {
  std::vector<GridLr> grid;
  add_grid_run(grid, {.kind = PartKind::grid, .seed = 1, .lr = 0.1}, 4);
  add_grid_run(grid, {.kind = PartKind::grid, .seed = 0, .lr = 0.01}, 5);
  add_grid_run(grid, {.kind = PartKind::grid, .seed = 0, .lr = 0.1}, std::nullopt);
  ASSERT_EQ(grid.size(), 2u);
  EXPECT_EQ(grid[0].lr, 0.01);
  EXPECT_EQ(grid[1].losses, (std::vector<double>{kInf, 4}));
  EXPECT_EQ(grid[0].loss(0), 5);
  EXPECT_EQ(grid[0].loss(1), kInf) << "not made yet";
  EXPECT_EQ(best_in_grid(grid), 0u);
  EXPECT_EQ(best_in_grid({}), std::nullopt);
  EXPECT_EQ(best_in_grid(std::vector<GridLr>{{0.1, {kInf, 1}}}), std::nullopt);
}

TEST(LrMeasurements, AlikeIsWhatNoiseCannotTellApart) {
  // Differences to the middle one, by seed: 0.9, 1, 1.1 (noise 0.1) and 1, -1, 0.5 (noise 1).
  const std::vector<GridLr> grid{{1, {1.9, 2, 2.1}}, {2, {1, 1, 1}}, {3, {2, 0, 1.5}}, {4, {1, 1, kInf}}};
  EXPECT_EQ(indistinguishable(grid, 1), (std::pair<std::size_t, std::size_t>{1, 2}));
  // One seed knows no noise, and a difference that all share is none.
  const std::vector<GridLr> one{{1, {1.0001}}, {2, {1}}, {3, {1}}};
  EXPECT_EQ(indistinguishable(one, 1), (std::pair<std::size_t, std::size_t>{1, 1}));
  const std::vector<GridLr> equal{{1, {1, 2}}, {2, {1, 2}}, {3, {1, 3}}};
  EXPECT_EQ(indistinguishable(equal, 0), (std::pair<std::size_t, std::size_t>{0, 2})) << "0, 1: noise 0.5 about 0.5";
}

Curve falling_then(std::vector<double> end, std::size_t points = 20) {
  Curve curve;
  double before = 10;
  for (std::size_t i = 0; i < points; ++i) {
    const double loss = 10 - 0.2 * static_cast<double>(i + 1);
    curve.push_back({1e-3 * std::pow(2, static_cast<double>(i)), before, loss});
    before = loss;
  }
  for (const double loss : end) {
    curve.push_back({2 * curve.back().lr, before, loss});
    before = loss;
  }
  return curve;
}

TEST(LrMeasurements, WhereARampDiverges) {
  const TestSettings settings{.steps = 20, .smoothing = 0};
  EXPECT_EQ(divergence_lr({}, settings), std::nullopt);
  EXPECT_EQ(divergence_lr(falling_then({}), settings), std::nullopt);
  const Curve ends = falling_then({NAN}, 10);
  EXPECT_DOUBLE_EQ(*divergence_lr(ends, settings), ends[9].lr);
  const Curve climbs = falling_then({9, 20, 50}, 10);
  EXPECT_DOUBLE_EQ(*divergence_lr(climbs, settings), climbs[10].lr) << "back above nine tenths of its fall";
  // Too short for the rule, stopped all the same: at once, and after two steps.
  EXPECT_EQ(divergence_lr({{0.5, 1, 80}}, settings), 0.5);
  EXPECT_EQ(divergence_lr({{0.5, 1, kInf}}, settings), 0.5);
  EXPECT_EQ(divergence_lr({{0.5, 1, 0.9}, {1, 0.9, 0.8}, {2, 0.8, 1e9}}, settings), 1);
}

TEST(LrRecommendation, IsTheLowEndOverTheBiasOfShortRuns) {
  const std::vector<GridLr> grid{
      {0.01, {5, 5.1, 5}}, {0.02, {1.1, 0.9, 1.2}}, {0.04, {1, 1, 1}}, {0.08, {1.5, 1.6, 1.5}}};
  const storage::LrSuggestion best{"sgd", "best_short_run", 0.04, 0.02, 0.05, "rule", "a note"};
  const auto advice = recommend(grid, best);
  EXPECT_EQ(advice.branch, "sgd");
  EXPECT_EQ(advice.name, "recommended");
  EXPECT_DOUBLE_EQ(*advice.value, 0.02 / kShortRunBias);
  EXPECT_DOUBLE_EQ(*advice.low, 0.02 / kShortRunBias);
  EXPECT_DOUBLE_EQ(*advice.high, 0.04);
  EXPECT_EQ(advice.note, "a note");
  storage::LrSuggestion unknown = best;
  unknown.value.reset();
  unknown.note = "cannot tell: why";
  const auto none = recommend(grid, unknown);
  EXPECT_FALSE(none.value || none.low || none.high);
  EXPECT_EQ(none.note, "cannot tell: why");
}

// Measurements of three seeds: ramps that fall and diverge at 0.512 times `shift`, a grid, bisections, a probe.
struct Measurements {
  TestSettings settings{.lr_min = 1e-3, .lr_max = 10, .steps = 20, .smoothing = 0, .grid_steps = 40};
  std::vector<MeasuredPart> parts;

  TrialResult& add(PartKind kind, std::int64_t seed, double lr = 0) {
    parts.push_back({{.kind = kind, .seed = seed, .lr = lr}, {}});
    return parts.back().result;
  }
  void ramp(std::int64_t seed, const Curve& curve, double shift = 1) {
    TrialResult& result = add(PartKind::ramp, seed);
    std::int64_t step = 0;
    for (const CurvePoint& point : curve) {
      ++step;
      result.metrics.push_back({step, "lr", shift * point.lr});
      result.metrics.push_back({step, "loss_before", point.loss_before});
      result.metrics.push_back({step, "loss", point.loss});
    }
  }
  void grid_lr(std::int64_t seed, double lr, std::optional<double> value, double start = 10) {
    TrialResult& result = add(PartKind::grid, seed, lr);
    result.metrics = {{0, "loss", start}, {1, "loss", 9}};
    result.value = value;
    if (!value) result.outcome = Outcome::diverged;
  }
  void bisection(std::int64_t seed, std::optional<double> stable, std::optional<double> unstable) {
    TrialResult& result = add(PartKind::stability, seed);
    if (stable) result.metrics.push_back({3, "largest_stable", *stable});
    if (unstable) result.metrics.push_back({3, "smallest_unstable", *unstable});
  }
  static void fail(TrialResult& result, const char* error) { result.outcome = Outcome::failed, result.error = error; }

  [[nodiscard]] Suggestion operator[](std::string_view name) const {
    for (const Suggestion& suggestion : diagnose(settings, "sgd", parts))
      if (suggestion.name == name) return suggestion;
    ADD_FAILURE() << "no " << name;
    return {};
  }
};

Measurements whole() {
  Measurements test;
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    const double own = static_cast<double>(seed) / 100;
    test.ramp(seed, falling_then({NAN}, 10), 1 + own);
    test.grid_lr(seed, 0.01, 5 + own);
    test.grid_lr(seed, 0.1, 1 + own);
    test.grid_lr(seed, 1, std::nullopt);
    test.bisection(seed, 0.4 + own, 0.41 + own);
  }
  return test;
}

TEST(LrDiagnosis, BeginsWithTheFourInTheirOrderAndNamesEverythingOnce) {
  const Measurements test = whole();
  const auto all = diagnose(test.settings, "sgd", test.parts);
  std::set<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].branch, "sgd");
    EXPECT_TRUE(names.insert(all[i].name).second) << all[i].name;
    if (i < 4) {
      EXPECT_EQ(all[i].name, kSuggestions[i]);
    }
    EXPECT_TRUE(all[i].value || !all[i].note.empty()) << all[i].name << " says nothing";
  }
  EXPECT_TRUE(names.contains("rule.fastai.valley") && names.contains("divergence"));
}

TEST(LrDiagnosis, LargestStable) {
  const Suggestion stable = whole()["largest_stable"];
  EXPECT_DOUBLE_EQ(*stable.value, 0.41);
  EXPECT_DOUBLE_EQ(*stable.low, 0.4);
  EXPECT_DOUBLE_EQ(*stable.high, 0.43);
  EXPECT_EQ(stable.note, "");
  const auto of = [](const std::function<void(Measurements&)>& bisections) {
    Measurements test;
    bisections(test);
    return test["largest_stable"];
  };
  EXPECT_EQ(of([](Measurements&) {}).note, "not measured yet");
  EXPECT_EQ(of([](Measurements& t) { t.settings.stability_steps = 0; }).note, "not measured: stability is none");
  const Suggestion none =
      of([](Measurements& t) { t.bisection(0, 10, {}), t.bisection(1, 10, {}), t.bisection(2, 1, 2); });
  EXPECT_EQ(none.note, "no divergence up to 10");
  EXPECT_EQ(none.low, 10);
  EXPECT_FALSE(none.value);
  EXPECT_EQ(of([](Measurements& t) { t.settings.extend = true, t.bisection(0, 1e5, {}); }).note,
            "no divergence up to 100000");
  const Suggestion one =
      of([](Measurements& t) { t.bisection(0, 10, {}), t.bisection(1, 1, 2), t.bisection(2, 1, 2); });
  EXPECT_EQ(one.note, "1 of 3 seeds did not diverge up to 10");
  EXPECT_EQ(one.value, 1);
  const Suggestion all = of([](Measurements& t) { t.bisection(0, {}, 1e-3), t.bisection(1, {}, 1e-3); });
  EXPECT_EQ(all.note, "diverges at every lr down to 0.001: lower lr_min");
  EXPECT_EQ(all.high, 1e-3);
  const Suggestion failed = of([](Measurements& t) {
    t.bisection(0, 10, {});
    for (const int seed : {1, 2}) Measurements::fail(t.add(PartKind::stability, seed), "step 7: it broke");
  });
  EXPECT_EQ(failed.note, "cannot tell: step 7: it broke");
}

TEST(LrDiagnosis, Divergence) {
  Measurements test = whole();
  const Suggestion found = test["divergence"];
  EXPECT_DOUBLE_EQ(*found.value, 0.512 * 1.01);
  EXPECT_DOUBLE_EQ(*found.low, 0.512);
  EXPECT_DOUBLE_EQ(*found.high, 0.512 * 1.02);
  EXPECT_EQ(found.note, "");
  Measurements::fail(test.parts[0].result, "it broke");
  EXPECT_EQ(test["divergence"].note, "1 of 3 seeds failed: it broke");
  EXPECT_DOUBLE_EQ(*test["divergence"].low, 0.512 * 1.01);

  const auto of = [](const Curve& curve, bool extend = false) {
    Measurements t;
    t.settings.extend = extend;
    t.ramp(0, curve);
    t.ramp(1, curve);
    return t["divergence"];
  };
  EXPECT_EQ(Measurements{}["divergence"].note, "not measured yet");
  EXPECT_EQ(of(falling_then({})).note,
            "2 of 2 seeds did not diverge up to 524.288: raise lr_max of lr_range:, or say extend: true");
  EXPECT_EQ(of(falling_then({}), true).note, "2 of 2 seeds did not diverge up to 524.288: raise lr_max of lr_range:");
  for (const double loss : {80.0, kInf, static_cast<double>(NAN)}) {
    EXPECT_EQ(of({{1e-3, 1, loss}}).note,
              "2 of 2 seeds diverged at the first step, lr 0.001: lower lr_min of lr_range:");
    EXPECT_EQ(of({{1e-3, 1, loss}}).value, 1e-3);
  }
  Measurements failed;
  Measurements::fail(failed.add(PartKind::ramp, 0), "it broke");
  EXPECT_EQ(failed["divergence"].note, "cannot tell: it broke");
}

TEST(LrDiagnosis, BestShortRun) {
  const Suggestion best = whole()["best_short_run"];
  EXPECT_EQ(best.value, 0.1);
  EXPECT_DOUBLE_EQ(*best.low, std::sqrt(0.01 * 0.1));
  EXPECT_DOUBLE_EQ(*best.high, std::sqrt(0.1));
  EXPECT_EQ(best.rule, "least mean loss over the last quarter of 40 steps");
  const auto of = [](const std::function<void(Measurements&)>& grid) {
    Measurements test;
    grid(test);
    EXPECT_EQ(test["recommended"].note, test["best_short_run"].note);
    EXPECT_EQ(test["recommended"].value.has_value(), test["best_short_run"].value.has_value());
    return test["best_short_run"].note;
  };
  EXPECT_EQ(of([](Measurements&) {}), "not measured yet");
  EXPECT_EQ(of([](Measurements& t) { t.settings.grid_points = 0; }), "not measured: grid is none");
  EXPECT_EQ(of([](Measurements& t) { t.grid_lr(0, 1, {}), t.grid_lr(0, 2, {}); }),
            "cannot tell: every run of the LR grid diverged or failed");
  EXPECT_EQ(of([](Measurements& t) { t.grid_lr(0, 1, 5), t.grid_lr(0, 2, 4), t.grid_lr(0, 3, 6); }), "");
  EXPECT_EQ(of([](Measurements& t) { t.grid_lr(0, 1, 4), t.grid_lr(0, 2, 5), t.grid_lr(0, 3, 6); }),
            "the lowest lr of the LR grid: the best may be below");
  EXPECT_EQ(of([](Measurements& t) { t.grid_lr(0, 1, 6), t.grid_lr(0, 2, 5), t.grid_lr(0, 3, 4); }),
            "the highest lr of the LR grid: the best may be above");
  EXPECT_EQ(of([](Measurements& t) { t.grid_lr(0, 1, 1e9), t.grid_lr(0, 2, 1e12), t.grid_lr(0, 3, {}); }),
            "cannot tell: no lr of the LR grid brings the loss below its start; its lowest is 1");
  EXPECT_EQ(of([](Measurements& t) {
              for (const double lr : {1, 2, 3})
                for (const int seed : {0, 1, 2}) t.grid_lr(seed, lr, 5 + ((seed + static_cast<int>(lr)) % 3));
            }),
            "cannot tell: no lr of the LR grid differs from the best one by more than its noise");
}

TEST(LrDiagnosis, LargestLearning) {
  Measurements test = whole();
  EXPECT_EQ(test["largest_learning"].value, 0.1);
  EXPECT_EQ(test["largest_learning"].high, 1);
  for (int seed = 0; seed < 3; ++seed) {
    test.grid_lr(seed, 0.2, 5);
    test.grid_lr(seed, 0.4, 6);
  }
  EXPECT_EQ(test["largest_learning"].value, 0.2) << "half of the gain, from 10 to 1, is 5.5";
  EXPECT_EQ(test["largest_learning"].high, 0.4);
}

TEST(LrDiagnosis, RulesWhoseSeedsDisagreeCannotTell) {
  Measurements test;
  for (const double shift : {1, 1, 30}) test.ramp(static_cast<std::int64_t>(shift) % 7, falling_then({NAN}, 10), shift);
  const Suggestion third = test["rule.divergence/3"];
  EXPECT_FALSE(third.value);
  EXPECT_EQ(third.note, "cannot tell: the seeds disagree 30-fold");
  EXPECT_DOUBLE_EQ(*third.high / *third.low, 30);
  test.parts.pop_back();
  test.ramp(2, falling_then({}));
  EXPECT_EQ(test["rule.divergence/3"].note, "from 2 of 3 seeds: the curve does not diverge");
  EXPECT_DOUBLE_EQ(*test["rule.divergence/3"].value, 0.512 / 3);
}

TEST(LrDiagnosis, LimitsAndProbes) {
  Measurements test;
  test.add(PartKind::curvature, 0).metrics = {
      {1, "largest_eigenvalue", 3}, {2, "largest_eigenvalue", 4}, {2, "limit", 0.5}};
  test.add(PartKind::probe, 0).metrics = {{0, "critical_lr", 2}, {10, "critical_lr", -1}};
  test.add(PartKind::probe, 1).metrics = {{0, "critical_lr", 8}, {10, "critical_lr", NAN}};
  EXPECT_EQ(test["largest_eigenvalue"].value, 4);
  EXPECT_EQ(test["limit"].value, 0.5);
  EXPECT_DOUBLE_EQ(*test["critical_lr"].value, 4);
  EXPECT_EQ(test["critical_lr"].note, "in 2 of 4 probes the direction did not go down, or nothing stopped it");
  test.parts.pop_back();
  test.parts.pop_back();
  test.add(PartKind::probe, 0).metrics = {{0, "critical_lr", NAN}};
  EXPECT_EQ(test["critical_lr"].note, "cannot tell: the direction never went down");
  test.parts.clear();
  Measurements::fail(test.add(PartKind::curvature, 0), "no gradient");
  EXPECT_EQ(test["limit"].note, "cannot tell: no gradient");
}

lr_range::LrBranch branch(const std::string& label, const TestSettings& settings,
                          const std::vector<MeasuredPart>& parts) {
  return {.label = label, .suggestions = diagnose(settings, label, parts), .ramps = {}, .grid = {}};
}

TEST(LrReport, JsonHasOneObjectOrOneForEachBranch) {
  lr_range::LrReport report{.study = "a \"b\"", .branches = {}};
  const Measurements test = whole();
  report.branches.push_back(branch("sgd", test.settings, test.parts));
  const auto one = lr_range::lr_json(report);
  EXPECT_EQ(one.at("study"), "a \"b\"");
  const auto& stable = one.at("suggestions").at("largest_stable");
  EXPECT_EQ(stable.at("value"), *test["largest_stable"].value) << "every bit";
  EXPECT_TRUE(stable.at("note").is_null());
  EXPECT_EQ(one.at("suggestions").size(), 4u);
  EXPECT_TRUE(one.at("limits").contains("divergence"));
  EXPECT_TRUE(one.at("rules").contains("divergence/3"));
  EXPECT_FALSE(one.at("limits").contains("recommended"));
  for (const char* group : {"suggestions", "limits", "rules"})
    for (const auto& [name, object] : one.at(group).items()) EXPECT_EQ(object.size(), 5u) << name;

  report.branches.push_back(branch("mlp, adam", {}, {}));
  const auto two = lr_range::lr_json(report);
  EXPECT_EQ(two.at("suggestions").at("sgd"), one.at("suggestions"));
  const auto& empty = two.at("suggestions").at("mlp, adam").at("recommended");
  EXPECT_TRUE(empty.at("value").is_null() && empty.at("low").is_null());
  EXPECT_EQ(empty.at("note"), "not measured yet");
}

TEST(LrReport, TextHasATableForEveryBranch) {
  lr_range::LrReport report{.study = "study", .branches = {}};
  const Measurements test = whole();
  report.branches.push_back(branch("sgd", test.settings, test.parts));
  report.branches.push_back(branch("adam", {}, {}));
  lr_range::LrBranch& sgd = report.branches[0];
  // An interrupted grid: a run that failed, one that diverged, seeds that are missing.
  sgd.grid = {{0.01, {1.5}}, {0.1, {0.5, kInf, NAN}}};
  const std::string text = lr_range::lr_text(report);
  const auto has = [&](const std::string& part) { return text.find(part) != std::string::npos; };
  EXPECT_TRUE(has("\nsgd ") && has("\nadam ")) << text;
  EXPECT_TRUE(has("\nlargest_stable    0.41  ")) << text;
  EXPECT_TRUE(has("not measured yet"));
  EXPECT_TRUE(
      has("grid: lr  loss, seed 0  loss, seed 1  loss, seed 2\n"
          "0.01      1.5\n"
          "0.1       0.5           diverged      failed\n"))
      << text;
}

// Source: NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
TEST(LrDiagnosis, StudentsTHasNoLastDegreeOfFreedom) {
  EXPECT_NEAR(lr_range::student_t_95(1), 6.3138, 5e-5);
  EXPECT_NEAR(lr_range::student_t_95(9), 1.833, 5e-4);
  EXPECT_NEAR(lr_range::student_t_95(10), 1.812, 5e-4);
  EXPECT_NEAR(lr_range::student_t_95(30), 1.697, 5e-4);
  EXPECT_NEAR(lr_range::student_t_95(100), 1.660, 5e-4);
}

}  // namespace
}  // namespace tuner::lr_range
