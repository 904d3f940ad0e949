// Techniques of training: accumulation, averages of the weights, restored weights, the regime of large batches.
#include <cmath>

#include "temporary_folder.hpp"
#include "trial_fixture.hpp"
#include "tuner/checkpoint.hpp"

namespace tuner::test {
namespace {

void expect_near(const Series& values, const Series& expected, double tolerance = 1e-13) {
  ASSERT_EQ(values.size(), expected.size());
  for (const auto& [step, value] : expected) {
    ASSERT_TRUE(values.contains(step)) << step;
    EXPECT_NEAR(values.at(step), value, tolerance * std::max(1.0, std::abs(value))) << "step " << step;
  }
}

// ---- accumulation

TrialSpec accumulated(PluginUse with, std::int64_t batch_size, std::int64_t accumulation, const char* of = "rows") {
  TrialSpec spec = epochs(objective(of), std::move(with), 3, batch_size);
  spec.training.accumulation = accumulation;
  spec.training.log_every = 1;
  return spec;
}

// 10 samples in updates of 3 + 3 and of the 3 + 1 that are left.
TEST(Accumulation, OfSeveralBatchesIsABatchOfAllTheirSamples) {
  const TrialResult parts = completed(accumulated(optimizer("sgd", {{"lr", 0.1}, {"momentum", 0.5}}), 3, 2));
  const TrialResult whole = completed(accumulated(optimizer("sgd", {{"lr", 0.1}, {"momentum", 0.5}}), 6, 1));
  expect_near(series(parts, "loss"), series(whole, "loss"));
  expect_near(series(parts, "train_loss"), series(whole, "train_loss"));
  EXPECT_EQ(parts.steps, 6) << "an update is a step";
  EXPECT_EQ(parts.epochs, 3) << "and an epoch is all samples once";
  EXPECT_EQ(parts.evaluations.gradient, 3u * 4) << "each part is an evaluation";
  EXPECT_EQ(whole.evaluations.gradient, 3u * 2);
}

// x_1 = lr times the mean of the samples of the update, each as much as any other.
TEST(Accumulation, WeighsSamplesAndNotBatches) {
  TrialSpec spec = epochs(objective("rows", {{"train", 4}}), optimizer("recorder", {{"lr", 1}}), 1, 3);
  spec.training.accumulation = 2;
  spec.training.shuffle = Shuffle::never;
  const TrialResult result = completed(std::move(spec));
  EXPECT_DOUBLE_EQ(series(result, "gradient0").at(0), -1.5) << "(0 + 1 + 2 + 3) / 4, not ((0 + 1 + 2) / 3 + 3) / 2";
  EXPECT_DOUBLE_EQ(series(result, "loss").at(0), 0.5 * 14 / 4);
}

TEST(Accumulation, LeavesOutARemainderOfAWholeUpdate) {
  TrialSpec spec = accumulated(optimizer("blind"), 3, 2);
  spec.training.drop_remainder = true;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 3) << "one update of 6 samples an epoch; 4 are left over";
  EXPECT_DOUBLE_EQ(result.epochs, 1.8);
}

TEST(Accumulation, GivesEveryPartRandomNumbersOfItsOwn) {
  TrialSpec spec = epochs(objective("rows", {{"report", true}}), optimizer("blind"), 1, 3);
  spec.training.accumulation = 2;
  const TrialResult result = completed(std::move(spec));
  const Steps places = steps_of(result, "flags");  // of the streams
  EXPECT_EQ(places, (Steps{0, 1, 2, 3, 4, 5})) << "two updates of two parts, and the loss after them";
  EXPECT_EQ(series(result, "batch2").size(), 5u) << "all but the part of one sample have three";
}

TEST(Accumulation, HoldsForEveryEvaluationOfAStep) {
  const auto sam = [] { return wrapped(optimizer("sam", {{"rho", 0.1}}), optimizer("sgd", {{"lr", 0.05}})); };
  expect_near(series(completed(accumulated(sam(), 3, 2, "stiff")), "loss"),
              series(completed(accumulated(sam(), 6, 1, "stiff")), "loss"));
  const TrialResult parts = completed(accumulated(optimizer("curved"), 3, 2, "stiff"));
  const TrialResult whole = completed(accumulated(optimizer("curved"), 6, 1, "stiff"));
  expect_near(series(parts, "product0"), series(whole, "product0"));
  EXPECT_EQ(parts.evaluations.hvp, 2 * whole.evaluations.hvp);
}

TEST(Accumulation, IsInTheTypeOfTheTensor) {
  const auto spec = [](std::int64_t size, std::int64_t parts) {
    TrialSpec s = epochs(objective("rows", {{"dtype", "f32"}}), optimizer("sgd", {{"lr", 0.1}}), 2, size);
    s.training.accumulation = parts;
    s.training.log_every = 1;
    return s;
  };
  expect_near(series(completed(spec(2, 3)), "loss"), series(completed(spec(6, 1)), "loss"), 1e-6);
}

TEST(Accumulation, NeedsBatches) {
  TrialSpec none = trial(objective("slope"), optimizer("sgd"), 3);
  none.training.accumulation = 2;
  EXPECT_TRUE(says(error_of([&] { static_cast<void>(run(std::move(none))); }).what(), "has no samples"));
  EXPECT_TRUE(says(error_of([&] { static_cast<void>(run(accumulated(optimizer("sgd"), 0, 2))); }).what(),
                   "batch_size 0 is a batch of all samples"));
}

// ---- averaging

// x_t = -t, and the loss is x: the last one is the average.
TrialSpec averaged(const Averaging& rule, std::int64_t steps) {
  TrialSpec spec = trial(objective("slope"), optimizer("sgd", {{"lr", 1}}), steps);
  spec.training.averaging = rule;
  spec.training.log_every = 1;
  return spec;
}
double average_of(const Averaging& rule, std::int64_t steps) {
  return completed(averaged(rule, steps)).last_value.value_or(0);
}

// a_t = d a + (1 - d) (-t) from a_0 = 0 is -(t - d (1 - d^t) / (1 - d)).
TEST(Averaging, EmaOfALineIsItsClosedForm) {
  for (const double d : {0.0, 0.5, 0.9, 0.999})
    for (const int t : {1, 2, 7, 40}) {
      const double expected = -(t - d * (1 - std::pow(d, t)) / (1 - d));
      EXPECT_NEAR(average_of({.decay = d, .warmup = false}, t), expected, 1e-11 * t) << d << " " << t;
    }
}

// By hand, decays 1/10, 2/11 and then the limit 0.2: a = 0.9 x 1; (2/11) 0.9 + (9/11) 2; 0.2 of it + 0.8 x 3.
TEST(Averaging, EmaWarmsUpToItsDecay) {
  EXPECT_NEAR(average_of({.decay = 0.2}, 1), -0.9, 1e-15);
  EXPECT_NEAR(average_of({.decay = 0.2}, 2), -1.8, 1e-15);
  EXPECT_NEAR(average_of({.decay = 0.2}, 3), -(0.2 * 1.8 + 0.8 * 3), 1e-15);
}

TEST(Averaging, SwaIsTheMeanOverTheEndOfTheRun) {
  const auto swa = [](double start, std::int64_t every) {
    return Averaging{.kind = AveragingKind::swa, .start = start, .every = every};
  };
  EXPECT_NEAR(average_of(swa(0.5, 2), 10), -(5 + 7 + 9) / 3.0, 1e-14);
  EXPECT_NEAR(average_of(swa(0.75, 1), 10), -(8 + 9 + 10) / 3.0, 1e-14);
  EXPECT_NEAR(average_of(swa(0, 1), 4), -(1 + 2 + 3 + 4) / 4.0, 1e-14);
  EXPECT_NEAR(average_of(swa(0.9, 0), 10), -(9 + 10) / 2.0, 1e-14) << "without epochs every update";
  EXPECT_NEAR(average_of(swa(0.9, 5), 10), -9, 1e-14);
}

TEST(Averaging, SwaTakesOneOfEachEpochWhereNothingIsSaid) {
  // x = -1, -2, ... under `blind`; epochs of 5 updates: 10, 15 and 20 are averaged. val_loss is 0.5 x^2.
  TrialSpec spec = epochs(objective("rows", {{"valid", 1}}), optimizer("blind", {{"lr", 1}}), 4, 2);
  spec.training.averaging = Averaging{.kind = AveragingKind::swa, .start = 0.5};
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(series(result, "val_loss"), (Series{{5, 12.5}, {10, 50}, {15, 78.125}, {20, 112.5}}));
}

TEST(Averaging, IsEvaluatedAndTrainingGoesOnAtTheWeights) {
  const auto spec = [](std::optional<Averaging> averaging) {
    TrialSpec s = epochs(objective("rows", {{"valid", 3}, {"test", 2}}), optimizer("adam", {{"lr", 0.1}}), 3, 4);
    s.training.log_every = 1;
    s.training.averaging = averaging;
    return s;
  };
  const TrialResult plain = completed(spec({})), averaged = completed(spec(Averaging{.decay = 0.5, .warmup = false}));
  Series raw = series(plain, "loss"), with = series(averaged, "loss");
  EXPECT_NE(raw.at(9), with.at(9)) << "after the last step it is that of the average";
  raw.erase(9), with.erase(9);
  EXPECT_EQ(raw, with);
  EXPECT_EQ(series(plain, "train_loss"), series(averaged, "train_loss"));
  for (const auto& [step, value] : series(averaged, "val_loss")) EXPECT_NE(value, series(plain, "val_loss").at(step));
  EXPECT_NE(series(plain, "test_loss"), series(averaged, "test_loss"));
}

// `averaged` wants to be judged at the mean of its points: -1, -1.5, -2, ...
TEST(Averaging, IsOfTheWeightsThatTheOptimizerIsJudgedBy) {
  TrialSpec spec = trial(objective("slope"), optimizer("averaged", {{"lr", 1}}), 4);
  spec.training.averaging = Averaging{.kind = AveragingKind::swa, .start = 0.5, .every = 1};
  EXPECT_NEAR(completed(std::move(spec)).last_value.value_or(0), -(1.5 + 2 + 2.5) / 3, 1e-14);
}

TEST(Averaging, TakesNoSkippedStep) {
  TrialSpec spec = trial(objective("slope", {{"gradient_nan", 1}}), optimizer("sgd", {{"lr", 1}}), 3);
  spec.training.nonfinite_gradient = NonfiniteGradient::skip;
  spec.training.averaging = Averaging{.kind = AveragingKind::swa, .start = 0, .every = 1};
  EXPECT_NEAR(completed(std::move(spec)).last_value.value_or(0), -1.5, 1e-14) << "x = -1 and -2";
}

// `evaluations` counts the steps; the loss after the last one is evaluated at the average of it too.
TEST(Averaging, IsOfStatisticsToo) {
  TrialSpec spec = trial(objective("mishap"), optimizer("sgd", {{"lr", 0.1}}), 4);
  spec.training.averaging = Averaging{.kind = AveragingKind::swa, .start = 0.5, .every = 1};
  EXPECT_EQ(series(completed(std::move(spec)), "evaluations").at(4), 3.0) << "of 2, 3 and 4";
}

TEST(Averaging, InSinglePrecision) {
  TrialSpec spec = epochs(objective("rows", {{"dtype", "f32"}, {"valid", 1}}), optimizer("blind", {{"lr", 1}}), 4, 0);
  spec.training.averaging = Averaging{.decay = 0.5, .warmup = false};
  EXPECT_EQ(series(completed(std::move(spec)), "val_loss").at(4), 0.5 * 3.0625 * 3.0625);
}

// ---- restored weights

// x = -1, -2, ...: val_loss 0.5, 2, 4.5, ...; test_loss is the same at the same weights.
TrialSpec worsening(bool restore) {
  TrialSpec spec =
      epochs(objective("rows", {{"train", 1}, {"valid", 1}, {"test", 1}}), optimizer("blind", {{"lr", 1}}), 6, 0);
  spec.metric = "val_loss";
  spec.training.early_stopping = EarlyStopping{.patience = 3, .restore_best = restore};
  return spec;
}

TEST(RestoreBest, EndsWithTheWeightsOfTheBestEvaluation) {
  const TrialResult plain = completed(worsening(false)), restored = completed(worsening(true));
  EXPECT_EQ(series(plain, "test_loss"), (Series{{4, 8.0}}));
  EXPECT_EQ(series(restored, "test_loss"), (Series{{4, 0.5}}));
  EXPECT_EQ(series(plain, "loss").at(4), 8.0);
  EXPECT_EQ(series(restored, "loss").at(4), 0.5);
  EXPECT_EQ(series(restored, "val_loss"), series(plain, "val_loss")) << "what was measured on the way stays";
  EXPECT_EQ(plain.last_value, 8.0);
  EXPECT_EQ(restored.last_value, 0.5) << "that of the weights that the trial ends with";
  ASSERT_EQ(restored.log.size(), 1u);
  EXPECT_EQ(restored.log[0], "step 4: the weights of step 1 are restored, the best by val_loss");
}

TEST(RestoreBest, MayFindTheLastEvaluationBest) {
  TrialSpec spec = worsening(true);
  spec.goal = Goal::maximize;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 6);
  EXPECT_EQ(series(result, "test_loss"), (Series{{6, 18.0}}));
  EXPECT_EQ(result.last_value, 18.0);
}

