// LR range tests on quadratics, where everything that they measure has a closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/config/config.hpp"
#include "tuner/lr_range/branches.hpp"
#include "tuner/lr_range/flat.hpp"
#include "tuner/lr_range/limits.hpp"
#include "tuner/lr_range/measurements.hpp"
#include "tuner/lr_range/part.hpp"
#include "tuner/lr_range/probe.hpp"
#include "tuner/lr_range/stability.hpp"
#include "tuner/trainer.hpp"

namespace tuner::lr_range {
namespace {

const Catalogue& catalogue() {
  static const Catalogue& plugins = []() -> const Catalogue& {
    static Catalogue made;
    for (const char* name :
         {"sgd", "adam", "adamw", "rmsprop", "lookahead", "constant", "quadratic", "noisy_quadratic"})
      made.add_file(std::string(TUNER_PLUGIN_DIR) + "/" + name + ".so");
    made.add_file(TUNER_BUILD_DIR "/tests/plugins/loop_plugins.so");
    return made;
  }();
  return plugins;
}

StudyPlan plan_of(const std::string& objective, const std::string& optimizer, const std::string& rest = "") {
  const std::string text = "objective: " + objective + "\noptimizer: " + optimizer +
                           "\ntraining: {steps: 100, batch_size: 8}\nmethod: lr_range\n" + rest;
  return config::parse_study(text, "test.yaml", "/", catalogue()).plan;
}

TrialResult run_part(const StudyPlan& plan, const Configuration& point, std::int64_t seed, SharedObjectives& shared) {
  PartSpec spec = spec_of({.plan = plan, .run = {}, .source = {}}, point, static_cast<std::uint32_t>(seed));
  TrialTrace trace;
  return measure(rules_of(spec), trace, {}, nullptr, [&](TrialRun& run) { run_part(spec, shared, run); });
}

TrialResult run(const StudyPlan& plan, const Part& part) {
  SharedObjectives shared;
  return run_part(plan, point_of(plan, branches_of(plan).front().point, part), part.seed, shared);
}

struct Rule {
  const char* options;
  double (*limit)(double curvature);
};
const Rule kRules[] = {{"momentum: 0", [](double c) { return 2 / c; }},
                       {"momentum: 0.9", [](double c) { return 2 * 1.9 / c; }},
                       {"momentum: 0.99", [](double c) { return 2 * 1.99 / c; }},
                       {"momentum: 0.9, nesterov: true", [](double c) { return 2 * 1.9 / (2.8 * c); }},
                       {"momentum: 0.99, nesterov: true", [](double c) { return 2 * 1.99 / (2.98 * c); }},
                       {"momentum: 0.9, dampening: 0.9", [](double c) { return 2 * 1.9 / (0.1 * c); }},
                       {"momentum: 0.99, dampening: 0.99", [](double c) { return 2 * 1.99 / (0.01 * c); }}};

void expect_limit(const std::string& objective, const Rule& rule, double curvature) {
  const double limit = rule.limit(curvature);
  const StudyPlan plan =
      plan_of(objective, "{plugin: sgd, " + std::string(rule.options) + "}", "lr_range: {lr_min: 1e-9, lr_max: 1e3}");
  for (const double first : {limit / 40, limit * 7}) {
    const TrialResult result = run(plan, {.kind = PartKind::stability, .seed = 0, .lr = first});
    ASSERT_EQ(result.outcome, Outcome::completed) << result.error;
    const double stable = last_value(result.metrics, "largest_stable").value_or(0);
    EXPECT_NEAR(stable, limit, 0.02 * limit) << objective << ", " << rule.options << ", from " << first;
    EXPECT_GT(last_value(result.metrics, "smallest_unstable").value_or(0), stable);
  }
}

TEST(LargestStableLr, IsTheClosedFormOnQuadratics) {
  for (const Rule& rule : kRules)
    for (const char* problem : {"dim: 2, condition: 10", "dim: 30, condition: 100, rotate: true",
                                "dim: 1000, condition: 1000", "dim: 50, condition: 1e4"}) {
      const std::string text = problem;
      expect_limit("{plugin: quadratic, " + text + "}", rule,
                   text.ends_with("1e4")    ? 1e4
                   : text.ends_with("1000") ? 1000
                   : text.ends_with("10")   ? 10
                                            : 100);
    }
}

TEST(LargestStableLr, IsTheClosedFormOnNoisyQuadratics) {
  for (const Rule& rule : kRules)
    for (const char* problem : {"dim: 2, condition: 10", "dim: 100, condition: 1000"}) {
      const std::string text = problem;
      expect_limit("{plugin: noisy_quadratic, " + text + "}", rule, text.ends_with("1000") ? 1000 : 10);
    }
}

TEST(LargestStableLr, AdamHasNone) {
  for (const char* objective :
       {"{plugin: quadratic, dim: 20, condition: 100}", "{plugin: noisy_quadratic, dim: 20, condition: 100}"}) {
    const StudyPlan plan = plan_of(objective, "adam");
    const TrialResult result = run(plan, {.kind = PartKind::stability, .seed = 1, .lr = 0.01});
    EXPECT_EQ(last_value(result.metrics, "largest_stable"), 10) << objective;
    EXPECT_FALSE(last_value(result.metrics, "smallest_unstable")) << objective;
  }
}

// A stated second moment, put into the slot before every step so that the step divides by it; after 1000 steps at lr 0,
// so that the first moment's bias correction is over.
TEST(LargestStableLr, OfAdamWithAFrozenSecondMomentIsTheClosedForm) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;
  const StudyPlan plan = plan_of("{plugin: quadratic, eigenvalues: [1, 4, 30, 100], start: [1, 1, 1, 1]}", "adam");
  const double eigenvalues[] = {1, 4, 30, 100}, frozen[] = {0.01, 4, 0.25, 100};
  double largest = 0;
  for (int i = 0; i < 4; ++i) largest = std::max(largest, eigenvalues[i] / (std::sqrt(frozen[i]) + kEps));

