#include "config_reading.hpp"

namespace tuner::config {
namespace {

std::string option_error(const std::string& option) { return error_of(sweep("{plugin: full, " + option + "}")); }
Dimension only(const std::string& option) {
  const StudyPlan plan = read(sweep("{plugin: full, " + option + "}"));
  EXPECT_EQ(plan.space.dimensions.size(), 1U);
  return plan.space.dimensions.at(0);
}
Range range_of(const std::string& option) { return std::get<Range>(only(option).domain); }

TEST(ConfigSearchParameters, ValuesAreTypedByTheirOption) {
  EXPECT_EQ(std::get<Values>(only("lr: {values: [1, 0.1, 1e-2]}").domain), (Values{1.0, 0.1, 0.01}));
  EXPECT_EQ(std::get<Values>(only("window: {values: [1, 1e1]}").domain), (Values{std::int64_t{1}, std::int64_t{10}}));
  EXPECT_EQ(std::get<Values>(only("note: {values: [1, search, null]}").domain),
            (Values{std::string("1"), std::string("search"), Null{}}));
  EXPECT_EQ(std::get<Values>(only("sizes: {values: [[1, 2], 3]}").domain),
            (Values{List{std::int64_t{1}, std::int64_t{2}}, List{std::int64_t{3}}}));
  EXPECT_EQ(only("lr: {values: [1]}").name, "optimizer.lr");
}

TEST(ConfigSearchParameters, ValuesAreCheckedOneByOne) {
  expect_error(option_error("lr: {values: [0.1, -1]}"), "sweep.yaml:2:46 config.out_of_range");
  expect_error(option_error("lr: {values: [0.1, '1']}"), "sweep.yaml:2:46 config.wrong_type", {"remove the quotes"});
  expect_error(option_error("lr: {values: []}"), "sweep.yaml:2:40 config.bad_hole");
  expect_error(option_error("lr: {values: 3}"), "sweep.yaml:2:40 config.bad_hole");
  expect_error(option_error("lr: {values: [1, 1.0]}"), "sweep.yaml:2:44 config.bad_hole", {"twice"});
  expect_error(option_error("lr: {values: [{a: 1}]}"), "sweep.yaml:2:41 config.bad_hole", {"one_of"});
}

TEST(ConfigSearchParameters, RangesHaveEndsScaleAndStep) {
  const Range log = range_of("lr: {min: 1e-3, max: 1, scale: log}");
  EXPECT_EQ(log.min, 1e-3);
  EXPECT_EQ(log.max, 1);
  EXPECT_EQ(log.scale, Scale::log);
  EXPECT_FALSE(log.integer);
  EXPECT_FALSE(log.step || log.count);
  EXPECT_EQ(range_of("beta: {min: 0.8, max: 0.99, scale: log1m}").scale, Scale::log1m);
  EXPECT_FALSE(range_of("lr: {min: 1, max: 3}").integer);
  const Range integer = range_of("window: {min: 2, max: 1e1, step: 4}");
  EXPECT_TRUE(integer.integer);
  EXPECT_EQ(integer.step, 4);
  EXPECT_EQ(range_of("lr: {min: 0, max: 1, count: 5}").count, 5);
}

TEST(ConfigSearchParameters, BadRangesAreRefused) {
  expect_error(option_error("lr: {min: 1, max: 1}"), "sweep.yaml:2:45 config.bad_hole", {"empty"});
  expect_error(option_error("lr: {min: 1}"), "sweep.yaml:2:31 config.bad_hole", {"lacks its max"});
  expect_error(option_error("lr: {max: 1}"), "sweep.yaml:2:31 config.bad_hole", {"lacks its min"});
  expect_error(option_error("lr: {min: -1, max: 1}"), "sweep.yaml:2:37 config.out_of_range");
  expect_error(option_error("beta: {min: 0, max: 1}"), "sweep.yaml:2:47 config.out_of_range");
  expect_error(option_error("lr: {min: 0, max: 1, scale: log}"), "sweep.yaml:2:37 config.bad_hole", {"above 0"});
  expect_error(option_error("lr: {min: 0, max: 1, scale: log1m}"), "sweep.yaml:2:45 config.bad_hole", {"below 1"});
  expect_error(option_error("lr: {min: 0, max: 1, scale: logg}"), "sweep.yaml:2:55 config.bad_value",
               {"did you mean 'log'?"});
  expect_error(option_error("window: {min: 1.5, max: 3}"), "sweep.yaml:2:41 config.wrong_type", {"an integer"});
  expect_error(option_error("window: {min: 1, max: 3, step: 0.5}"), "sweep.yaml:2:58 config.wrong_type",
               {"an integer"});
  expect_error(option_error("lr: {min: 0, max: 1, step: 0}"), "sweep.yaml:2:54 config.out_of_range");
  expect_error(option_error("lr: {min: 0, max: 1, step: 2}"), "sweep.yaml:2:54 config.bad_hole", {"wider"});
  expect_error(option_error("lr: {min: 0, max: 1, step: 1e-9}"), "sweep.yaml:2:54 config.bad_hole", {"more than"});
  expect_error(option_error("lr: {min: 0, max: 1, step: 0.1, count: 3}"), "sweep.yaml:2:66 config.bad_hole",
               {"both step and count"});
  expect_error(option_error("lr: {min: 0, max: 1, count: 0}"), "sweep.yaml:2:55 config.out_of_range");
  expect_error(option_error("window: {min: 1, max: 3, count: 4}"), "sweep.yaml:2:59 config.bad_hole", {"3 integers"});
  expect_error(option_error("window: {min: 1, max: 8, scale: log, count: 8}"), "sweep.yaml:2:71 config.bad_hole",
               {"twice"});
  expect_error(option_error("mode: {min: 1, max: 3}"), "sweep.yaml:2:33 config.bad_hole", {"no number"});
  expect_error(option_error("lr: {min: null, max: 3}"), "sweep.yaml:2:37 config.wrong_type");
}

TEST(ConfigSearchParameters, KeysOfOneKindOnly) {
  expect_error(option_error("lr: {values: [1], min: 0}"), "sweep.yaml:2:45 config.bad_hole", {"both values and min"});
  expect_error(option_error("lr: {min: 0, max: 1, scal: log}"), "sweep.yaml:2:48 config.bad_hole",
               {"did you mean 'scale'?"});
  expect_error(option_error("lr: {values: [1], note: x}"), "sweep.yaml:2:45 config.bad_hole", {"mixed"});
  expect_error(option_error("lr: {value: 1}"), "sweep.yaml:2:32 config.bad_hole", {"write the value itself"});
  expect_error(option_error("lr: {any: 1}"), "sweep.yaml:2:31 config.wrong_type", {"a map"});
  expect_error(option_error("lr: {one_of: [1, 2]}"), "sweep.yaml:2:31 config.bad_hole", {"{values: [...]}"});
  expect_error(option_error("lr: {distribution: uniform, min: 0, max: 1}"), "sweep.yaml:2:32 config.bad_hole",
               {"no distribution 'uniform'", "remove it: a range is uniform"});
}

TEST(ConfigSearchParameters, SearchIsTheSuggestedRange) {
  const Range lr = range_of("lr: search");
  EXPECT_EQ(lr.min, 1e-4);
  EXPECT_EQ(lr.max, 1);
  EXPECT_EQ(lr.scale, Scale::log);
  EXPECT_EQ(range_of("beta: search").scale, Scale::log1m);
  EXPECT_TRUE(range_of("window: search").integer);
  EXPECT_EQ(std::get<Values>(only("nesterov: search").domain), (Values{false, true}));
  EXPECT_EQ(std::get<Values>(only("mode: search").domain),
            (Values{std::string("plain"), std::string("fancy"), std::string("none")}));
  expect_error(option_error("weight_decay: search"), "sweep.yaml:2:41 config.bad_hole", {"no suggested range"});
  expect_error(option_error("ratios: search"), "sweep.yaml:2:35 config.bad_hole", {"no suggested range"});
  expect_error(option_error("lr: 'search'"), "sweep.yaml:2:31 config.wrong_type");
}

TEST(ConfigSearchParameters, TheStudysOwnKeysAreNotSearched) {
  expect_error(error_of(run("bare", "seed: {values: [1, 2]}\n")), "sweep.yaml:4:7 config.wrong_type",
               {"cannot be searched"});
}

TEST(ConfigSearchParameters, TrainingKeysTakeSearchParameters) {
  const StudyPlan plan = read(
      "objective: net\noptimizer: bare\nmethod: random\ntrials: 2\ntraining:\n  epochs: {values: [1, 2]}\n"
      "  batch_size: {min: 16, max: 64, scale: log}\n  shuffle: search\n  clip_norm: {values: [null, 1]}\n"
      "  time_limit: {values: [1m, 2m]}\n  gradient_noise: {eta: {min: 0, max: 1}, gamma: 0.5}\n"
      "  early_stopping: {patience: {values: [1, 2]}}\n");
  EXPECT_EQ(names(plan),
            (Names{"training.epochs", "training.batch_size", "training.shuffle", "training.clip_norm",
                   "training.time_limit", "training.gradient_noise.eta", "training.early_stopping.patience"}));
  EXPECT_TRUE(std::get<Range>(plan.space.dimensions[1].domain).integer);
  EXPECT_EQ(std::get<Values>(plan.space.dimensions[3].domain), (Values{Null{}, 1.0}));
  EXPECT_EQ(std::get<Values>(plan.space.dimensions[4].domain), (Values{60.0, 120.0}));
  EXPECT_EQ(std::get<SearchParameter>(plan.training.at("noise_eta")).dimension, 5U);
  EXPECT_EQ(fixed(plan.training, "noise_gamma"), Value(0.5));
  EXPECT_EQ(std::get<SearchParameter>(plan.training.at("time_limit_seconds")).dimension, 4U);
}

TEST(ConfigSearchParameters, BareGradientNoiseIsEta) {
  EXPECT_EQ(fixed(read(run("bare"), {"training.gradient_noise=0.3"}).training, "noise_eta"), Value(0.3));
  const StudyPlan plan = read(sweep("bare"), {"training.gradient_noise={values: [0, 0.3]}"});
  EXPECT_EQ(names(plan), Names{"training.gradient_noise"});
  EXPECT_TRUE(plan.training.contains("noise_eta"));
}

TEST(ConfigSearchParameters, DimensionsComeInTheOrderOfTheFile) {
  const StudyPlan plan = read(
      "method: random\ntrials: 1\ntraining: {batch_size: {values: [1, 2]}, steps: 1}\n"
      "scheduler: {warmup_steps: {values: [0, 1]}, plugin: decay, gamma: search}\n"
      "optimizer: {beta: search, plugin: full, lr: search}\nobjective: {hidden: {values: [[1], [2]]}, plugin: net}\n");
  EXPECT_EQ(names(plan), (Names{"training.batch_size", "scheduler.warmup_steps", "scheduler.gamma", "optimizer.beta",
                                "optimizer.lr", "objective.hidden"}));
}

TEST(ConfigSearchParameters, EarlyStoppingMayBeABranch) {
  const StudyPlan plan =
      read(sweep("bare"),
           {"training.early_stopping={one_of: [null, {patience: {values: [1, 2]}}, {as: eager, min_delta: 0.1}]}"});
  EXPECT_EQ(names(plan), (Names{"training.early_stopping", "training.early_stopping.on.patience"}));
  EXPECT_EQ(std::get<Branches>(plan.space.dimensions[0].domain).labels, (Names{"none", "on", "eager"}));
  EXPECT_EQ(plan.space.dimensions[1].parent, 0U);
  EXPECT_EQ(plan.space.dimensions[1].branch, 1U);
  ASSERT_EQ(plan.early_stopping.branches.size(), 3U);
  EXPECT_FALSE(plan.early_stopping.branches[0]);
  EXPECT_EQ(fixed(*plan.early_stopping.branches[2], "min_delta"), Value(0.1));
  EXPECT_FALSE(read(run("bare"), {"training.early_stopping=null"}).early_stopping.branches.at(0));
  EXPECT_NE(error_of(sweep("bare"), {"training.early_stopping={one_of: [{patience: 1}, {patience: 2}]}"})
                .find("config.equal_labels"),
            std::string::npos);
  EXPECT_NE(error_of(run("bare"), {"training.early_stopping=2"}).find("config.wrong_type"), std::string::npos);
}

// What the words of other systems are answered with means the same search.
TEST(ConfigSearchParameters, WordsOfOtherSystemsAreTranslated) {
  for (const auto& [distribution, answer] : {std::pair("uniform", "remove it: a range is uniform"),
                                             {"log_uniform_values", "write scale: log in its place"},
                                             {"loguniform", "write scale: log in its place"},
                                             {"inv_log_uniform_values", "write scale: log in its place"},
                                             {"log_uniform", "not their logarithms"},
                                             {"q_uniform", "write step in place of distribution and q"},
                                             {"q_log_uniform_values", "write scale: log and step"},
                                             {"categorical", "{values: [...]} is categorical"},
                                             {"constant", "the value itself"},
                                             {"q_normal", "distribution: normal, and step in place of q"},
                                             {"q_log_normal", "distribution: log_normal, and step in place of q"},
                                             {"q_beta", "distribution: beta, and step in place of q"},
                                             {"categorical_w_probabilities", "probabilities: [...]} says the same"},
                                             {"lognormal", "did you mean 'log_normal'?"},
                                             {"gamma", "one of: normal, log_normal, beta"}})
    expect_error(option_error(std::string("lr: {distribution: ") + distribution + ", min: 0.1, max: 1}"),
                 "sweep.yaml:2:32 config.bad_hole", {answer});
  expect_error(option_error("lr: {distribution: int_uniform, min: 1, max: 9}"), "sweep.yaml:2:32 config.bad_hole",
               {"write step: 1"});
  expect_error(option_error("window: {distribution: int_uniform, min: 1, max: 9}"), "sweep.yaml:2:36 config.bad_hole",
               {"a range of integers is uniform"});
  for (const char* scale : {"log10", "log2", "ln", "loguniform", "log_uniform", "log_uniform_values", "logarithmic"})
    expect_error(option_error(std::string("lr: {min: 0.1, max: 1, scale: ") + scale + "}"),
                 "sweep.yaml:2:57 config.bad_value", {"did you mean 'log'?"});
  for (const char* scale : {"log1p", "symlog", "logit", "reverse_log"})
    expect_error(option_error(std::string("lr: {min: 0.1, max: 1, scale: ") + scale + "}"),
                 "sweep.yaml:2:57 config.bad_value", {"one of: linear, log, log1m"});
  expect_error(option_error("lr: {low: 0, high: 1}"), "sweep.yaml:2:32 config.bad_hole", {"write min in its place"});
  expect_error(option_error("lr: {min: 0, max: 1, log: true}"), "sweep.yaml:2:48 config.bad_hole",
               {"write scale: log"});
  expect_error(option_error("lr: {choices: [0, 1]}"), "sweep.yaml:2:32 config.bad_hole", {"write values: [...]"});
}

TEST(ConfigSearchParameters, NullIsTheDefaultOfTheirKeys) {
  const Range range = range_of("lr: {min: 0, max: 1, scale: null, step: null, count: null}");
  EXPECT_EQ(range.scale, Scale::linear);
  EXPECT_FALSE(range.step || range.count);
}

}  // namespace
}  // namespace tuner::config