// An improvement within min_delta does not keep a trial alive, and is the best all the same.
TEST(RestoreBest, IsStrictlyTheBest) {
  TrialSpec spec = worsening(true);
  spec.goal = Goal::maximize;
  spec.training.early_stopping->min_delta = 100;
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 4);
  EXPECT_EQ(series(result, "test_loss"), (Series{{4, 8.0}}));
}

TEST(RestoreBest, KeepsTheAverageWhereOneIsEvaluated) {
  TrialSpec spec = worsening(true);
  spec.training.averaging = Averaging{.decay = 0.5, .warmup = false};
  EXPECT_EQ(series(completed(std::move(spec)), "test_loss").at(4), 0.5 * 0.25) << "the average after one step is -0.5";
}

TEST(EarlyStopping, MayListenToAnotherMetric) {
  TrialSpec spec = worsening(true);
  spec.metric = "loss";  // 0, 0.5, 2, 4.5
  spec.training.early_stopping->metric = "val_loss";
  spec.training.early_stopping->goal = Goal::maximize;
  TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 6) << "it rises all the time";
  EXPECT_EQ(series(result, "test_loss").at(6), 18.0);
  spec = worsening(true);
  spec.metric = "loss";
  spec.goal = Goal::maximize;
  spec.training.early_stopping->metric = "val_loss";
  result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 4) << "whatever the study's metric does";
  EXPECT_EQ(result.best_value, 4.5) << "the loss at step 3, of the weights of step 3";
  EXPECT_EQ(result.last_value, 0.5) << "the loss after the last step, at the weights that are restored";
}

