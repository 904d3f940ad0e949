// Plans: putting in their values, and the identity of a study.
#include "tuner/plan.hpp"

#include <algorithm>
#include <cmath>

#include "plan_fixture.hpp"

namespace tuner::test {
namespace {

Configuration point_of(std::vector<std::optional<Value>> values) { return values; }

TEST(Resolve, FillsHolesAndKeepsWhatIsFixed) {
  const TrialSpec spec = resolve(lr_study(), point_of({Value(0.25)}), only_replicate(7));
  EXPECT_EQ(spec.number, 7u);
  EXPECT_EQ(spec.study_seed, 1u);
  ASSERT_TRUE(spec.optimizer);
  EXPECT_EQ(spec.optimizer->plugin->id(), "recorder");
  EXPECT_EQ(spec.optimizer->options.number(0), 0.25);
  EXPECT_EQ(spec.optimizer->options.number(1), 0.9) << "a default";
  EXPECT_EQ(spec.objective.options.number(1), 4);
  EXPECT_EQ(spec.training.epochs, 2);
  EXPECT_EQ(spec.training.batch_size, 3);
  EXPECT_EQ(spec.training.shuffle, Shuffle::every_epoch);
  EXPECT_EQ(spec.metric, "val_loss");
  ASSERT_EQ(spec.schedule.stages.size(), 1u);
  EXPECT_EQ(spec.schedule.stages[0].steps, -1);
  EXPECT_FALSE(spec.training.early_stopping);
}

TEST(Resolve, ReadsEveryKeyOfTraining) {
  StudyPlan plan = lr_study();
  const auto integer = [](std::int64_t i) { return Setting(Value(i)); };
  plan.training = {{"steps", integer(11)},
                   {"batch_size", integer(3)},
                   {"drop_remainder", Value(true)},
                   {"shuffle", Value(std::string("once"))},
                   {"noise_eta", Value(0.1)},
                   {"noise_gamma", Value(0.2)},
                   {"clip_value", Value(0.3)},
                   {"clip_norm", integer(4)},
                   {"nonfinite_gradient", Value(std::string("skip"))},
                   {"log_every", integer(5)},
                   {"eval_every", integer(6)},
                   {"common_random_numbers", Value(true)},
                   {"time_limit_seconds", Value(7.5)},
                   {"summary", Value(std::string("last"))}};
  plan.early_stopping = only(OptionalSettings(Settings{{"patience", integer(8)}, {"min_delta", Value(0.5)}}));
  const TrainingSettings t = resolve(plan, point_of({Value(0.25)}), {}).training;
  EXPECT_EQ(t.steps, 11);
  EXPECT_EQ(t.epochs, 0);
  EXPECT_EQ(t.batch_size, 3);
  EXPECT_TRUE(t.drop_remainder);
  EXPECT_EQ(t.shuffle, Shuffle::once);
  EXPECT_EQ(t.noise_eta, 0.1);
  EXPECT_EQ(t.noise_gamma, 0.2);
  EXPECT_EQ(t.clip_value, 0.3);
  EXPECT_EQ(t.clip_norm, 4);
  EXPECT_EQ(t.nonfinite_gradient, NonfiniteGradient::skip);
  EXPECT_EQ(t.log_every, 5);
  EXPECT_EQ(t.eval_every, 6);
  EXPECT_TRUE(t.common_random_numbers);
  EXPECT_EQ(t.time_limit_seconds, 7.5);
  EXPECT_EQ(t.summary, Summary::last);
  ASSERT_TRUE(t.early_stopping);
  EXPECT_EQ(t.early_stopping->patience, 8);
  EXPECT_EQ(t.early_stopping->min_delta, 0.5);
}

// The study's metric has the study's goal, any other the objective's.
TEST(Resolve, AMetricOfEarlyStoppingHasItsDirection) {
  const auto stopping = [](const char* metric) {
    StudyPlan plan = lr_study();
    plan.early_stopping = only(OptionalSettings(Settings{{"metric", Value(std::string(metric))}}));
    return *resolve(plan, point_of({Value(0.25)}), {}).training.early_stopping;
  };
  EXPECT_EQ(stopping("val_index").metric, "val_index");
  EXPECT_EQ(stopping("val_index").goal, Goal::maximize);
  EXPECT_EQ(stopping("val_count").goal, Goal::minimize);
  EXPECT_EQ(stopping("loss").goal, Goal::minimize);
  EXPECT_EQ(stopping("val_loss").metric, "") << "the study's: nothing else to listen to";
}

TEST(Resolve, ScalesLrWithTheBatchOfAnUpdate) {
  StudyPlan plan = lr_study();
  plan.training["accumulation"] = Value(std::int64_t{4});  // 4 times 3
  plan.training["base_batch"] = Value(std::int64_t{6});
  const auto lr = [&](const char* scaling, double given) {
    plan.training["lr_scaling"] = scaling == nullptr ? Value(Null{}) : Value(std::string(scaling));
    const TrialSpec spec = resolve(plan, point_of({Value(given)}), {});
    EXPECT_EQ(spec.optimizer->options.number(0), spec.optimizer->options.abi()->base[0]) << "the configured value too";
    return spec.optimizer->options.number(0);
  };
  EXPECT_EQ(lr("linear", 0.25), 0.5);
  EXPECT_DOUBLE_EQ(lr("sqrt", 0.25), 0.25 * std::sqrt(2.0));
  EXPECT_EQ(lr(nullptr, 0.25), 0.25);
  plan.training.erase("lr_scaling");
  EXPECT_EQ(lr(nullptr, 0.25), 0.25);
  plan.optimizer = only(plugin_plan(Kind::optimizer, "stateful"));
  plan.training["lr_scaling"] = Value(std::string("linear"));
  const Error error = error_of([&] { static_cast<void>(resolve(plan, point_of({Value(0.25)}), {})); });
  EXPECT_TRUE(says(error.what(), "optimizer 'stateful' has none"));
}

TEST(Resolve, ScalesTheLrOfEveryGroupAndOfWhatIsWrapped) {
  StudyPlan plan = lr_study();
  plan.training["lr_scaling"] = Value(std::string("linear"));
  plan.training["base_batch"] = Value(std::int64_t{1});
  PluginPlan inner = plugin_plan(Kind::optimizer, "recorder", {{"lr", Value(0.5)}});
  inner.groups.push_back(
      {.match = {.roles = {TUNER_ROLE_BIAS}, .names = {}}, .options = {{"lr", Value(2.0)}}, .place = ""});
  PluginPlan outer = plugin_plan(Kind::optimizer, "repeated");
  outer.inner.push_back(only(inner));
  plan.optimizer = only(outer);
  const TrialSpec spec = resolve(plan, point_of({Value(0.25)}), {});
  EXPECT_EQ(spec.optimizer->inner->options.number(0, 0), 1.5);
  EXPECT_EQ(spec.optimizer->inner->options.number(0, 1), 6);
}

TEST(Resolve, RefusesAScaledLrWithoutABatch) {
  StudyPlan plan = lr_study();
  plan.training["lr_scaling"] = Value(std::string("linear"));
  plan.training["base_batch"] = Value(std::int64_t{1});
  plan.training["batch_size"] = Value(std::int64_t{0});
  const Error error = error_of([&] { static_cast<void>(resolve(plan, point_of({Value(0.25)}), {})); });
  EXPECT_TRUE(says(error.what(), "batch_size 0 is all samples"));
}

// optimizer: {one_of: [recorder {lr}, repeated {inner: {one_of: [blind, recorder as slow {lr}]}}]}
StudyPlan nested_study() {
  StudyPlan plan = lr_study();
  PluginPlan slow = plugin_plan(Kind::optimizer, "recorder", {{"lr", SearchParameter{3}}});
  slow.label = "slow";
  OneOf<PluginPlan> inner;
  inner.dimension = 2;
  inner.branches = {plugin_plan(Kind::optimizer, "blind", {{"lr", Value(0.5)}}), slow};
  PluginPlan outer = plugin_plan(Kind::optimizer, "repeated", {{"times", Value(std::int64_t{3})}});
  outer.inner.push_back(inner);
  OneOf<PluginPlan> optimizers;
  optimizers.dimension = 0;
  optimizers.branches = {plugin_plan(Kind::optimizer, "recorder", {{"lr", SearchParameter{1}}}), outer};
  plan.optimizer = optimizers;
  plan.space.dimensions = {{"optimizer", Branches{{"recorder", "repeated"}}, std::nullopt, 0},
                           {"optimizer.recorder.lr", Values{0.1, 0.2}, 0, 0},
                           {"optimizer.repeated.inner", Branches{{"blind", "slow"}}, 0, 1},
                           {"optimizer.repeated.inner.slow.lr", Values{0.001}, 2, 1}};
  return plan;
}

TEST(Resolve, FollowsNestedBranches) {
  const StudyPlan plan = nested_study();
  TrialSpec spec = resolve(plan, {std::string("recorder"), 0.2, std::nullopt, std::nullopt}, {});
  EXPECT_EQ(spec.optimizer->plugin->id(), "recorder");
  EXPECT_EQ(spec.optimizer->options.number(0), 0.2);
  EXPECT_EQ(spec.optimizer->inner, nullptr);
  spec = resolve(plan, {std::string("repeated"), std::nullopt, std::string("blind"), std::nullopt}, {});
  EXPECT_EQ(spec.optimizer->plugin->id(), "repeated");
  EXPECT_EQ(spec.optimizer->options.number(1), 3);
  EXPECT_EQ(spec.optimizer->inner->plugin->id(), "blind");
  EXPECT_EQ(spec.optimizer->inner->options.number(0), 0.5);
  spec = resolve(plan, {std::string("repeated"), std::nullopt, std::string("slow"), 0.001}, {});
  EXPECT_EQ(spec.optimizer->inner->plugin->id(), "recorder");
  EXPECT_EQ(spec.optimizer->inner->options.number(0), 0.001);
}

TEST(Resolve, GroupsAndSchedules) {
  StudyPlan plan = lr_study();
  GroupPlan group;
  group.match.roles = {TUNER_ROLE_BIAS};
  group.options = {{"lr", SearchParameter{1}}};
  plan.optimizer->branches[0].groups.push_back(group);
  plan.space.dimensions.push_back({"optimizer.groups.0.lr", Values{1.0, 2.0}, std::nullopt, 0});
  SchedulePlan schedule = schedule_plan(
      "ramp", {{"warmup_steps", Value(std::int64_t{5})}, {"warmup_form", Value(std::string("constant"))}});
  schedule.stages[0].steps = Value(std::int64_t{9});
  schedule.stages.push_back({only(plugin_plan(Kind::scheduler, "constant")), Null{}});
  plan.schedule = only(schedule);
  const TrialSpec spec = resolve(plan, {0.5, 2.0}, {});
  EXPECT_EQ(spec.optimizer->options.group_count(), 2u);
  EXPECT_EQ(spec.optimizer->options.number(0, 0), 0.5);
  EXPECT_EQ(spec.optimizer->options.number(0, 1), 2);
  EXPECT_EQ(spec.optimizer->groups[0].roles, std::vector<std::uint32_t>{TUNER_ROLE_BIAS});
  EXPECT_EQ(spec.schedule.warmup_steps, 5);
  EXPECT_EQ(spec.schedule.warmup_form, WarmupForm::constant);
  ASSERT_EQ(spec.schedule.stages.size(), 2u);
  EXPECT_EQ(spec.schedule.stages[0].steps, 9);
  EXPECT_EQ(spec.schedule.stages[1].steps, -1);
}

TEST(Resolve, ReportsRulesBetweenOptions) {
  StudyPlan plan = lr_study();
  plan.optimizer = only(plugin_plan(Kind::optimizer, "sgd", {{"nesterov", Value(true)}}));
  const Error error = error_of([&] { static_cast<void>(resolve(plan, {0.5}, {})); });
  EXPECT_EQ(error.id(), Message::config_impossible);
  EXPECT_TRUE(says(error.what(), "optimizer 'sgd' refuses its options"));
}

TEST(CanonicalPlan, DoesNotCountWhatDoesNotChangeATrial) {
  const StudyPlan plan = lr_study();
  StudyPlan other = lr_study();
  other.name = "other";
  other.partial = true;
  other.metric_place = "x.yaml:3:4";
  other.goal_given = true;
  EXPECT_EQ(canonical_plan(plan), canonical_plan(other));
}

TEST(CanonicalPlan, CountsEverythingElse) {
  const std::string plan = canonical_plan(lr_study());
  std::vector<std::string> all = {plan};
  const auto differs = [&](const char* what, auto change) {
    StudyPlan other = lr_study();
    change(other);
    const std::string text = canonical_plan(other);
    EXPECT_EQ(std::ranges::find(all, text), all.end()) << what;
    all.push_back(text);
  };
  differs("seed", [](StudyPlan& p) { p.seed = 2; });
  differs("method", [](StudyPlan& p) { p.method = "random"; });
  differs("metric", [](StudyPlan& p) { p.metric.name = "loss"; });
  differs("goal", [](StudyPlan& p) { p.metric.goal = Goal::maximize; });
  differs("target", [](StudyPlan& p) { p.metric.target = 0.5; });
  differs("training", [](StudyPlan& p) { p.training["epochs"] = Value(std::int64_t{3}); });
  differs("objective", [](StudyPlan& p) { p.objective.branches[0].options["valid"] = Value(std::int64_t{5}); });
  differs("optimizer", [](StudyPlan& p) { p.optimizer->branches[0].options["momentum"] = Value(0.5); });
  differs("values", [](StudyPlan& p) { std::get<Values>(p.space.dimensions[0].domain).pop_back(); });
  differs("stopping", [](StudyPlan& p) { p.early_stopping = only(OptionalSettings(Settings{})); });
  differs("patience", [](StudyPlan& p) {
    p.early_stopping = only(OptionalSettings(Settings{{"patience", Value(std::int64_t{3})}}));
  });
  differs("schedule", [](StudyPlan& p) { p.schedule = only(schedule_plan("ramp")); });
  differs("warmup", [](StudyPlan& p) { p.schedule.branches[0].warmup["warmup_steps"] = Value(std::int64_t{3}); });
  differs("stage", [](StudyPlan& p) { p.schedule.branches[0].stages[0].steps = Value(std::int64_t{3}); });
  differs("group", [](StudyPlan& p) { p.optimizer->branches[0].groups.emplace_back(); });
  differs("label", [](StudyPlan& p) { p.optimizer->branches[0].label = "mine"; });
  differs("branches", [](StudyPlan& p) { p = nested_study(); });
}

TEST(CanonicalPlan, ATimeLimitForAllTrialsIsNoPartOfItsIdentity) {
  StudyPlan plan = test::lr_study(3);
  const std::string without = canonical_plan(plan);
  EXPECT_EQ(plan_identity(without), without);
  EXPECT_EQ(plan_time_limit(without), 0);
  const std::string checkpoint = checkpoint_identity(plan);
  plan.training["time_limit_seconds"] = Value(7.5);
  EXPECT_NE(canonical_plan(plan), without);
  EXPECT_EQ(plan_identity(canonical_plan(plan)), without);
  EXPECT_EQ(plan_time_limit(canonical_plan(plan)), 7.5);
  EXPECT_EQ(checkpoint_identity(plan), checkpoint);
  // One that is searched tells trials apart.
  plan.training["time_limit_seconds"] = SearchParameter{0};
  EXPECT_EQ(plan_identity(canonical_plan(plan)), canonical_plan(plan));
  EXPECT_EQ(plan_time_limit(canonical_plan(plan)), 0);
  EXPECT_EQ(plan_identity("plan 1"), "plan 1");
}

TEST(CanonicalPlan, WritesDefaultsAndVersionsOut) {
  const StudyPlan plan = lr_study();
  const std::string text = canonical_plan(plan);
  for (const char* line : {"\"plugin\": \"recorder\"", "\"version\": \"1.0.0\"", "\"momentum\": 0.9", "\"noise\": true",
                           "\"dtype\": \"f64\"", "\"train\": 10", "\"valid\": 4", "\"epochs\": 2"})
    EXPECT_TRUE(says(text, line));
  StudyPlan spelled = lr_study();
  spelled.optimizer->branches[0].options["momentum"] = Value(0.9);
  spelled.objective.branches[0].options["train"] = Value(Null{});
  EXPECT_EQ(canonical_plan(spelled), text) << "a default written out is the same plan";
}

// Two search parameters, lr and momentum, in either order of the file.
StudyPlan two_holes(bool swapped, const char* method) {
  StudyPlan plan = lr_study();
  plan.method = method;
  const Dimension lr{"optimizer.lr", Values{0.1, 0.2}, std::nullopt, 0};
  const Dimension momentum{"optimizer.momentum", Values{0.5, 0.9}, std::nullopt, 0};
  plan.space.dimensions = swapped ? std::vector{momentum, lr} : std::vector{lr, momentum};
  plan.optimizer->branches[0].options["lr"] = SearchParameter{swapped ? 1u : 0u};
  plan.optimizer->branches[0].options["momentum"] = SearchParameter{swapped ? 0u : 1u};
  return plan;
}

TEST(CanonicalPlan, OrderOfKeysCountsWhereItNumbersTheTrials) {
  EXPECT_EQ(canonical_plan(two_holes(false, "random")), canonical_plan(two_holes(true, "random")));
  EXPECT_NE(canonical_plan(two_holes(false, "grid")), canonical_plan(two_holes(true, "grid")));
}

// An earlier version of a space is written in the search parameters of the present one, see search/growth.hpp.
TEST(CanonicalPlan, OfAnEarlierSpaceHasItsBranchesAlone) {
  const StudyPlan now = nested_study();
  const auto& labels = std::get<Branches>(now.space.dimensions[0].domain).labels;
  ASSERT_EQ(labels.size(), 2u);
  StudyPlan then = now;
  std::get<Branches>(then.space.dimensions[0].domain).labels.pop_back();
  StudyPlan alone = now;
  alone.space = then.space;
  alone.optimizer->branches.pop_back();
  EXPECT_EQ(canonical_plan(then), canonical_plan(alone));
  EXPECT_NE(canonical_plan(then), canonical_plan(now));
}

TEST(PluginsOf, AllBranchesOrThoseOfAPoint) {
  const StudyPlan plan = nested_study();
  const auto ids = [](const std::vector<const Plugin*>& plugins) {
    std::string text;
    for (const Plugin* p : plugins) text += std::string(p->id()) + " ";
    return text;
  };
  EXPECT_EQ(ids(plugins_of(plan)), "blind recorder repeated constant rows ") << "by kind and id, each once";
  EXPECT_EQ(ids(plugins_of(plan, {std::string("recorder"), 0.2, std::nullopt, std::nullopt})),
            "recorder constant rows ");
  EXPECT_EQ(ids(plugins_of(plan, {std::string("repeated"), std::nullopt, std::string("blind"), std::nullopt})),
            "blind repeated constant rows ");
}

}  // namespace
}  // namespace tuner::test
