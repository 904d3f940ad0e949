// What a program says: lines, reports, patterns, and what becomes of them in its trial.
#include "tuner/program/reports.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "temporary_folder.hpp"
#include "tuner/program/output.hpp"
#include "tuner/program/pattern.hpp"

namespace tuner::program {
namespace {

using Values = std::vector<std::pair<std::string, double>>;

TEST(ProgramReports, NumbersAreRead) {
  const auto said = read_report(R"( {"step": 3, "acc": 0.5, "n": 7, "ok": true, "none": null} )");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->step, 3);
  EXPECT_EQ(said->values, (Values{{"acc", 0.5}, {"n", 7}, {"ok", 1}}));
  EXPECT_EQ(said->ignored, "");
}

TEST(ProgramReports, NanAndInfinitiesAsInPython) {
  const auto said = read_report(R"({"a": NaN, "b": -Infinity, "c": Infinity, "d": "NaN", "Infinity": 1})");
  ASSERT_TRUE(said);
  ASSERT_EQ(said->values.size(), 4u);
  EXPECT_TRUE(std::isnan(said->values[0].second));
  EXPECT_EQ(said->values[1].second, -HUGE_VAL);
  EXPECT_EQ(said->values[2].second, HUGE_VAL);
  EXPECT_EQ(said->values[3], (std::pair<std::string, double>("Infinity", 1)));
  EXPECT_NE(said->ignored.find("d, whose value is no number"), std::string::npos) << "a string is none";
  EXPECT_FALSE(read_report(R"({"text": "say \"NaN\" {"})"));
}

TEST(ProgramReports, WhatIsNoReportIsOutput) {
  for (const char* line : {"", "{", "}", "{}", "[1]", "1", R"({"a": "x"})", R"({"step": 3})", R"({"a": 1)", "{a: 1}",
                           R"({"a": 1} x)", "{\"a\xff\": 1}", R"({"a": nan})"})
    EXPECT_FALSE(read_report(line)) << line;
}

TEST(ProgramReports, OddPartsAreLeftOut) {
  EXPECT_FALSE(read_report(R"({"step": 1.5, "a": 1})")->step);
  EXPECT_FALSE(read_report(R"({"step": -1, "a": 1})")->step);
  EXPECT_EQ(read_report(R"({"step": 4.0, "a": 1})")->step, 4);
  EXPECT_EQ(read_report(R"({"a": 1, "b": [2], "c": {"d": 3}})")->values.size(), 1u);
  const auto end = read_report(R"({"outcome": "diverged", "error": "loss is NaN"})");
  EXPECT_EQ(end->outcome, Outcome::diverged);
  EXPECT_EQ(end->error, "loss is NaN");
  EXPECT_FALSE(read_report(R"({"outcome": "great"})"));
}

struct Trial {
  TrialTrace trace;
  TrialResult result;
  TrialRun run{
      {.metric = "acc", .goal = Goal::maximize, .target = {}, .early_stopping = {}}, trace, {}, nullptr, result};
  Reports reports{run};
  void say(const std::string& line) { reports.take(*read_report(line)); }
  [[nodiscard]] std::string metrics() const {
    std::ostringstream text;
    for (const MetricPoint& point : result.metrics)
      text << point.name << "@" << point.step << "=" << point.value << " ";
    return text.str();
  }
};

TEST(ProgramReports, StepsThatAreMissingAreCounted) {
  Trial trial;
  trial.say(R"({"acc": 0.1})");
  trial.say(R"({"step": 10, "acc": 0.2})");
  trial.say(R"({"acc": 0.3})");
  trial.reports.finish();
  EXPECT_EQ(trial.metrics(), "acc@1=0.1 acc@10=0.2 acc@11=0.3 ");
  EXPECT_EQ(trial.result.steps, 11);
  EXPECT_EQ(trial.trace.step, 11);
  EXPECT_TRUE(trial.reports.warnings().empty());
}

TEST(ProgramReports, AStepThatIsSaidAgainHasItsLastValue) {
  Trial trial;
  trial.say(R"({"step": 1, "acc": 0.9, "loss": 5})");
  trial.say(R"({"step": 2, "acc": 0.4})");
  trial.say(R"({"step": 1, "acc": 0.3})");
  trial.reports.finish();
  EXPECT_EQ(trial.metrics(), "acc@1=0.3 acc@2=0.4 loss@1=5 ");
  EXPECT_EQ(trial.result.best_value, 0.4);
  EXPECT_EQ(trial.result.last_value, 0.4) << "of the last step, not of the last line";
  ASSERT_EQ(trial.reports.warnings().size(), 1u);
  EXPECT_NE(trial.reports.warnings()[0].find("go back"), std::string::npos);
}

TEST(ProgramReports, AFloodIsThinnedAndKeepsItsBestAndItsLast) {
  Trial trial;
  for (int i = 1; i <= 50'000; ++i) trial.say("{\"acc\": " + std::to_string(i == 30'000 ? 2.0 : i * 1e-6) + "}");
  trial.reports.flush();
  trial.reports.finish();
  EXPECT_LT(trial.result.metrics.size(), 50'000u);
  EXPECT_EQ(trial.result.best_value, 2.0);
  EXPECT_EQ(trial.result.metrics.back().step, 50'000);
  EXPECT_EQ(trial.result.steps, 50'000);
  ASSERT_EQ(trial.reports.warnings().size(), 1u);
}

TEST(ProgramLines, ArePutTogether) {
  std::vector<std::string> lines;
  Lines reader([&](std::string_view line, bool whole) { lines.push_back((whole ? "" : "cut ") + std::string(line)); });
  for (const char* bytes : {"one\ntw", "o", "\n", "\nlast"}) reader.append(bytes);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", ""}));
  reader.end();
  EXPECT_EQ(lines.back(), "last");
}

TEST(ProgramLines, LongOnesAreCut) {
  std::size_t bytes = 0, whole = 0;
  Lines reader([&](std::string_view line, bool is_whole) { bytes += line.size(), whole += is_whole ? 1 : 0; });
  const std::string block(100'000, 'x');
  for (int i = 0; i < 25; ++i) reader.append(block);
  reader.append("\nshort\n");
  reader.end();
  EXPECT_EQ(bytes, 2'500'005u);
  EXPECT_EQ(whole, 1u) << "the end of a line that was cut is no line";
}

TEST(ProgramOutput, ItsEndIsKept) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "study" / "7.output";
  {
    KeptOutput output(file);
    output.append("first\n");
    EXPECT_FALSE(std::filesystem::exists(file));
    output.publish();
    output.append("second\n");
    std::ifstream stream(file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "first\nsecond\n");
    for (int i = 0; i < 4000; ++i) output.append(std::string(999, 'x') + "\n");
    EXPECT_EQ(output.tail().size(), kOutputKept);
    EXPECT_EQ(output.bytes(), 13u + 4'000'000);
    EXPECT_LT(std::filesystem::file_size(file), 1'100'000u);
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(ProgramPattern, ItsGroupIsTheNumber) {
  EXPECT_EQ(Pattern("acc: ([0-9.]+)").find("epoch 3 acc: 0.75, done"), 0.75);
  EXPECT_FALSE(Pattern("acc: ([0-9.]+)").find("loss: 1"));
  EXPECT_FALSE(Pattern("acc: (.*)").find("acc: high"));
  EXPECT_EQ(Pattern("^(\\S+)$").find("-1e-3"), -0.001);
  EXPECT_TRUE(std::isnan(*Pattern("loss=(\\S+)").find("loss=nan")));
  EXPECT_THROW(Pattern("(("), std::invalid_argument);
  EXPECT_THROW(Pattern("(a)(b)"), std::invalid_argument);
  EXPECT_EQ(number_in(" +3.5\r"), 3.5);
  EXPECT_FALSE(number_in("3.5 s"));
  EXPECT_FALSE(number_in(""));
}

}  // namespace
}  // namespace tuner::program
