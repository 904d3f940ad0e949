#include "config_reading.hpp"

namespace tuner::config {
namespace {

// The scheduler stands at line 4.
std::string with(const std::string& scheduler) { return sweep("full", "scheduler: " + scheduler + "\n"); }
std::string scheduler_error(const std::string& scheduler) {
  return error_of(run("full", "scheduler: " + scheduler + "\n"));
}

TEST(ConfigScheduler, AbsentIsConstant) {
  const StudyPlan plan = read(run("full"));
  ASSERT_EQ(plan.schedule.branches.size(), 1U);
  ASSERT_EQ(plan.schedule.branches[0].stages.size(), 1U);
  EXPECT_EQ(plan.schedule.branches[0].stages[0].scheduler.branches[0].plugin->id(), "constant");
}

TEST(ConfigScheduler, OnePluginWithWarmup) {
  const StudyPlan plan =
      read(with("{plugin: decay, gamma: search, warmup_fraction: {min: 0, max: 0.1}, warmup_form: exponential}"));
  EXPECT_EQ(names(plan), (Names{"scheduler.gamma", "scheduler.warmup_fraction"}));
  const SchedulePlan& schedule = plan.schedule.branches[0];
  EXPECT_EQ(schedule.label, "decay");
  EXPECT_EQ(std::get<SearchParameter>(schedule.warmup.at("warmup_fraction")).dimension, 1U);
  EXPECT_EQ(fixed(schedule.warmup, "warmup_form"), Value(std::string("exponential")));
  EXPECT_EQ(std::get<Value>(schedule.stages[0].steps), Value(Null{}));
}

TEST(ConfigScheduler, OneOf) {
  const StudyPlan plan =
      read(with("{one_of: [constant, {plugin: decay, warmup_steps: {values: [0, 5]}}, {sequence: [{plugin: decay, "
                "gamma: search, steps: 5}, constant]}]}"));
  EXPECT_EQ(names(plan), (Names{"scheduler", "scheduler.decay.warmup_steps", "scheduler.sequence.sequence.0.gamma"}));
  EXPECT_EQ(std::get<Branches>(plan.space.dimensions[0].domain).labels, (Names{"constant", "decay", "sequence"}));
  EXPECT_EQ(plan.space.dimensions[2].branch, 2U);
  EXPECT_EQ(plan.schedule.dimension, 0U);
}

TEST(ConfigScheduler, Sequence) {
  const StudyPlan plan =
      read(with("{sequence: [{plugin: constant, steps: {values: [5, 6]}}, {steps: 3, one_of: [constant, {plugin: "
                "decay, gamma: search}]}, decay], warmup_steps: 2}"));
  EXPECT_EQ(names(plan),
            (Names{"scheduler.sequence.0.steps", "scheduler.sequence.1", "scheduler.sequence.1.decay.gamma"}));
  const SchedulePlan& schedule = plan.schedule.branches[0];
  ASSERT_EQ(schedule.stages.size(), 3U);
  EXPECT_EQ(std::get<SearchParameter>(schedule.stages[0].steps).dimension, 0U);
  EXPECT_EQ(std::get<Value>(schedule.stages[1].steps), Value(std::int64_t{3}));
  EXPECT_EQ(schedule.stages[1].scheduler.dimension, 1U);
  EXPECT_EQ(plan.space.dimensions[2].parent, 1U);
  EXPECT_EQ(fixed(schedule.warmup, "warmup_steps"), Value(std::int64_t{2}));
}

TEST(ConfigScheduler, SequenceIsChecked) {
  expect_error(scheduler_error("{sequence: [constant, decay]}"), "sweep.yaml:4:24 config.impossible", {"steps: n"});
  expect_error(scheduler_error("{sequence: [{plugin: decay, steps: 5}]}"), "sweep.yaml:4:47 config.impossible",
               {"last stage"});
  expect_error(scheduler_error("{sequence: [{plugin: decay, steps: 0}, decay]}"),
               "sweep.yaml:4:47 config.out_of_range");
  expect_error(scheduler_error("{sequence: []}"), "sweep.yaml:4:23 config.wrong_type");
  expect_error(scheduler_error("{sequence: [{plugin: decay, warmup_steps: 1}]}"), "sweep.yaml:4:40 config.impossible",
               {"beside sequence"});
  expect_error(scheduler_error("{sequence: [decay], plugin: decay}"), "sweep.yaml:4:40 config.impossible",
               {"not both"});
  expect_error(scheduler_error("{sequence: [decay], gamma: 1}"), "sweep.yaml:4:32 config.unknown_key");
  expect_error(scheduler_error("{plugin: decay, steps: 5}"), "sweep.yaml:4:28 config.impossible", {"sequence"});
  expect_error(scheduler_error("{sequence: [{one_of: [{plugin: decay, steps: 3}]}]}"),
               "sweep.yaml:4:50 config.impossible");
}

TEST(ConfigScheduler, WarmupIsChecked) {
  expect_error(scheduler_error("{plugin: decay, warmup_steps: 5, warmup_fraction: 0.1}"),
               "sweep.yaml:4:62 config.impossible", {"twice"});
  expect_error(scheduler_error("{plugin: decay, warmup_form: linear}"), "sweep.yaml:4:41 config.impossible",
               {"without a warmup"});
  expect_error(scheduler_error("{plugin: decay, warmup_fraction: 1.5}"), "sweep.yaml:4:45 config.out_of_range",
               {"at most 1"});
  expect_error(scheduler_error("{plugin: decay, warmup_steps: -1}"), "sweep.yaml:4:42 config.out_of_range");
  expect_error(scheduler_error("{plugin: decay, warmup_steps: 1, warmup_form: lineal}"),
               "sweep.yaml:4:58 config.bad_value", {"'linear'"});
  expect_error(scheduler_error("{plugin: decay, warmup_step: 1}"), "sweep.yaml:4:28 config.unknown_key",
               {"'warmup_steps'"});
}

TEST(ConfigScheduler, MustFindItsTargetInEveryOptimizer) {
  EXPECT_EQ(error_of(run("full", "scheduler: beta_cycle\n")), "no error");
  expect_error(error_of(run("bare", "scheduler: beta_cycle\n")), "sweep.yaml:4:12 config.impossible",
               {"beta_cycle", "bare"});
  expect_error(error_of(sweep("{one_of: [full, bare]}", "scheduler: {one_of: [decay, beta_cycle]}\n")),
               "sweep.yaml:6:29 config.impossible", {"bare"});
  EXPECT_EQ(error_of(run("{plugin: wrapper, inner: full}", "scheduler: beta_cycle\n")), "no error");
  expect_error(error_of(sweep("{plugin: wrapper, inner: {one_of: [full, bare]}}", "scheduler: beta_cycle\n")),
               "sweep.yaml:6:12 config.impossible");
}

TEST(ConfigScheduler, NeedsAnOptimizer) {
  expect_error(error_of("objective: black_box\nscheduler: decay\n"), "sweep.yaml:2:12 config.impossible",
               {"optimizer"});
  EXPECT_TRUE(read("objective: black_box\n").schedule.branches.empty());
}

}  // namespace
}  // namespace tuner::config
