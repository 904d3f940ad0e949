// Schedules at work: warmup, sequences, what they drive, and in which groups.
#include "tuner/schedule.hpp"

#include <cmath>
#include <limits>
#include <memory>

#include "trial_fixture.hpp"

namespace tuner::test {
namespace {

// A schedule on an optimizer. `ramp` answers base + step + horizon / 1000.
class Timetable {
 public:
  explicit Timetable(PluginUse of, std::int64_t horizon, Goal goal = Goal::minimize)
      : use(std::move(of)), horizon_(horizon), goal_(goal) {}

  Timetable& then(ScheduleStage next) {
    schedule.stages.push_back(std::move(next));
    return *this;
  }
  void apply(std::int64_t step, double metric = std::numeric_limits<double>::quiet_NaN(), std::int64_t count = 0) {
    if (!run_) run_ = std::make_unique<ScheduleRun>(schedule, use, horizon_, 0, goal_, nullptr);
    tuner_error error{};
    ASSERT_EQ(run_->apply({step, metric, count}, &error), TUNER_OK) << error.text;
  }
  double number(const char* option, std::uint32_t group = 0) const {
    return use.options.number(use.plugin->find_param(option).value(), group);
  }
  // lr at the steps 0, 1, ..., as the trial records it.
  std::vector<double> lrs(std::int64_t steps) {
    std::vector<double> values;
    for (std::int64_t step = 0; step < steps; ++step) {
      apply(step);
      values.push_back(run_->lr());
    }
    return values;
  }

  PluginUse use;
  Schedule schedule;

 private:
  std::int64_t horizon_;
  Goal goal_;
  std::unique_ptr<ScheduleRun> run_;  // made with the first call, when the schedule is whole
};

void expect_near(const std::vector<double>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_DOUBLE_EQ(values[i], expected[i]) << "step " << i;
}

Timetable warm(WarmupForm form, std::int64_t steps, const char* scheduler = "constant") {
  Timetable table(optimizer("recorder", {{"lr", 2}}), 20);
  table.then(stage(scheduler));
  table.schedule.warmup_steps = steps;
  table.schedule.warmup_form = form;
  return table;
}

TEST(Warmup, Linear) { expect_near(warm(WarmupForm::linear, 4).lrs(6), {0.5, 1, 1.5, 2, 2, 2}); }
TEST(Warmup, Exponential) {
  expect_near(warm(WarmupForm::exponential, 4).lrs(6),
              {2 * std::pow(0.01, 0.75), 2 * std::pow(0.01, 0.5), 2 * std::pow(0.01, 0.25), 2, 2, 2});
}
TEST(Warmup, Constant) { expect_near(warm(WarmupForm::constant, 3).lrs(5), {2. / 3, 2. / 3, 2. / 3, 2, 2}); }
TEST(Warmup, OfOneStepIsTheBase) { expect_near(warm(WarmupForm::linear, 1).lrs(2), {2, 2}); }
TEST(Warmup, NoneWhereThereIsNone) { expect_near(warm(WarmupForm::constant, 0).lrs(2), {2, 2}); }

TEST(Warmup, AfterItTheScheduleBeginsWithTheRestOfTheHorizon) {
  // 20 steps, 4 of warmup: the ramp sees steps 0, 1, ... of 16.
  expect_near(warm(WarmupForm::linear, 4, "ramp").lrs(7), {0.5, 1, 1.5, 2, 2.016, 3.016, 4.016});
}

TEST(Warmup, FractionIsRoundedToSteps) {
  for (const auto& [fraction, horizon, steps] :
       {std::tuple{0.1, 20, 2}, {0.1, 24, 2}, {0.1, 25, 3}, {0.1, 26, 3}, {0.01, 20, 0}, {1.0, 5, 5}}) {
    Timetable table(optimizer("recorder", {{"lr", 1}}), horizon);
    table.then(stage("constant"));
    table.schedule.warmup_fraction = fraction;
    table.schedule.warmup_form = WarmupForm::constant;
    std::vector<double> expected(static_cast<std::size_t>(horizon), 1);
    for (int i = 0; i < steps; ++i) expected[static_cast<std::size_t>(i)] = 1. / 3;
    expect_near(table.lrs(horizon), expected);
  }
}

TEST(Warmup, FractionOfAnUnknownLengthIsRefused) {
  Timetable table(optimizer("recorder"), -1);
  table.then(stage("constant"));
  table.schedule.warmup_fraction = 0.1;
  const Error error = error_of([&] { table.apply(0); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "use warmup_steps"));
}

TEST(Warmup, WithoutLrIsRefused) {
  Timetable table(optimizer("stateful"), 10);
  table.then(stage("momentum_only"));
  table.schedule.warmup_steps = 2;
  const Error error = error_of([&] { table.apply(0); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "a warmup raises lr, and optimizer 'stateful' has no lr that a schedule can drive"));
}

TEST(Warmup, DrivesLrAlone) {
  Timetable table = warm(WarmupForm::linear, 2, "pair");
  table.apply(0);
  EXPECT_DOUBLE_EQ(table.number("lr"), 1);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.91) << "the scheduler's first value";
  table.apply(1);
  EXPECT_DOUBLE_EQ(table.number("lr"), 2);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.91);
  table.apply(2);
  EXPECT_DOUBLE_EQ(table.number("lr"), 1) << "half of the base, as the pair says";
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.91);
  table.apply(3);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.92);
}

