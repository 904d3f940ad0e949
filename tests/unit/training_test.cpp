// The training loop: what happens in a step and in which order, what is recorded and at which step.
#include "tuner/training.hpp"

#include <cmath>

#include "trial_fixture.hpp"

namespace tuner::test {
namespace {

// Gradient descent on a quadratic: x_t = (1 - lr l)^t for an eigenvalue l and x_0 = 1.
void expect_closed_form(const char* dtype, double tolerance) {
  const double eigenvalues[] = {1, 3, 10}, lr = 0.15;
  TrialSpec spec = trial(objective("quadratic", {{"eigenvalues", List{1.0, 3.0, 10.0}}, {"dtype", dtype}}),
                         optimizer("sgd", {{"lr", lr}}), 40);
  spec.training.log_every = 1;
  const Series loss = series(completed(std::move(spec)), "loss");
  ASSERT_EQ(loss.size(), 41u);
  for (const auto& [step, value] : loss) {
    double expected = 0;
    for (const double l : eigenvalues) expected += 0.5 * l * std::pow(1 - lr * l, 2.0 * static_cast<double>(step));
    EXPECT_NEAR(value, expected, tolerance * expected) << "step " << step;
  }
}

TEST(Training, DescentOnAQuadraticIsItsClosedForm) { expect_closed_form("f64", 1e-12); }
TEST(Training, DescentInSinglePrecisionIsTheClosedFormToItsRounding) { expect_closed_form("f32", 2e-4); }

TEST(Training, FirstLossStandsAtStepZeroAndTheLastAtSteps) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder", {{"lr", 0.5}}), 4);
  spec.training.log_every = 1;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(series(result, "loss"), (Series{{0, 0}, {1, -0.5}, {2, -1}, {3, -1.5}, {4, -2}}));
  EXPECT_EQ(series(result, "lr"), (Series{{0, 0.5}, {1, 0.5}, {2, 0.5}, {3, 0.5}}));
  EXPECT_EQ(result.steps, 4);
  EXPECT_EQ(result.evaluations.gradient, 4u);
  EXPECT_EQ(result.evaluations.loss, 1u);
  EXPECT_EQ(result.evaluations.hvp, 0u);
  EXPECT_EQ(result.epochs, 0);
}

TEST(Training, LogEveryIsATwoHundredthOfTheSteps) {
  for (const auto& [steps, every] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {399, 1}, {400, 2}, {1000, 5}}) {
    const auto logged = steps_of(completed(trial(objective("slope"), optimizer("blind"), steps)), "loss");
    Steps expected;
    for (std::int64_t s = 0; s < steps; s += every) expected.push_back(s);
    expected.push_back(steps);
    EXPECT_EQ(logged, expected) << steps << " steps";
  }
}

TEST(Training, LogEveryAsGiven) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder"), 10);
  spec.training.log_every = 4;
  EXPECT_EQ(steps_of(completed(std::move(spec)), "loss"), (Steps{0, 4, 8, 10}));
}

// The recorder reports the gradients as they reach it.
std::map<std::string, double> gradients_at_zero(const TrainingSettings& settings, const List& gradient) {
  TrialSpec spec = trial(objective("slope", {{"gradient", gradient}}), optimizer("recorder"), 1);
  spec.training = settings;
  spec.training.steps = 1;
  const TrialResult result = completed(std::move(spec));
  std::map<std::string, double> found;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const std::string name = "gradient" + std::to_string(i);
    found[name] = series(result, name).at(0);
  }
  return found;
}

TEST(Training, ClipsByValueBeforeItClipsByNorm) {
  TrainingSettings settings;
  settings.clip_value = 4;
  settings.clip_norm = 1;
  // Value first: (3, 4) of norm 5, then a fifth of it. Norm first would give (3, 12) / sqrt(153).
  const auto found = gradients_at_zero(settings, List{3.0, 12.0});
  EXPECT_DOUBLE_EQ(found.at("gradient0"), 0.6);
  EXPECT_DOUBLE_EQ(found.at("gradient1"), 0.8);
}

