#include <limits>

#include "config_reading.hpp"
#include "tuner/grid.hpp"

namespace tuner::config {
namespace {

std::string grid(const std::string& optimizer, const std::string& rest = "") {
  return run(optimizer, "method: grid\n" + rest);
}

TEST(ConfigSearch, NoMethodAndNothingSearchedIsOneTrial) {
  EXPECT_EQ(read(run("bare")).method, "single");
  EXPECT_EQ(error_of(run("bare", "trials: 1\n")), "no error");
  expect_error(error_of(run("bare", "trials: 5\n")), "sweep.yaml:1:1 config.no_method", {"5"});
}

TEST(ConfigSearch, SearchParametersNeedAMethod) {
  expect_error(error_of(run("{plugin: full, lr: search}")), "sweep.yaml:2:31 config.no_method",
               {"optimizer.lr", "method: random"});
  expect_error(error_of(run("{one_of: [full, bare]}")), "sweep.yaml:2:21 config.no_method", {"optimizer"});
}

TEST(ConfigSearch, RandomNeedsAnEnd) {
  expect_error(error_of(run("{plugin: full, lr: search}", "method: random\n")), "sweep.yaml:4:9 config.no_trials",
               {"budget"});
  EXPECT_EQ(read_study(run("bare", "method: random\nbudget: {wall: 30m}\n")).run.budget_seconds, 1800);
  EXPECT_EQ(read_study(run("bare", "method: {name: random}\nrun_cap: 7\n")).run.trials, 7U);
}

TEST(ConfigSearch, GridNeedsACountOrAStep) {
  expect_error(error_of(grid("{plugin: full, lr: search}")), "sweep.yaml:2:31 config.no_count",
               {"optimizer.lr", "count: n"});
  EXPECT_EQ(error_of(grid("{plugin: full, lr: {min: 1e-3, max: 1, count: 3}, beta: {min: 0, max: 0.9, step: 0.3}}")),
            "no error");
}

TEST(ConfigSearch, GridSizeIsTheUnionOfTheBranches) {
  const auto size = [](const std::string& optimizer, const std::string& rest = "") {
    return grid_size(read(grid(optimizer, rest)).space);
  };
  EXPECT_EQ(size("bare"), 1U);
  EXPECT_EQ(size("{plugin: full, lr: {values: [1, 2]}, beta: {min: 0, max: 0.9, step: 0.3}}"), 8U);
  EXPECT_EQ(size("{plugin: full, beta: {min: 0, max: 0.8, step: 0.3}}"), 3U);
  EXPECT_EQ(size("{one_of: [bare, {plugin: full, lr: {values: [1, 2]}, beta: {values: [0, 0.5, 0.9]}}]}"), 7U);
  EXPECT_EQ(size("{one_of: [bare, {plugin: full, lr: {values: [1, 2]}}]}",
                 "scheduler: {one_of: [constant, {plugin: decay, gamma: {values: [0.1, 0.2]}}]}\n"),
            9U);
  EXPECT_EQ(size("{one_of: [bare, {plugin: wrapper, k: {values: [1, 2]}, inner: {one_of: [bare, {plugin: full, lr: "
                 "{values: [1, 2, 3]}}]}}]}"),
            9U);
  std::string many;
  for (const char* key : {"lr", "beta", "weight_decay"})
    many += std::string(", ") + key + ": {min: 0, max: 0.9, count: 1e6}";
  many += ", window: {min: 1, max: 100, count: 100}";
  EXPECT_EQ(size("{plugin: full" + many + "}"), std::numeric_limits<std::uint64_t>::max());
}

TEST(ConfigSearch, TrialsMustNotCutAGridSilently) {
  const std::string text = grid("{plugin: full, lr: {values: [1, 2, 3]}}");
  expect_error(error_of(text + "trials: 2\n"), "sweep.yaml:4:9 config.grid_cut", {"3 configurations", "partial: true"});
  EXPECT_EQ(error_of(text + "trials: 3\n"), "no error");
  EXPECT_TRUE(read(text + "trials: 2\npartial: true\n").partial);
  EXPECT_TRUE(
      read(run("{plugin: full, lr: {values: [1, 2, 3]}}", "method: {name: grid, partial: true}\ntrials: 2\n")).partial);
  expect_error(error_of(sweep("bare", "partial: true\n")), "sweep.yaml:4:9 config.impossible", {"grid"});
}

const std::string kSearchedLr = "{plugin: bare, lr: {min: 0.1, max: 1}}";

TEST(ConfigSearch, AMethodMayBeAPluginWithOptions) {
  const Study bare = read_study(run(kSearchedLr, "method: gp\ntrials: 4\n"));
  EXPECT_EQ(bare.plan.method, "gp");
  ASSERT_TRUE(bare.plan.searcher);
  EXPECT_EQ(bare.plan.searcher->plugin->id(), "gp");
  EXPECT_TRUE(bare.plan.searcher->options.empty());
  EXPECT_FALSE(bare.run.lag);
  const Study given = read_study(run(kSearchedLr, "method: {name: gp, noise: 1, lag: 3, startup: null}\ntrials: 4\n"));
  EXPECT_EQ(std::get<Value>(given.plan.searcher->options.at("noise")), Value(1.0));
  EXPECT_EQ(given.run.lag, 3u);
  // Of the identity are its options, not its lag.
  EXPECT_EQ(canonical_plan(given.plan), canonical_plan(read_study(run(kSearchedLr,
                                                                      "method: {name: gp, noise: 1.0}\n"
                                                                      "trials: 9\n"))
                                                           .plan));
  EXPECT_NE(canonical_plan(given.plan), canonical_plan(bare.plan));
}

const std::string kTwoBranches =
    "{one_of: [{plugin: full, lr: {min: 0.1, max: 1}}, {plugin: bare, lr: {min: 1, max: 2}}]}";

TEST(ConfigSearch, AMethodMayStartWithConfigurations) {
  const auto started = [](const std::string& start) {
    return read(run(kTwoBranches, "method: {name: gp, start: " + start + "}\ntrials: 4\n"));
  };
  const StudyPlan plan = started("[{optimizer: bare}, {optimizer.full.lr: 0.5, optimizer: full}, {}]");
  ASSERT_EQ(plan.start.size(), 3u);
  EXPECT_EQ(plan.start[0], (Configuration{Value(std::string("bare")), std::nullopt, std::nullopt}));
  EXPECT_EQ(plan.start[1], (Configuration{Value(std::string("full")), Value(0.5), std::nullopt}));
  EXPECT_EQ(plan.start[2], Configuration(3));
  EXPECT_NE(canonical_plan(plan), canonical_plan(started("[{optimizer: bare}]")));
  const auto refused = [](const std::string& start) {
    return error_of(run(kTwoBranches, "method: {name: gp, start: " + start + "}\ntrials: 4\n"));
  };
  expect_error(refused("{optimizer: bare}"), "sweep.yaml:4:27 config.wrong_type", {"a list is due"});
  expect_error(refused("[bare]"), "sweep.yaml:4:28 config.wrong_type", {"a map is due"});
  expect_error(refused("[{optimiser: bare}]"), "sweep.yaml:4:29 config.unknown_key", {"did you mean 'optimizer'"});
  expect_error(refused("[{lr: 1}]"), "sweep.yaml:4:29 config.bad_value", {"'lr' may be", "whole name"});
  expect_error(refused("[{optimizer: sgd}]"), "sweep.yaml:4:40 config.bad_value", {"one of: full, bare"});
  expect_error(refused("[{optimizer: full, optimizer.full.lr: 3}]"), "sweep.yaml:4:65 config.bad_value",
               {"a number from 0.1 to 1"});
  expect_error(refused("[{optimizer.full.lr: 0.5}]"), "sweep.yaml:4:29 config.impossible",
               {"is there where optimizer is full", "add optimizer: full"});
}

TEST(ConfigSearch, RefusesWhatASearcherCannotBeGiven) {
  const auto refused = [](const std::string& method) { return error_of(run(kSearchedLr, method)); };
  expect_error(refused("method: gp\n"), "sweep.yaml:4:9 config.no_trials", {"search by gp", "add trials"});
  expect_error(refused("method: bayesian\ntrials: 4\n"), "sweep.yaml:4:9 config.bad_value", {"write method: gp"});
  expect_error(refused("method: {name: gp, noise: -1}\ntrials: 4\n"), "sweep.yaml:4:27 config.out_of_range", {"noise"});
  expect_error(refused("method: {name: gp, nose: 1}\ntrials: 4\n"), "sweep.yaml:4:20 config.unknown_key",
               {"searcher 'gp'", "did you mean 'noise'"});
  expect_error(refused("method: {name: gp, startup: 13}\ntrials: 4\n"), "sweep.yaml:4:9 config.impossible",
               {"13 is nothing to begin with"});
  expect_error(refused("method: {name: gp, noise: {min: 0, max: 1}}\ntrials: 4\n"), "sweep.yaml:4:27 config.impossible",
               {"method.noise", "does not search its own options"});
  expect_error(refused("method: {name: gp, lag: none}\ntrials: 4\n"), "sweep.yaml:4:25 config.wrong_type",
               {"method.lag is 'none', and an integer or the word free is due", "write an integer or the word free"});
  expect_error(refused("method: {name: gp, lag: [3]}\ntrials: 4\n"), "sweep.yaml:4:25 config.wrong_type",
               {"write an integer or the word free without brackets"});
  expect_error(refused("method: {name: gp, lag: 5}\ntrials: 4\n"), "sweep.yaml:4:9 config.impossible",
               {"lag is 5", "4 configurations"});
  expect_error(refused("method: {name: gp, lag: 3}\ntrials: 4\nrepeats: 2\n"), "sweep.yaml:4:9 config.impossible",
               {"2 configurations"});
  expect_error(error_of(run("bare", "method: gp\ntrials: 4\n")), "sweep.yaml:4:9 config.impossible",
               {"no search parameter"});
}

TEST(ConfigSearch, APrunerHasOptionsAndKeysOfTheHost) {
  const std::string rest = "method: random\ntrials: 4\n";
  const PrunerPlan bare = *read(run(kSearchedLr, rest + "pruner: judge\n")).pruner;
  EXPECT_EQ(bare.plugin.plugin->id(), "judge");
  EXPECT_EQ(bare.warmup, 0);
  EXPECT_EQ(bare.interval, 1);
  EXPECT_EQ(bare.patience, 0);
  const PrunerPlan given = *read(run(kSearchedLr, rest + "pruner: {name: judge, share: 1, warmup: 5, interval: 10, "
                                                         "patience: 2, min_delta: 0.5}\n"))
                                .pruner;
  EXPECT_EQ(std::get<Value>(given.plugin.options.at("share")), Value(1.0));
  EXPECT_EQ(given.warmup, 5);
  EXPECT_EQ(given.interval, 10);
  EXPECT_EQ(given.patience, 2);
  EXPECT_EQ(given.min_delta, 0.5);
}

TEST(ConfigSearch, RefusesWhatAPrunerCannotBe) {
  const auto refused = [](const std::string& pruner) {
    return error_of(run(kSearchedLr, "method: random\ntrials: 4\n" + pruner));
  };
  expect_error(refused("pruner: jugde\n"), "sweep.yaml:6:9 plugin.unknown", {"did you mean 'judge'"});
  expect_error(refused("pruner: {share: 1}\n"), "sweep.yaml:6:9 config.missing_key", {"pruner has no name"});
  expect_error(refused("pruner: {name: judge, share: 2}\n"), "sweep.yaml:6:30 config.out_of_range", {"share"});
  expect_error(refused("pruner: {name: judge, interval: 0}\n"), "sweep.yaml:6:33 config.out_of_range", {"interval"});
  expect_error(refused("pruner: {name: judge, min_delta: -1}\n"), "sweep.yaml:6:34 config.out_of_range", {"min_delta"});
  expect_error(refused("pruner: {name: judge, warm: 1}\n"), "sweep.yaml:6:23 config.unknown_key", {"pruner 'judge'"});
  expect_error(refused("pruner: {name: judge, share: {values: [0, 1]}}\n"), "sweep.yaml:6:30 config.impossible",
               {"does not search its own options"});
}

TEST(ConfigSearch, MethodsOfLaterVersionsAreSaidToBeSo) {
  expect_error(error_of(run("bare", "method: pbt\n")), "sweep.yaml:4:9 config.not_in_this_version", {"pbt"});
  expect_error(error_of(run("bare", "method: judge\n")), "sweep.yaml:4:9 config.bad_value",
               {"'judge' is a pruner", "pruner: judge"});
  expect_error(error_of(run("bare", "method: randon\n")), "sweep.yaml:4:9 config.bad_value",
               {"did you mean 'random'?"});
  expect_error(error_of(run("bare", "method: {partial: true}\n")), "sweep.yaml:4:9 config.missing_key", {"name"});
  expect_error(error_of(run("bare", "method: {name: random, eta: 3}\n")), "sweep.yaml:4:24 config.unknown_key");
}

}  // namespace
}  // namespace tuner::config