TEST(Warmup, WorksWhereTheSchedulerDrivesNoLr) {
  expect_near(warm(WarmupForm::linear, 4, "momentum_only").lrs(6), {0.5, 1, 1.5, 2, 2, 2});
}

TEST(Sequence, StagesFollowEachOtherEachWithItsOwnLength) {
  Timetable table(optimizer("recorder", {{"lr", 10}}), 9);
  table.then(stage("ramp", 3)).then(stage("constant", 2)).then(stage("ramp"));
  expect_near(table.lrs(9), {10.003, 11.003, 12.003, 10, 10, 10.004, 11.004, 12.004, 13.004});
}

TEST(Sequence, StandsBehindTheWarmup) {
  Timetable table(optimizer("recorder", {{"lr", 10}}), 9);
  table.then(stage("ramp", 3)).then(stage("ramp"));
  table.schedule.warmup_steps = 2;
  expect_near(table.lrs(9), {5, 10, 10.003, 11.003, 12.003, 10.004, 11.004, 12.004, 13.004});
}

TEST(Sequence, LastStageOfAnUnknownLengthHasNoHorizon) {
  Timetable table(optimizer("recorder", {{"lr", 10}}), -1);
  table.then(stage("ramp", 1)).then(stage("ramp"));
  expect_near(table.lrs(3), {10.001, 9.999, 10.999});
}

TEST(Sequence, MayBeLongerThanTheRun) {
  Timetable table(optimizer("recorder", {{"lr", 10}}), 2);
  table.then(stage("ramp", 5)).then(stage("constant"));
  expect_near(table.lrs(2), {10.005, 11.005});
}

TEST(Sequence, WhatAStageDoesNotDriveHasItsConfiguredValue) {
  Timetable table(optimizer("recorder", {{"lr", 1}, {"momentum", 0.8}}), 6);
  table.then(stage("pair", 2)).then(stage("constant"));
  table.apply(0);
  table.apply(1);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.82);
  table.apply(2);
  EXPECT_EQ(table.number("lr"), 1);
  EXPECT_EQ(table.number("momentum"), 0.8);
}

PluginUse grouped() {
  GroupMatch biases, second;
  biases.roles = {TUNER_ROLE_BIAS};
  second.names = {"second.*"};
  return optimizer("recorder", {{"lr", 1}, {"momentum", 0.5}},
                   {{biases, {{"lr", 10}}}, {second, {{"lr", 100}, {"momentum", 0.25}}}});
}

// Two ramps on lr 10: 10 (v / 10)^2.
TEST(Product, MultipliesTheFactors) {
  Timetable table(optimizer("recorder", {{"lr", 10}}), 9);
  table.then({use_of(Kind::scheduler, "ramp"), -1, "", {}});
  table.schedule.stages[0].factors.push_back({use_of(Kind::scheduler, "ramp"), ""});
  for (std::int64_t t = 0; t < 4; ++t) {
    table.apply(t);
    EXPECT_DOUBLE_EQ(table.number("lr"), 10 * std::pow((10.009 + static_cast<double>(t)) / 10, 2)) << t;
  }
}

// `pair` halves lr and adds 0.01 (t + 1) to momentum; the others are beside it.
TEST(Product, IsOfEachOptionForItself) {
  Timetable table(grouped(), 4);
  table.then(stage("pair"));
  table.schedule.stages[0].factors.push_back({use_of(Kind::scheduler, "pair"), ""});
  table.apply(1);
  for (std::uint32_t g = 0; g < 3; ++g) {
    const double momentum = g == 2 ? 0.25 : 0.5;
    EXPECT_DOUBLE_EQ(table.number("lr", g), std::pow(10, g) / 4) << g;
    EXPECT_DOUBLE_EQ(table.number("momentum", g), momentum * std::pow((momentum + 0.02) / momentum, 2)) << g;
  }
}