TEST(Training, NoiseComesBeforeClipping) {
  TrainingSettings settings;
  settings.noise_eta = 1e6;
  const auto noisy = gradients_at_zero(settings, List{3.0, 12.0});
  ASSERT_GT(std::abs(noisy.at("gradient0")), 4);
  settings.clip_value = 4;
  const auto clipped = gradients_at_zero(settings, List{3.0, 12.0});
  EXPECT_EQ(clipped.at("gradient0"), std::copysign(4, noisy.at("gradient0")));
  EXPECT_LE(std::abs(clipped.at("gradient1")), 4);
}

TEST(Training, ScheduleComesBeforeTheStepThatItIsFor) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder", {{"lr", 1}}), 3);
  spec.schedule.stages.clear();
  spec.schedule.stages.push_back(stage("ramp"));
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(series(result, "lr"), (Series{{0, 1.003}, {1, 2.003}, {2, 3.003}}));
  const Series loss = series(result, "loss");
  EXPECT_DOUBLE_EQ(loss.at(1), -1.003);
  EXPECT_DOUBLE_EQ(loss.at(3), -1.003 - 2.003 - 3.003);
}

TEST(Training, OptimizersHearLossAndHorizon) {
  const TrialResult result = completed(trial(objective("slope"), optimizer("recorder", {{"lr", 2}}), 3));
  EXPECT_EQ(series(result, "loss_on_entry"), (Series{{0, 0}, {1, -2}, {2, -4}}));
  EXPECT_EQ(series(result, "horizon"), (Series{{0, 3}, {1, 3}, {2, 3}}));
}

TEST(Training, TrainLossIsTheMeanOverTheSamplesOfTheEpoch) {
  // lr 0: x stays 0 and sample i costs i^2 / 2. Batches of 4, 4 and 2.
  TrialSpec spec = epochs(objective("rows"), optimizer("recorder", {{"lr", 0}}), 2, 4);
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(steps_of(result, "train_loss"), (Steps{3, 6}));
  for (const auto& [step, value] : series(result, "train_loss")) EXPECT_DOUBLE_EQ(value, 0.5 * 285 / 10) << step;
  EXPECT_EQ(result.epochs, 2);
  EXPECT_EQ(result.steps, 6);
}

TEST(Training, ValidationAddsUpBatchesOfUnequalSize) {
  // 1000 samples are evaluated in one call, so 2500 take three, the last of them half as large.
  TrialSpec spec =
      epochs(objective("rows", {{"valid", 2500}, {"test", 1001}}), optimizer("recorder", {{"lr", 0}}), 1, 0);
  const TrialResult result = completed(std::move(spec));
  const auto squares = [](double n) { return (n - 1) * n * (2 * n - 1) / 6; };
  EXPECT_DOUBLE_EQ(series(result, "val_loss").at(1), 0.5 * squares(2500) / 2500);
  EXPECT_DOUBLE_EQ(series(result, "val_index").at(1), 2499 / 2.0);
  EXPECT_EQ(series(result, "val_count").at(1), 2500);
  EXPECT_DOUBLE_EQ(series(result, "test_loss").at(1), 0.5 * squares(1001) / 1001);
  EXPECT_DOUBLE_EQ(series(result, "test_index").at(1), 500);
  EXPECT_EQ(series(result, "test_count").at(1), 1001);
  EXPECT_EQ(result.evaluations.gradient, 1u);
  EXPECT_EQ(result.evaluations.loss, 1u + 3 + 2);
}

TEST(Training, EvaluatesEveryEpochAndAtTheEndAndTestsOnce) {
  TrialSpec spec = epochs(objective("rows", {{"valid", 5}, {"test", 5}}), optimizer("recorder"), 3, 4);
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(steps_of(result, "val_loss"), (Steps{3, 6, 9}));
  EXPECT_EQ(steps_of(result, "train_loss"), (Steps{3, 6, 9}));
  EXPECT_EQ(steps_of(result, "test_loss"), (Steps{9}));
}