TEST(EarlyStopping, OnTheLossOfStepsRestoresTheirWeights) {
  TrialSpec spec = trial(objective("slope"), optimizer("blind", {{"lr", 1}}), 50);
  spec.goal = Goal::maximize;  // 0, -1, -2, ...
  spec.training.early_stopping = EarlyStopping{.patience = 5, .restore_best = true};
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(result.steps, 6);
  EXPECT_EQ(series(result, "loss").at(6), 0) << "x as it was at step 0";
}

// ---- from easy to hard

// At the start x = 0 sample i costs 0.5 i^2.
TrialSpec curriculum() {
  TrialSpec spec = epochs(objective("rows", {{"report", true}, {"valid", 1}}), optimizer("sgd", {{"lr", 0.1}}), 2, 4);
  spec.training.order = Order::curriculum;
  spec.training.log_every = 1;
  return spec;
}

TEST(Curriculum, TakesTheSamplesFromEasyToHardInEveryEpoch) {
  const TrialResult result = completed(curriculum());
  const Series first = series(result, "batch0"), last = series(result, "batch3");
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    EXPECT_EQ(first.at(3 * epoch), 0) << epoch;
    EXPECT_EQ(first.at(3 * epoch + 1), 4) << epoch;
    EXPECT_EQ(first.at(3 * epoch + 2), 8) << epoch;
    EXPECT_EQ(last.at(3 * epoch + 1), 7) << epoch;
  }
  EXPECT_EQ(result.evaluations.loss, 10u + 2 + 1) << "each sample once, the validation split, and after the last step";
  TrialSpec plain = curriculum();
  plain.training.order = Order::shuffled;
  plain.training.shuffle = Shuffle::never;
  const TrialResult same = completed(std::move(plain));
  EXPECT_EQ(series(result, "loss"), series(same, "loss")) << "the start and the batches are what they would be";
}

