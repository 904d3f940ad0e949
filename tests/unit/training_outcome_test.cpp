// How a trial ends: its value, early stopping, divergence, failures, limits, and what is refused before it begins.
#include <chrono>
#include <cmath>
#include <thread>

#include "temporary_folder.hpp"
#include "trial_fixture.hpp"
#include "tuner/checkpoint.hpp"

namespace tuner::test {
namespace {

// The bowl 0.5 (x - i)^2 over one sample: val_loss is 0.5 x^2, x moves by the lr towards the mean of the training rows.
TrialSpec early(const Given& rows, double lr, std::int64_t patience, double min_delta) {
  TrialSpec spec = epochs(objective("rows", rows), optimizer("blind", {{"lr", lr}}), 10, 0);
  spec.metric = "val_loss";
  spec.training.early_stopping = EarlyStopping{patience, min_delta};
  return spec;
}

TEST(EarlyStopping, StopsAfterSoManyPointsWithoutImprovement) {
  // x = -1, -2, ...: val_loss 0.5, 2, 4.5, ...; the first is the best.
  const TrialResult result = completed(early({{"train", 1}, {"valid", 1}}, 1, 3, 0));
  EXPECT_EQ(steps_of(result, "val_loss"), (Steps{1, 2, 3, 4}));
  EXPECT_EQ(result.steps, 4);
  EXPECT_EQ(result.best_value, 0.5);
  EXPECT_EQ(result.last_value, 8.0);
  EXPECT_EQ(result.value, 0.5) << "best, where nothing is said";
  EXPECT_EQ(steps_of(result, "loss").back(), 4);
}

TEST(EarlyStopping, ImprovementsBelowMinDeltaDoNotCount) {
  const auto spec = [](double min_delta) {
    TrialSpec s = early({{"train", 1}, {"valid", 1}}, 1, 2, min_delta);
    s.goal = Goal::maximize;  // 0.5, 2, 4.5, 8, 12.5, ...: improvements of 1.5, 2.5, 3.5, 4.5, ...
    return s;
  };
  EXPECT_EQ(completed(spec(0)).steps, 10);
  EXPECT_EQ(completed(spec(1.5)).steps, 10) << "1.5 is not more than 1.5, but the next one is";
  EXPECT_EQ(completed(spec(5)).steps, 3) << "4 after two points is too little";
}

TEST(EarlyStopping, SlowProgressAddsUpToAnImprovement) {
  // 0.5, 2, 4.5: neither step is as long as 3.9, but both together are.
  TrialSpec spec = early({{"train", 1}, {"valid", 1}}, 1, 2, 3.9);
  spec.goal = Goal::maximize;
  EXPECT_EQ(completed(std::move(spec)).steps, 10);
}

TEST(EarlyStopping, StopsForMaximizeToo) {
  TrialSpec spec = early({{"train", 1}, {"valid", 1}}, 1, 2, 100);
  spec.goal = Goal::maximize;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 3);
  EXPECT_EQ(result.value, 4.5) << "a small improvement is the best all the same";
}

TEST(EarlyStopping, MayListenToTheLossOfTheSteps) {
  TrialSpec spec = trial(objective("slope"), optimizer("blind", {{"lr", 1}}), 50);
  spec.goal = Goal::maximize;
  spec.training.early_stopping = EarlyStopping{5, 0};
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 6) << "loss 0 at step 0, then five smaller ones";
  EXPECT_EQ(steps_of(result, "loss"), (Steps{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Summary, BestOrLastOfTheEvaluationPoints) {
  const auto value = [](Summary summary, Goal goal, const char* metric) {
    TrialSpec spec = epochs(objective("rows", {{"train", 1}, {"valid", 1}}), optimizer("blind", {{"lr", 1}}), 3, 0);
    spec.metric = metric;
    spec.goal = goal;
    spec.training.summary = summary;
    return completed(std::move(spec)).value;
  };
  EXPECT_EQ(value(Summary::best, Goal::minimize, "val_loss"), 0.5);
  EXPECT_EQ(value(Summary::last, Goal::minimize, "val_loss"), 4.5);
  EXPECT_EQ(value(Summary::best, Goal::maximize, "val_loss"), 4.5);
  EXPECT_EQ(value(Summary::automatic, Goal::minimize, "val_loss"), 0.5);
  EXPECT_EQ(value(Summary::automatic, Goal::minimize, "loss"), 4.5) << "of `loss` the last one counts";
  EXPECT_EQ(value(Summary::best, Goal::minimize, "loss"), 0.0);
}

TEST(Target, RecordsTheStepThatReachesIt) {
  const auto reached = [](double target, Goal goal) {
    TrialSpec spec = epochs(objective("rows", {{"train", 1}, {"valid", 1}}), optimizer("blind", {{"lr", 1}}), 3, 0);
    spec.metric = "val_loss";
    spec.goal = goal;
    spec.target = target;
    const TrialResult result = completed(std::move(spec));
    EXPECT_EQ(result.target_step.has_value(), result.target_seconds.has_value());
    return result.target_step;
  };
  EXPECT_EQ(reached(2, Goal::maximize), 2) << "reached where it is equal";
  EXPECT_EQ(reached(4.6, Goal::maximize), std::nullopt);
  EXPECT_EQ(reached(0.6, Goal::minimize), 1);
  EXPECT_EQ(reached(0.4, Goal::minimize), std::nullopt);
}

TEST(Diverged, ByTheLoss) {
  for (const char* kind : {"loss_nan", "loss_inf"}) {
    const TrialResult result = run(trial(objective("slope", {{kind, 3}}), optimizer("recorder"), 10));
    EXPECT_EQ(result.outcome, Outcome::diverged);
    EXPECT_EQ(result.value, std::nullopt);
    EXPECT_EQ(result.steps, 3);
    EXPECT_TRUE(says(result.error, "step 3: the loss is"));
    EXPECT_FALSE(std::isfinite(series(result, "loss").at(3))) << "it is recorded";
    EXPECT_TRUE(series(result, "momentum").contains(2)) << "so is what plugins reported before";
  }
}

TEST(Diverged, ByTheLossAfterTheLastStep) {
  const TrialResult result = run(trial(objective("slope", {{"loss_nan", 10}}), optimizer("recorder"), 10));
  EXPECT_EQ(result.outcome, Outcome::diverged);
  EXPECT_EQ(result.steps, 10);
}

TEST(Diverged, ByTheGradientUnlessItIsSkippedOrZeroed) {
  const auto result = [](NonfiniteGradient policy) {
    TrialSpec spec = trial(objective("slope", {{"gradient", List{1.0, 1.0}}, {"gradient_nan", 1}}),
                           optimizer("recorder", {{"lr", 1}}), 3);
    spec.training.nonfinite_gradient = policy;
    return run(std::move(spec));
  };
  const TrialResult error = result(NonfiniteGradient::error);
  EXPECT_EQ(error.outcome, Outcome::diverged);
  EXPECT_EQ(error.nonfinite_gradients, 1);
  EXPECT_EQ(error.error, "step 1: the gradient is not finite");

  const TrialResult skip = result(NonfiniteGradient::skip);
  EXPECT_EQ(skip.outcome, Outcome::completed);
  EXPECT_EQ(skip.nonfinite_gradients, 1);
  EXPECT_EQ(skip.steps, 3);
  EXPECT_EQ(series(skip, "loss"), (Series{{0, 0}, {1, -2}, {2, -2}, {3, -4}})) << "step 1 moved nothing";

  const TrialResult zero = result(NonfiniteGradient::zero);
  EXPECT_EQ(zero.outcome, Outcome::completed);
  EXPECT_EQ(zero.nonfinite_gradients, 1);
  EXPECT_EQ(series(zero, "loss"), (Series{{0, 0}, {1, -2}, {2, -3}, {3, -5}})) << "step 1 moved the other one";
}

TEST(Diverged, ByTheLossUnlessItsStepIsSkipped) {
  const auto result = [](NonfiniteGradient policy, const char* kind) {
    TrialSpec spec = trial(objective("slope", {{kind, 1}}), optimizer("recorder", {{"lr", 1}}), 3);
    spec.training.nonfinite_gradient = policy;
    return run(std::move(spec));
  };
  for (const char* kind : {"loss_nan", "loss_inf"}) {
    const TrialResult error = result(NonfiniteGradient::error, kind);
    EXPECT_EQ(error.outcome, Outcome::diverged);
    EXPECT_EQ(error.nonfinite_gradients, 0);

    const TrialResult skip = result(NonfiniteGradient::skip, kind);
    EXPECT_EQ(skip.outcome, Outcome::completed);
    EXPECT_EQ(skip.nonfinite_gradients, 1);
    EXPECT_EQ(skip.value, -2) << "steps 0 and 2 moved";
    EXPECT_EQ(skip.steps, 3);

    const TrialResult zero = result(NonfiniteGradient::zero, kind);
    EXPECT_EQ(zero.outcome, Outcome::completed);
    EXPECT_EQ(zero.nonfinite_gradients, 1);
    EXPECT_EQ(zero.value, -3) << "the gradient was finite";
  }
}

TEST(Diverged, NotByABatchAfterTheLastStepThatWouldBeSkipped) {
  for (const auto policy : {NonfiniteGradient::skip, NonfiniteGradient::zero}) {
    TrialSpec spec = trial(objective("slope", {{"loss_inf", 3}}), optimizer("recorder"), 3);
    spec.training.nonfinite_gradient = policy;
    spec.training.summary = Summary::best;
    const TrialResult result = run(std::move(spec));
    EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
    EXPECT_EQ(result.nonfinite_gradients, 0);
  }
}

// Nothing is left that could be trained on.
TEST(Diverged, WhereTheLastEpochWasSkippedAndTheLossIsNotFinite) {
  TrialSpec spec = trial(objective("rosenbrock", {{"start", List{1e200, 1.0}}}), optimizer("sgd"), 3);
  spec.training.nonfinite_gradient = NonfiniteGradient::skip;
  spec.training.summary = Summary::best;
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::diverged);
  EXPECT_EQ(result.error, "step 3: the loss is inf");
  EXPECT_EQ(result.nonfinite_gradients, 3);
}

// The optimizer's own number of steps is part of a checkpoint, and so are the objective's statistics.
TEST(SkippedStep, LeavesTheSameBitsWhereTheTrialIsResumed) {
  const auto spec = [] {
    TrialSpec spec = trial(objective("mishap", {{"kind", std::string("gradient_nan")}, {"at", 2}}),
                           optimizer("adam", {{"lr", 0.1}}), 8);
    spec.training.nonfinite_gradient = NonfiniteGradient::skip;
    spec.training.log_every = 1;
    return spec;
  };
  const TrialResult straight = completed(spec());
  EXPECT_EQ(straight.nonfinite_gradients, 1);
  EXPECT_EQ(series(straight, "evaluations").at(7), 7) << "eight steps but for the skipped one";
  const TemporaryFolder folder;
  const Checkpoints checkpoints({.every_seconds = 1000, .keep_all = false, .folder = folder.path()}, only_replicate(0),
                                {}, "plan");
  TrialResult last;
  for (std::int64_t stop_at = 1; stop_at <= 8; ++stop_at) {
    std::stop_source stop;
    SharedObjectives shared;
    test::Listener look([&](std::int64_t step, double) {
      if (step + 1 == stop_at) stop.request_stop();
    });
    last = run_trial(spec(), shared, stop.get_token(), &look, nullptr, &checkpoints);
  }
  SharedObjectives shared;
  if (last.outcome == Outcome::cancelled) last = run_trial(spec(), shared, {}, nullptr, nullptr, &checkpoints);
  EXPECT_EQ(last.outcome, Outcome::completed);
  EXPECT_EQ(series(last, "loss"), series(straight, "loss"));
  EXPECT_EQ(last.nonfinite_gradients, 1);
}

// Zeroed gradients of a step's further evaluations count too; an error ends the trial at the first.
TEST(FurtherGradients, AreZeroedOrEndTheTrial) {
  const auto result = [](NonfiniteGradient policy) {
    TrialSpec spec = trial(objective("mishap", {{"kind", std::string("further_gradient_nan")}, {"at", 2}}),
                           wrapped(optimizer("sam"), optimizer("sgd", {{"lr", 0.1}})), 5);
    spec.training.nonfinite_gradient = policy;
    return run(std::move(spec));
  };
  const TrialResult zero = result(NonfiniteGradient::zero);
  EXPECT_EQ(zero.outcome, Outcome::completed) << zero.error;
  EXPECT_EQ(zero.nonfinite_gradients, 1);
  const TrialResult error = result(NonfiniteGradient::error);
  EXPECT_EQ(error.outcome, Outcome::diverged);
  EXPECT_EQ(error.error, "step 2: the gradient is not finite");
  EXPECT_EQ(error.nonfinite_gradients, 1);
}

TEST(StateOverflow, IsSaidOnceWithTheTrial) {
  const auto lines = [](const char* dtype) {
    TrialSpec spec = trial(objective("rosenbrock", {{"start", List{1e6, 1.0}}, {"dtype", std::string(dtype)}}),
                           optimizer("adam", {{"lr", 1000}}), 20);
    std::vector<std::string> lines;
    for (const std::string& line : completed(std::move(spec)).log)
      if (line.find("state_overflow") != std::string::npos) lines.push_back(line);
    return lines;
  };
  ASSERT_EQ(lines("f32").size(), 1u);
  EXPECT_TRUE(says(lines("f32")[0], "step 4: state_overflow: slot 'exp_avg_sq' of optimizer 'adam', tensor 'x'"));
  EXPECT_TRUE(lines("f64").empty());
}

TEST(Diverged, ByTheParameters) {
  const TrialResult result = run(trial(objective("slope"), optimizer("trouble", {{"kind", "poisons"}, {"at", 4}}), 10));
  EXPECT_EQ(result.outcome, Outcome::diverged);
  EXPECT_EQ(result.error, "step 4: the parameters are not finite");
  EXPECT_EQ(result.steps, 4);
}

TEST(Diverged, WhenTheMetricHasNoFiniteValue) {
  TrialSpec spec = trial(objective("box", {{"nan", true}}), std::nullopt, 0);
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::diverged);
  EXPECT_EQ(result.value, std::nullopt);
  EXPECT_TRUE(series(result, "halfway").contains(2));
}

TEST(Diverged, NotByOneNanAmongTheMetric) {
  // A report that is NaN at first: the best of the rest counts.
  TrialSpec spec = trial(objective("slope", {{"gradient_nan", 0}}), optimizer("recorder"), 3);
  spec.training.nonfinite_gradient = NonfiniteGradient::zero;
  spec.metric = "gradient0";
  spec.goal = Goal::maximize;
  EXPECT_EQ(completed(std::move(spec)).value, 1.0);
}

TEST(Failed, OptimizerNamesItselfAndTheStep) {
  const TrialResult result = run(trial(objective("slope"), optimizer("trouble", {{"kind", "throws"}, {"at", 4}}), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 3: optimizer 'trouble': out of luck");
  EXPECT_EQ(result.value, std::nullopt);
}

TEST(Failed, ObjectiveNamesItselfAndTheStep) {
  const TrialResult result = run(trial(objective("slope", {{"fails", 5}}), optimizer("recorder"), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 5: objective 'slope': the slope gave way");
}

TEST(Failed, SchedulerNamesItselfAndTheStep) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder"), 10);
  spec.schedule.stages.clear();
  spec.schedule.stages.push_back(stage("ramp", -1, {{"fails", 2}}));
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 2: scheduler 'ramp': the ramp ends here");
}

TEST(Failed, WrappersPassTheReasonOn) {
  const TrialResult result = run(trial(
      objective("slope"), wrapped(optimizer("repeated"), optimizer("trouble", {{"kind", "throws"}, {"at", 2}})), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(says(result.error, "step 1: optimizer 'repeated': "));
  EXPECT_TRUE(says(result.error, "'trouble': out of luck"));
}

TEST(Failed, ClosuresPassTheReasonOn) {
  // The objective succeeds on the first evaluation of a step and fails on the second one.
  TrialSpec spec = trial(objective("slope", {{"fails_again", 2}}), optimizer("curious"), 10);
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(says(result.error, "step 2: optimizer 'curious': "));
  EXPECT_TRUE(says(result.error, "objective 'slope': the slope gave way"));
}

TEST(Failed, InitOfEitherPlugin) {
  TrialResult result = run(trial(objective("slope"), optimizer("trouble", {{"at", 0}}), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 0: optimizer 'trouble': could not begin");
  result = run(trial(objective("broken", {{"where", "init"}}), optimizer("trouble"), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 0: objective 'broken': no start");
}

TEST(Failed, BlackBox) {
  const TrialResult result = run(trial(objective("box", {{"x", 3}, {"fails", true}}), std::nullopt, 0));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(says(result.error, "objective 'box': the box is empty"));
  EXPECT_EQ(series(result, "halfway"), (Series{{1, 1.5}, {2, 3}})) << "what it said before is kept";
}

TEST(Failed, MetricThatNobodyReports) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder"), 2);
  spec.metric = "val_loss";
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "the metric 'val_loss' was never reported");
}

TEST(Failed, BudgetOfTheClosureEndsAnEndlessSearch) {
  const TrialResult result = run(trial(objective("slope"), optimizer("curious", {{"extra", 0}}), 10));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.error, "step 0: optimizer 'curious': more than 10000 evaluations in one step");
  EXPECT_EQ(result.evaluations.gradient, 10'001u);
}

TEST(Failed, BudgetIsThatOfOneStep) {
  EXPECT_EQ(completed(trial(objective("slope"), optimizer("curious", {{"extra", 9999}}), 3)).steps, 3);
}

TEST(Converged, EndsTheTrialAndSaysSo) {
  for (const auto& [kind, words] : {std::pair{"converges", "converged"}, {"stalls", "no progress"}}) {
    TrialSpec spec = epochs(objective("rows", {{"valid", 2}}), optimizer("trouble", {{"kind", kind}, {"at", 4}}), 5, 5);
    const TrialResult result = completed(std::move(spec));
    EXPECT_EQ(result.steps, 4);
    EXPECT_EQ(steps_of(result, "val_loss"), (Steps{2, 4}));
    ASSERT_EQ(result.log.size(), 1u);
    EXPECT_EQ(result.log[0], std::string("step 4: the optimizer says ") + words);
  }
}

TEST(TimedOut, KeepsWhatThereIsAndHasNoValue) {
  TrialSpec spec = trial(objective("slope", {{"sleep_ms", 20}}), optimizer("recorder"), 1'000'000);
  spec.training.time_limit_seconds = 0.05;
  spec.training.log_every = 1;
  const auto start = std::chrono::steady_clock::now();
  const TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_EQ(result.value, std::nullopt);
  EXPECT_TRUE(says(result.error, "the time limit of 0.05 s is over"));
  EXPECT_GT(result.steps, 0);
  EXPECT_LE(result.steps, 3) << "slow steps are not counted in dozens before anybody looks";
  EXPECT_EQ(series(result, "loss").size(), static_cast<std::size_t>(result.steps));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Cancelled, ByTheStopToken) {
  const auto stopped_at_40 = [](const char* with) {
    std::stop_source stop;
    TrialSpec spec = trial(objective("slope"), optimizer(with), 1'000'000'000);
    spec.training.log_every = 1;
    test::Listener listener([&](std::int64_t step, double) {
      if (step == 40) stop.request_stop();
    });
    const TrialResult result = run(std::move(spec), stop.get_token(), &listener);
    EXPECT_EQ(result.outcome, Outcome::cancelled);
    EXPECT_EQ(result.value, std::nullopt);
    EXPECT_EQ(result.error, "");
    return result.steps;
  };
  EXPECT_EQ(stopped_at_40("blind"), 41) << "the step that was going on ends";
  EXPECT_EQ(stopped_at_40("recorder"), 40) << "a plugin that reports hears of it at once";
}

TEST(Cancelled, WithinAClosureWithoutEnd) {
  const auto endless = [] {
    TrialSpec spec = trial(objective("slope"), optimizer("curious", {{"extra", 0}}), 10);
    spec.training.log_every = 1;
    return spec;
  };
  std::stop_source before;
  before.request_stop();
  EXPECT_EQ(run(endless(), before.get_token()).outcome, Outcome::cancelled);
  // After the step's own evaluation: its budget of further ones is used up, and the stop counts.
  std::stop_source within;
  test::Listener listener([&](std::int64_t, double) { within.request_stop(); });
  const TrialResult result = run(endless(), within.get_token(), &listener);
  EXPECT_EQ(result.outcome, Outcome::cancelled);
  EXPECT_EQ(result.error, "");
}

TEST(Cancelled, BetweenTheBatchesOfAnEvaluation) {
  // The stop comes with the loss after the last step, before a validation in 50 calls.
  std::stop_source stop;
  test::Listener listener([&](std::int64_t step, double) {
    if (step == 1) stop.request_stop();
  });
  const TrialResult result =
      run(epochs(objective("rows", {{"valid", 50'000}}), optimizer("blind"), 1, 0), stop.get_token(), &listener);
  EXPECT_EQ(result.outcome, Outcome::cancelled);
  EXPECT_EQ(result.evaluations.loss, 2u) << "of the step and after it";
  EXPECT_TRUE(series(result, "val_loss").empty());
}

TEST(Refused, SamplesAreNeededForEpochs) {
  TrialSpec spec = trial(objective("slope"), optimizer("recorder"), 0);
  spec.training.epochs = 3;
  const Error error = error_of([&] { static_cast<void>(run(std::move(spec))); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "objective 'slope' has no samples, so there are no epochs"));
  EXPECT_TRUE(says(error.what(), "say `steps:`"));
}

TEST(Refused, ParametersNeedAnOptimizer) {
  const Error error = error_of([] { static_cast<void>(run(trial(objective("slope"), std::nullopt, 3))); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "objective 'slope' has parameters to train, and no optimizer is named"));
}

TEST(Refused, WrapperNeedsAnInnerOptimizer) {
  const Error error = error_of([] { static_cast<void>(run(trial(objective("slope"), optimizer("repeated"), 3))); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "optimizer 'repeated' wraps another one, and none is named"));
}

TEST(Refused, WrapperThatEvaluatesNeedsAnInnerOptimizerThatDoesNot) {
  const auto refused = [](const char* inner) {
    return error_of(
        [&] { static_cast<void>(run(trial(objective("slope"), wrapped(optimizer("sam"), optimizer(inner)), 3))); });
  };
  EXPECT_EQ(refused("curious").id(), Message::config_impossible);
  EXPECT_TRUE(says(refused("curious").what(),
                   "optimizer 'sam' makes the gradient of every step of the one inside, and "
                   "'curious' evaluates for itself"));
  EXPECT_TRUE(says(refused("blind").what(), "and 'blind' takes none"));
  // Lookahead leaves the gradients alone. Without derivatives none is evaluated, also inside of it.
  EXPECT_EQ(completed(trial(objective("slope"), wrapped(optimizer("lookahead"), optimizer("curious")), 3))
                .evaluations.gradient,
            6u);
  EXPECT_EQ(
      completed(trial(objective("slope"), wrapped(optimizer("lookahead"), optimizer("blind")), 3)).evaluations.gradient,
      0u);
  // An option that evaluates is found in the first step, since what SAM wraps gets no closure.
  const TrialResult result = run(trial(
      objective("slope"),
      wrapped(optimizer("sam"), optimizer("sgd", {{"momentum", 0.9}, {"nesterov", true}, {"lookahead", "exact"}})), 3));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(says(result.error, "optimizer 'sgd': lookahead: exact needs a second evaluation in every step"));
}

TEST(Refused, BlackBoxHasNothingForAnOptimizer) {
  SharedObjectives shared;
  const Error error = error_of([&] { check_trial(trial(objective("box"), optimizer("sgd"), 3), shared); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "objective 'box' has no parameters to train, so optimizer 'sgd' has nothing to do"));
  EXPECT_EQ(error_of([&] { static_cast<void>(run(trial(objective("box"), optimizer("sgd"), 3))); }).id(),
            Message::config_impossible);
}

TEST(Refused, DataAndLayout) {
  const auto refused = [](const char* where) {
    return error_of([&] {
      static_cast<void>(run(trial(objective("broken", {{"where", where}}), optimizer("blind"))));
    });
  };
  EXPECT_EQ(refused("open").id(), Message::plugin_data);
  EXPECT_TRUE(says(refused("open").what(), "objective 'broken' cannot open its data: no such file: rows.csv"));
  EXPECT_EQ(refused("describe").id(), Message::config_impossible);
  EXPECT_TRUE(says(refused("describe").what(), "objective 'broken' refuses its options: no layout"));
  EXPECT_EQ(refused("bind").id(), Message::config_impossible);
  EXPECT_TRUE(says(refused("bind").what(), "objective 'broken' refuses its options: no binding"));
}

TEST(CheckTrial, ThrowsWhatTheTrialWouldThrowAndLeavesOutcomesToIt) {
  SharedObjectives shared;
  const Error error = error_of([&] { check_trial(trial(objective("slope"), std::nullopt, 3), shared); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_NO_THROW(check_trial(trial(objective("slope"), optimizer("recorder"), 3), shared));
  EXPECT_NO_THROW(check_trial(trial(objective("slope"), optimizer("trouble", {{"at", 0}}), 3), shared));
  EXPECT_NO_THROW(check_trial(trial(objective("broken", {{"where", "init"}}), optimizer("blind"), 3), shared));
}

}  // namespace
}  // namespace tuner::test