  SharedObjectives shared;
  TrialSpec spec = resolve(plan, branches_of(plan).front().point, {});
  TrialTrace trace;
  TrialResult result;
  TrialRun run(rules_of(spec), trace, {}, nullptr, result);
  Trainer trainer(spec, shared, run);
  trainer.prepare();
  trainer.init();
  trainer.set_lr(0);
  for (std::int64_t step = 0; step < 1000; ++step) trainer.update(step, -1, trainer.evaluate_step(step));
  Writer start;
  trainer.save(start);
  const StartRun begin = [&](double lr) -> NextLoss {
    Reader in(start.bytes());
    trainer.restore(in);
    trainer.set_lr(lr);
    return [&, step = std::int64_t{1000}]() mutable {
      const double loss = trainer.evaluate_step(step);
      const auto* g = static_cast<const double*>(trainer.objective().tensors().grad(0));
      auto* v = static_cast<double*>(trainer.optimizer().slot(1).data);
      const double correction = 1 - std::pow(kBeta2, static_cast<double>(step + 1));
      for (int i = 0; i < 4; ++i) v[i] = (frozen[i] * correction - (1 - kBeta2) * g[i] * g[i]) / kBeta2;
      try {
        trainer.update(step, -1, loss);
      } catch (const TrialEnded&) {
        return std::numeric_limits<double>::infinity();
      }
      ++step;
      return loss;
    };
  };
  const double limit = adam_limit(largest, kBeta1);
  EXPECT_DOUBLE_EQ(limit, 2 * (1 + kBeta1) / ((1 - kBeta1) * largest));
  const StabilityBracket found = largest_stable_lr(begin, {.first = 1e-3, .lowest = 1e-6, .highest = 1e3});
  ASSERT_TRUE(found.stable && found.unstable);
  EXPECT_NEAR(*found.stable, limit, 0.05 * limit);
}

TEST(Curvature, FindsTheLargestEigenvalue) {
  for (const char* problem :
       {"dim: 2, condition: 10", "dim: 300, condition: 1e4", "dim: 40, condition: 100, rotate: true"})
    for (const char* plugin : {"quadratic", "noisy_quadratic"}) {
      const std::string text = problem;
      const double largest = text.find("1e4") != std::string::npos ? 1e4 : text.ends_with("10") ? 10 : 100;
      const StudyPlan plan = plan_of("{plugin: " + std::string(plugin) + ", " + text + "}",
                                     "{plugin: sgd, momentum: 0.9, weight_decay: 0.5}");
      const TrialResult result = run(plan, {.kind = PartKind::curvature});
      ASSERT_EQ(result.outcome, Outcome::completed) << result.error;
      EXPECT_NEAR(last_value(result.metrics, "largest_eigenvalue").value_or(0), largest, 1e-6 * largest) << text;
      EXPECT_NEAR(last_value(result.metrics, "limit").value_or(0), heavy_ball_limit(largest + 0.5, 0.9), 1e-5) << text;
    }
}

TEST(Curvature, TakesDifferencesOfGradientsWhereThereAreNoProducts) {
  const StudyPlan plan = plan_of("rows", "sgd");  // 0.5 (x - row)^2
  const TrialResult result = run(plan, {.kind = PartKind::curvature});
  ASSERT_EQ(result.outcome, Outcome::completed) << result.error;
  EXPECT_NEAR(last_value(result.metrics, "largest_eigenvalue").value_or(0), 1, 1e-6);
  EXPECT_EQ(result.evaluations.hvp, 0u);
}

// The second moment of Adam at the start of a diagonal quadratic is the squared gradient: P = lambda |x|.
TEST(Curvature, PreconditionsAdaptiveRules) {
  const StudyPlan plan =
      plan_of("{plugin: quadratic, eigenvalues: [1, 10, 1000], start: [1, 2, 4]}", "adam", "lr_range: {lr_min: 1e-12}");
  const TrialResult result = run(plan, {.kind = PartKind::curvature});
  EXPECT_NEAR(last_value(result.metrics, "preconditioned_eigenvalue").value_or(0), 1, 1e-5);
  EXPECT_NEAR(last_value(result.metrics, "limit").value_or(0), 38, 1e-3);
}

// Without its bias correction Adam's second moment after n steps is 1 - beta2^n of that.
TEST(Curvature, PreconditionsAdamWithoutBiasCorrection) {
  const StudyPlan plan = plan_of("{plugin: quadratic, eigenvalues: [1, 10, 1000], start: [1, 2, 4]}",
                                 "{plugin: adam, bias_correction: false}", "lr_range: {lr_min: 1e-12}");
  const TrialResult result = run(plan, {.kind = PartKind::curvature});
  constexpr double kSteps = 20;  // that the test takes
  const double root = std::sqrt(1 - std::pow(0.999, kSteps));
  EXPECT_NEAR(last_value(result.metrics, "preconditioned_eigenvalue").value_or(0), 1 / root, 1e-5 / root);
  EXPECT_NEAR(last_value(result.metrics, "limit").value_or(0), 38 * root, 1e-3);
}

TEST(Probe, LeavesEverythingAsItWas) {
  for (const char* optimizer : {"sgd", "{plugin: sgd, momentum: 0.9}", "adamw", "{plugin: lookahead, inner: adam}"}) {
    const StudyPlan plan = plan_of("{plugin: noisy_quadratic, dim: 20, condition: 50}", optimizer);
    SharedObjectives shared;
    TrialSpec spec = resolve(plan, branches_of(plan).front().point, {});
    TrialTrace trace;
    TrialResult result;
    TrialRun run(rules_of(spec), trace, {}, nullptr, result);
    Trainer trainer(spec, shared, run);
    trainer.prepare();
    trainer.init();
    trainer.set_lr(1e-3);
    for (std::int64_t step = 0; step < 7; ++step) trainer.update(step, -1, trainer.evaluate_step(step));
    Writer before, after;
    trainer.save(before);
    const CriticalLr critical = probe_critical_lr(trainer, 7, -1, 1e-3);
    trainer.save(after);
    EXPECT_EQ(before.bytes(), after.bytes()) << optimizer;
    EXPECT_EQ(trainer.steps(), 7) << optimizer;
    EXPECT_GT(critical.evaluations, 2) << optimizer;
  }
}

TEST(Branches, AreThoseOfObjectiveAndOptimizer) {
  const std::string many = "{one_of: [sgd, adam, {plugin: lookahead, inner: {one_of: [sgd, adam]}}]}";
  const StudyPlan plan = plan_of("{plugin: quadratic, dim: {values: [3, 4]}}", many,
                                 "scheduler: {one_of: [constant, {plugin: constant, as: again}]}");
  std::vector<std::string> labels;
  for (const Branch& branch : branches_of(plan)) labels.push_back(branch.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"sgd", "adam", "lookahead, sgd", "lookahead, adam"}));
  EXPECT_EQ(branches_of(plan).front().point[0], Value(std::int64_t{3}));
}