TEST(Curriculum, GoesOnWithTheSameOrder) {
  const TrialResult straight = completed(curriculum());
  const TemporaryFolder folder;
  const Checkpoints checkpoints({.every_seconds = 1000, .keep_all = false, .folder = folder.path()}, only_replicate(0),
                                {}, "plan");
  std::stop_source stop;
  SharedObjectives shared;
  test::Listener look([&](std::int64_t step, double) {
    if (step == 1) stop.request_stop();
  });
  ASSERT_EQ(run_trial(curriculum(), shared, stop.get_token(), &look, nullptr, &checkpoints).outcome,
            Outcome::cancelled);
  const TrialResult last = run_trial(curriculum(), shared, {}, nullptr, nullptr, &checkpoints);
  EXPECT_EQ(series(last, "loss"), series(straight, "loss"));
  EXPECT_EQ(last.evaluations.loss, straight.evaluations.loss);
}

TEST(Curriculum, NeedsSamples) {
  TrialSpec spec = trial(objective("slope"), optimizer("sgd"), 3);
  spec.training.order = Order::curriculum;
  EXPECT_TRUE(says(error_of([&] { static_cast<void>(run(std::move(spec))); }).what(), "no samples"));
}

// ---- what schedules drive, as metrics

TEST(LogSchedule, NamesEveryGroupAndEveryOptionThatIsDriven) {
  GroupMatch biases;
  biases.roles = {TUNER_ROLE_BIAS};
  const auto spec = [&](bool logged) {
    TrialSpec s =
        trial(objective("parts"), optimizer("recorder", {{"lr", 1}, {"momentum", 0.5}}, {{biases, {{"lr", 10}}}}), 4);
    s.schedule.stages.clear();
    s.schedule.stages.push_back(stage("pair", 2));
    s.schedule.stages.push_back(stage("constant"));
    s.training.log_schedule = logged;
    return s;
  };
  const TrialResult result = completed(spec(true));
  EXPECT_EQ(series(result, "lr"), (Series{{0, 0.5}, {1, 0.5}, {2, 1}, {3, 1}}));
  EXPECT_EQ(series(result, "lr.1"), (Series{{0, 5}, {1, 5}, {2, 10}, {3, 10}}));
  EXPECT_EQ(series(result, "momentum.1"), (Series{{0, 0.51}, {1, 0.52}})) << "the second stage does not drive it";
  const TrialResult plain = completed(spec(false));
  EXPECT_TRUE(series(plain, "lr.1").empty());
}

