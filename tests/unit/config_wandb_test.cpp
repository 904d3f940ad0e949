// Sweep files of W&B: what they mean in our language.
#include <cmath>

#include "config_reading.hpp"
#include "tuner/config/node.hpp"
#include "tuner/config/wandb.hpp"
#include "tuner/config/yaml.hpp"
#include "tuner/program/macros.hpp"
#include "tuner/program/program.hpp"
#include "tuner/search/searcher.hpp"

namespace tuner::config {
namespace {

// A random sweep of W&B with these parameters, in braces.
std::string wandb(const std::string& parameters, const std::string& rest = "run_cap: 5\n",
                  const std::string& method = "random") {
  return "program: train.py\nmethod: " + method + "\nmetric: {name: loss, goal: minimize}\nparameters: {" + parameters +
         "}\n" + rest;
}
Study read_wandb(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_study(text, "sweep.yaml", "/folder", catalogue(), overrides);
}
std::string wandb_error(const std::string& text) {
  try {
    static_cast<void>(read_wandb(text));
  } catch (const Error& error) {
    return error.place() + " " + std::string(message_name(error.id())) + ": " + error.message() + " | " +
           error.remedy();
  }
  return "no error";
}
Dimension only(const std::string& parameter, const std::string& method = "random") {
  const StudyPlan plan = read_wandb(wandb("p: {" + parameter + "}", "run_cap: 5\n", method)).plan;
  EXPECT_EQ(plan.space.dimensions.size(), 1u) << parameter;
  EXPECT_EQ(plan.space.dimensions.at(0).name, "p");
  return plan.space.dimensions.at(0);
}
Range range_of(const std::string& parameter, const std::string& method = "random") {
  return std::get<Range>(only(parameter, method).domain);
}
std::vector<std::string> warnings_of(const std::string& parameters, const std::string& method = "random") {
  return read_wandb(wandb(parameters, "run_cap: 5\n", method)).source.warnings;
}

std::vector<std::string> expanded(const program::Program& program, const Parameters& parameters) {
  program::MacroValues values;
  values.parameters = parameters;
  return program::expand_command(program, values);
}

TEST(Wandb, AFileIsKnownByItsTop) {
  EXPECT_TRUE(is_wandb_sweep(parse_document("program: a.py\n", "a")));
  EXPECT_TRUE(is_wandb_sweep(parse_document("parameters: {a: {value: 1}}\n", "a")));
  EXPECT_FALSE(is_wandb_sweep(parse_document("objective: {program: a.py, parameters: {}}\nmethod: random\n", "a")));
  EXPECT_FALSE(is_wandb_sweep(parse_document("", "a")));
}

TEST(Wandb, ASweepIsAStudyOfAProgram) {
  const Study study = read_wandb(
      "name: first/try\nprogram: train.py\nmethod: random\nrun_cap: 7\nmetric: {name: acc, goal: maximize, target: "
      "0.9}\nparameters: {lr: {min: 0.1, max: 1.0}, epochs: {value: 3}}\n");
  EXPECT_EQ(study.plan.name, "first-try");
  EXPECT_EQ(study.plan.method, "random");
  EXPECT_EQ(study.run.trials, 7u);
  EXPECT_EQ(study.plan.metric.name, "acc");
  EXPECT_EQ(study.plan.metric.goal, Goal::maximize);
  EXPECT_EQ(study.plan.metric.target, 0.9);
  EXPECT_TRUE(study.run.end_at_target);
  const program::Program& program = *study.plan.program;
  EXPECT_EQ(program.command, (Names{"${env}", "${interpreter}", "${program}", "${args}"}));
  EXPECT_EQ(program.script, "train.py");
  EXPECT_EQ(program.grace_seconds, 30);
  EXPECT_TRUE(program.wandb);
  EXPECT_EQ(program.metrics.at(0).summary, Summary::last);
}

TEST(Wandb, UniformRanges) {
  Range range = range_of("distribution: uniform, min: 0, max: 1");
  EXPECT_FALSE(range.integer) << "as the distribution says, whatever its ends look like";
  EXPECT_EQ(range.max, 1);
  range = range_of("min: 1e-5, max: 1");
  EXPECT_FALSE(range.integer);
  range = range_of("min: 1, max: 8");
  EXPECT_TRUE(range.integer);
  range = range_of("distribution: int_uniform, min: 1, max: 8");
  EXPECT_TRUE(range.integer);
  ASSERT_EQ(warnings_of("p: {min: 1, max: 8}").size(), 1u);
  EXPECT_NE(warnings_of("p: {min: 1, max: 8}")[0].find("integers from 1 to 8"), std::string::npos);
  EXPECT_EQ(range_of("distribution: int_uniform, min: 1, max: 8", "grid").step, 1);
}

TEST(Wandb, LogarithmicRanges) {
  Range range = range_of("distribution: log_uniform_values, min: !!float 1e-5, max: 0.1");
  EXPECT_EQ(range.scale, Scale::log);
  EXPECT_EQ(range.min, 1e-5);
  EXPECT_EQ(range_of("distribution: inv_log_uniform_values, min: 1e-5, max: 0.1").max, 0.1);
  range = range_of("distribution: log_uniform, min: -7.0, max: 0");
  EXPECT_DOUBLE_EQ(range.min, std::exp(-7));
  EXPECT_EQ(range.max, 1);
  range = range_of("distribution: inv_log_uniform, min: 0, max: 7");
  EXPECT_DOUBLE_EQ(range.min, std::exp(-7));
  const auto warnings = warnings_of("p: {distribution: log_uniform, min: 1e-5, max: 0.1}");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("it goes from 1.00001 to 1.10517"), std::string::npos) << warnings[0];
  expect_error(wandb_error(wandb("p: {distribution: log_uniform, min: 1, max: 1000}")),
               "sweep.yaml:4:17 config.bad_hole", {"more than a number can hold", "log_uniform_values"});
}

TEST(Wandb, QuantizedRanges) {
  Range range = range_of("distribution: q_log_uniform_values, min: 32, max: 256, q: 8");
  EXPECT_TRUE(range.integer);
  EXPECT_EQ(range.scale, Scale::log);
  EXPECT_EQ(range.step, 8);
  EXPECT_TRUE(warnings_of("p: {distribution: q_log_uniform_values, min: 32, max: 256, q: 8}").empty());
  range = range_of("distribution: q_uniform, min: 0.0, max: 0.7, q: 0.1");
  EXPECT_FALSE(range.integer);
  EXPECT_EQ(range.max, 0.7);
  EXPECT_EQ(range.step, 0.1);
  // Multiples of q, as W&B's, but none outside of the range.
  range = range_of("distribution: q_uniform, min: 5, max: 29, q: 10");
  EXPECT_EQ(range.min, 10);
  EXPECT_EQ(range.max, 20);
  EXPECT_EQ(warnings_of("p: {distribution: q_uniform, min: 5, max: 29, q: 10}").size(), 1u);
  EXPECT_EQ(range_of("distribution: q_uniform, min: 2, max: 9").step, 1) << "the default of q";
  // A grid counts from min; max is in it.
  range = range_of("distribution: q_uniform, min: 5, max: 25, q: 10", "grid");
  EXPECT_EQ(range.min, 5);
  EXPECT_EQ(range.max, 25);
  const auto warnings = warnings_of("p: {distribution: q_uniform, min: 5, max: 25, q: 10}", "grid");
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("the grid has max, 25, too; W&B leaves it out"), std::string::npos);
}

