#include "config_reading.hpp"

namespace tuner::config {
namespace {

TEST(ConfigOptimizer, BareNameIsAPluginAtItsDefaults) {
  const StudyPlan plan = read(run("full"));
  ASSERT_EQ(plan.optimizer->branches.size(), 1U);
  EXPECT_EQ(plan.optimizer->branches[0].plugin->id(), "full");
  EXPECT_TRUE(plan.optimizer->branches[0].options.empty());
  EXPECT_FALSE(plan.optimizer->dimension);
  EXPECT_EQ(plan.objective.branches[0].plugin->id(), "net");
}

TEST(ConfigOptimizer, UnknownPluginsAndOptionsComeWithASuggestion) {
  expect_error(error_of(run("ful")), "sweep.yaml:2:12 plugin.unknown", {"full"});
  expect_error(error_of(run("{plugin: ful}")), "sweep.yaml:2:21 plugin.unknown", {"full"});
  expect_error(error_of(run("net")), "sweep.yaml:2:12 plugin.unknown", {"objective"});
  expect_error(error_of(run("{plugin: full, weight_deca: 1}")), "sweep.yaml:2:27 config.unknown_key",
               {"optimizer 'full'", "did you mean 'weight_decay'?"});
  expect_error(error_of(run("{lr: 1}")), "sweep.yaml:2:12 config.missing_key", {"'plugin'"});
  expect_error(error_of(run("{values: [full, bare]}")), "sweep.yaml:2:12 config.missing_key", {"one_of"});
  expect_error(error_of(run("[full]")), "sweep.yaml:2:12 config.wrong_type", {"a list"});
  EXPECT_FALSE(read(run("null")).optimizer) << "as if it were not there";
  expect_error(error_of(run("{plugin: [full]}")), "sweep.yaml:2:21 config.wrong_type", {"name of a plugin"});
}

TEST(ConfigOptimizer, OneOfBranchesHaveTheirOwnSpace) {
  const StudyPlan plan = read(sweep(
      "{one_of: [{plugin: full, lr: search, beta: search}, bare, {plugin: bare, as: slow, lr: {values: [1e-5]}}]}"));
  EXPECT_EQ(names(plan), (Names{"optimizer", "optimizer.full.lr", "optimizer.full.beta", "optimizer.slow.lr"}));
  EXPECT_EQ(std::get<Branches>(plan.space.dimensions[0].domain).labels, (Names{"full", "bare", "slow"}));
  EXPECT_EQ(plan.optimizer->dimension, 0U);
  EXPECT_FALSE(plan.space.dimensions[0].parent);
  EXPECT_EQ(plan.space.dimensions[2].parent, 0U);
  EXPECT_EQ(plan.space.dimensions[2].branch, 0U);
  EXPECT_EQ(plan.space.dimensions[3].branch, 2U);
  EXPECT_EQ(plan.optimizer->branches[2].label, "slow");
  EXPECT_EQ(std::get<SearchParameter>(plan.optimizer->branches[2].options.at("lr")).dimension, 3U);
}

TEST(ConfigOptimizer, BadOneOfIsRefused) {
  expect_error(error_of(sweep("{one_of: [bare, {plugin: bare, lr: 1}]}")), "sweep.yaml:2:28 config.equal_labels",
               {"'bare'", "add as:"});
  expect_error(error_of(sweep("{one_of: [bare, full], lr: 1}")), "sweep.yaml:2:35 config.bad_hole", {"mixed", "'lr'"});
  expect_error(error_of(sweep("{one_of: []}")), "sweep.yaml:2:21 config.bad_hole");
  expect_error(error_of(sweep("{one_of: bare}")), "sweep.yaml:2:21 config.bad_hole", {"list"});
  expect_error(error_of(sweep("{one_of: [bare, {one_of: [full]}]}")), "sweep.yaml:2:28 config.bad_hole",
               {"outer list"});
  expect_error(error_of(sweep("{one_of: [bare, null]}")), "sweep.yaml:2:28 config.wrong_type", {"null"});
  expect_error(error_of(sweep("{one_of: [{plugin: bare, as: a/b}]}")), "sweep.yaml:2:41 config.bad_value", {"label"});
}

TEST(ConfigOptimizer, WrappedOptimizersAreNamedByBothLabels) {
  // As in the design: optimizer.lookahead.inner.adam.lr, also where there is nothing to choose.
  const StudyPlan plain = read(sweep("{plugin: wrapper, k: {values: [1, 2]}, inner: {plugin: full, lr: search}}"));
  EXPECT_EQ(names(plain), (Names{"optimizer.wrapper.k", "optimizer.wrapper.inner.full.lr"}));
  ASSERT_EQ(plain.optimizer->branches[0].inner.size(), 1U);
  EXPECT_EQ(plain.optimizer->branches[0].inner[0].branches[0].plugin->id(), "full");

  const StudyPlan chosen =
      read(sweep("{one_of: [bare, {plugin: wrapper, inner: {one_of: [bare, {plugin: full, lr: search}]}}]}"));
  EXPECT_EQ(names(chosen), (Names{"optimizer", "optimizer.wrapper.inner", "optimizer.wrapper.inner.full.lr"}));
  EXPECT_EQ(chosen.space.dimensions[1].parent, 0U);
  EXPECT_EQ(chosen.space.dimensions[1].branch, 1U);
  EXPECT_EQ(chosen.space.dimensions[2].parent, 1U);
  EXPECT_EQ(chosen.space.dimensions[2].branch, 1U);
  EXPECT_EQ(chosen.optimizer->branches[1].inner[0].dimension, 1U);

  const StudyPlan twice =
      read(sweep("{plugin: wrapper, as: outer, inner: {plugin: wrapper, inner: {plugin: bare, lr: search}}}"));
  EXPECT_EQ(names(twice), Names{"optimizer.outer.inner.wrapper.inner.bare.lr"});
}

TEST(ConfigOptimizer, ImpossiblePairingsAreRefused) {
  const std::string no_product = "optimizer 'curved' asks for Hessian-vector products, and objective 'net' has none";
  expect_error(error_of(run("curved")), "sweep.yaml:2:12 config.impossible", {no_product});
  expect_error(error_of(run("{plugin: wrapper, inner: curved}")), "sweep.yaml:2:12 config.impossible", {no_product});
  expect_error(error_of(sweep("{one_of: [bare, curved]}")), "sweep.yaml:2:12 config.impossible", {no_product});
  EXPECT_EQ(error_of("objective: curve\noptimizer: curved\ntraining: {steps: 10}\n"), "no error");

  const auto batched = [](const std::string& size) {
    return error_of("objective: net\noptimizer: faithful\nmethod: random\ntrials: 3\ntraining: {steps: 10, " + size +
                    "}\n");
  };
  for (const char* size : {"batch_size: 8", "batch_size: {values: [0, 8]}", "batch_size: {min: 1, max: 4}"})
    expect_error(batched(size), "sweep.yaml:2:12 config.impossible",
                 {"optimizer 'faithful' compares evaluations of different steps", "remove batch_size"});
  for (const char* size : {"batch_size: null", "clip_norm: {values: [0, 1]}"})
    EXPECT_EQ(batched(size + std::string(", log_every: {values: [1, 2]}")), "no error") << size;

  expect_error(error_of(run("{plugin: ascent, inner: faithful}")), "sweep.yaml:2:12 config.impossible",
               {"optimizer 'ascent' makes the gradient of every step of the one inside, and 'faithful' takes none"});
  expect_error(error_of(run("{plugin: ascent, inner: {plugin: ascent, inner: bare}}")),
               "sweep.yaml:2:12 config.impossible", {"and 'ascent' evaluates for itself"});
  expect_error(error_of(run("{plugin: ascent, inner: {plugin: wrapper, inner: faithful}}")),
               "sweep.yaml:2:12 config.impossible", {"and 'faithful' takes none"});
  EXPECT_EQ(error_of(run("{plugin: ascent, inner: {plugin: wrapper, inner: bare}}")), "no error");
}

TEST(ConfigOptimizer, WrappingIsChecked) {
  expect_error(error_of(run("wrapper")), "sweep.yaml:2:12 config.impossible", {"inner"});
  expect_error(error_of(run("{plugin: full, inner: bare}")), "sweep.yaml:2:27 config.impossible", {"wraps no other"});
  expect_error(error_of(run("{plugin: wrapper, inner: {plugin: bare, l: 1}}")), "sweep.yaml:2:52 config.unknown_key",
               {"'lr'"});
}

TEST(ConfigOptimizer, GroupsMatchRolesAndNames) {
  const StudyPlan plan =
      read(sweep("{plugin: full, groups: [{match: {role: [bias, norm_scale]}, weight_decay: 0}, {match: {name: "
                 "layers.0.*}, lr: search}]}"));
  const auto& groups = plan.optimizer->branches[0].groups;
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].match.roles, (std::vector<std::uint32_t>{TUNER_ROLE_BIAS, TUNER_ROLE_NORM_SCALE}));
  EXPECT_EQ(fixed(groups[0].options, "weight_decay"), Value(0.0));
  EXPECT_EQ(groups[1].match.names, Names{"layers.0.*"});
  EXPECT_EQ(names(plan), Names{"optimizer.groups.1.lr"});
}