// ---- the weights, as metrics

TEST(LogWeights, AreThoseThatTheLossIsOf) {
  const auto spec = [](bool logged) {
    TrialSpec s = trial(objective("slope"), optimizer("sgd", {{"lr", 0.25}}), 3);
    s.training.log_weights = logged;
    return s;
  };
  const TrialResult result = completed(spec(true));
  const Series weights = series(result, "weights.0");
  ASSERT_EQ(weights.size(), 4u) << "before each step, and at the end";
  EXPECT_EQ(weights.begin()->first, 0);
  EXPECT_EQ(weights.rbegin()->first, 3);
  EXPECT_NE(weights.begin()->second, weights.rbegin()->second);
  const TrialResult plain = completed(spec(false));
  EXPECT_EQ(series(result, "loss"), series(plain, "loss"));
  EXPECT_TRUE(series(plain, "weights.0").empty());
}

// ---- all of it, stopped after every step

TrialSpec everything(AveragingKind kind) {
  TrialSpec spec = epochs(objective("rows", {{"valid", 4}, {"test", 3}}), optimizer("adam", {{"lr", 0.3}}), 5, 2);
  spec.metric = "val_loss";
  spec.training.accumulation = 2;
  spec.training.clip_agc = 0.5;
  spec.training.clip_norm = 2;
  spec.training.clip_norm_kind = NormKind::inf;
  spec.training.clip_norm_per = NormScope::tensor;
  spec.training.noise_eta = 0.1;
  spec.training.log_every = 1;
  spec.training.log_weights = true;
  spec.training.eval_every = 2;
  spec.training.averaging = Averaging{.kind = kind, .decay = 0.8, .start = 0.3, .every = 2};
  spec.training.early_stopping =
      EarlyStopping{.patience = 50, .metric = "train_loss", .goal = Goal::maximize, .restore_best = true};
  return spec;
}

