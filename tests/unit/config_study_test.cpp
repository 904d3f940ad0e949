#include "config_reading.hpp"

namespace tuner::config {
namespace {

TEST(ConfigStudy, DefaultsOfEverything) {
  const StudyPlan plan = read(run("bare"));
  EXPECT_EQ(plan.name, "sweep");
  EXPECT_EQ(plan.seed, 1U);
  EXPECT_EQ(plan.workers, 1U);
  EXPECT_TRUE(plan.metric.name.empty());
  EXPECT_FALSE(plan.goal_given);
  EXPECT_FALSE(plan.trials || plan.budget_seconds || plan.storage || plan.partial);
  EXPECT_EQ(plan.durability, Durability::normal);
  EXPECT_TRUE(plan.space.dimensions.empty());
  ASSERT_EQ(plan.early_stopping.branches.size(), 1U);
  EXPECT_FALSE(plan.early_stopping.branches[0]);
}

TEST(ConfigStudy, KeysOfTheStudy) {
  const StudyPlan plan = read(run("bare",
                                  "study: mine\nseed: 42\nmetric: {name: val_loss, goal: minimize, target: 0.1}\n"
                                  "workers: 4\nstorage: runs/a.db\ndurability: full\nplugins: [a.so]\n"));
  EXPECT_EQ(plan.name, "mine");
  EXPECT_EQ(plan.seed, 42U);
  EXPECT_EQ(plan.metric.name, "val_loss");
  EXPECT_EQ(plan.metric.goal, Goal::minimize);
  EXPECT_TRUE(plan.goal_given);
  EXPECT_EQ(plan.metric.target, 0.1);
  EXPECT_EQ(plan.metric_place, "sweep.yaml:6:16");
  EXPECT_EQ(plan.workers, 4U);
  EXPECT_EQ(plan.storage, "runs/a.db");
  EXPECT_EQ(plan.durability, Durability::full);
  const StudyPlan bare = read(run("bare", "metric: loss\n"));
  EXPECT_EQ(bare.metric.name, "loss");
  EXPECT_EQ(bare.metric_place, "sweep.yaml:4:9");
}

TEST(ConfigStudy, UnknownKeysComeWithASuggestion) {
  expect_error(error_of(run("bare", "worker: 2\n")), "sweep.yaml:4:1 config.unknown_key", {"did you mean 'workers'?"});
  expect_error(error_of(run("bare", "metric: {nam: loss}\n")), "sweep.yaml:4:10 config.unknown_key", {"'name'"});
  expect_error(error_of(run("bare", "budget: {time: 3}\n")), "sweep.yaml:4:10 config.unknown_key", {"wall"});
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {epoch: 3}\n"),
               "sweep.yaml:3:12 config.unknown_key", {"training", "did you mean 'epochs'?"});
}

TEST(ConfigStudy, KeysOfLaterVersionsAreSaidToBeSo) {
  for (const std::string key : {"parameters", "command", "early_terminate", "pruner"})
    expect_error(error_of(run("bare", key + ": 1\n")), "sweep.yaml:4:1 config.not_in_this_version", {"'" + key + "'"});
  expect_error(error_of("objective: {command: [python3, train.py]}\n"), "sweep.yaml:1:13 config.not_in_this_version",
               {"command"});
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {steps: 1, order: curriculum}\n"),
               "sweep.yaml:3:22 config.not_in_this_version");
}

TEST(ConfigStudy, ValuesAreChecked) {
  expect_error(error_of(run("bare", "seed: -1\n")), "sweep.yaml:4:7 config.out_of_range", {"at least 0"});
  expect_error(error_of(run("bare", "workers: 0\n")), "sweep.yaml:4:10 config.out_of_range");
  expect_error(error_of(run("bare", "trials: 0\n")), "sweep.yaml:4:9 config.out_of_range");
  expect_error(error_of(run("bare", "trials: 2\nrun_cap: 2\n")), "sweep.yaml:5:1 config.duplicate_key");
  expect_error(error_of(run("bare", "study: a/b\n")), "sweep.yaml:4:8 config.bad_value");
  expect_error(error_of(run("bare", "study: ''\n")), "sweep.yaml:4:8 config.bad_value");
  expect_error(error_of(run("bare", "storage: ''\n")), "sweep.yaml:4:10 config.bad_value");
  expect_error(error_of(run("bare", "durability: fast\n")), "sweep.yaml:4:13 config.bad_value", {"normal"});
  expect_error(error_of(run("bare", "metric: {name: loss, goal: maximise}\n")), "sweep.yaml:4:28 config.bad_value",
               {"did you mean 'maximize'?"});
  expect_error(error_of(run("bare", "metric: {name: loss, target: nan}\n")), "sweep.yaml:4:30 config.bad_value");
  expect_error(error_of(run("bare", "budget: 30m\n")), "sweep.yaml:4:9 config.wrong_type", {"a map"});
  expect_error(error_of(run("bare", "plugins: a.so\n")), "sweep.yaml:4:10 config.wrong_type", {"list"});
}

