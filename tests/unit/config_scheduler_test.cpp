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

TEST(ConfigScheduler, Product) {
  const StudyPlan plan =
      read(with("{product: [constant, {plugin: decay, gamma: search, drives: beta}, {one_of: [constant, decay]}], "
                "warmup_steps: 2, as: both}"));
  EXPECT_EQ(names(plan), (Names{"scheduler.product.1.gamma", "scheduler.product.2"}));
  const SchedulePlan& schedule = plan.schedule.branches[0];
  EXPECT_EQ(schedule.label, "both");
  ASSERT_EQ(schedule.stages.size(), 1U);
  EXPECT_EQ(schedule.stages[0].scheduler.branches[0].plugin->id(), "constant");
  ASSERT_EQ(schedule.stages[0].factors.size(), 2U);
  EXPECT_EQ(schedule.stages[0].factors[0].branches[0].drives, "beta");
  EXPECT_EQ(schedule.stages[0].factors[1].branches.size(), 2U);
  const TrialSpec spec = resolve(plan, {Value(0.5), Value(std::string("decay"))}, {});
  ASSERT_EQ(spec.schedule.stages[0].factors.size(), 2U);
  EXPECT_EQ(spec.schedule.stages[0].factors[0].drives, "beta");
  EXPECT_EQ(spec.schedule.stages[0].factors[1].scheduler.plugin->id(), "decay");
}

TEST(ConfigScheduler, ProductMayBeAStageOrABranch) {
  const StudyPlan plan =
      read(with("{one_of: [{product: [decay]}, {sequence: [{product: [decay, {plugin: decay, gamma: search}], steps: "
                "5}, decay]}]}"));
  EXPECT_EQ(std::get<Branches>(plan.space.dimensions[0].domain).labels, (Names{"product", "sequence"}));
  EXPECT_EQ(plan.space.dimensions[1].name, "scheduler.sequence.sequence.0.product.1.gamma");
  const StagePlan& stage = plan.schedule.branches[1].stages[0];
  EXPECT_EQ(std::get<Value>(stage.steps), Value(std::int64_t{5}));
  EXPECT_EQ(stage.factors.size(), 1U);
}

TEST(ConfigScheduler, ProductIsChecked) {
  expect_error(scheduler_error("{product: []}"), "sweep.yaml:4:22 config.wrong_type", {"list of schedulers"});
  expect_error(scheduler_error("{product: decay}"), "sweep.yaml:4:22 config.wrong_type");
  expect_error(scheduler_error("{product: [decay], sequence: [decay]}"), "sweep.yaml:4:22 config.impossible",
               {"not both"});
  expect_error(scheduler_error("{product: [decay], plugin: decay}"), "sweep.yaml:4:39 config.impossible",
               {"item of the product"});
  expect_error(scheduler_error("{product: [{plugin: decay, steps: 5}, decay]}"), "sweep.yaml:4:46 config.impossible",
               {"beside product"});
  expect_error(scheduler_error("{product: [{plugin: decay, warmup_steps: 1}]}"), "sweep.yaml:4:39 config.impossible",
               {"or product"});
  expect_error(scheduler_error("{product: [{product: [decay]}]}"), "sweep.yaml:4:23 config.missing_key");
  expect_error(scheduler_error("{product: [decay], gamma: 1}"), "sweep.yaml:4:31 config.unknown_key");
  expect_error(scheduler_error("{sequence: [{product: [decay]}, decay]}"), "sweep.yaml:4:24 config.impossible",
               {"steps: n"});
}

TEST(ConfigScheduler, Drives) {
  const StudyPlan plan = read(with("{plugin: decay, drives: beta}"));
  EXPECT_EQ(plan.schedule.branches[0].stages[0].scheduler.branches[0].drives, "beta");
  EXPECT_EQ(read(with("{plugin: decay, drives: null}")).schedule.branches[0].stages[0].scheduler.branches[0].drives,
            "");
  expect_error(scheduler_error("{plugin: decay, drives: bata}"), "sweep.yaml:4:36 config.impossible",
               {"'bata'", "did you mean 'beta'?"});
  expect_error(scheduler_error("{plugin: decay, drives: [beta]}"), "sweep.yaml:4:36 config.wrong_type");
  expect_error(error_of(sweep("{one_of: [full, bare]}", "scheduler: {plugin: decay, drives: beta}\n")),
               "sweep.yaml:6:36 config.impossible", {"bare"});
}

TEST(ConfigScheduler, WarmupTarget) {
  const StudyPlan plan = read(with("{plugin: decay, warmup_steps: 5, warmup_target: {min: 0.1, max: 1}}"));
  EXPECT_EQ(names(plan), (Names{"scheduler.warmup_target"}));
  EXPECT_EQ(resolve(plan, {Value(0.5)}, {}).schedule.warmup_target, 0.5);
  expect_error(scheduler_error("{plugin: decay, warmup_target: 1}"), "sweep.yaml:4:43 config.impossible",
               {"without a warmup"});
  expect_error(scheduler_error("{plugin: decay, warmup_steps: 5, warmup_target: 1, warmup_form: constant}"),
               "sweep.yaml:4:76 config.impossible", {"straight line"});
  expect_error(scheduler_error("{plugin: decay, warmup_steps: 5, warmup_target: 0}"),
               "sweep.yaml:4:60 config.out_of_range");
}

TEST(ConfigScheduler, PlansWithoutTheseKeysAreWhatTheyWere) {
  const std::string plan = canonical_plan(read(with("{sequence: [{plugin: constant, steps: 5}, decay]}")));
  for (const char* word : {"drives", "factors", "target", "averaging", "accumulation"})
    EXPECT_EQ(plan.find(word), std::string::npos) << word;
  const std::string driven = canonical_plan(read(with("{product: [decay, {plugin: decay, drives: beta}]}")));
  EXPECT_NE(driven.find("\"drives\": \"beta\""), std::string::npos);
  EXPECT_NE(driven, canonical_plan(read(with("{product: [decay, decay]}"))));
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