TEST(Techniques, ATrialThatIsStoppedAfterEveryStepEndsWithTheSameBits) {
  for (const AveragingKind kind : {AveragingKind::ema, AveragingKind::swa}) {
    const TrialResult straight = completed(everything(kind));
    ASSERT_EQ(straight.steps, 15);
    const TemporaryFolder folder;
    const Checkpoints checkpoints({.every_seconds = 1000, .keep_all = false, .folder = folder.path()},
                                  only_replicate(0), {}, "plan");
    for (std::int64_t stop_at = 1; stop_at < straight.steps; ++stop_at) {
      std::stop_source stop;
      TrialTrace trace;
      SharedObjectives shared;
      // The study's metric comes at evaluations only, so the trace says where the trial is.
      class Watch : public TrialObserver {
       public:
        Watch(std::stop_source& source, std::int64_t at) : source_(source), at_(at) {}
        void report(const StepReport& report) override {
          if (report.step + 1 >= at_) source_.request_stop();
        }
        Decision decide(const StepReport&) override { return {}; }

       private:
        std::stop_source& source_;
        std::int64_t at_;
      } watch(stop, stop_at);
      ASSERT_EQ(run_trial(everything(kind), shared, stop.get_token(), &watch, &trace, &checkpoints).outcome,
                Outcome::cancelled);
    }
    SharedObjectives shared;
    const TrialResult last = run_trial(everything(kind), shared, {}, nullptr, nullptr, &checkpoints);
    ASSERT_EQ(last.outcome, Outcome::completed) << last.error;
    for (const char* name : {"loss", "train_loss", "val_loss", "test_loss", "lr", "weights.0"}) {
      EXPECT_EQ(series(last, name), series(straight, name)) << name;
      EXPECT_FALSE(series(straight, name).empty()) << name;
    }
    EXPECT_EQ(last.value, straight.value);
    EXPECT_EQ(last.last_value, straight.last_value);
    EXPECT_EQ(last.epochs, straight.epochs);
    EXPECT_EQ(last.evaluations.gradient, straight.evaluations.gradient);
    EXPECT_EQ(last.log, straight.log);
  }
}

// ---- the regime of large batches

TEST(RegimeAdaptation, MakesAsManyUpdatesAsTheBaseBatch) {
  const auto result = [](std::int64_t batch_size, std::int64_t accumulation, std::int64_t base) {
    TrialSpec spec = epochs(objective("rows", {{"train", 12}}), optimizer("blind"), 2, batch_size);
    spec.training.accumulation = accumulation;
    spec.training.regime_adaptation = base;
    return completed(std::move(spec));
  };
  EXPECT_EQ(result(2, 1, 2).steps, 12);
  EXPECT_EQ(result(6, 1, 2).steps, 12) << "3 times the epochs of 2 updates";
  EXPECT_EQ(result(6, 1, 2).epochs, 6);
  EXPECT_EQ(result(3, 2, 2).steps, 12) << "the batch is that of an update";
  EXPECT_EQ(result(5, 1, 2).epochs, 2 * 3) << "rounded up";
  EXPECT_EQ(result(0, 1, 2).epochs, 2 * 6) << "all 12 samples";
  EXPECT_EQ(result(100, 1, 2).epochs, 2 * 6) << "there are no more than 12";
  EXPECT_EQ(result(1, 1, 2).epochs, 2) << "a smaller batch makes more updates as it is";
}

}  // namespace
}  // namespace tuner::test