TEST(ConfigOptimizer, GroupsAreChecked) {
  const auto group = [](const std::string& text) { return error_of(run("{plugin: full, groups: [" + text + "]}")); };
  expect_error(group("{match: {role: bais}, lr: 1}"), "sweep.yaml:2:51 config.bad_value", {"did you mean 'bias'?"});
  expect_error(group("{match: {roles: bias}, lr: 1}"), "sweep.yaml:2:45 config.unknown_key", {"'role'"});
  expect_error(group("{match: {name: a*b}, lr: 1}"), "sweep.yaml:2:51 config.bad_value");
  expect_error(group("{match: {}, lr: 1}"), "sweep.yaml:2:44 config.missing_key");
  expect_error(group("{lr: 1}"), "sweep.yaml:2:36 config.missing_key", {"match"});
  expect_error(group("{match: {role: bias}, history: 1}"), "sweep.yaml:2:58 config.impossible",
               {"one for all tensors"});
  expect_error(group("{match: {role: bias}, note: x}"), "sweep.yaml:2:58 config.impossible");
  expect_error(group("{match: {role: bias}, lrr: 1}"), "sweep.yaml:2:58 config.unknown_key", {"'lr'"});
  expect_error(group("{match: {role: bias}, lr: -1}"), "sweep.yaml:2:62 config.out_of_range");
  expect_error(error_of(run("{plugin: full, groups: {lr: 1}}")), "sweep.yaml:2:35 config.wrong_type", {"a list"});
  expect_error(error_of("objective: {plugin: net, groups: []}\n"), "sweep.yaml:1:26 config.impossible", {"optimizer"});
}