TEST(Training, EvaluatesEverySoManySteps) {
  TrialSpec spec = trial(objective("rows", {{"valid", 5}}), optimizer("recorder"), 7);
  spec.training.batch_size = 4;
  spec.training.eval_every = 2;
  EXPECT_EQ(steps_of(completed(std::move(spec)), "val_loss"), (Steps{2, 4, 6, 7}));
  spec = trial(objective("rows", {{"valid", 5}}), optimizer("recorder"), 7);
  spec.training.batch_size = 4;
  EXPECT_EQ(steps_of(completed(std::move(spec)), "val_loss"), (Steps{3, 6, 7})) << "an epoch, where nothing is said";
}

TEST(Training, NoMetricIsRecordedTwiceAtOneStep) {
  TrialSpec spec = epochs(objective("rows", {{"valid", 5}, {"test", 3}, {"train", 12}}), optimizer("recorder"), 3, 4);
  spec.training.log_every = 1;
  spec.training.eval_every = 3;
  const TrialResult result = completed(std::move(spec));
  std::map<std::pair<std::int64_t, std::string>, int> seen;
  for (const MetricPoint& point : result.metrics)
    EXPECT_EQ(++seen[std::make_pair(point.step, point.name)], 1) << point.name << " at " << point.step;
}

TEST(Training, EvaluationPointsOfTheOptimizerAreWhatIsValidated) {
  // x: 0, then -lr times the gradient (x - 2), three times; validated at the mean of x_1 .. x_3.
  const double lr = 0.5;
  double x = 0, sum = 0;
  const auto gap = [](double at) { return 0.5 * (at - 2) * (at - 2) + 1; };  // the mean of 0.5 (x - i)^2, i = 0 .. 4
  for (int t = 0; t < 3; ++t) {
    x -= lr * (x - 2);
    sum += x;
  }
  const auto spec = [&](const char* id) {
    return epochs(objective("rows", {{"train", 5}, {"valid", 1}, {"test", 1}}), optimizer(id, {{"lr", lr}}), 3, 0);
  };
  const TrialResult averaged = completed(spec("averaged")), plain = completed(spec("recorder"));
  EXPECT_DOUBLE_EQ(series(averaged, "val_loss").at(3), 0.5 * (sum / 3) * (sum / 3));
  EXPECT_DOUBLE_EQ(series(averaged, "test_loss").at(3), 0.5 * (sum / 3) * (sum / 3));
  EXPECT_DOUBLE_EQ(series(plain, "val_loss").at(3), 0.5 * x * x);
  Series during = series(averaged, "loss"), without = series(plain, "loss");
  EXPECT_DOUBLE_EQ(during.at(3), without.at(3) - gap(x) + gap(sum / 3)) << "the last one judges the evaluation point";
  during.erase(3);
  without.erase(3);
  EXPECT_EQ(during, without) << "training goes on where it was";
}

// One parameter from 1 with the gradient 2 y; returns the loss x^2 at the evaluation point and y^2 where it is trained.
std::pair<double, double> schedule_free(bool adaptive, double lr, double beta, int steps) {
  double x = 1, y = 1, z = 1, v = 0;
  for (int t = 1; t <= steps; ++t) {
    const double g = 2 * y, beta2 = 0.999;
    v = beta2 * v + (1 - beta2) * g * g;
    z -= lr * (adaptive ? g / (std::sqrt(v / (1 - std::pow(beta2, t))) + 1e-8) : g);
    x += (z - x) / t;
    y = (1 - beta) * z + beta * x;
  }
  return {x * x, y * y};
}