TEST(Product, OfAConfiguredZeroIsZero) {
  Timetable table(optimizer("recorder", {{"lr", 0}}), 9);
  table.then(stage("ramp"));
  table.schedule.stages[0].factors.push_back({use_of(Kind::scheduler, "ramp"), ""});
  table.apply(3);
  EXPECT_EQ(table.number("lr"), 0);
}

TEST(Drives, AnotherOptionThanLr) {
  Timetable table(optimizer("recorder", {{"lr", 1}, {"momentum", 0.5}}), 4);
  table.then({use_of(Kind::scheduler, "ramp"), 2, "momentum", {}}).then(stage("constant"));
  table.apply(1);
  EXPECT_EQ(table.number("lr"), 1);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.5 + 1 + 0.002);
  table.apply(2);
  EXPECT_EQ(table.number("momentum"), 0.5) << "the next stage does not drive it";
}

TEST(Drives, NothingElse) {
  Timetable table(optimizer("recorder", {{"lr", 1}, {"momentum", 0.5}}), 4);
  table.then({use_of(Kind::scheduler, "pair"), -1, "lr", {}});
  table.apply(0);
  EXPECT_EQ(table.number("lr"), 0.25) << "the scheduler sees NaN for what is not bound";
  EXPECT_EQ(table.number("momentum"), 0.5);
}

TEST(Drives, OptionsSideBySide) {
  Timetable table(wrapped(optimizer("repeated", {{"momentum", 0.3}}), optimizer("recorder", {{"lr", 2}})), 4);
  table.then(stage("ramp"));
  table.schedule.stages[0].factors.push_back({use_of(Kind::scheduler, "ramp"), "momentum"});
  table.schedule.warmup_steps = 2;
  table.apply(0);
  EXPECT_EQ(table.use.inner->options.number(0), 1) << "lr warms up";
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.302) << "the others stand at their first value";
  table.apply(3);
  EXPECT_DOUBLE_EQ(table.use.inner->options.number(0), 2 + 1 + 0.002);
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.3 + 1 + 0.002);
}

TEST(Drives, WhatTheOptimizerHasAndASchedulerMaySet) {
  PluginUse recorder = optimizer("recorder"), stateful = optimizer("stateful");
  const Plugin& ramp = plugin(Kind::scheduler, "ramp");
  const Error error = error_of([&] { static_cast<void>(bind_outputs(ramp, recorder, "momentun")); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "'momentun'"));
  EXPECT_TRUE(says(error.what(), "did you mean 'momentum'?"));
  EXPECT_EQ(error_of([&] { check_bindings(ramp, {recorder.plugin}, "momentun"); }).message(), error.message());
  EXPECT_NO_THROW(check_bindings(ramp, {recorder.plugin}, "momentum"));
  EXPECT_THROW(static_cast<void>(bind_outputs(ramp, recorder, "noise")), Error) << "a switch is no number";
  EXPECT_THROW(static_cast<void>(bind_outputs(ramp, stateful, "history")), Error) << "structural";
}

// Keras: from lr 2 at t = 0 to 6 at t = W = 4; then the ramp from 6.
TEST(WarmupTarget, IsWhatTheScheduleBeginsWith) {
  Timetable table = warm(WarmupForm::linear, 4, "ramp");
  table.schedule.warmup_target = 6;
  expect_near(table.lrs(6), {2, 3, 4, 5, 6.016, 7.016});
}

TEST(WarmupTarget, MayBeBelowTheStart) {
  Timetable table = warm(WarmupForm::linear, 4);
  table.schedule.warmup_target = 1;
  expect_near(table.lrs(6), {2, 1.75, 1.5, 1.25, 1, 1});
}

TEST(WarmupTarget, KeepsTheRatiosOfGroups) {
  Timetable table(grouped(), 8);
  table.then(stage("constant"));
  table.schedule.warmup_steps = 2;
  table.schedule.warmup_target = 5;
  table.apply(1);
  for (std::uint32_t g = 0; g < 3; ++g) EXPECT_DOUBLE_EQ(table.number("lr", g), 3 * std::pow(10, g)) << g;
  table.apply(2);
  for (std::uint32_t g = 0; g < 3; ++g) EXPECT_DOUBLE_EQ(table.number("lr", g), 5 * std::pow(10, g)) << g;
}

