#include "config_reading.hpp"

namespace tuner::config {
namespace {

Value lr_of(const std::string& text) {
  return fixed(optimizer_options(read(run("{plugin: full, lr: " + text + "}"))), "lr");
}
Value window_of(const std::string& text) {
  return fixed(optimizer_options(read(run("{plugin: full, window: " + text + "}"))), "window");
}
std::string option_error(const std::string& option) { return error_of(run("{plugin: full, " + option + "}")); }

TEST(ConfigScalar, NumbersAreReadAsPeopleWriteThem) {
  EXPECT_EQ(lr_of("1e-4"), Value(1e-4));
  EXPECT_EQ(lr_of("1E+2"), Value(100.0));
  EXPECT_EQ(lr_of(".5"), Value(0.5));
  EXPECT_EQ(lr_of("1."), Value(1.0));
  EXPECT_EQ(lr_of("+1"), Value(1.0));
  EXPECT_EQ(lr_of("010"), Value(10.0));
  EXPECT_EQ(lr_of("0.1"), Value(0.1));
  EXPECT_EQ(lr_of("-0"), Value(0.0));
}

TEST(ConfigScalar, IntegersMayHaveAnExponent) {
  EXPECT_EQ(window_of("010"), Value(std::int64_t{10}));
  EXPECT_EQ(window_of("1e1"), Value(std::int64_t{10}));
  EXPECT_EQ(window_of("3.0"), Value(std::int64_t{3}));
  EXPECT_EQ(read(run("bare"), {"training.steps=1e6"}).training.count("steps"), 1U);
  expect_error(option_error("window: 2.5"), "sweep.yaml:2:35 config.wrong_type", {"'2.5'", "an integer"});
}

TEST(ConfigScalar, QuotedNumbersAreTexts) {
  expect_error(option_error("lr: \"0.1\""), "sweep.yaml:2:31 config.wrong_type",
               {"the string \"0.1\"", "remove the quotes"});
  expect_error(option_error("window: '3'"), "sweep.yaml:2:35 config.wrong_type", {"remove the quotes"});
  expect_error(option_error("nesterov: 'true'"), "sweep.yaml:2:37 config.wrong_type", {"remove the quotes"});
  EXPECT_EQ(fixed(optimizer_options(read(run("{plugin: full, note: '0.1'}"))), "note"), Value(std::string("0.1")));
}

TEST(ConfigScalar, OddNumbersAreRefusedWithAReason) {
  expect_error(option_error("lr: 1_000"), "sweep.yaml:2:31 config.bad_value", {"write 1000"});
  for (const std::string odd : {"inf", ".inf", "-.inf", "+inf", "nan", ".NaN", "Infinity"})
    expect_error(option_error("lr: " + odd), "sweep.yaml:2:31 config.bad_value", {"finite"});
  for (const std::string odd : {"0x10", "0o7", "-0b1"})
    expect_error(option_error("window: " + odd), "sweep.yaml:2:35 config.bad_value", {"decimal"});
  expect_error(option_error("lr: 1e999"), "sweep.yaml:2:31 config.bad_value", {"more than a number can hold"});
  expect_error(option_error("window: 99999999999999999999"), "sweep.yaml:2:35 config.bad_value");
  for (const std::string word : {"fast", "1e", "1.2.3", "--1", "+", "."})
    expect_error(option_error("lr: " + word), "sweep.yaml:2:31 config.wrong_type", {"a number is due"});
}

TEST(ConfigScalar, BooleansAreTrueAndFalse) {
  const auto flag = [](const std::string& text) {
    return fixed(optimizer_options(read(run("{plugin: full, nesterov: " + text + "}"))), "nesterov");
  };
  EXPECT_EQ(flag("true"), Value(true));
  EXPECT_EQ(flag("False"), Value(false));
  for (const std::string yes : {"yes", "on", "Yes", "y"})
    expect_error(option_error("nesterov: " + yes), "sweep.yaml:2:37 config.wrong_type", {"write true", "string here"});
  for (const std::string no : {"no", "off", "OFF"})
    expect_error(option_error("nesterov: " + no), "sweep.yaml:2:37 config.wrong_type", {"write false"});
  expect_error(option_error("nesterov: 1"), "sweep.yaml:2:37 config.wrong_type", {"true or false is due"});
}

TEST(ConfigScalar, TextsAndChoicesAreTakenLiterally) {
  const StudyPlan plan = read(run("{plugin: full, note: 010, mode: none, tags: [yes, 1, true]}"));
  EXPECT_EQ(fixed(optimizer_options(plan), "note"), Value(std::string("010")));
  EXPECT_EQ(fixed(optimizer_options(plan), "mode"), Value(std::string("none")));
  EXPECT_EQ(fixed(optimizer_options(plan), "tags"),
            Value(List{std::string("yes"), std::string("1"), std::string("true")}));
  EXPECT_EQ(fixed(optimizer_options(read(run("{plugin: full, note: search}"))), "note"), Value(std::string("search")));
  expect_error(option_error("mode: fanci"), "sweep.yaml:2:33 config.bad_value", {"did you mean 'fancy'?"});
  expect_error(option_error("note: [a]"), "sweep.yaml:2:33 config.wrong_type", {"a list"});
}

TEST(ConfigScalar, ListsTakeScalarsAndOneScalarIsAList) {
  const StudyPlan plan = read(run("{plugin: full, ratios: [1, 0.5], sizes: 3}"));
  EXPECT_EQ(fixed(optimizer_options(plan), "ratios"), Value(List{1.0, 0.5}));
  EXPECT_EQ(fixed(optimizer_options(plan), "sizes"), Value(List{std::int64_t{3}}));
  expect_error(option_error("sizes: [1, x]"), "sweep.yaml:2:38 config.wrong_type", {"an item of option 'sizes'"});
  expect_error(option_error("sizes: [1, {values: [2]}]"), "sweep.yaml:2:38 config.wrong_type");
  expect_error(option_error("sizes: [0]"), "sweep.yaml:2:34 config.out_of_range");
  expect_error(option_error("lr: [1, 2]"), "sweep.yaml:2:31 config.wrong_type", {"{values: [...]}"});
}

TEST(ConfigScalar, ValuesOutsideTheLegalRangeAreRefused) {
  expect_error(option_error("lr: -1"), "sweep.yaml:2:31 config.out_of_range", {"'lr'", "at least 0"});
  expect_error(option_error("beta: 1"), "sweep.yaml:2:33 config.out_of_range");
  expect_error(option_error("window: 101"), "sweep.yaml:2:35 config.out_of_range");
}

TEST(ConfigScalar, TimesHaveUnits) {
  const auto limit = [](const std::string& text) {
    return fixed(read(run("bare"), {"training.time_limit=" + text}).training, "time_limit_seconds");
  };
  EXPECT_EQ(limit("30m"), Value(1800.0));
  EXPECT_EQ(limit("90s"), Value(90.0));
  EXPECT_EQ(limit("1h30m"), Value(5400.0));
  EXPECT_EQ(limit("0.5d"), Value(43200.0));
  EXPECT_EQ(limit("500ms"), Value(0.5));
  EXPECT_EQ(limit("12"), Value(12.0));
  for (const std::string odd : {"30x", "m", "fast", "1h-5m", "1.2.3s"})
    EXPECT_NE(error_of(run("bare"), {"training.time_limit=" + odd}).find("config.bad_value"), std::string::npos) << odd;
  for (const std::string odd : {"0", "-5", "0s"})
    EXPECT_NE(error_of(run("bare"), {"training.time_limit=" + odd}).find("config.out_of_range"), std::string::npos)
        << odd;
}

}  // namespace
}  // namespace tuner::config