TEST(Wandb, Distributions) {
  Range range = range_of("distribution: normal");
  EXPECT_EQ(range.distribution, Distribution::normal);
  EXPECT_EQ(range.mu, 0);
  EXPECT_EQ(range.sigma, 1);
  range = range_of("distribution: log_normal, mu: -7, sigma: 2");
  EXPECT_EQ(range.distribution, Distribution::log_normal);
  EXPECT_EQ(range.mu, -7);
  range = range_of("distribution: q_normal, mu: 64, sigma: 16, q: 8");
  EXPECT_TRUE(range.integer);
  EXPECT_EQ(range.step, 8);
  EXPECT_FALSE(range_of("distribution: q_log_normal, q: 0.5").integer);
  range = range_of("distribution: beta, a: 2, b: 5");
  EXPECT_EQ(range.distribution, Distribution::beta);
  EXPECT_EQ(range.alpha, 2);
  EXPECT_EQ(range.beta, 5);
  EXPECT_EQ(range_of("distribution: q_beta, q: 0.25").step, 0.25);
}

TEST(Wandb, ValuesAndTheirProbabilities) {
  EXPECT_EQ(std::get<Values>(only("values: [adam, 'yes', yes, off, 3, 0.5, null, [1, 2]]").domain),
            (Values{std::string("adam"), std::string("yes"), true, false, std::int64_t{3}, 0.5, Null{},
                    List{std::int64_t{1}, std::int64_t{2}}}));
  EXPECT_EQ(only("values: [a, b], probabilities: [0.75, 0.25]").probabilities, (std::vector<double>{0.75, 0.25}));
  EXPECT_EQ(only("distribution: categorical, values: [a, b, a, a]").probabilities, (std::vector<double>{0.75, 0.25}))
      << "W&B draws what is written twice twice as often";
  EXPECT_TRUE(only("values: [a, b, a]", "grid").probabilities.empty()) << "and runs it once in a grid";
  EXPECT_EQ(std::get<Values>(only("values: [a, b, c], probabilities: [0.5, 0, 0.5]").domain).size(), 2u);
}