TEST(WarmupTarget, HoldsWhereTheSchedulerDrivesNoLr) {
  Timetable table = warm(WarmupForm::linear, 2, "momentum_only");
  table.schedule.warmup_target = 4;
  expect_near(table.lrs(4), {2, 3, 4, 4});
}

std::vector<std::string> beyond(std::int64_t warmup, const std::vector<std::int64_t>& stages, std::int64_t horizon) {
  PluginUse use = optimizer("recorder");
  Schedule schedule;
  schedule.warmup_steps = warmup;
  for (const std::int64_t steps : stages) schedule.stages.push_back(stage("constant", steps));
  schedule.stages.push_back(stage("constant"));
  return ScheduleRun(schedule, use, horizon, 0, Goal::minimize, nullptr).beyond(horizon);
}

TEST(Beyond, NamesTheWarmupAndTheStageThatAreLongerThanTheRun) {
  EXPECT_TRUE(beyond(0, {}, 10).empty());
  EXPECT_TRUE(beyond(10, {}, 10).empty());
  EXPECT_TRUE(beyond(2, {3, 4}, 10).empty());
  EXPECT_TRUE(beyond(2, {30}, -1).empty()) << "a length that is not known";
  ASSERT_EQ(beyond(11, {3}, 10).size(), 1u);
  EXPECT_TRUE(says(beyond(11, {3}, 10)[0], "the warmup takes 11 steps, and the run has 10"));
  ASSERT_EQ(beyond(2, {3, 5}, 10).size(), 1u);
  EXPECT_TRUE(says(beyond(2, {3, 5}, 10)[0], "stage 2 of the sequence ends at step 10, and the run at step 10"));
  EXPECT_TRUE(says(beyond(0, {30, 5}, 10)[0], "stage 1"));
}

TEST(Binding, OutputsTakeTheFirstTargetThatTheOptimizerHas) {
  PluginUse with = optimizer("recorder"), sgd = optimizer("sgd"), adam = optimizer("adam");
  const Plugin& pair = plugin(Kind::scheduler, "pair");
  for (PluginUse* use : {&with, &sgd, &adam}) {
    const auto bindings = bind_outputs(pair, *use);
    ASSERT_EQ(bindings.size(), 2u);
    EXPECT_EQ(bindings[0].use, use);
    EXPECT_EQ(std::string(use->plugin->param(bindings[0].param).id), "lr");
    EXPECT_EQ(std::string(use->plugin->param(bindings[1].param).id), use == &adam ? "beta1" : "momentum");
  }
}

TEST(Binding, OptionalOutputsAreDropped) {
  Timetable table(optimizer("blind", {{"lr", 1}}), 4);
  table.then(stage("pair"));
  EXPECT_EQ(bind_outputs(plugin(Kind::scheduler, "pair"), table.use)[1].use, nullptr);
  table.apply(0);
  EXPECT_DOUBLE_EQ(table.number("lr"), 0.25) << "the scheduler sees NaN for what is not bound";
}

TEST(Binding, RequiredOutputsAreNot) {
  PluginUse use = optimizer("recorder");
  const Plugin& picky = plugin(Kind::scheduler, "picky");
  const Error error = error_of([&] { static_cast<void>(bind_outputs(picky, use)); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "scheduler 'picky' drives 'rho', 'sigma', which optimizer 'recorder' does not have"));
  EXPECT_TRUE(says(error.what(), "scheduler: constant"));
  const Error same = error_of([&] { check_bindings(picky, {use.plugin}); });
  EXPECT_EQ(same.message(), error.message());
}

TEST(Binding, StructuralOptionsAreNoTargets) {
  PluginUse use = optimizer("stateful");
  EXPECT_THROW(static_cast<void>(bind_outputs(plugin(Kind::scheduler, "historian"), use)), Error);
}

TEST(Binding, LooksThroughWrappersOutermostFirst) {
  Timetable table(wrapped(optimizer("repeated", {{"momentum", 0.3}}), optimizer("recorder", {{"lr", 2}})), 4);
  table.then(stage("pair"));
  table.apply(0);
  const PluginUse& inner = *table.use.inner;
  EXPECT_DOUBLE_EQ(table.number("momentum"), 0.31);
  EXPECT_EQ(inner.options.number(0), 1) << "lr of the inner one";
  EXPECT_EQ(inner.options.number(1), 0.9) << "its momentum is not driven";
  EXPECT_NO_THROW(check_bindings(plugin(Kind::scheduler, "pair"), {table.use.plugin, inner.plugin}));
  EXPECT_THROW(check_bindings(plugin(Kind::scheduler, "pair"), {table.use.plugin}), Error) << "it has no lr itself";
}

