#include "config_reading.hpp"
#include "tuner/lr_range/settings.hpp"

namespace tuner::config {
namespace {

using lr_range::TestSettings;

TestSettings section(const std::string& yaml) {
  return lr_range::settings_of(read(run("full", "method: lr_range\nlr_range: " + yaml + "\n")));
}
std::string section_error(const std::string& yaml) { return error_of(run("bare", "lr_range: " + yaml + "\n")); }
// A test of this optimizer, which stands at line 2.
std::string test_of(const std::string& optimizer, const std::string& rest = "") {
  return run(optimizer, "method: lr_range\n" + rest);
}
std::string option_error(const std::string& option) { return error_of(sweep("{plugin: full, " + option + "}")); }
const Range& range_at(const StudyPlan& plan, std::size_t dimension) {
  return std::get<Range>(plan.space.dimensions.at(dimension).domain);
}

TEST(ConfigLrRange, KeysOfTheSection) {
  EXPECT_EQ(section("{}"), TestSettings{});
  const TestSettings all = section(
      "{lr_min: 1e-6, lr_max: 1, steps: 50, seeds: 5, smoothing: 0, stop: 2.5, extend: true,\n"
      "  grid: {points: 7, steps: 30}, stability: {steps: 128, precision: 0.1}, probe: {times: 2}, curvature: "
      "false}");
  EXPECT_EQ(all, (TestSettings{.lr_min = 1e-6,
                               .lr_max = 1,
                               .steps = 50,
                               .seeds = 5,
                               .smoothing = 0,
                               .stop = 2.5,
                               .extend = true,
                               .grid_points = 7,
                               .grid_steps = 30,
                               .stability_steps = 128,
                               .stability_precision = 0.1,
                               .probes = 2,
                               .curvature = false}));
  TestSettings ramp_alone;
  ramp_alone.grid_points = ramp_alone.stability_steps = ramp_alone.probes = 0;
  EXPECT_EQ(section("{grid: none, stability: none, probe: none}"), ramp_alone);
  TestSettings longer;
  longer.grid_steps = 500;
  EXPECT_EQ(section("{grid: {steps: 500}, stability: {}}"), longer);
}

TEST(ConfigLrRange, ATestRepeatsItsPartsBySeeds) {
  expect_error(error_of(test_of("full", "repeats: 3\n")), "sweep.yaml:5:10 config.impossible",
               {"repeats is for searches", "seeds of lr_range:"});
  // Of the test that a sweep begins with nothing but the sweep is repeated.
  const std::string file = run("{plugin: full, lr: {from: lr_range}}", "method: random\ntrials: 4\nrepeats: 2\n");
  EXPECT_EQ(read(file).repeats.count, 2U);
  const Study test = parse_study(file, "sweep.yaml", "/", catalogue(), {}, ReadAs::lr_range_test);
  EXPECT_EQ(test.plan.repeats.count, 1U);
  EXPECT_EQ(canonical_plan(test.plan).find("repeats"), std::string::npos);
}

TEST(ConfigLrRange, BadValuesOfTheSection) {
  expect_error(section_error("{lr_min: 0}"), "sweep.yaml:4:20 config.out_of_range", {"above 0"});
  expect_error(section_error("{lr_min: 1, lr_max: 0.1}"), "sweep.yaml:4:31 config.bad_value", {"lr_min is 1", "0.1"});
  expect_error(section_error("{lr_max: 1, lr_min: 1}"), "sweep.yaml:4:20 config.bad_value");
  expect_error(section_error("{lr_min: 20}"), "sweep.yaml:4:20 config.bad_value", {"lr_min is 20", "lr_max is 10"});
  expect_error(section_error("{lr_max: inf}"), "sweep.yaml:4:20 config.bad_value");
  expect_error(section_error("{steps: 1}"), "sweep.yaml:4:19 config.out_of_range", {"at least 2"});
  expect_error(section_error("{seeds: 0}"), "sweep.yaml:4:19 config.out_of_range");
  expect_error(section_error("{seeds: 1001}"), "sweep.yaml:4:19 config.out_of_range");
  expect_error(section_error("{smoothing: 1}"), "sweep.yaml:4:23 config.out_of_range", {"at least 0 and below 1"});
  expect_error(section_error("{smoothing: -0.1}"), "sweep.yaml:4:23 config.out_of_range");
  expect_error(section_error("{stop: 1}"), "sweep.yaml:4:18 config.out_of_range", {"above 1"});
  expect_error(section_error("{extend: yes}"), "sweep.yaml:4:20 config.wrong_type", {"write true"});
  expect_error(section_error("{curvature: 1}"), "sweep.yaml:4:23 config.wrong_type", {"lr_range.curvature"});
  expect_error(section_error("{grid: {points: 2}}"), "sweep.yaml:4:27 config.out_of_range", {"lr_range.grid"});
  expect_error(section_error("{grid: {steps: 3}}"), "sweep.yaml:4:26 config.out_of_range");
  expect_error(section_error("{grid: no}"), "sweep.yaml:4:18 config.bad_value", {"none"});
  expect_error(section_error("{grid: [1]}"), "sweep.yaml:4:18 config.wrong_type", {"map"});
  expect_error(section_error("{stability: {steps: 63}}"), "sweep.yaml:4:31 config.out_of_range");
  expect_error(section_error("{stability: {precision: 1}}"), "sweep.yaml:4:35 config.out_of_range");
  expect_error(section_error("{stability: {precision: 0}}"), "sweep.yaml:4:35 config.out_of_range");
  expect_error(section_error("{probe: {times: 0}}"), "sweep.yaml:4:27 config.out_of_range");
  expect_error(section_error("{probe: {time: 3}}"), "sweep.yaml:4:20 config.unknown_key", {"did you mean 'times'?"});
  expect_error(section_error("{lrmin: 1}"), "sweep.yaml:4:12 config.unknown_key", {"did you mean 'lr_min'?"});
  expect_error(section_error("100"), "sweep.yaml:4:11 config.wrong_type", {"lr_range"});
  expect_error(section_error("{lr_min: {min: 1, max: 2}}"), "sweep.yaml:4:20 config.wrong_type",
               {"cannot be searched"});
  expect_error(error_of(run("bare", "seed: {from: lr_range}\n")), "sweep.yaml:4:7 config.wrong_type",
               {"cannot be searched"});
}

TEST(ConfigLrRange, TheMethodAddsDimensionsOfItsOwn) {
  const StudyPlan plan = read(
      test_of("{one_of: [bare, {plugin: full, beta: search}]}", "lr_range: {lr_min: 1e-5, lr_max: 2, seeds: 4}\n"));
  EXPECT_EQ(plan.method, "lr_range");
  EXPECT_EQ(names(plan), (Names{"optimizer", "optimizer.full.beta", "lr_range.part", "lr_range.seed", "lr_range.lr"}));
  EXPECT_EQ(std::get<Values>(plan.space.dimensions[2].domain),
            (Values{std::string("ramp"), std::string("curvature"), std::string("probe"), std::string("ladder"),
                    std::string("stability")}));
  EXPECT_EQ(range_at(plan, 3).max, 3);
  EXPECT_TRUE(range_at(plan, 3).integer);
  EXPECT_EQ(range_at(plan, 4).min, 1e-5);
  EXPECT_EQ(range_at(plan, 4).max, 2);
  EXPECT_EQ(range_at(plan, 4).scale, Scale::log);
  for (std::size_t i = 2; i < 5; ++i) EXPECT_FALSE(plan.space.dimensions[i].parent);

  EXPECT_EQ(names(read(run("bare", "method: {name: lr_range}\n"))),
            (Names{"lr_range.part", "lr_range.seed", "lr_range.lr"}));
  EXPECT_TRUE(names(read(run("bare", "lr_range: {}\n"))).empty()) << "a section is no method";
}

TEST(ConfigLrRange, WhatTheMethodDoesNotTake) {
  expect_error(error_of("objective: black_box\nmethod: lr_range\n"), "sweep.yaml:2:9 config.impossible",
               {"an LR range test needs an optimizer", "add optimizer"});
  expect_error(error_of(test_of("bare", "trials: 3\n")), "sweep.yaml:4:9 config.impossible", {"remove trials"});
  expect_error(error_of(test_of("bare", "run_cap: 3\n")), "sweep.yaml:4:9 config.impossible", {"remove trials"});
  expect_error(error_of(test_of("bare", "partial: true\n")), "sweep.yaml:4:9 config.impossible", {"remove partial"});
  expect_error(error_of(run("bare", "method: {name: lr_range, partial: true}\n")), "sweep.yaml:4:9 config.impossible");
  expect_error(error_of(test_of("bare", "budget: {wall: 1m}\n")), "sweep.yaml:4:9 config.impossible",
               {"remove budget"});
  expect_error(error_of(run("bare", "method: {name: lr_range, steps: 3}\n")), "sweep.yaml:4:26 config.unknown_key");
}

TEST(ConfigLrRange, EveryBranchHasAnLrToTest) {
  expect_error(error_of(test_of("rateless")), "sweep.yaml:2:12 config.impossible",
               {"optimizer 'rateless' has no lr", "leave this optimizer out"});
  expect_error(error_of(test_of("{one_of: [bare, rateless]}")), "sweep.yaml:2:12 config.impossible", {"'rateless'"});
  expect_error(error_of(test_of("{plugin: wrapper, inner: {one_of: [bare, rateless]}}")),
               "sweep.yaml:2:12 config.impossible", {"optimizer 'wrapper' around 'rateless' has no lr"});
  expect_error(error_of(test_of("counted")), "sweep.yaml:2:12 config.impossible",
               {"'counted' (a count) is no real number"});
  EXPECT_EQ(error_of(test_of("{plugin: wrapper, inner: bare}")), "no error");
  EXPECT_EQ(error_of(test_of("{plugin: steered, inner: rateless}")), "no error");
}

TEST(ConfigLrRange, ARangeFromATest) {
  // The section is before and after the range.
  for (const bool first : {true, false}) {
    const std::string settings = "lr_range: {lr_min: 1e-6, lr_max: 3}\n";
    const std::string text = sweep("{plugin: full, lr: {from: lr_range}}");
    const StudyPlan plan = read(first ? settings + text : text + settings);
    EXPECT_EQ(names(plan), Names{"optimizer.lr"});
    EXPECT_EQ(range_at(plan, 0).min, 1e-6);
    EXPECT_EQ(range_at(plan, 0).max, 3);
    EXPECT_EQ(range_at(plan, 0).scale, Scale::log);
    EXPECT_EQ(range_at(plan, 0).source->factor, 10);
    EXPECT_FALSE(range_at(plan, 0).count || range_at(plan, 0).integer);
  }
  const StudyPlan plan = read(sweep("{plugin: full, lr: {from: lr_range, factor: 3.5, count: 5}}"));
  EXPECT_EQ(range_at(plan, 0).source->factor, 3.5);
  EXPECT_EQ(range_at(plan, 0).count, 5);
  EXPECT_FALSE(range_at(read(sweep("{plugin: full, lr: search}")), 0).source);

  const StudyPlan inside =
      read(sweep("{one_of: [{plugin: bare, lr: {from: lr_range}}, {plugin: wrapper, inner: {plugin: full, lr: {from: "
                 "lr_range, factor: 2}}}]}"));
  EXPECT_EQ(names(inside), (Names{"optimizer", "optimizer.bare.lr", "optimizer.wrapper.inner.full.lr"}));
  EXPECT_EQ(range_at(inside, 2).source->factor, 2);
}

TEST(ConfigLrRange, ARangeFromATestKeepsToTheLegalLrs) {
  const StudyPlan plan = read(sweep("{plugin: steered, inner: bare, lr: {from: lr_range}}"));
  EXPECT_GT(range_at(plan, 0).min, 1e-3);
  EXPECT_DOUBLE_EQ(range_at(plan, 0).min, 1e-3);
  EXPECT_LT(range_at(plan, 0).max, 1);
  EXPECT_DOUBLE_EQ(range_at(plan, 0).max, 1);
  expect_error(error_of(sweep("{plugin: steered, inner: bare, lr: {from: lr_range}}", "lr_range: {lr_min: 1}\n")),
               "sweep.yaml:2:47 config.impossible", {"from 1 to 10 has no lr that is legal"});
}

TEST(ConfigLrRange, WhereARangeFromATestHasNoPlace) {
  expect_error(option_error("beta: {from: lr_range}"), "sweep.yaml:2:40 config.bad_hole",
               {"option 'beta' of optimizer 'full'", "the lr of an optimizer"});
  expect_error(option_error("mode: {from: lr_range}"), "sweep.yaml:2:40 config.bad_hole");
  expect_error(error_of(sweep("counted", "scheduler: {plugin: decay, gamma: {from: lr_range}}\n")),
               "sweep.yaml:6:42 config.bad_hole", {"gamma"});
  expect_error(error_of(sweep("{plugin: counted, lr: {from: lr_range}}")), "sweep.yaml:2:41 config.bad_hole");
  expect_error(error_of(sweep("bare"), {"training.batch_size={from: lr_range}"}),
               "--set training.batch_size={from: lr_range} config.bad_hole", {"training.batch_size"});
  expect_error(option_error("groups: [{match: {role: bias}, lr: {from: lr_range}}]"), "sweep.yaml:2:69 config.bad_hole",
               {"in a group", "write it at the optimizer"});
  expect_error(error_of(sweep("{plugin: steered, inner: {plugin: bare, lr: {from: lr_range}}}")),
               "sweep.yaml:2:56 config.impossible", {"that of 'steered'", "'bare'"});
  expect_error(error_of(sweep("{from: lr_range}")), "sweep.yaml:2:12 config.missing_key", {"plugin"});
  expect_error(error_of("objective: {plugin: net, from: lr_range}\n"), "sweep.yaml:1:26 config.unknown_key");
}

TEST(ConfigLrRange, KeysOfARangeFromATest) {
  expect_error(option_error("lr: {from: lr_rang}"), "sweep.yaml:2:38 config.bad_value", {"did you mean 'lr_range'?"});
  expect_error(option_error("lr: {from: 3}"), "sweep.yaml:2:38 config.bad_value");
  expect_error(option_error("lr: {from: [lr_range]}"), "sweep.yaml:2:38 config.wrong_type");
  expect_error(option_error("lr: {from: lr_range, factor: 1}"), "sweep.yaml:2:56 config.out_of_range", {"above 1"});
  expect_error(option_error("lr: {from: lr_range, count: 0}"), "sweep.yaml:2:55 config.out_of_range");
  expect_error(option_error("lr: {from: lr_range, min: 1}"), "sweep.yaml:2:48 config.bad_hole", {"both from and min"});
  expect_error(option_error("lr: {values: [1], from: lr_range}"), "sweep.yaml:2:32 config.bad_hole");
  expect_error(option_error("lr: {from: lr_range, scale: log}"), "sweep.yaml:2:48 config.bad_hole", {"factor"});
}

TEST(ConfigLrRange, ARangeFromATestIsSearchedLikeOthers) {
  const std::string optimizer = "{plugin: full, lr: {from: lr_range}}";
  expect_error(error_of(run(optimizer)), "sweep.yaml:2:31 config.no_method", {"optimizer.lr"});
  const std::string error = error_of(run(optimizer, "method: grid\n"));
  expect_error(error, "sweep.yaml:2:31 config.no_count", {"add count: n"});
  EXPECT_EQ(error.find("step"), std::string::npos) << error;
  EXPECT_EQ(error_of(run("{plugin: full, lr: {from: lr_range, count: 3}}", "method: grid\n")), "no error");
  EXPECT_EQ(error_of(test_of(optimizer)), "no error");
}

TEST(ConfigLrRange, OverridesReachItAll) {
  const StudyPlan plan =
      read(run("bare"), {"method=lr_range", "lr_range.steps=50", "lr_range.grid.points=5", "lr_range.probe=none"});
  EXPECT_EQ(plan.method, "lr_range");
  EXPECT_EQ(lr_range::settings_of(plan).steps, 50);
  EXPECT_EQ(lr_range::settings_of(plan).grid_points, 5);
  EXPECT_EQ(lr_range::settings_of(plan).probes, 0);
  // Under its older name too, whatever the file says.
  for (const char* file : {"", "lr_range: {ladder: {steps: 30}}\n"})
    for (const char* given :
         {"lr_range.ladder.points=5", "lr_range.ladder={points: 5}", "lr_range={ladder: {points: 5}}"})
      EXPECT_EQ(lr_range::settings_of(read(run("bare", file), {"method=lr_range", given})).grid_points, 5)
          << file << given;
  expect_error(error_of(run("bare", "lr_range: {grid: none, ladder: none}\n")), "sweep.yaml:4:24 config.duplicate_key",
               {"older name"});
  EXPECT_EQ(range_at(read(sweep("bare"), {"optimizer.lr={from: lr_range}"}), 0).source->factor, 10);
  expect_error(error_of(run("bare"), {"lr_range.steps=1"}), "--set lr_range.steps=1 config.out_of_range");
}

TEST(ConfigLrRange, TheSettingsAreOfTheIdentityWhereTheyDecide) {
  const auto identity = [](const std::string& text) { return canonical_plan(read(text)); };
  EXPECT_EQ(identity(run("bare")), identity(run("bare", "lr_range: {seeds: 9}\n"))) << "nothing tests here";
  const std::string from = "{plugin: full, lr: {from: lr_range}}";
  for (const auto& study : {test_of("bare"), sweep(from)}) {
    const std::string text = identity(study);
    EXPECT_EQ(identity(study + "lr_range: {lr_max: 1e1, grid: {}}\n"), text) << "a default written out";
    for (const char* change :
         {"lr_min: 1e-6", "lr_max: 1", "steps: 50", "seeds: 5", "smoothing: 0", "stop: 2.5", "extend: true",
          "grid: {points: 7}", "grid: {steps: 30}", "grid: none", "stability: {steps: 128}",
          "stability: {precision: 0.1}", "stability: none", "probe: {times: 2}", "probe: none", "curvature: false"})
      EXPECT_NE(identity(study + "lr_range: {" + change + "}\n"), text) << change;
  }
  EXPECT_NE(identity(sweep("{plugin: full, lr: {from: lr_range, factor: 3}}")), identity(sweep(from)));
  EXPECT_NE(identity(sweep("{plugin: full, lr: {from: lr_range, count: 3}}")), identity(sweep(from)));

  StudyPlan found = read(sweep(from));
  const std::string before = canonical_plan(found);
  auto& range = std::get<Range>(found.space.dimensions[0].domain);
  range.min = 0.01;
  range.max = 1;
  EXPECT_EQ(canonical_plan(found), before) << "what the test finds is no part of it";
  EXPECT_NE(before.find("\"from\": \"lr_range\""), std::string::npos) << before;
}

}  // namespace
}  // namespace tuner::config