TEST(Wandb, NestedParametersAndConstants) {
  const Study study = read_wandb(
      wandb("batch: {value: 8}, optimizer: {parameters: {lr: {values: [0.1, 0.2]}, adam: {parameters: {beta: {value: "
            "0.9}}}}}, fixed: {value: {a: 1, b: [x]}}, seed: {values: [1, 2]}"));
  EXPECT_EQ(names(study.plan), (Names{"optimizer.lr", "seed"})) << "a parameter may have a macro's name";
  const program::Program& program = *study.plan.program;
  const Parameters parameters =
      program::active_parameters(program, study.plan.space, {Value(0.1), Value(std::int64_t{1})});
  EXPECT_EQ(program::json_of(program, parameters),
            R"({"batch":8,"optimizer":{"lr":0.1,"adam":{"beta":0.9}},"fixed":{"a":1,"b":["x"]},"seed":1})");
  EXPECT_EQ(expanded(program, parameters),
            (Names{"/usr/bin/env", program::expand_text("${interpreter}", program, program::MacroValues()), "train.py",
                   "--batch=8", "--optimizer={'lr': 0.1, 'adam': {'beta': 0.9}}", "--fixed={'a': 1, 'b': ['x']}",
                   "--seed=1"}));
}

// Python's str().
TEST(Wandb, ValuesAreWrittenAsPythonWritesThem) {
  for (const auto& [json, text] : {std::pair("true", "True"),
                                   {"null", "None"},
                                   {"1e-5", "1e-05"},
                                   {"0.0001", "0.0001"},
                                   {"16.0", "16.0"},
                                   {"1e16", "1e+16"},
                                   {"123456789012345.0", "123456789012345.0"},
                                   {"-3", "-3"},
                                   {"\"a'b\"", "a'b"},
                                   {"[\"a'b\", \"c\", \"d\\n\", 1.0, null]", "[\"a'b\", 'c', 'd\\n', 1.0, None]"},
                                   {"{\"a\": {\"b\": false}}", "{'a': {'b': False}}"}})
    EXPECT_EQ(program::python_text(Json::parse(json)), text);
}

TEST(Wandb, CommandsAreTakenAsWritten) {
  const Study study =
      read_wandb(wandb("lr: {values: [1, 2]}, flag: {value: true}, off: {value: false}, none: {value: null}",
                       "run_cap: 2\ncommand:\n  - ${env}\n  - python3\n  - ${program}\n  - ${unknown}\n  - "
                       "--text=${lr}\n  - ${args_no_boolean_flags}\n  - 5\n"));
  const program::Program& program = *study.plan.program;
  const Parameters parameters = program::active_parameters(program, study.plan.space, {Value(std::int64_t{1})});
  EXPECT_EQ(expanded(program, parameters),
            (Names{"/usr/bin/env", "python3", "train.py", "--text=${lr}", "--lr=1", "--flag", "--none=None", "5"}));
  ASSERT_EQ(study.source.warnings.size(), 1u);
  EXPECT_NE(study.source.warnings[0].find("W&B has no macro ${unknown}, and leaves it out"), std::string::npos);
}

TEST(Wandb, TheCloudsKeysAreSaidToBeIgnoredOnce) {
  const Study study = read_wandb(wandb("a: {values: [1, 2]}", "run_cap: 1\nproject: p\nentity: e\n"));
  EXPECT_EQ(study.source.warnings, Names{"sweep.yaml:6:1: ignored, as nothing leaves this machine: project, entity"});
}