TEST(Training, LastLossWithoutSamplesIsThatOfTheEvaluationPoint) {
  const auto last_loss = [](PluginUse with, int steps) {
    const TrialResult result =
        completed(trial(objective("quadratic", {{"eigenvalues", List{2.0}}}), std::move(with), steps));
    EXPECT_EQ(result.value, series(result, "loss").at(steps)) << "and the trial is judged by it";
    return result.value.value_or(0);
  };
  for (const bool adaptive : {false, true}) {
    const char* id = adaptive ? "schedule_free_adamw" : "schedule_free_sgd";
    const char* beta = adaptive ? "beta1" : "momentum";
    const auto [at_point, where_trained] = schedule_free(adaptive, 0.1, 0.8, 9);
    EXPECT_NEAR(last_loss(optimizer(id, {{"lr", 0.1}, {beta, 0.8}}), 9), at_point, 1e-13) << id;
    EXPECT_GT(std::abs(at_point - where_trained), 1e-3);
  }
  // Two steps of factor 0.8 lead to 0.64, half of which counts: slow weights of 0.82; the third step is not judged.
  EXPECT_NEAR(last_loss(wrapped(optimizer("lookahead", {{"k", 2}}), optimizer("sgd", {{"lr", 0.1}})), 3), 0.82 * 0.82,
              1e-14);
}

TEST(Training, EvaluationPointOfAWrappedOptimizerCountsToo) {
  const auto spec = [](PluginUse of) { return epochs(objective("rows", {{"valid", 3}}), std::move(of), 2, 5); };
  const TrialResult alone = completed(spec(optimizer("averaged")));
  const TrialResult inside = completed(spec(wrapped(optimizer("repeated", {{"times", 1}}), optimizer("averaged"))));
  EXPECT_EQ(series(alone, "val_loss"), series(inside, "val_loss"));
}

TEST(Training, ClosuresSeeTheSameBatchAndDoNotMoveBuffers) {
  TrialSpec spec = epochs(objective("rows", {{"report", true}, {"train", 6}}),
                          optimizer("curious", {{"lr", 0}, {"extra", 2}}), 1, 2);
  const TrialResult result = completed(std::move(spec));
  std::map<std::int64_t, std::vector<double>> flags, firsts;
  for (const MetricPoint& p : result.metrics) {
    if (p.name == "flags") flags[p.step].push_back(p.value);
    if (p.name == "batch0") firsts[p.step].push_back(p.value);
  }
  for (std::int64_t step = 0; step < 3; ++step) {
    EXPECT_EQ(flags[step], (std::vector<double>{3, 1, 1})) << "training, the first with buffers";
    EXPECT_EQ(firsts[step], std::vector<double>(3, firsts[step][0]));
  }
  EXPECT_EQ(flags[3], (std::vector<double>{1})) << "the loss at the end moves no statistics";
  EXPECT_EQ(series(result, "purpose").at(0), TUNER_RNG_DROPOUT);
}

TEST(Training, SamMovesBuffersOnceAndCountsBothEvaluations) {
  const auto spec = [](double rho) {
    return epochs(objective("rows", {{"report", true}, {"train", 6}}),
                  wrapped(optimizer("sam", {{"rho", rho}}), optimizer("adam")), 1, 2);
  };
  TrialResult result = completed(spec(0.1));
  std::map<std::int64_t, std::vector<double>> flags;
  for (const MetricPoint& p : result.metrics)
    if (p.name == "flags") flags[p.step].push_back(p.value);
  for (std::int64_t step = 0; step < 3; ++step) EXPECT_EQ(flags[step], (std::vector<double>{3, 1}));
  EXPECT_EQ(result.evaluations.gradient, 2u * 3);
  EXPECT_EQ(result.evaluations.loss, 1u) << "the last one";
  EXPECT_EQ(completed(spec(0)).evaluations.gradient, 3u) << "rho = 0 needs no second gradient";
}

