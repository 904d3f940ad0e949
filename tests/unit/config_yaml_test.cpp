#include "config_reading.hpp"

namespace tuner::config {
namespace {

TEST(ConfigYaml, SyntaxErrorHasItsPlace) {
  expect_error(error_of("objective: {plugin: net\n"), "sweep.yaml:2:1 config.syntax");
  expect_error(error_of("a: 1\n b: 2\n"), "sweep.yaml:2:3 config.syntax", {"indentation"});
  expect_error(error_of("objective: @net\n"), "sweep.yaml:1:12 config.syntax");
  expect_error(error_of("objective: *net\n"), "sweep.yaml:1:12 config.syntax");
}

TEST(ConfigYaml, DuplicateKeyNamesBothPlaces) {
  expect_error(error_of("objective: net\nseed: 1\nobjective: net\n"), "sweep.yaml:3:1 config.duplicate_key",
               {"'objective'", "sweep.yaml:1:1"});
  expect_error(error_of(run("{plugin: full, lr: 1, lr: 2}")), "sweep.yaml:2:34 config.duplicate_key",
               {"sweep.yaml:2:27"});
}

TEST(ConfigYaml, FurtherDocumentsAreRefused) {
  expect_error(error_of(run("bare", "---\nseed: 2\n")), "sweep.yaml:4:1 config.yaml_feature", {"second document"});
  expect_error(error_of(run("bare", "---\n")), "sweep.yaml:4:1 config.yaml_feature");
  EXPECT_EQ(error_of("---\n" + run("bare")), "no error");
  EXPECT_EQ(error_of(run("bare", "...\n")), "no error");
}

TEST(ConfigYaml, MergeKeysTagsAndOddKeysAreRefused) {
  expect_error(error_of(run("{plugin: bare, <<: {lr: 1}}")), "sweep.yaml:2:27 config.yaml_feature", {"<<"});
  expect_error(error_of(run("{plugin: bare, lr: !!float 1}")), "sweep.yaml:2:31 config.yaml_feature", {"tag"});
  expect_error(error_of(run("!mine {plugin: bare}")), "sweep.yaml:2:12 config.yaml_feature", {"!mine"});
  expect_error(error_of("? [a]\n: 1\n"), "sweep.yaml:1:3 config.yaml_feature", {"key"});
  expect_error(error_of("? {a: 1}\n: 1\n"), "sweep.yaml:1:3 config.yaml_feature", {"key"});
  expect_error(error_of(": 1\n"), "sweep.yaml:1:1 config.yaml_feature", {"key"});
}

TEST(ConfigYaml, AliasRepeatsAValueAndHasItsOwnPlace) {
  const StudyPlan plan =
      read("objective: net\noptimizer: {plugin: full, lr: &x 0.5, weight_decay: *x}\ntraining: {steps: 1}\n");
  EXPECT_EQ(fixed(optimizer_options(plan), "weight_decay"), Value(0.5));
  expect_error(error_of("objective: net\noptimizer: {plugin: full, lr: &x 0.5, window: *x}\ntraining: {steps: 1}\n"),
               "sweep.yaml:2:47 config.wrong_type", {"window"});
  expect_error(error_of("objective: &a [1, *a]\n"), "sweep.yaml:1:19 config.yaml_feature", {"inside"});
}

TEST(ConfigYaml, AliasesDoNotMultiplyWithoutEnd) {
  std::string text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (char name = 'b'; name < 'k'; ++name) {
    const std::string key(1, name), before(1, static_cast<char>(name - 1));
    text.append(key).append(": &").append(key).append(" [");
    for (int i = 0; i < 10; ++i) text.append("*").append(before).append(i < 9 ? ", " : "]\n");
  }
  const std::string error = error_of(text);
  EXPECT_NE(error.find("config.yaml_feature"), std::string::npos) << error;
}

TEST(ConfigYaml, DeepNestingIsAnErrorAndNoCrash) {
  const std::string error = error_of("objective: " + std::string(100000, '['));
  EXPECT_NE(error.find("config.syntax"), std::string::npos) << error;
}

TEST(ConfigYaml, EmptyValueIsReportedAtItsKey) {
  expect_error(error_of("objective: net\noptimizer:\n  plugin: bare\n  lr:\ntraining: {steps: 1}\n"),
               "sweep.yaml:4:3 config.wrong_type", {"'lr'", "nothing"});
  expect_error(error_of("objective: net\noptimizer:\n\nnull_thing: 1\n"), "sweep.yaml:2:1 config.wrong_type",
               {"nothing"});
  expect_error(error_of(run("bare", "seed:\n")), "sweep.yaml:4:1 config.wrong_type", {"seed", "remove the key"});
}

TEST(ConfigYaml, WrittenNullIsTheDefault) {
  for (const std::string null : {"null", "~", "Null", "NULL"}) {
    const StudyPlan plan = read(run("{plugin: full, lr: " + null + "}"));
    EXPECT_TRUE(optimizer_options(plan).empty()) << null;
  }
}

TEST(ConfigYaml, ByteOrderMarkAndWindowsLinesAreFine) {
  const StudyPlan plan =
      read("\xef\xbb\xbfobjective: net\r\noptimizer: {plugin: full, lr: ~, beta: 0.5}\r\ntraining: {steps: 1}\r\n");
  EXPECT_EQ(optimizer_options(plan).size(), 1U);
}

TEST(ConfigYaml, TopIsAMap) {
  expect_error(error_of(""), "sweep.yaml config.missing_key", {"empty"});
  expect_error(error_of("# only a comment\n"), "sweep.yaml config.missing_key", {"empty"});
  expect_error(error_of("- objective\n"), "sweep.yaml:1:1 config.wrong_type", {"a list", "map"});
  expect_error(error_of("net\n"), "sweep.yaml:1:1 config.wrong_type", {"'net'"});
}

TEST(ConfigYaml, OverridesCreateAndReplace) {
  const std::string text = run("{plugin: full, lr: 0.1}");
  const std::vector<std::string> overrides{"training.steps=7", "optimizer.lr=0.5", "optimizer.beta=0.25", "seed=3"};
  const auto [plan, settings, source] = read_study(text, overrides);
  EXPECT_EQ(fixed(plan.training, "steps"), Value(std::int64_t{7}));
  EXPECT_EQ(fixed(optimizer_options(plan), "lr"), Value(0.5));
  EXPECT_EQ(fixed(optimizer_options(plan), "beta"), Value(0.25));
  EXPECT_EQ(plan.seed, 3U);
  EXPECT_EQ(source.text, text);
  EXPECT_EQ(source.overrides, overrides);
}

TEST(ConfigYaml, OverridesTakeYamlAndExpandBareNames) {
  const StudyPlan plan =
      read(run("full"), {"optimizer.lr={min: 1e-3, max: 1, scale: log}", "method=random", "trials=4"});
  EXPECT_EQ(names(plan), Names{"optimizer.lr"});
  EXPECT_EQ(plan.optimizer->branches[0].label, "full");
  EXPECT_EQ(read(run("full", "metric: loss\n"), {"metric.goal=maximize"}).metric.name, "loss");
}

TEST(ConfigYaml, OverrideErrorsStandAtTheOverride) {
  const std::string text = run("full");
  expect_error(error_of(text, {"training.epoch=1"}), "--set training.epoch=1 config.unknown_key",
               {"did you mean 'epochs'?"});
  expect_error(error_of(text, {"training.epochs={a"}), "--set training.epochs={a config.syntax");
  expect_error(error_of(text, {"optimizer.lr=-1"}), "--set optimizer.lr=-1 config.out_of_range");
  expect_error(error_of(text, {"optimizer.lr="}), "--set optimizer.lr= config.wrong_type", {"nothing"});
  expect_error(error_of(text, {"training"}), "--set training usage.bad_option", {"KEY=VALUE"});
  expect_error(error_of(text, {"=1"}), "--set =1 usage.bad_option");
  expect_error(error_of(text, {"training.steps.more=1"}), "--set training.steps.more=1 config.wrong_type",
               {"training.steps"});
  expect_error(error_of(run("{one_of: [full, bare]}"), {"optimizer.lr=1"}), "--set optimizer.lr=1 config.bad_hole");
}

TEST(ConfigYaml, OtherEncodingsAreSaidByName) {
  expect_error(error_of("objective: net\n# L\xf6sung\n"), "sweep.yaml:2:4 config.syntax", {"0xf6", "not UTF-8"});
  expect_error(error_of("# Gr\xc3\xb6\xc3\x9f"
                        "e \xff\n"),
               "sweep.yaml:1:9 config.syntax", {"0xff"});
  EXPECT_EQ(error_of(run("bare") + "# Gr\xc3\xb6\xc3\x9f"
                                   "e\n"),
            "no error");
  const auto wide = [](std::string_view text, bool big) {
    std::string bytes;
    for (const char c : text) big ? bytes.append(1, '\0').append(1, c) : bytes.append(1, c).append(1, '\0');
    return bytes;
  };
  for (const bool big : {false, true}) {
    expect_error(error_of(wide(run("bare"), big)), "sweep.yaml:1:1 config.syntax",
                 {"UTF-16", big ? "UTF-16BE" : "UTF-16LE"});
    expect_error(error_of((big ? "\xfe\xff" : "\xff\xfe") + wide(run("bare"), big)), "sweep.yaml:1:1 config.syntax",
                 {"byte order mark of UTF-16"});
  }
  expect_error(error_of(run("bare", "\xef\xbb\xbfseed: 1\n")), "sweep.yaml:4:1 config.syntax",
               {"byte order mark (U+FEFF)"});
}

TEST(ConfigYaml, ControlCharactersAndTabsAreSaidByName) {
  expect_error(error_of(run("bare", std::string("# a\0b\n", 6))), "sweep.yaml:4:4 config.syntax", {"\\x00", "NUL"});
  expect_error(error_of(run("bare", "# \x1b[31m\n")), "sweep.yaml:4:3 config.syntax", {"\\x1b", "ESC"});
  expect_error(error_of(run("bare", "# \xc2\x9b\n")), "sweep.yaml:4:3 config.syntax", {"\\u009b"});
  expect_error(error_of(run("bare", "study: \"a\\0b\"\n")), "sweep.yaml:4:8 config.yaml_feature", {"a\\x00b"});
  expect_error(error_of("objective: net\ntraining:\n\tsteps: 1\n"), "sweep.yaml:3:1 config.syntax", {"tab", "spaces"});
  expect_error(error_of(run("bare"), {std::string("study=\xff")}), "--set study=\\xff config.syntax", {"0xff"});
}

}  // namespace
}  // namespace tuner::config
