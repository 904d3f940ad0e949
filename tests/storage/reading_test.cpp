// Every read checks what it reads: a value that its column does not hold is named, and the rest is still read.
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>

#include "connection.hpp"
#include "fixture.hpp"

namespace tuner::storage {
namespace {

class ReadingTest : public StorageTest {
 protected:
  ReadingTest() {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    for (std::uint64_t number = 0; number < 3; ++number) {
      TrialRecord trial = make_trial(number, 0.5 + static_cast<double>(number));
      trial.plugins = {make_plugin("sgd")};
      trial.result.log = {"a line"};
      trial.parameters.emplace_back("objective.hidden", List{std::int64_t{8}});
      store.record(std::vector{trial});
    }
    store.record_lr_suggestions(std::vector<LrSuggestion>{{"sgd", "recommended", 0.1, {}, {}, "how", ""},
                                                          {"sgd", "limit", 0.2, {}, {}, "how", ""}});
    store.open_study(make_study("second"));
  }
  void set(const std::string& sql) {
    Connection connection(file_, Connection::Mode::existing);
    connection.execute("PRAGMA ignore_check_constraints = ON");
    connection.execute(sql);
  }
  // The lines of `damage`, as it says them.
  static std::string lines_of(const Damage& damage) {
    return damage.empty() ? "" : error_of([&] { damage.raise("file"); }).message();
  }
};

// What is set in trial 1 of three, and what is said of it.
constexpr std::array<std::array<const char*, 3>, 13> kTrial{{
    {"trials", "outcome = 'lost'", "outcome is \"lost\", not an outcome"},
    {"trials", "value = 'x'", "value is \"x\", not a number"},
    {"trials", "value = 3", "value is 3, not a number"},
    {"trials", "attempt = 0", "attempt is 0, not an integer from 1 on"},
    {"trials", "seed = 'x'", "seed is \"x\", not an integer"},
    {"trials", "steps = -1", "steps is -1, not an integer from 0 on"},
    {"trials", "loss_evaluations = 9223372036854775807", "evaluations is 9.223372036854776e+18, not an integer"},
    {"trials", "wall_seconds = 9e999", "wall_seconds is inf, not a number from 0 on"},
    {"trials", "started_at = x'00'", "started_at is a blob of 1 bytes, not a text"},
    {"trial_parameters", "type = 'thing'", "type is \"thing\", not the name of a type"},
    {"trial_parameters", "type = 'list', value = '[1'", "value is \"[1\", not a JSON array"},
    {"trial_parameters", "type = 'boolean', value = 2", "value is 2, not an integer up to 1"},
    {"trial_parameters", "position = position + 5", "position is 5, not 0"},
}};

TEST_F(ReadingTest, ADamagedTrialIsLeftOutAndNamed) {
  const std::string whole = [&] {
    std::ifstream stream(file_, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  }();
  for (const auto& [table, change, said] : kTrial) {
    SCOPED_TRACE(change);
    std::ofstream(file_, std::ios::binary) << whole;
    set(fmt::format("UPDATE {} SET {} WHERE study_id = 1 AND number = 1", table, change));
    const Store store(file_, Access::read_only);
    Damage damage;
    const auto runs = store.runs("demo", 0, false, &damage);
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[1].number, 2u);
    EXPECT_NE(lines_of(damage).find(fmt::format("trial 1 of study 'demo': {}: {}", table, said)), std::string::npos)
        << lines_of(damage);
    const Error error = error_of([&] { (void)store.runs("demo"); });
    EXPECT_EQ(error.id(), Message::storage_damaged);
    EXPECT_TRUE(says(error, said));
    EXPECT_TRUE(says(error, file_.string()));
  }
}

TEST_F(ReadingTest, ATrialShowsWhatIsWhole) {
  set("UPDATE metrics SET value = 'x' WHERE study_id = 1 AND number = 1 AND step = 0;"
      "UPDATE trial_parameters SET value = 'x' WHERE study_id = 1 AND number = 1 AND name = 'optimizer.lr';"
      "UPDATE trials SET target_step = -4 WHERE number = 1;"
      "UPDATE events SET text = x'00' WHERE number = 1;"
      "UPDATE plugins SET abi_minor = 4294967296");
  const Store store(file_, Access::read_only);
  Damage damage;
  const TrialDetail trial = store.trial("demo", 1, &damage);
  EXPECT_EQ(trial.run.value, 1.5);
  EXPECT_EQ(trial.metrics.size(), 1u);
  EXPECT_TRUE(trial.plugins.empty() && trial.log.empty());
  for (const char* line :
       {"metrics: value is \"x\", not a number", "trial_parameters: value is \"x\", not a number",
        "trials: target_step is -4, not an integer from 0 on", "events: text is a blob of 1 bytes, not a text",
        "plugins: abi_minor is 4294967296, not an integer up to 4294967295"})
    EXPECT_NE(lines_of(damage).find(line), std::string::npos) << lines_of(damage);
  EXPECT_EQ(error_of([&] { (void)store.trial("demo", 1); }).id(), Message::storage_damaged);
}

TEST_F(ReadingTest, ADamagedStudyLeavesTheOthers) {
  for (const char* change : {"goal = 'x'", "seed = 'x'", "metric = x'00'", "created_at = x'00'"}) {
    SCOPED_TRACE(change);
    set(fmt::format("UPDATE studies SET {} WHERE id = 1", change));
    const Store store(file_, Access::read_only);
    Damage damage;
    ASSERT_EQ(store.studies(&damage).size(), 1u);
    EXPECT_NE(lines_of(damage).find("study \"demo\": studies: "), std::string::npos) << lines_of(damage);
    EXPECT_EQ(error_of([&] { (void)store.studies(); }).id(), Message::storage_damaged);
    EXPECT_EQ(error_of([&] { (void)store.study("demo"); }).id(), Message::storage_damaged);
    set("UPDATE studies SET goal = 'minimize', seed = 1, metric = 'loss', created_at = 'then'");
  }
  set("UPDATE outcome_counts SET trials = 9223372036854775807");
  EXPECT_TRUE(
      says(error_of([&] { (void)Store(file_, Access::read_only).study("demo"); }), "outcome_counts: trials is"));
}

TEST_F(ReadingTest, TheRankingNamesTrialsThatHaveAValue) {
  set("UPDATE trials SET value = NULL WHERE number = 0; DROP TRIGGER trial_is_deleted; DELETE FROM trials WHERE number "
      "= 1");
  const Store store(file_, Access::read_only);
  Damage damage;
  ASSERT_EQ(store.runs("demo", 0, true, &damage).size(), 1u);
  EXPECT_NE(lines_of(damage).find("trial 0 of study 'demo': ranks: it is ranked and did not complete with a number"),
            std::string::npos)
      << lines_of(damage);
  EXPECT_NE(lines_of(damage).find("trial 1 of study 'demo': ranks: it is ranked and not there"), std::string::npos);
  EXPECT_EQ(error_of([&] { (void)store.best("demo"); }).id(), Message::storage_damaged);
  EXPECT_EQ(error_of([&] { (void)store.study("demo"); }).id(), Message::storage_damaged);
}

TEST_F(ReadingTest, ASuggestionOfWordsIsNoNumber) {
  set("UPDATE lr_suggestions SET value = 'much' WHERE position = 0");
  const Store store(file_, Access::read_only);
  Damage damage;
  ASSERT_EQ(store.lr_suggestions("demo", &damage).size(), 1u);
  EXPECT_NE(lines_of(damage).find("lr_suggestions: value is \"much\", not a number"), std::string::npos)
      << lines_of(damage);
  EXPECT_EQ(error_of([&] { (void)store.lr_suggestions("demo"); }).id(), Message::storage_damaged);
}

TEST_F(ReadingTest, AConfigHasItsHash) {
  set("UPDATE studies SET config = 'seed: 2'");
  const Store store(file_, Access::read_only);
  Damage damage;
  EXPECT_EQ(store.study_config("demo", &damage), "seed: 2");
  EXPECT_NE(lines_of(damage).find("studies: config does not have its recorded hash"), std::string::npos);
  EXPECT_EQ(error_of([&] { (void)store.study_config("demo"); }).id(), Message::storage_damaged);
}

TEST_F(ReadingTest, AWriterChecksToo) {
  set("UPDATE trials SET number = -1 WHERE number = 1");
  EXPECT_TRUE(says(error_of([&] { (void)Store(file_, Access::read_write).finished("demo"); }), "number is -1"));
  set("UPDATE studies SET plan = x'00'");
  EXPECT_TRUE(
      says(error_of([&] { Store(file_, Access::read_write).open_study(make_study()); }), "studies: plan is a blob"));
  set("UPDATE studies SET lease_token = 'x', lease_pid = 'x'");
  EXPECT_TRUE(says(error_of([&] { Store(file_, Access::read_write).erase_study("demo"); }), "studies: lease_pid is"));
  // What no process has: nobody holds it.
  set("UPDATE studies SET lease_pid = 9223372036854775807, lease_boot_id = '', lease_start_ticks = 0");
  Store(file_, Access::read_write).erase_study("demo");
}

TEST_F(ReadingTest, ManyLinesAreCounted) {
  Damage damage;
  for (int i = 0; i < 25; ++i) damage.add("line " + std::to_string(i));
  const Error error = error_of([&] { damage.raise("a.db"); });
  EXPECT_EQ(error.id(), Message::storage_damaged);
  EXPECT_TRUE(says(error, "a.db: what cannot be read was left out:\n  line 0\n"));
  EXPECT_TRUE(says(error, "line 19\n  ... and 5 more"));
}

TEST_F(StorageTest, ASnapshotIsOfOneMoment) {
  Store writer(file_, Access::read_write);
  writer.open_study(make_study());
  writer.record(std::vector{make_trial(0)});
  const Store reader(file_, Access::read_only);
  {
    const auto snapshot = reader.snapshot();
    EXPECT_EQ(reader.study("demo").trials, 1u);
    writer.record(std::vector{make_trial(1)});
    EXPECT_EQ(reader.study("demo").trials, 1u);
    EXPECT_EQ(reader.runs("demo").size(), 1u);
    EXPECT_EQ(reader.trial("demo", 0).metrics.size(), 2u);
    EXPECT_EQ(error_of([&] { static_cast<void>(reader.trial("demo", 1)); }).id(), Message::usage_no_such_trial);
  }
  EXPECT_EQ(reader.runs("demo").size(), 2u);
}

}  // namespace
}  // namespace tuner::storage
