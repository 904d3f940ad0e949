// Stored results as JSON, CSV and tables. What commands print of them is in tests/e2e.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <stdexcept>

#include "tuner/report/csv.hpp"
#include "tuner/report/listing.hpp"
#include "tuner/report/record.hpp"

namespace tuner::report {
namespace {

using storage::RunRow;

RunRow run(std::uint64_t number) {
  RunRow run;
  run.number = number;
  run.value = 0.5;
  run.parameters = {{"optimizer", std::string("sgd")}, {"lr", 0.1}};
  return run;
}

std::string printed(const std::string& format, const std::vector<RunRow>& runs, bool repeated = false) {
  std::ostringstream out;
  Listing<RunRow> listing(out, format, trial_view(repeated), {"optimizer", "lr", "beta"});
  for (const RunRow& run : runs) listing.row(run);
  listing.end();
  return out.str();
}

TEST(Report, ATrialHasAllItsKeysWhateverItHas) {
  const Json empty = json_of(RunRow{});
  EXPECT_EQ(empty.keys(), json_of(run(1)).keys());
  EXPECT_TRUE(empty["value"].is_null());
  EXPECT_TRUE(empty["error"].is_null());
  EXPECT_TRUE(empty["parameters"].is_object());
  RunRow failed = run(1);
  failed.error = "no";
  EXPECT_EQ(json_of(failed)["error"], Json("no"));
}

TEST(Report, NumbersThatAreNotFiniteAreTexts) {
  RunRow odd = run(1);
  odd.value = std::nan("");
  odd.parameters = {{"lr", -HUGE_VAL}};
  EXPECT_EQ(json_of(odd)["value"], Json("nan"));
  EXPECT_EQ(json_of(odd)["parameters"]["lr"], Json("-inf"));
  odd.seed = UINT64_MAX;
  EXPECT_NE(json_of(odd).line().find("\"seed\": 18446744073709551615,"), std::string::npos);
}

TEST(Report, ATrialOfADetailIsTheTrial) {
  storage::TrialDetail detail;
  detail.run = run(3);
  const Json whole = json_of(detail), trial = json_of(detail.run);
  for (const auto& [key, value] : trial.items()) EXPECT_EQ(whole[key], value) << key;
}

TEST(Report, JsonIsAnArrayWithAnObjectALine) {
  EXPECT_EQ(printed("json", {}), "[]\n");
  const std::string text = printed("json", {run(0), run(1)});
  EXPECT_EQ(Json::parse(text).size(), 2u);
  EXPECT_EQ(text, "[\n " + json_of(run(0)).line() + ",\n " + json_of(run(1)).line() + "\n]\n");
}

TEST(Report, JsonIsWholeWhereReadingBreaksOff) {
  std::ostringstream out;
  const auto read = [](auto take) {
    take(run(0));
    throw std::runtime_error("no more");
  };
  EXPECT_THROW(print<RunRow>({out, "json", trial_view(false)}, read), std::runtime_error);
  EXPECT_EQ(Json::parse(out.str()).size(), 1u);
}

TEST(Report, CsvHasAColumnForEachParameter) {
  const std::string columns =
      "trial,outcome,value,steps,evaluations,seconds,error,attempt,configuration,replicate,seed,started_at,finished_at,"
      "violation,param.optimizer,param.lr,param.beta\n";
  EXPECT_EQ(printed("csv", {}), columns);
  RunRow other = run(1);
  other.parameters = {{"optimizer", std::string("")}, {"beta", List{std::int64_t{1}, "a"}}};
  other.error = "a, \"b\"\nc";
  EXPECT_EQ(printed("csv", {run(0), other}),
            columns +
                "0,completed,0.5,0,0,0.0,,1,0,0,0,\"\",\"\",,sgd,0.1,\n"
                "1,completed,0.5,0,0,0.0,\"a, \"\"b\"\"\nc\",1,0,0,0,\"\",\"\",,\"\",,\"[1, \"\"a\"\"]\"\n");
}

TEST(Report, CsvQuotesWhatWouldEndACell) {
  for (const auto& [text, cell] : {std::pair("plain text", "plain text"), std::pair("a,b", "\"a,b\""),
                                   std::pair("a\rb", "\"a\rb\""), std::pair("\"", "\"\"\"\""), std::pair("", "")}) {
    std::string line = "x,";
    append_csv(line, text);
    EXPECT_EQ(line, std::string("x,") + cell);
  }
}

TEST(Report, ATableHasRoomForItsWidestCell) {
  RunRow wide = run(12345);
  wide.error = "\xC3\xA9t\xC3\xA9 \x1b[1m";  // a width of 3, and what a terminal would obey
  EXPECT_EQ(printed("table", {run(0), wide}),
            "trial  outcome    value  steps  evaluations  seconds  parameters            error\n"
            "    0  completed    0.5      0            0        0  optimizer=sgd lr=0.1\n"
            "12345  completed    0.5      0            0        0  optimizer=sgd lr=0.1  \xC3\xA9t\xC3\xA9 \\x1b[1m\n");
  EXPECT_EQ(printed("table", {run(0)}, true).substr(0, 40), "trial  configuration  replicate  outcome");
}

TEST(Report, ATableOfNothingIsItsHeader) {
  EXPECT_EQ(printed("table", {}), "trial  outcome  value  steps  evaluations  seconds  parameters  error\n");
}

}  // namespace
}  // namespace tuner::report