// Parts train tensors of their own: a trial of the same process, with the same shared data, has the same bits before
// and after them.
TEST(AllParts, LeaveTrialsBesideThemAsTheyWere) {
  const StudyPlan plan = plan_of("{plugin: noisy_quadratic, dim: 20, condition: 50}", "adamw");
  SharedObjectives shared;
  const auto trial = [&] {
    TrialResult result = run_trial(resolve(plan, branches_of(plan).front().point, only_replicate(3)), shared);
    result.wall_seconds = 0;
    return to_bytes(result);
  };
  const std::string before = trial();
  for (const PartKind kind :
       {PartKind::ramp, PartKind::curvature, PartKind::probe, PartKind::grid, PartKind::stability}) {
    const Configuration point = point_of(plan, branches_of(plan).front().point, {.kind = kind, .seed = 0, .lr = 1e-3});
    EXPECT_EQ(run_part(plan, point, 0, shared).outcome, Outcome::completed);
    EXPECT_EQ(trial(), before) << kParts[static_cast<int>(kind)];
  }
}

// One eigenvalue, gradient descent: along the gradient the loss is back where it was at exactly 2 / lambda.
TEST(Probe, FindsTwoOverTheCurvatureAlongTheGradient) {
  const StudyPlan plan = plan_of("{plugin: quadratic, eigenvalues: [50]}", "sgd");
  const TrialResult result = run(plan, {.kind = PartKind::probe, .seed = 0, .lr = 1e-3});
  ASSERT_EQ(result.outcome, Outcome::completed) << result.error;
  int probes = 0;
  for (const MetricPoint& metric : result.metrics)
    if (metric.name == "critical_lr") {
      ++probes;
      EXPECT_NEAR(metric.value, 0.04, 0.004) << "step " << metric.step;
    }
  EXPECT_EQ(probes, 5);
}