TEST(Wandb, TheLengthIsRunCapOrTrials) {
  expect_error(wandb_error(wandb("a: {values: [1, 2]}", "")), "sweep.yaml:2:9 config.no_trials",
               {"no run_cap", "--trials n"});
  EXPECT_EQ(read_wandb(wandb("a: {values: [1, 2]}", ""), {"trials=4"}).run.trials, 4u);
  EXPECT_EQ(read_wandb(wandb("a: {values: [1, 2]}"), {"trials=4"}).run.trials, 4u) << "in place of run_cap";
  EXPECT_FALSE(read_wandb(wandb("a: {values: [1, 2]}", "", "grid")).run.trials);
  EXPECT_TRUE(read_wandb(wandb("a: {values: [1, 2]}", "run_cap: 1\n", "grid")).plan.partial);
  EXPECT_EQ(read_wandb(wandb("a: {values: [1, 2]}", "run_cap: 2\nworkers: 2\n")).run.workers, 2u) << "keys of ours";
}

TEST(Wandb, BayesIsASearchByAGaussianProcess) {
  const StudyPlan plan = read_wandb(wandb("a: {min: 0.5, max: 1}", "run_cap: 5\n", "bayes")).plan;
  EXPECT_EQ(plan.method, "gp");
  EXPECT_EQ(plan.searcher->plugin->id(), "gp");
}

TEST(Wandb, EarlyTerminateIsAPruner) {
  const std::string a = "a: {min: 0.5, max: 1}";
  const std::string rest = "run_cap: 5\nearly_terminate: ";
  const StudyPlan plan = read_wandb(wandb(a, rest + "{type: hyperband, min_iter: 3, eta: 2, strict: false}\n")).plan;
  ASSERT_TRUE(plan.pruner);
  EXPECT_EQ(plan.pruner->plugin.plugin->id(), "wandb_hyperband");
  EXPECT_EQ(std::get<Value>(plan.pruner->plugin.options.at("min_iter")), Value(std::int64_t{3}));
  EXPECT_FALSE(read_wandb(wandb(a, rest + "null\n")).plan.pruner);
  expect_error(wandb_error(wandb(a, rest + "{min_iter: 3}\n")), "sweep.yaml:6:18 config.missing_key", {"no type"});
  expect_error(wandb_error(wandb(a, rest + "{type: envelope}\n")), "sweep.yaml:6:25 config.bad_value",
               {"'envelope'", "type: hyperband"});
}

TEST(Wandb, WhatIsNotInThisVersionIsSaid) {
  const std::string a = "a: {values: [1, 2]}";
  expect_error(wandb_error(wandb(a, "run_cap: 1\n", "custom")), "sweep.yaml:2:9 config.not_in_this_version",
               {"'custom'", "method: random"});
  expect_error(wandb_error(wandb(a, "run_cap: 1\nscheduler: {engine: optuna}\n")),
               "sweep.yaml:6:1 config.not_in_this_version", {"'scheduler'"});
  expect_error(wandb_error(wandb("a: {values: [{x: 1}, {x: 2}]}")), "sweep.yaml:4:27 config.not_in_this_version",
               {"a map among the values"});
}

