#include "config_reading.hpp"
#include "tuner/config/language.hpp"

namespace tuner::config {
namespace {

TEST(ConfigStudy, DefaultsOfEverything) {
  const auto [plan, settings, source] = read_study(run("bare"));
  EXPECT_EQ(plan.name, "sweep");
  EXPECT_EQ(plan.seed, 1U);
  EXPECT_EQ(settings.workers, 1U);
  EXPECT_TRUE(plan.metric.name.empty());
  EXPECT_FALSE(plan.goal_given);
  EXPECT_FALSE(settings.trials || settings.budget_seconds || plan.partial);
  EXPECT_EQ(settings.database, "tuner.db");
  EXPECT_EQ(settings.durability, Durability::normal);
  EXPECT_TRUE(plan.space.dimensions.empty());
  ASSERT_EQ(plan.early_stopping.branches.size(), 1U);
  EXPECT_FALSE(plan.early_stopping.branches[0]);
}

TEST(ConfigStudy, KeysOfTheStudy) {
  const auto [plan, settings, source] =
      read_study(run("bare",
                     "study: mine\nseed: 42\nmetric: {name: val_loss, goal: minimize, target: 0.1}\n"
                     "workers: 4\nstorage: runs/a.db\ndurability: full\nplugins: [a.so]\n"));
  EXPECT_EQ(plan.name, "mine");
  EXPECT_EQ(plan.seed, 42U);
  EXPECT_EQ(plan.metric.name, "val_loss");
  EXPECT_EQ(plan.metric.goal, Goal::minimize);
  EXPECT_TRUE(plan.goal_given);
  EXPECT_EQ(plan.metric.target, 0.1);
  EXPECT_EQ(plan.metric_place, "sweep.yaml:6:16");
  EXPECT_EQ(settings.workers, 4U);
  EXPECT_EQ(settings.database, "runs/a.db");
  EXPECT_EQ(settings.durability, Durability::full);
  const StudyPlan bare = read(run("bare", "metric: loss\n"));
  EXPECT_EQ(bare.metric.name, "loss");
  EXPECT_EQ(bare.metric_place, "sweep.yaml:4:9");
}

TEST(ConfigStudy, Repeats) {
  EXPECT_EQ(read(run("bare")).repeats.count, 1U);
  const StudyPlan three = read(run("bare", "repeats: 3\n"));
  EXPECT_EQ(three.repeats.count, 3U);
  EXPECT_EQ(three.repeats.on_failure, OnFailure::rank_last);
  const StudyPlan map = read(run("bare", "repeats: {count: 5, on_failure: ignore}\n"));
  EXPECT_EQ(map.repeats.count, 5U);
  EXPECT_EQ(map.repeats.on_failure, OnFailure::ignore);
  expect_error(error_of(run("bare", "repeats: 0\n")), "sweep.yaml:4:10 config.out_of_range", {"repeats"});
  expect_error(error_of(run("bare", "repeats: 1001\n")), "sweep.yaml:4:10 config.out_of_range");
  expect_error(error_of(run("bare", "repeats: {count: 0}\n")), "sweep.yaml:4:18 config.out_of_range",
               {"repeats.count"});
  expect_error(error_of(run("bare", "repeats: {on_failure: ignore}\n")), "sweep.yaml:4:10 config.missing_key",
               {"no number of trials"});
  expect_error(error_of(run("bare", "repeats: {count: 2, on_failure: drop}\n")), "sweep.yaml:4:33 config.bad_value",
               {"rank_last, ignore"});
  expect_error(error_of(run("bare", "repeats: {cout: 2}\n")), "sweep.yaml:4:11 config.unknown_key", {"'count'"});
}

TEST(ConfigStudy, TrialsCountTheRepetitions) {
  EXPECT_EQ(read_study(run("bare", "repeats: 3\ntrials: 3\n")).run.trials, 3U);
  expect_error(error_of(run("bare", "repeats: 3\ntrials: 6\n")), "sweep.yaml:1:1 config.no_method",
               {"one configuration of 3 trials"});
  const std::string random = "repeats: 3\nmethod: random\n";
  EXPECT_EQ(read_study(run("bare", random + "trials: 12\n")).run.trials, 12U);
  expect_error(error_of(run("bare", random + "trials: 10\n")), "sweep.yaml:6:9 config.bad_value",
               {"trials is 10, and repeats is 3: the last configuration would have 1 of its 3 trials",
                "trials counts trials, not configurations: write 9 or 12"});
  expect_error(error_of(run("bare", random + "run_cap: 2\n")), "sweep.yaml:6:10 config.bad_value",
               {"trials counts trials, not configurations: write 3"});
  const std::string grid = "repeats: 2\nmethod: grid\noptimizer: {plugin: bare, lr: {values: [1, 2]}}\n";
  const auto with_grid = [&](const std::string& more) {
    return "objective: net\ntraining: {epochs: 1}\n" + grid + more;
  };
  EXPECT_EQ(read_study(with_grid("trials: 4\n")).run.trials, 4U);
  EXPECT_EQ(read_study(with_grid("trials: 2\npartial: true\n")).run.trials, 2U);
  expect_error(error_of(with_grid("trials: 2\n")), "sweep.yaml:4:9 config.grid_cut",
               {"2 configurations, each repeated 2 times", "trials: 2 would leave some out"});
}

TEST(ConfigStudy, RepeatsArePartOfTheIdentityWhereTheyAreGiven) {
  const std::string plain = canonical_plan(read(run("bare")));
  EXPECT_EQ(plain.find("repeats"), std::string::npos);
  EXPECT_EQ(canonical_plan(read(run("bare", "repeats: 1\n"))), plain) << "a study that was stored without it goes on";
  const std::string three = canonical_plan(read(run("bare", "repeats: 3\n")));
  EXPECT_NE(three.find("\"repeats\": {\n  \"count\": 3,\n  \"on_failure\": \"rank_last\"\n }"), std::string::npos);
  EXPECT_EQ(three, canonical_plan(read(run("bare", "repeats: {count: 3}\n"))));
  EXPECT_NE(three, canonical_plan(read(run("bare", "repeats: {count: 3, on_failure: ignore}\n"))));
}

TEST(ConfigStudy, UnknownKeysComeWithASuggestion) {
  expect_error(error_of(run("bare", "worker: 2\n")), "sweep.yaml:4:1 config.unknown_key", {"did you mean 'workers'?"});
  expect_error(error_of(run("bare", "metric: {nam: loss}\n")), "sweep.yaml:4:10 config.unknown_key", {"'name'"});
  expect_error(error_of(run("bare", "budget: {time: 3}\n")), "sweep.yaml:4:10 config.unknown_key", {"wall"});
  expect_error(error_of("objective: net\noptimizer: bare\ntraining: {epoch: 3}\n"),
               "sweep.yaml:3:12 config.unknown_key", {"training", "did you mean 'epochs'?"});
}

TEST(ConfigStudy, KeysOfLaterVersionsAreSaidToBeSo) {
  for (const std::string key : {"parameters", "command", "early_terminate", "order"})
    expect_error(error_of(run("bare", key + ": 1\n")), "sweep.yaml:4:1 config.not_in_this_version", {"'" + key + "'"});
}

TEST(ConfigStudy, ValuesAreChecked) {
  expect_error(error_of(run("bare", "seed: -1\n")), "sweep.yaml:4:7 config.out_of_range", {"at least 0"});
  expect_error(error_of(run("bare", "workers: 0\n")), "sweep.yaml:4:10 config.out_of_range");
  expect_error(error_of(run("bare", "workers: all\n")), "sweep.yaml:4:10 config.wrong_type",
               {"workers is 'all', and an integer or the word auto is due", "write an integer or the word auto"});
  expect_error(error_of(run("bare", "workers: {count: 1.5}\n")), "sweep.yaml:4:18 config.wrong_type",
               {"an integer is due"});
  expect_error(error_of(run("bare", "workers: 1_000\n")), "sweep.yaml:4:10 config.bad_value", {"write 1000"});
  EXPECT_TRUE(read_study(run("bare", "workers: 'auto'\n")).run.launch.automatic);
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
  const TrialSpec spec = resolve(plan, {Value(std::string("full")), Value(0.5)}, only_replicate(4));
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

// Every key of every table, so that a new one is asked as well; where a key must be there, its null is refused.
TEST(ConfigStudy, NullIsTheDefaultOfEveryOptionalKey) {
  const auto plan_with = [](const std::string& line) { return canonical_plan(read(line)); };
  const std::string bare = run("bare", "metric: loss\n");
  const std::string expected = plan_with(bare);
  const auto expect_default = [&](const std::string& text, const std::string& without) {
    EXPECT_EQ(plan_with(text), plan_with(without)) << text;
  };
  for (const HostKey& key : kStudyKeys) {
    const std::string name(key.key);
    if (name == "objective") continue;
    const std::string line = name + ": null\n";
    if (name == "optimizer" || name == "training")  // neither, or both
      expect_default("objective: net\nmetric: loss\noptimizer: null\ntraining: null\n",
                     "objective: net\nmetric: loss\n");
    else if (name == "metric")
      EXPECT_TRUE(read(run("bare", line)).metric.name.empty());
    else
      expect_default(bare + line, bare);
  }
  expect_error(error_of("objective: null\n"), "sweep.yaml:1:1 config.missing_key", {"no objective"});
  const auto section = [&](const char* name, std::span<const HostKey> keys, const std::string& required,
                           const std::string& around = "") {
    for (const HostKey& key : keys) {
      const std::string entry = std::string(key.key) + ": null";
      if (!required.empty() && required.starts_with(std::string(key.key) + ":")) continue;
      const std::string all = required.empty() ? entry : required + ", " + entry;
      expect_default(bare.substr(0, bare.find("metric")) + around + name + ": {" + all + "}\n",
                     bare.substr(0, bare.find("metric")) + around + name + ": {" + required + "}\n");
    }
  };
  section("metric", kMetricKeys, "name: loss");
  section("method", kMethodKeys, "name: random", "trials: 2\n");
  section("retry", kRetryKeys, "max: 1");
  section("checkpoint", kCheckpointKeys, "");
  section("budget", kBudgetKeys, "");
  section("lr_range", kLrRangeKeys, "");
  for (const auto& [name, keys] : {std::pair("grid", std::span<const HostKey>(kLrGridKeys)),
                                   {"stability", std::span<const HostKey>(kStabilityKeys)},
                                   {"probe", std::span<const HostKey>(kProbeKeys)}})
    for (const HostKey& key : keys)
      expect_default(bare + "lr_range: {" + name + ": {" + std::string(key.key) + ": null}}\n", bare);
  for (const HostKey& key : kTrainingKeys)
    if (key.key != "steps")
      expect_default(
          "objective: net\noptimizer: bare\nmetric: loss\ntraining: {steps: 10, " + std::string(key.key) + ": null}\n",
          bare);
  for (const auto& [name, keys] : {std::pair("gradient_noise", std::span<const HostKey>(kNoiseKeys)),
                                   {"early_stopping", std::span<const HostKey>(kEarlyStoppingKeys)}})
    for (const HostKey& key : keys)
      expect_default(
          "objective: net\noptimizer: bare\nmetric: loss\ntraining: {steps: 10, " + std::string(name) + ": {" +
              std::string(key.key) + ": null}}\n",
          "objective: net\noptimizer: bare\nmetric: loss\ntraining: {steps: 10, " + std::string(name) + ": {}}\n");
  expect_default(
      "objective: {plugin: net, as: null}\noptimizer: {plugin: full, as: null, groups: null}\nmetric: loss\n"
      "training: {steps: 10}\n",
      run("full", "metric: loss\n"));
  EXPECT_EQ(expected, plan_with(bare));
}

TEST(ConfigStudy, ATargetMayEndTheStudy) {
  EXPECT_TRUE(read_study(run("bare", "metric: {name: loss, target: 0.1, on_target: end}\n")).run.end_at_target);
  EXPECT_FALSE(read_study(run("bare", "metric: {name: loss, target: 0.1, on_target: continue}\n")).run.end_at_target);
  EXPECT_FALSE(read_study(run("bare", "metric: {name: loss, target: 0.1}\n")).run.end_at_target);
  expect_error(error_of(run("bare", "metric: {name: loss, on_target: end}\n")), "sweep.yaml:4:33 config.missing_key",
               {"has no target", "add target: NUMBER"});
}

TEST(ConfigStudy, NamesAreShortAndPlain) {
  expect_error(error_of(run("bare", "study: \"a\\x1bb\"\n")), "sweep.yaml:4:8 config.bad_value",
               {"'a\\x1bb'", "control character"});
  expect_error(error_of(run("bare", "study: \"a\\nb\"\n")), "sweep.yaml:4:8 config.bad_value", {"control character"});
  expect_error(error_of(run("bare", "study: " + std::string(247, 'x') + "\n")), "sweep.yaml:4:8 config.bad_value",
               {"has 247 bytes, and 246 are the most"});
  EXPECT_EQ(read(run("bare", "study: " + std::string(246, 'x') + "\n")).name, std::string(246, 'x'));
}

TEST(ConfigStudy, SeedsEndWhereTheDatabaseDoes) {
  // The schema's validator reads numbers as doubles.
  EXPECT_EQ(parse_study(run("bare", "seed: 9223372036854775807\n"), "a.yaml", "/", catalogue()).plan.seed,
            9223372036854775807u);
  expect_error(error_of(run("bare", "seed: 9223372036854775808\n")), "sweep.yaml:4:7 config.bad_value",
               {"at most 9223372036854775807"});
  expect_error(error_of(run("bare", "seed: -1\n")), "sweep.yaml:4:7 config.out_of_range",
               {"at least 0 and at most 9223372036854775807"});
}

// Whatever is too long: a message has its beginning alone.
TEST(ConfigStudy, MessagesAreShort) {
  const std::string word(100'000, 'x');
  const auto length = [](const std::string& text, const std::vector<std::string>& overrides = {}) {
    try {
      static_cast<void>(parse_study(text, "sweep.yaml", "/", catalogue(), overrides));
    } catch (const Error& error) {
      return std::string(error.what()).size();
    }
    ADD_FAILURE() << "no error: " << text.substr(0, 100);
    return std::size_t{0};
  };
  for (const std::string& text : {run(word),
                                  run("bare", word + ": 1\n"),
                                  run("bare", "seed: " + word + "\n"),
                                  run("bare", "seed: '" + word + "'\n"),
                                  run("bare", "method: " + word + "\n"),
                                  run("bare", "isolation: " + word + "\n"),
                                  run("{plugin: full, mode: " + word + "}"),
                                  run("{plugin: full, lr: " + word + "}"),
                                  run("{plugin: full, lr: {values: [" + word + "]}}"),
                                  run("{plugin: full, " + word + ": 1}"),
                                  run("bare", "study: " + word + "\n"),
                                  run("bare", "budget: {wall: " + word + "}\n"),
                                  run("bare", "memory_limit: " + word + "\n"),
                                  run("bare", "workers: " + word + "\n"),
                                  run("{plugin: full, groups: [{match: {role: " + word + "}}]}"),
                                  run("{plugin: full, groups: [{match: {name: '" + word + "**'}}]}"),
                                  run("{one_of: [{plugin: bare, as: '" + word + "/'}]}"),
                                  run("{one_of: [bare], " + word + ": 1}"),
                                  run("!" + word + " bare"),
                                  run("bare", word + ": 1\n" + word + ": 1\n"),
                                  run("bare", "scheduler: " + word + "\n"),
                                  "objective: " + word + "\n"})
    EXPECT_LT(length(text), 1500u) << text.substr(0, 100);
  EXPECT_LT(length(run("bare"), {"training." + word + "=1"}), 1500u);
  EXPECT_LT(length(run("bare"), {"optimizer=" + word}), 1500u);
  EXPECT_LT(length(run("bare"), {word}), 1500u);
}

}  // namespace
}  // namespace tuner::config