// x' = (1 - lr lambda) x: the loss that belongs to an lr is the one after its step.
TEST(Ramp, LossesBelongToTheLrOfTheirStep) {
  const StudyPlan plan =
      plan_of("{plugin: quadratic, eigenvalues: [2]}", "sgd", "lr_range: {lr_min: 1e-3, lr_max: 0.9, steps: 10}");
  const Curve curve = curve_of(run(plan, {.kind = PartKind::ramp}).metrics);
  ASSERT_EQ(curve.size(), 10u);
  EXPECT_EQ(curve.front().lr, 1e-3);
  EXPECT_EQ(curve.back().lr, 0.9);
  double x = 1;
  for (const CurvePoint& point : curve) {
    EXPECT_DOUBLE_EQ(point.loss_before, x * x);
    x -= point.lr * 2 * x;
    EXPECT_NEAR(point.loss, x * x, 1e-15);
  }
}

TEST(Ramp, StopsWhereItDivergesAndGoesOnOnRequest) {
  const auto last_lr = [](const std::string& settings) {
    const StudyPlan plan = plan_of("{plugin: quadratic, eigenvalues: [1]}", "sgd", "lr_range: " + settings);
    return curve_of(run(plan, {.kind = PartKind::ramp}).metrics).back().lr;
  };
  EXPECT_LT(last_lr("{lr_min: 1e-3, lr_max: 1e6}"), 1e3);
  EXPECT_EQ(last_lr("{lr_min: 1e-3, lr_max: 0.9}"), 0.9);
  const double further = last_lr("{lr_min: 1e-3, lr_max: 0.9, extend: true}");
  EXPECT_GT(further, 2);
  EXPECT_LT(further, 1e3);
}

}  // namespace
}  // namespace tuner::lr_range