TEST(Wandb, MistakesAreNamed) {
  const std::string a = "a: {values: [1, 2]}";
  expect_error(wandb_error("program: t.py\nmetric: {name: x}\nparameters: {" + a + "}\n"),
               "sweep.yaml:1:1 config.missing_key", {"no method"});
  expect_error(wandb_error("program: t.py\nmethod: grid\nparameters: {" + a + "}\n"),
               "sweep.yaml:1:1 config.missing_key", {"names no metric"});
  expect_error(wandb_error("program: t.py\nmethod: grid\nmetric: {name: x}\n"), "sweep.yaml:1:1 config.missing_key",
               {"no parameters"});
  expect_error(wandb_error(wandb(a, "run_cap: 1\nparmeters: 3\n")), "sweep.yaml:6:1 config.unknown_key",
               {"did you mean 'parameters'?"});
  expect_error(wandb_error("program: t.py\nmethod: grid\nmetric: {name: x, gaol: minimize}\nparameters: {" + a + "}\n"),
               "sweep.yaml:3:19 config.unknown_key", {"did you mean 'goal'?"});
  expect_error(wandb_error(wandb("a: 3")), "sweep.yaml:4:17 config.bad_hole", {"{value: ...}"});
  expect_error(wandb_error(wandb("a: {min: 3}")), "sweep.yaml:4:17 config.bad_hole", {"nothing that W&B could take"});
  expect_error(wandb_error(wandb("a: {distribution: uniform, min: 3}")), "sweep.yaml:4:17 config.bad_hole",
               {"lacks its max"});
  expect_error(wandb_error(wandb("a: {distribution: q_unifrom, min: 3, max: 4}")), "sweep.yaml:4:32 config.bad_hole",
               {"did you mean 'q_uniform'?"});
  expect_error(wandb_error(wandb("a: {distribution: normal, mean: 3}")), "sweep.yaml:4:40 config.bad_hole",
               {"the key 'mean'"});
  expect_error(wandb_error(wandb("a: {values: 3}")), "sweep.yaml:4:26 config.bad_hole", {"a list is due"});
  expect_error(wandb_error(wandb("a: {value: {}}")), "sweep.yaml:4:25 config.bad_hole", {"an empty map"});
  expect_error(wandb_error(wandb("a: {values: [1, 2], probabilities: [1]}")), "sweep.yaml:4:49 config.bad_hole",
               {"as many probabilities"});
  expect_error(wandb_error(wandb("a: {distribution: int_uniform, min: 0.5, max: 4}")),
               "sweep.yaml:4:17 config.bad_hole", {"no integers"});
  expect_error(wandb_error(wandb("a: {distribution: q_uniform, min: 1, max: 4, q: 0}")),
               "sweep.yaml:4:17 config.bad_hole", {"q above 0"});
  expect_error(wandb_error(wandb(a, "run_cap: 1\ncommand: train\n")), "sweep.yaml:6:10 config.wrong_type",
               {"a list of a program"});
  expect_error(wandb_error(wandb("a: {distribution: normal}", "", "grid")), "sweep.yaml:4:17 config.impossible",
               {"a has a normal distribution"});
}

TEST(Wandb, ImputeIsSaidToDoNothing) {
  const Study study =
      read_wandb("program: t.py\nmethod: grid\nmetric: {name: x, impute: worst}\nparameters: {a: {values: [1, 2]}}\n");
  EXPECT_EQ(study.source.warnings,
            Names{"sweep.yaml:3:19: impute is for method: bayes, and method: grid does not use it"});
}

// The printed file is read as the same study: the same identity and the same configurations.
TEST(Wandb, ConvertedFilesGiveTheSameTrials) {
  const std::string text = wandb(
      "lr: {distribution: log_uniform, min: -7.0, max: 0.0}, units: {distribution: q_log_uniform_values, min: 32, max: "
      "256, q: 8}, drop: {distribution: beta, a: 2, b: 5}, opt: {parameters: {name: {values: [adam, 'no', \"a, b: "
      "{c}\"]}, wd: {distribution: q_normal, mu: 1, q: 0.1}}}, flag: {values: [yes, no]}, n: {min: 1, max: 9}, seed: "
      "{value: 3}, twice: {values: [1, 1, 2]}",
      "run_cap: 5\ncommand: [\"${env}\", python3, \"-m\", \"a b\", \"--x=${lr}\", \"${args_json}\"]\nproject: p\n");
  const Study first = read_wandb(text);
  const Converted converted = convert({.name = "sweep.yaml", .text = text, .folder = "/folder", .study = "sweep"});
  const Study second = read_study(converted.text);
  EXPECT_EQ(canonical_plan(second.plan), canonical_plan(first.plan)) << converted.text;
  EXPECT_EQ(second.plan.program->command, first.plan.program->command);
  EXPECT_EQ(second.run.trials, first.run.trials);
  EXPECT_EQ(converted.warnings, first.source.warnings);
  const auto one = search::make_random(first.plan), other = search::make_random(second.plan);
  for (std::uint64_t n = 0; n < 20; ++n) EXPECT_EQ(one->propose(n), other->propose(n));
  EXPECT_THROW(static_cast<void>(convert({.name = "a", .text = converted.text, .folder = "/", .study = "a"})), Error);
}

TEST(Yaml, ReadsBackAsItWas) {
  const std::string text =
      "a: 1\nb: {c: [1, \"2\", null], d: {e: \"x: y\", f: []}}\nlist:\n  - a\n  - {b: c}\n\"odd key\": "
      "\"\\\"quoted\\\"\"\n";
  const std::string printed = to_yaml(parse_document(text, "a"));
  EXPECT_EQ(to_yaml(parse_document(printed, "a")), printed) << printed;
  EXPECT_NE(printed.find("\"2\""), std::string::npos) << printed;
}

}  // namespace
}  // namespace tuner::config