TEST(Binding, ReachesTheInnerOptimizerInATrial) {
  TrialSpec spec = trial(objective("slope"),
                         wrapped(optimizer("repeated", {{"momentum", 0.3}}), optimizer("recorder", {{"lr", 2}})), 3);
  spec.schedule.stages.clear();
  spec.schedule.stages.push_back(stage("pair"));
  const TrialResult result = completed(std::move(spec));
  const Series outer = series(result, "outer_momentum"), lr = series(result, "lr");
  for (std::int64_t t = 0; t < 3; ++t) {
    EXPECT_DOUBLE_EQ(outer.at(t), 0.31 + 0.01 * static_cast<double>(t));
    EXPECT_EQ(lr.at(t), 1);
  }
  EXPECT_EQ(series(result, "momentum"), (Series{{0, 0.9}, {1, 0.9}, {2, 0.9}}));
  EXPECT_EQ(series(result, "loss").at(3), -6) << "two inner steps of lr 1 in every step";
}

TEST(Groups, EachHasItsOwnBase) {
  Timetable table(grouped(), 4);
  table.then(stage("pair"));
  table.schedule.warmup_steps = 2;
  const auto expect = [&](double lr_factor, double momentum_shift) {
    for (std::uint32_t g = 0; g < 3; ++g) {
      EXPECT_DOUBLE_EQ(table.number("lr", g), (g == 0 ? 1 : g == 1 ? 10 : 100) * lr_factor) << g;
      EXPECT_DOUBLE_EQ(table.number("momentum", g), (g == 2 ? 0.25 : 0.5) + momentum_shift) << g;
    }
  };
  table.apply(0);
  expect(0.5, 0.01);
  table.apply(1);
  expect(1, 0.01);
  table.apply(2);
  expect(0.5, 0.01);
  table.apply(3);
  expect(0.5, 0.02);
}

TEST(Groups, OfTheOptimizerAreFirstMatchWins) {
  TrialSpec spec = trial(objective("parts"), grouped(), 1);
  const TrialResult result = completed(std::move(spec));
  EXPECT_EQ(series(result, "first.weight").at(1), -1) << "no group";
  EXPECT_EQ(series(result, "first.bias").at(1), -10) << "by role";
  EXPECT_EQ(series(result, "second.weight").at(1), -100) << "by name";
  EXPECT_EQ(series(result, "second.bias").at(1), -10) << "both fit: the first";
  EXPECT_EQ(series(result, "frozen").at(1), 0);
}

TEST(Metric, ReachesSchedulersAndSlotsAreKeptPerGroup) {
  Timetable table(grouped(), 10);
  table.then(stage("listener"));
  const double slots = 4.5;  // the integer and the float, as filled
  table.apply(0);
  for (std::uint32_t g = 0; g < 3; ++g)
    EXPECT_DOUBLE_EQ(table.number("lr", g), std::pow(10, g) + 11 + 2000 + slots) << "each counts for itself";
  table.apply(1, 0.5, 3);
  for (std::uint32_t g = 0; g < 3; ++g)
    EXPECT_DOUBLE_EQ(table.number("lr", g), std::pow(10, g) + 12 + 300 + 500 + slots);
  Timetable upwards(optimizer("recorder", {{"lr", 1}}), 10, Goal::maximize);
  upwards.then(stage("listener"));
  upwards.apply(0, 0.5, 1);
  EXPECT_DOUBLE_EQ(upwards.number("lr"), 1 + 11 + 100 + 500 + slots + 0.25);
}

TEST(Metric, IsFedByTheLoop) {
  // val_loss stands at the ends of epochs of two steps: 0.5 x^2 with x = -lr t under `blind`.
  TrialSpec spec = epochs(objective("rows", {{"valid", 1}, {"train", 2}}), optimizer("recorder", {{"lr", 0}}), 2, 1);
  spec.metric = "val_loss";
  spec.schedule.stages.clear();
  spec.schedule.stages.push_back(stage("momentum_only"));
  const TrialResult result = completed(std::move(spec));
  const Series momentum = series(result, "momentum");
  EXPECT_EQ(momentum, (Series{{0, -1}, {1, -1}, {2, 100}, {3, 100}})) << "no value yet, then one, which is 0";
}

}  // namespace
}  // namespace tuner::test