TEST(ConfigOptimizer, RulesBetweenOptionsAreAskedWhereNothingIsOpen) {
  expect_error(error_of(run("{plugin: full, nesterov: true, beta: 0}")), "sweep.yaml:2:12 config.impossible",
               {"nesterov needs beta above 0"});
  expect_error(error_of(run("{plugin: full, nesterov: true, groups: [{match: {role: bias}, beta: 0}]}")),
               "sweep.yaml:2:12 config.impossible");
  EXPECT_EQ(error_of(run("{plugin: full, nesterov: true}")), "no error");
}

TEST(ConfigOptimizer, RequiredOptionsMustBeGiven) {
  expect_error(error_of("objective: from_file\n"), "sweep.yaml:1:12 config.missing_key", {"'file'", "add file:"});
  expect_error(error_of("objective: {plugin: from_file, file: null}\n"), "sweep.yaml:1:38 config.wrong_type");
  EXPECT_EQ(error_of("objective: {plugin: from_file, file: a.csv}\n"), "no error");
}

TEST(ConfigOptimizer, PathsCountFromTheFolderOfTheFile) {
  const auto dir = [](const std::string& text) {
    return fixed(read("objective: {plugin: net, data_dir: " + text + "}\n").objective.branches[0].options, "data_dir");
  };
  EXPECT_EQ(dir("data"), Value(std::string("/folder/data")));
  EXPECT_EQ(dir("../data"), Value(std::string("/data")));
  EXPECT_EQ(dir("/abs/data"), Value(std::string("/abs/data")));
  EXPECT_EQ(dir("''"), Value(std::string()));
  EXPECT_EQ(fixed(read("objective: {plugin: net, dataset: data}\n").objective.branches[0].options, "dataset"),
            Value(std::string("data")));
}

TEST(ConfigOptimizer, ObjectivesHaveBranchesToo) {
  const StudyPlan plan =
      read(sweep("bare"),
           {"objective={one_of: [{plugin: net, hidden: {values: [[1], [1, 2]]}}, {plugin: net, as: other}]}"});
  EXPECT_EQ(names(plan), (Names{"objective", "objective.net.hidden"}));
}

TEST(ConfigOptimizer, OneThatTakesAllTensorsAtOnceTakesNoGroups) {
  expect_error(error_of(run("{plugin: faithful, groups: [{match: {role: bias}, lr: 1}]}")),
               "sweep.yaml:2:12 config.impossible", {"for all tensors at once", "remove groups"});
  expect_error(error_of(run("{one_of: [bare, {plugin: faithful, groups: [{match: {role: bias}}]}]}", "method: grid\n")),
               "sweep.yaml:2:12 config.impossible", {"'faithful'"});
  EXPECT_EQ(error_of(run("{plugin: faithful, groups: []}")), "no error");
  EXPECT_EQ(error_of(run("{plugin: faithful, groups: null}")), "no error");
}

}  // namespace
}  // namespace tuner::config