TEST(Training, EveryGradientOfAStepIsClippedAndNoisyAlike) {
  // SAM on 0.5 (3 x^2 + 4 y^2) from (1, 1): the gradient (3, 4) leads to (1.3, 1.4), whose gradient is (3.9, 5.6).
  const auto last_loss = [](double clip_norm, double noise) {
    TrialSpec spec = trial(objective("quadratic", {{"eigenvalues", List{3.0, 4.0}}}),
                           wrapped(optimizer("sam", {{"rho", 0.5}}), optimizer("sgd", {{"lr", 0.1}})), 1);
    spec.training.clip_norm = clip_norm;
    spec.training.noise_eta = noise;
    return completed(std::move(spec)).value.value_or(0);
  };
  EXPECT_NEAR(last_loss(0, 0), 0.94535, 1e-12);
  // Clipping leaves the direction (0.6, 0.8) of the ascent; the step's gradient (3.9, 5.6) is cut to the norm 2.
  const double factor = 2 / std::hypot(3.9, 5.6), x = 1 - 0.39 * factor, y = 1 - 0.56 * factor;
  EXPECT_NEAR(last_loss(2, 0), 0.5 * (3 * x * x + 4 * y * y), 1e-12);
  // The same draw in both: noise n moves the ascent to (3, 4) + n and the step's gradient by n once more.
  TrialSpec alone = trial(objective("slope", {{"gradient", List{0.0, 0.0}}}), optimizer("recorder"), 1);
  alone.training.noise_eta = 0.3;
  const TrialResult drawn = completed(std::move(alone));
  const double n0 = series(drawn, "gradient0").at(0), n1 = series(drawn, "gradient1").at(0);
  const double length = std::hypot(3 + n0, 4 + n1);
  const double u = 1 - 0.1 * (3 * (1 + 0.5 * (3 + n0) / length) + n0);
  const double v = 1 - 0.1 * (4 * (1 + 0.5 * (4 + n1) / length) + n1);
  EXPECT_NEAR(last_loss(0, 0.3), 0.5 * (3 * u * u + 4 * v * v), 1e-12);
}

TEST(Training, EvaluationsAreCountedByKind) {
  TrialResult result = completed(trial(objective("slope"), optimizer("curious", {{"extra", 3}}), 5));
  EXPECT_EQ(result.evaluations.gradient, 5u * 4);
  EXPECT_EQ(result.evaluations.loss, 1u);
  result = completed(trial(objective("slope"), optimizer("curious", {{"extra", 3}, {"gradient", false}}), 5));
  EXPECT_EQ(result.evaluations.gradient, 5u);
  EXPECT_EQ(result.evaluations.loss, 5u * 3 + 1);
  result = completed(trial(objective("slope"), optimizer("blind"), 5));
  EXPECT_EQ(result.evaluations.gradient, 0u) << "derivative-free";
  EXPECT_EQ(result.evaluations.loss, 6u);
}

TEST(Training, ClosuresEvaluateAtThePresentParameters) {
  const TrialResult result = completed(trial(objective("slope"), optimizer("curious", {{"lr", 0.25}}), 2));
  EXPECT_EQ(series(result, "loss_after"), (Series{{1, -0.25}, {2, -0.5}}));
}

