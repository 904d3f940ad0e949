// A program as the objective, in a sweep file.
#include "config_reading.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/program/macros.hpp"
#include "tuner/program/program.hpp"

namespace tuner::config {
namespace {

using program::Program;

// Lines of `objective:`, and a search.
std::string file(const std::string& objective, const std::string& rest = "method: random\ntrials: 3\n") {
  return "objective:\n" + objective + rest;
}
constexpr const char* kTrain = "  command: [python3, train.py, \"${args}\"]\n  metrics: {acc: {goal: maximize}}\n";

TEST(ProgramConfig, CommandParametersAndMetric) {
  const StudyPlan plan =
      read(file(std::string(kTrain) +
                "  parameters:\n    lr: {min: 1e-5, max: 1e-1, scale: log}\n    layers: {values: [2, 3, 4]}\n"
                "    optimizer: {one_of: [{as: sgd, momentum: {min: 0, max: 0.99}}, adam]}\n    epochs: 10\n"
                "  budget: epochs\n  working_directory: sub\n  environment: {OMP_NUM_THREADS: 2}\n  grace: 3s\n"
                "  files: [model.py]\n  time_limit: 1m\n"));
  ASSERT_TRUE(plan.program);
  const Program& program = *plan.program;
  EXPECT_EQ(program.command, (Names{"python3", "train.py", "${args}"}));
  EXPECT_EQ(names(plan), (Names{"lr", "layers", "optimizer", "optimizer.sgd.momentum"}));
  EXPECT_EQ(program.folder, "/folder/sub");
  EXPECT_EQ(program.files, Names{"/folder/model.py"});
  EXPECT_EQ(program.grace_seconds, 3);
  EXPECT_EQ(program.budget, "epochs");
  EXPECT_EQ(plan.metric.name, "acc");
  EXPECT_EQ(plan.metric.goal, Goal::maximize);
  EXPECT_EQ(fixed(plan.training, "time_limit_seconds"), Value(60.0));
  EXPECT_TRUE(plan.objective.branches.empty());

  const Configuration sgd{Value(0.01), Value(std::int64_t{3}), Value(std::string("sgd")), Value(0.5)};
  EXPECT_EQ(program::json_of(program::active_parameters(program, plan.space, sgd)),
            R"({"lr": 0.01, "layers": 3, "optimizer": "sgd", "momentum": 0.5, "epochs": 10})");
  const Configuration adam{Value(0.01), Value(std::int64_t{3}), Value(std::string("adam")), std::nullopt};
  EXPECT_EQ(program::json_of(program::active_parameters(program, plan.space, adam)),
            R"({"lr": 0.01, "layers": 3, "optimizer": "adam", "epochs": 10})");
}

TEST(ProgramConfig, LrRangeTest) {
  const std::string objective = std::string(kTrain) + "  parameters:\n    epochs: 25\n    layers: {values: [2, 3]}\n";
  const std::string budget = "  budget: epochs\n";
  const StudyPlan plan = read(file(objective + "    lr: {min: 1e-4, max: 1, scale: log}\n" + budget,
                                   "method: lr_range\nmetric: {name: acc, target: 0.9}\n"));
  const Program& program = *plan.program;
  EXPECT_EQ(std::get<Value>(program.parameters.at(0).setting), Value(std::int64_t{3}));  // a tenth, rounded up
  EXPECT_EQ(plan.metric.goal, Goal::maximize);
  EXPECT_FALSE(plan.metric.target);
  EXPECT_EQ(names(plan), (Names{"layers", "lr", "lr_range.part", "lr_range.seed", "lr_range.lr"}));
  const lr_range::TestSettings settings = lr_range::settings_of(plan);
  EXPECT_EQ(settings.lr_min, 1e-4);
  EXPECT_EQ(settings.lr_max, 1);
  EXPECT_EQ(settings.grid_budget, 3);
  EXPECT_EQ(settings.metric, "acc");
  const Configuration part{std::int64_t{2}, std::nullopt, std::string("ladder"), std::nullopt, 0.25};
  EXPECT_EQ(program::json_of(program::active_parameters(program, plan.space, part)),
            R"({"epochs": 3, "layers": 2, "lr": 0.25})");

  // What the section says goes before the range of the parameter.
  const StudyPlan narrow = read(file(objective + "    lr: {min: 20.0, max: 50, scale: log}\n" + budget,
                                     "method: lr_range\nlr_range: {lr_max: 40, grid: {budget: 25}}\n"));
  EXPECT_EQ(lr_range::settings_of(narrow).lr_min, 20);
  EXPECT_EQ(lr_range::settings_of(narrow).lr_max, 40);
  EXPECT_EQ(lr_range::settings_of(narrow).grid_budget, 25);
  // A sweep that begins with a test has the whole budget.
  const StudyPlan sweep = read(file(objective + "    lr: {from: lr_range, factor: 3}\n" + budget));
  EXPECT_EQ(std::get<Value>(sweep.program->parameters.at(0).setting), Value(std::int64_t{25}));
  EXPECT_TRUE(lr_range::is_tested(sweep.space.dimensions.at(1)));
}

TEST(ProgramConfig, ParametersHaveDistributions) {
  const StudyPlan plan =
      read(file(std::string(kTrain) +
                "  parameters:\n    lr: {distribution: log_normal, mu: -7, sigma: 1}\n"
                "    units: {distribution: normal, mu: 64, sigma: 16, step: 8, integer: true}\n"
                "    kind: {values: [a, b], probabilities: [0.9, 0.1]}\n"
                "    optimizer: {one_of: [{as: sgd, momentum: 0.9}, adam], probabilities: [0.5, 0.5]}\n"));
  const auto& dimensions = plan.space.dimensions;
  EXPECT_EQ(std::get<Range>(dimensions.at(0).domain).distribution, Distribution::log_normal);
  EXPECT_FALSE(std::get<Range>(dimensions.at(0).domain).integer);
  EXPECT_TRUE(std::get<Range>(dimensions.at(1).domain).integer);
  EXPECT_EQ(dimensions.at(2).probabilities, (std::vector<double>{0.9, 0.1}));
  const Json space = Json::parse(canonical_plan(plan)).at("space");
  EXPECT_EQ(space.at("lr").at("distribution"), Json("log_normal"));
  EXPECT_EQ(space.at("optimizer").at("probabilities"), Json::array({0.5, 0.5}));
}

TEST(ProgramConfig, ParametersMayBeMaps) {
  const StudyPlan plan =
      read(file(std::string(kTrain) + "  parameters:\n    batch: 8\n    optimizer:\n      parameters:\n"
                                      "        lr: {values: [0.1, 0.2]}\n        kind: {parameters: {name: adam}}\n"));
  EXPECT_EQ(names(plan), Names{"optimizer.lr"});
  const Program& program = *plan.program;
  program::MacroValues values;
  values.parameters = program::active_parameters(program, plan.space, {Value(0.2)});
  EXPECT_EQ(program::expand_command(program, values),
            (Names{"python3", "train.py", "--batch=8", R"(--optimizer={"lr":0.2,"kind":{"name":"adam"}})"}));
  EXPECT_EQ(program::expand_text("${optimizer.lr}", program, values), "0.2");
  const auto parameters_error = [](const std::string& parameters) {
    return error_of(file(std::string(kTrain) + "  parameters: {" + parameters + "}\n"));
  };
  expect_error(parameters_error("a: {parameters: {b: 1}, min: 0}"), "sweep.yaml:4:40 config.bad_hole",
               {"has parameters of its own and the key 'min'"});
  expect_error(parameters_error("a: {parameters: {}}"), "sweep.yaml:4:32 config.bad_hole",
               {"the parameters of parameter 'a' are an empty map"});
  expect_error(parameters_error("a: {parameters: {b: 1}}, a_b: 2"), "sweep.yaml:4:3 config.duplicate_key",
               {"'a_b'", "'a.b'", "TUNER_PARAM_A_B"});
}

TEST(ProgramConfig, WandbIsOffline) {
  EXPECT_TRUE(
      read(file(std::string(kTrain) + "  wandb: offline\n  parameters: {seed: {values: [1, 2]}}\n")).program->wandb);
  expect_error(error_of(file(std::string(kTrain) + "  wandb: online\n")), "sweep.yaml:4:10 config.bad_value",
               {"one of: offline"});
}

TEST(ProgramConfig, AScriptAloneIsRunByPythonOrByItself) {
  const auto command = [](const std::string& script) {
    return read(file("  program: " + script + "\n  metrics: {loss: }\n", "")).program->command;
  };
  EXPECT_EQ(command("train.py"), (Names{"${interpreter}", "${program}", "${args}"}));
  EXPECT_EQ(command("train"), (Names{"./${program}", "${args}"}));
  EXPECT_EQ(command("bin/train"), (Names{"${program}", "${args}"}));
}

TEST(ProgramConfig, ValuesKeepTheTypeTheyAreWrittenIn) {
  const StudyPlan plan =
      read(file(std::string(kTrain) + "  parameters: {a: 1, b: 1.0, c: \"1\", d: true, e: no, f: [1, x, null], g: "
                                      "null, h: 2024-01-02, i: 1e-3, j: search}\n",
                ""));
  EXPECT_EQ(program::json_of(program::active_parameters(*plan.program, plan.space, {})),
            R"({"a": 1, "b": 1.0, "c": "1", "d": true, "e": "no", "f": [1, "x", null], "g": null, "h": "2024-01-02", )"
            R"("i": 0.001, "j": "search"})");
}

TEST(ProgramConfig, ARangeOfIntegersSaysSo) {
  const auto range = [](const std::string& text) {
    const StudyPlan plan = read(file(std::string(kTrain) + "  parameters: {n: " + text + "}\n"));
    return std::get<Range>(plan.space.dimensions.at(0).domain);
  };
  EXPECT_TRUE(range("{min: 1, max: 8, integer: true}").integer);
  EXPECT_FALSE(range("{min: 1, max: 8, integer: false}").integer);
  EXPECT_FALSE(range("{min: 1.0, max: 8}").integer);
  EXPECT_FALSE(range("{min: 1, max: 8e0}").integer);
  expect_error(error_of(file(std::string(kTrain) + "  parameters: {n: {min: 1, max: 8}}\n")),
               "sweep.yaml:4:19 config.bad_hole", {"written as integers", "add integer: true"});
}

TEST(ProgramConfig, IdentityIsCommandParametersAndEnvironment) {
  const auto identity = [](const std::string& objective) { return canonical_plan(read(file(objective))); };
  const std::string base = std::string(kTrain) + "  parameters: {lr: {min: 1e-5, max: 1e-1}, n: 3}\n";
  const std::string before = identity(base);
  EXPECT_EQ(before, identity(base + "  grace: 1s\n  files: [a]\n  working_directory: elsewhere\n"));
  EXPECT_NE(before, identity(base + "  environment: {A: 1}\n"));
  EXPECT_NE(before, identity(std::string(kTrain) + "  parameters: {lr: {min: 1e-5, max: 2e-1}, n: 3}\n"));
  EXPECT_NE(before, identity(std::string(kTrain) + "  parameters: {lr: {min: 1e-5, max: 1e-1}, n: 4}\n"));
  EXPECT_NE(before, identity("  command: [python3, other.py, \"${args}\"]\n  metrics: {acc: {goal: maximize}}\n  "
                             "parameters: {lr: {min: 1e-5, max: 1e-1}, n: 3}\n"));
  EXPECT_NE(before.find("\"space\""), std::string::npos) << before;
  // A time limit may change from one start to the next.
  EXPECT_EQ(plan_identity(before), plan_identity(identity(base + "  time_limit: 9s\n")));
}

TEST(ProgramConfig, TheMetricIsChosenOrAlone) {
  const std::string two = "  command: [a]\n  metrics: {loss: , acc: {goal: maximize}}\n";
  expect_error(error_of(file(two, "")), "sweep.yaml:2:3 config.missing_key", {"2 metrics", "add metric: loss"});
  EXPECT_EQ(read(file(two, "metric: acc\n")).metric.goal, Goal::maximize);
  EXPECT_EQ(read(file(two, "metric: {name: acc, goal: minimize}\n")).metric.goal, Goal::minimize);
  expect_error(error_of(file(two, "metric: ac\n")), "sweep.yaml:4:9 config.unknown_metric", {"did you mean 'acc'?"});
  expect_error(error_of(file("  command: [a]\n", "")), "sweep.yaml:2:3 config.missing_key",
               {"nothing says which number"});
  EXPECT_EQ(read(file("  command: [a]\n", "metric: {name: score, goal: maximize}\n")).metric.name, "score");
}

TEST(ProgramConfig, WhatIsWrongHasItsPlace) {
  const auto error = [](const std::string& objective, const std::string& rest = "") {
    return error_of(file("  metrics: {acc: }\n" + objective, rest));
  };
  expect_error(error("  parameters: {a: 1}\n"), "sweep.yaml:2:3 config.missing_key", {"no command"});
  expect_error(error("  command: python3 train.py\n"), "sweep.yaml:3:12 config.wrong_type", {"a list"});
  expect_error(error("  command: []\n"), "sweep.yaml:3:12 config.wrong_type");
  expect_error(error("  command: [a]\n  comand: [b]\n"), "sweep.yaml:4:3 config.unknown_key", {"'command'"});
  expect_error(error("  command: [a]\n  parameters: {seed: 1}\n"), "sweep.yaml:4:16 config.bad_value", {"${seed}"});
  expect_error(error("  command: [a]\n  parameters: {--lr: 1}\n"), "sweep.yaml:4:16 config.bad_value", {"'--lr'"});
  expect_error(error("  command: [a]\n  parameters: {a: {mean: 1}}\n"), "sweep.yaml:4:19 config.bad_hole");
  expect_error(error("  command: [a]\n  parameters: {rate: {from: lr_range}}\n", "method: random\ntrials: 1\n"),
               "sweep.yaml:4:29 config.bad_hole", {"parameter: rate"});
  expect_error(error("  command: [a]\n  parameters: {lr: {from: lr_range}}\n", "method: random\ntrials: 1\n"),
               "sweep.yaml:2:3 config.missing_key", {"budget"});
  expect_error(error("  command: [a]\n  parameters: {a-b: 1, a_b: 2}\n"), "sweep.yaml:4:3 config.duplicate_key",
               {"$TUNER_PARAM_A_B"});
  expect_error(error("  command: [a]\n  parameters: {m: 1, o: {one_of: [{as: x, m: 2}, y]}}\n"),
               "sweep.yaml:4:3 config.duplicate_key", {"both called 'm'"});
  expect_error(error("  command: [a]\n  parameters: {o: {one_of: [{m: 2}]}}\n"), "sweep.yaml:4:29 config.missing_key",
               {"{as: VALUE"});
  expect_error(error("  command: [a]\n  budget: epochs\n"), "sweep.yaml:4:11 config.bad_value", {"no parameter"});
  expect_error(error("  command: [a]\n  parameters: {n: {values: [1]}}\n  budget: n\n"),
               "sweep.yaml:5:11 config.bad_value", {"one number for all trials"});
  expect_error(error("  command: [a]\n  environment: {TUNER_SEED: 1}\n"), "sweep.yaml:4:17 config.bad_value");
  expect_error(error("  command: [a]\n", "optimizer: bare\n"), "sweep.yaml:4:1 config.impossible",
               {"this one is a program"});
  expect_error(error("  command: [a]\n", "training: {steps: 1}\n"), "sweep.yaml:4:1 config.impossible", {"time_limit"});
  expect_error(error("  command: [a]\n", "isolation: thread\n"), "sweep.yaml:4:1 config.impossible");
  expect_error(error("  command: [a]\n", "checkpoint: {every: 1s}\n"), "sweep.yaml:4:21 config.impossible",
               {"$TUNER_CHECKPOINT"});
  expect_error(error("  command: [a]\n", "method: lr_range\n"), "sweep.yaml:2:3 config.missing_key", {"budget"});
  expect_error(error("  command: [a]\n", "workers: {devices: 1}\n"), "sweep.yaml:4:20 config.wrong_type");
}

TEST(ProgramConfig, Patterns) {
  const auto error = [](const std::string& metric) {
    return error_of(file("  command: [a]\n  metrics: {acc: " + metric + "}\n", ""));
  };
  EXPECT_EQ(error("{pattern: 'acc: ([0-9.]+)', file: log.txt, summary: last}"), "no error");
  expect_error(error("{pattern: 'acc: ([0-9.]+'}"), "sweep.yaml:3:28 config.bad_value", {"missing )"});
  expect_error(error("{pattern: 'acc'}"), "sweep.yaml:3:28 config.bad_value", {"0 groups"});
  expect_error(error("{file: log.txt}"), "sweep.yaml:3:25 config.missing_key", {"add pattern"});
}

TEST(ProgramConfig, WorkersShareDevices) {
  const Study study = read_study(file(kTrain, "workers: {count: 4, devices: [0, 1], nice: 5}\n"));
  EXPECT_EQ(study.run.workers, 4u);
  EXPECT_EQ(study.run.devices, (Names{"0", "1"}));
  EXPECT_EQ(study.run.nice, 5);
}

TEST(ProgramConfig, AKilledTrialRunsOnceMoreUnlessTheFileSaysOtherwise) {
  const auto retry = [](const std::string& text) { return read_study(file(kTrain, text)).run.retry; };
  EXPECT_EQ(retry("").max, 1);
  EXPECT_EQ(retry("").on, std::vector<Failure>{Failure::killed});
  EXPECT_EQ(retry("retry: {max: 3}\n").max, 3);
  EXPECT_EQ(retry("retry: {max: 3}\n").on.size(), std::size(kFailures) - 2) << "all but none and out_of_memory";
  EXPECT_EQ(retry("retry: {max: 0}\n").max, 0);
  EXPECT_EQ(retry("retry: {max: 2, on: [exit]}\n").on, std::vector<Failure>{Failure::exit});
}

}  // namespace
}  // namespace tuner::config