TEST(ConfigStudy, SectionsThatMustBeThere) {
  expect_error(error_of("optimizer: bare\n"), "sweep.yaml:1:1 config.missing_key", {"objective"});
  expect_error(error_of("objective: net\noptimizer: bare\n"), "sweep.yaml:1:1 config.missing_key", {"epochs: n"});
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {batch_size: 3}\n"),
               "sweep.yaml:3:11 config.missing_key");
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {steps: 1, epochs: 1}\n"),
               "sweep.yaml:3:30 config.impossible");
  const StudyPlan plan = read("objective: {plugin: black_box, x: search}\nmethod: random\ntrials: 3\n");
  EXPECT_FALSE(plan.optimizer);
  EXPECT_EQ(names(plan), Names{"objective.x"});
}

TEST(ConfigStudy, TrainingKeys) {
  const StudyPlan plan = read(
      "objective: net\noptimizer: bare\ntraining:\n  epochs: 3\n  batch_size: 64\n  drop_remainder: true\n  shuffle: "
      "once\n"
      "  clip_value: 2\n  clip_norm: 1.0\n  nonfinite_gradient: skip\n  log_every: 5\n  eval_every: 7\n"
      "  common_random_numbers: true\n  summary: last\n  gradient_noise: {eta: 0.3, gamma: 0.6}\n  time_limit: 2m\n"
      "  early_stopping: {patience: 2, min_delta: 1e-3}\n");
  const Settings& t = plan.training;
  EXPECT_EQ(t.size(), 14U);
  EXPECT_EQ(fixed(t, "epochs"), Value(std::int64_t{3}));
  EXPECT_EQ(fixed(t, "batch_size"), Value(std::int64_t{64}));
  EXPECT_EQ(fixed(t, "drop_remainder"), Value(true));
  EXPECT_EQ(fixed(t, "shuffle"), Value(std::string("once")));
  EXPECT_EQ(fixed(t, "clip_value"), Value(2.0));
  EXPECT_EQ(fixed(t, "nonfinite_gradient"), Value(std::string("skip")));
  EXPECT_EQ(fixed(t, "noise_gamma"), Value(0.6));
  EXPECT_EQ(fixed(t, "time_limit_seconds"), Value(120.0));
  const OptionalSettings& stopping = plan.early_stopping.branches.at(0);
  ASSERT_TRUE(stopping);
  EXPECT_EQ(fixed(*stopping, "patience"), Value(std::int64_t{2}));
  EXPECT_EQ(fixed(*stopping, "min_delta"), Value(1e-3));
}

TEST(ConfigStudy, APlanResolvesToATrial) {
  const StudyPlan plan =
      read(sweep("{one_of: [bare, {plugin: full, lr: {min: 0.1, max: 1}, beta: 0.5}]}",
                 "scheduler: {plugin: decay, warmup_steps: 2}\n"),
           {"training.early_stopping={patience: 3}", "training.summary=last", "training.shuffle=never",
            "training.nonfinite_gradient=zero", "training.gradient_noise=0.25", "training.time_limit=1m"});
  const TrialSpec spec = resolve(plan, {Value(std::string("full")), Value(0.5)}, 4);
  ASSERT_TRUE(spec.optimizer);
  EXPECT_EQ(spec.optimizer->plugin->id(), "full");
  EXPECT_EQ(spec.optimizer->options.number(*spec.optimizer->plugin->find_param("lr")), 0.5);
  EXPECT_EQ(spec.optimizer->options.number(*spec.optimizer->plugin->find_param("beta")), 0.5);
  EXPECT_EQ(spec.schedule.warmup_steps, 2);
  EXPECT_EQ(spec.training.steps, 10);
  EXPECT_EQ(spec.training.early_stopping->patience, 3);
  EXPECT_EQ(spec.training.summary, Summary::last);
  EXPECT_EQ(spec.training.shuffle, Shuffle::never);
  EXPECT_EQ(spec.training.nonfinite_gradient, NonfiniteGradient::zero);
  EXPECT_EQ(spec.training.noise_eta, 0.25);
  EXPECT_EQ(spec.training.time_limit_seconds, 60);
}

}  // namespace
}  // namespace tuner::config