TEST(Training, ClosuresOfferHessianProductsWhereTheObjectiveHasThem) {
  const auto spec = [](std::int64_t times) {
    return trial(objective("quadratic", {{"eigenvalues", List{2.0, 5.0}}}), optimizer("curved", {{"times", times}}), 3);
  };
  TrialResult result = completed(spec(2));
  EXPECT_EQ(series(result, "product0"), (Series{{0, 4}, {1, 4}, {2, 4}})) << "2 times 2";
  EXPECT_EQ(series(result, "product1"), (Series{{0, 25}, {1, 25}, {2, 25}})) << "5 times 5";
  EXPECT_EQ(result.evaluations.hvp, 6u);
  EXPECT_EQ(result.evaluations.gradient, 3u);
  EXPECT_EQ(completed(spec(5000)).evaluations.hvp, 15'000u) << "a product counts as two evaluations";
  result = run(spec(5001));
  EXPECT_EQ(result.error, "step 0: optimizer 'curved': more than 10000 evaluations in one step");
  result = run(trial(objective("slope"), optimizer("curved"), 3));
  EXPECT_EQ(result.error, "step 0: optimizer 'curved': no product");
}

TEST(Training, SameSpecTwiceIsEqualBitForBit) {
  const auto spec = [](std::uint64_t number) {
    TrialSpec s = epochs(objective("rows", {{"valid", 7}}), optimizer("recorder", {{"noise", true}}), 4, 3);
    s.number = number;
    s.training.noise_eta = 0.1;
    return s;
  };
  const auto flat = [](const TrialResult& result) {
    std::vector<std::tuple<std::int64_t, std::string, double>> points;
    for (const MetricPoint& p : result.metrics) points.emplace_back(p.step, p.name, p.value);
    return points;
  };
  const auto first = flat(completed(spec(3)));
  EXPECT_EQ(first, flat(completed(spec(3))));
  EXPECT_NE(first, flat(completed(spec(4))));
  TrialSpec other_seed = spec(3);
  other_seed.study_seed = 2;
  EXPECT_NE(first, flat(completed(std::move(other_seed))));
}

TEST(Training, ReportsAreMetricsOfTheTrial) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder", {{"momentum", 0.7}}), 2);
  spec.metric = "momentum";
  spec.goal = Goal::maximize;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(series(result, "momentum"), (Series{{0, 0.7}, {1, 0.7}}));
  EXPECT_EQ(result.value, 0.7);
}

TEST(Training, ReportsWhatItMeasuresAndSaysItInTheTrace) {
  Series heard;
  TrialTrace trace;
  SharedObjectives shared;
  test::Listener listener([&](std::int64_t step, double value) {
    heard[step] = value;
    EXPECT_EQ(trace.value, value);
    EXPECT_EQ(trace.steps, 3);
  });
  TrialSpec spec = trial(objective("slope"), optimizer("recorder", {{"lr", 1}}), 3);
  ASSERT_EQ(run_trial(std::move(spec), shared, {}, &listener, &trace).outcome, Outcome::completed);
  EXPECT_EQ(heard, (Series{{0, 0}, {1, -1}, {2, -2}, {3, -3}}));
}

TEST(Training, OptimizersNeedNoLr) {
  const TrialResult result = completed(trial(objective("slope"), optimizer("stateful"), 2));
  EXPECT_EQ(result.steps, 2);
  EXPECT_TRUE(series(result, "lr").empty()) << "and then there is none to record";
}

TEST(Training, BlackBoxIsEvaluatedOnce) {
  TrialSpec spec = trial(objective("box", {{"x", 5}}), std::nullopt, 0);
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.value, 9.0);
  EXPECT_EQ(series(result, "halfway"), (Series{{1, 2.5}, {2, 5}}));
  EXPECT_EQ(series(result, "loss"), (Series{{0, 9}}));
  EXPECT_EQ(result.evaluations.loss, 1u);
  EXPECT_EQ(result.steps, 0);
}

TEST(Training, BlackBoxMayBeJudgedByWhatItReports) {
  TrialSpec spec = trial(objective("box", {{"x", 5}}), std::nullopt, 0);
  spec.metric = "halfway";
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.best_value, 2.5);
  EXPECT_EQ(result.last_value, 5.0);
  EXPECT_EQ(result.value, 2.5);
}

TEST(MetricNames, AreWhatATrialRecordsInOrderOfPreference) {
  SharedObjectives shared;
  const auto names = [&](const PluginUse& use) {
    std::vector<std::string> found;
    for (const auto& metric : metric_names(use, shared, 1))
      found.push_back(metric.name + (metric.goal == Goal::maximize ? " up" : ""));
    return found;
  };
  EXPECT_EQ(names(objective("rows", {{"valid", 5}, {"test", 5}})),
            (std::vector<std::string>{"val_index up", "val_count", "val_loss", "loss", "train_loss", "test_index up",
                                      "test_count", "test_loss"}));
  EXPECT_EQ(names(objective("rows")), (std::vector<std::string>{"loss", "train_loss"}));
  EXPECT_EQ(names(objective("slope")), (std::vector<std::string>{"loss"}));
}

}  // namespace
}  // namespace tuner::test
