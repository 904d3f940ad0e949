// Configurations of several replicates: what is recorded of them, and how they are ranked.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "configurations.hpp"
#include "fixture.hpp"
#include "ranks.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::storage {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

StudyRecord repeated_study(std::uint32_t repeats = 3, OnFailure on_failure = OnFailure::rank_last) {
  StudyRecord study = make_study();
  study.repeats = repeats;
  study.on_failure = on_failure;
  return study;
}

TrialRecord make_replicate(std::uint64_t configuration, std::uint32_t replicate, double value,
                           std::uint32_t repeats = 3) {
  TrialRecord trial = make_trial(configuration * repeats + replicate, value);
  trial.id.configuration = configuration;
  trial.id.replicate = replicate;
  trial.replicates = repeats;
  trial.parameters[0].second = 0.001 * static_cast<double>(configuration + 1);
  trial.plugins = {make_plugin("sgd")};
  trial.plugins[0].sha256 = std::string(64, 'a');
  return trial;
}
TrialRecord make_failed(std::uint64_t configuration, std::uint32_t replicate, Outcome outcome = Outcome::diverged) {
  TrialRecord trial = make_replicate(configuration, replicate, 0);
  trial.result.outcome = outcome;
  trial.result.value.reset();
  trial.result.error = "why";
  return trial;
}

// "CONFIGURATION: MEAN +- DEVIATION of COMPLETED, REPLICATES/DUE", from best to worst.
std::string order_of(const Store& store, std::uint64_t limit = 0) {
  std::string lines;
  for (const ConfigurationRow& row : store.configurations("demo", limit))
    lines += fmt::format("{}: {} +- {} of {}, {}/{}\n", row.configuration, row.mean,
                         row.standard_deviation ? fmt::format("{}", *row.standard_deviation) : "none", row.completed,
                         row.replicates, row.due);
  return lines;
}
// The same from the view.
std::string view_of(const Store& store, const char* limit = "") {
  std::string lines;
  const Table table = table_of(
      store, fmt::format("SELECT configuration, mean, standard_deviation, completed, replicates, due, complete FROM "
                         "best_configurations WHERE study = 'demo'{}",
                         limit));
  const auto number = [](const Value& value) { return std::get<std::int64_t>(value); };
  for (const auto& row : table.rows) {
    lines += fmt::format("{}: {} +- {} of {}, {}/{}\n", number(row[0]), std::get<double>(row[1]),
                         row[2] == Value(Null{}) ? "none" : fmt::format("{}", std::get<double>(row[2])), number(row[3]),
                         number(row[4]), number(row[5]));
    EXPECT_EQ(number(row[6]), number(row[4]) >= number(row[5]) ? 1 : 0);
  }
  return lines;
}

class ConfigurationsTest : public StorageTest {
 protected:
  void record(Store& store, const TrialRecord& trial) { store.record(std::span(&trial, 1)); }
  std::string damage() {
    std::string lines;
    for (const std::string& line : inspect(file_).damage) lines += line + "\n";
    return lines;
  }
};

TEST_F(ConfigurationsTest, AreRankedByTheMeanOfTheirReplicates) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study());
  // 0 has the best single trial and the worst mean.
  const double values[3][3] = {{0, 9, 9}, {3, 1, 2}, {4, 4, 4}};
  for (std::uint64_t c = 0; c < 3; ++c)
    for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(c, r, values[c][r]));
  EXPECT_EQ(order_of(store), "1: 2 +- 1 of 3, 3/3\n2: 4 +- 0 of 3, 3/3\n0: 6 +- 5.196152422706632 of 3, 3/3\n");
  EXPECT_EQ(view_of(store), order_of(store));
  EXPECT_EQ(order_of(store, 1), "1: 2 +- 1 of 3, 3/3\n");
  EXPECT_EQ(store.best("demo")->number, 0u) << "of trials";
  const StudyRow study = store.study("demo");
  EXPECT_EQ(study.repeats, 3u);
  EXPECT_EQ(study.best_value, 2.0);
  EXPECT_EQ(study.best_number, 3u);
  EXPECT_EQ(store.configurations("demo")[0].number, 3u);
  EXPECT_EQ(store.configurations("demo")[0].parameters[0].second, Value(0.002));
  EXPECT_EQ(damage(), "");
}

TEST_F(ConfigurationsTest, ATrialSaysWhichReplicateItIs) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study());
  record(store, make_replicate(2, 1, 0.5));
  const RunRow run = store.runs("demo")[0];
  EXPECT_EQ(run.number, 7u);
  EXPECT_EQ(run.configuration, 2u);
  EXPECT_EQ(run.replicate, 1u);
  for (const char* view : {"runs", "best_runs"}) {
    const auto row = table_of(store, fmt::format("SELECT configuration, replicate FROM {}", view)).rows[0];
    EXPECT_EQ(row, (std::vector<Value>{std::int64_t{2}, std::int64_t{1}})) << view;
  }
  EXPECT_EQ(store.trial("demo", 7).run.configuration, 2u);
}

TEST_F(ConfigurationsTest, LargerIsBetterWhereTheGoalSaysSo) {
  Store store(file_, Access::read_write);
  StudyRecord study = repeated_study(2);
  study.goal = Goal::maximize;
  store.open_study(study);
  for (std::uint64_t c = 0; c < 3; ++c)
    for (std::uint32_t r = 0; r < 2; ++r) record(store, make_replicate(c, r, static_cast<double>(c), 2));
  EXPECT_EQ(order_of(store), "2: 2 +- 0 of 2, 2/2\n1: 1 +- 0 of 2, 2/2\n0: 0 +- 0 of 2, 2/2\n");
  EXPECT_EQ(view_of(store), order_of(store));
}

TEST_F(ConfigurationsTest, ThoseWithReplicatesMissingStandBehindThoseThatHaveAll) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study());
  record(store, make_replicate(0, 0, 1));
  record(store, make_replicate(0, 2, 2));
  for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(1, r, 5));
  EXPECT_EQ(order_of(store), "1: 5 +- 0 of 3, 3/3\n0: 1.5 +- 0.7071067811865476 of 2, 2/3\n");
  EXPECT_EQ(view_of(store), order_of(store));
  TrialRecord cancelled = make_replicate(0, 1, 9);
  cancelled.result.outcome = Outcome::cancelled;
  cancelled.result.value.reset();
  record(store, cancelled);
  EXPECT_EQ(store.configurations("demo")[1].replicates, 2) << "it is made again";
  record(store, make_replicate(0, 1, 3));
  EXPECT_EQ(order_of(store), "0: 2 +- 1 of 3, 3/3\n1: 5 +- 0 of 3, 3/3\n");
  EXPECT_EQ(view_of(store), order_of(store));
  EXPECT_EQ(damage(), "");
}

TEST_F(ConfigurationsTest, AReplicateThatFailsRanksItsConfigurationLast) {
  for (const OnFailure rule : {OnFailure::rank_last, OnFailure::ignore}) {
    std::filesystem::remove(file_);
    Store store(file_, Access::read_write);
    store.open_study(repeated_study(3, rule));
    record(store, make_replicate(0, 0, 1));
    record(store, make_failed(0, 1));
    record(store, make_replicate(0, 2, 2));
    for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(1, r, 5));
    record(store, make_replicate(2, 0, 7));
    for (std::uint32_t r = 0; r < 3; ++r) record(store, make_failed(3, r, Outcome::failed));  // has no mean
    record(store, make_failed(4, 0, Outcome::timed_out)), record(store, make_replicate(4, 1, 0.5));
    const std::string zero = "0: 1.5 +- 0.7071067811865476 of 2, 3/3\n", one = "1: 5 +- 0 of 3, 3/3\n",
                      two = "2: 7 +- none of 1, 1/3\n", four = "4: 0.5 +- none of 1, 2/3\n";
    EXPECT_EQ(order_of(store), rule == OnFailure::ignore ? zero + one + four + two : one + two + four + zero);
    EXPECT_EQ(view_of(store), order_of(store));
    EXPECT_EQ(damage(), "");
  }
}

TEST_F(ConfigurationsTest, TheMeanIsAddedInTheOrderOfReplicates) {
  // In another order of addition the sum has other bits.
  const std::vector<double> values{0.1, 0.7, 1e16, -1e16, 0.3};
  const double expected = ((((0.1 + 0.7) + 1e16) - 1e16) + 0.3) / 5;
  for (const std::vector<std::uint32_t>& order :
       {std::vector<std::uint32_t>{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}, {3, 2, 1, 0, 4}}) {
    std::filesystem::remove(file_);
    Store store(file_, Access::read_write);
    store.open_study(repeated_study(5));
    std::vector<TrialRecord> trials;
    for (const std::uint32_t replicate : order) trials.push_back(make_replicate(0, replicate, values[replicate], 5));
    store.record(std::span(trials).first(2));
    store.record(std::span(trials).subspan(2));
    EXPECT_EQ(store.configurations("demo")[0].mean, expected);
  }
}

TEST_F(ConfigurationsTest, InfinitiesAreMeansAndOfBothSignsNone) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study(2));
  record(store, make_replicate(0, 0, kInf, 2));
  record(store, make_replicate(0, 1, 1, 2));
  record(store, make_replicate(1, 0, kInf, 2));
  record(store, make_replicate(1, 1, -kInf, 2));
  record(store, make_replicate(2, 0, 3, 2));
  record(store, make_replicate(2, 1, 3, 2));
  EXPECT_EQ(order_of(store), "2: 3 +- 0 of 2, 2/2\n0: inf +- nan of 2, 2/2\n");
  EXPECT_EQ(damage(), "");
}

// With one replicate the trials are the configurations, and nothing more is written.
TEST_F(ConfigurationsTest, WithoutRepeatsAreTheTrials) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  for (const std::uint64_t number : {0, 1, 2}) {
    TrialRecord trial = make_replicate(number, 0, number == 1 ? 1 : 2 + static_cast<double>(number) / 2, 1);
    record(store, trial);
  }
  EXPECT_EQ(order_of(store), "1: 1 +- none of 1, 1/1\n0: 2 +- none of 1, 1/1\n2: 3 +- none of 1, 1/1\n");
  EXPECT_EQ(view_of(store), order_of(store));
  for (const char* table : {"configurations", "configuration_ranks"})
    EXPECT_TRUE(table_of(store, fmt::format("SELECT 1 FROM {}", table)).rows.empty()) << table;
  EXPECT_EQ(store.runs("demo")[2].configuration, 2u);
  EXPECT_EQ(store.runs("demo")[2].replicate, 0u);
  EXPECT_EQ(damage(), "");
}

// Some configurations with as many replicates as the study has at most, and some with fewer.
TEST_F(ConfigurationsTest, MayHaveDifferentNumbersOfReplicates) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study(3));
  std::uint64_t number = 0;
  for (const std::uint32_t replicates : {3u, 1u, 3u}) {
    const std::uint64_t configuration = number == 0 ? 0 : number == 3 ? 1 : 2;
    for (std::uint32_t r = 0; r < replicates; ++r) {
      TrialRecord trial = make_replicate(configuration, r, 5.0 - static_cast<double>(configuration), 3);
      trial.id.number = number++;
      trial.replicates = replicates;
      record(store, trial);
    }
  }
  EXPECT_EQ(order_of(store), "2: 3 +- 0 of 3, 3/3\n1: 4 +- none of 1, 1/1\n0: 5 +- 0 of 3, 3/3\n");
  EXPECT_EQ(damage(), "");
}

// More than are put in order at once, in any order of arrival, against what a plain computation says.
TEST_F(ConfigurationsTest, ALargeStudyIsRankedAsASmallOne) {
  constexpr std::uint64_t kConfigurations = kRecentRanks + 1500;
  std::mt19937_64 random(5);
  std::vector<TrialRecord> trials;
  std::vector<std::pair<double, std::uint64_t>> means;
  for (std::uint64_t c = 0; c < kConfigurations; ++c) {
    const double a = static_cast<double>(random() % 1000), b = static_cast<double>(random() % 1000);
    trials.push_back(make_replicate(c, 0, a, 2));
    trials.push_back(make_replicate(c, 1, b, 2));
    means.emplace_back((a + b) / 2, c);
  }
  std::ranges::shuffle(trials, random);
  std::ranges::sort(means);
  {
    Store store(file_, Access::read_write);
    store.open_study(repeated_study(2));
    for (std::size_t i = 0; i < trials.size(); i += 200)
      store.record(std::span(trials).subspan(i, std::min<std::size_t>(200, trials.size() - i)));
    EXPECT_GE(table_of(store, "SELECT 1 FROM configuration_ranks").rows.size(), 8192u);
  }
  Store store(file_, Access::read_write);
  std::vector<std::pair<double, std::uint64_t>> ranked;
  for (const ConfigurationRow& row : store.configurations("demo")) ranked.emplace_back(row.mean, row.configuration);
  EXPECT_EQ(ranked, means);
  EXPECT_EQ(damage(), "");
  EXPECT_EQ(view_of(store, " LIMIT 20"), order_of(store, 20));
}

TEST_F(ConfigurationsTest, AReplicateThatIsDeletedByHandIsMissing) {
  {
    Store store(file_, Access::read_write);
    store.open_study(repeated_study());
    for (std::uint64_t c = 0; c < 3; ++c)
      for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(c, r, static_cast<double>(1 + c + r)));
    record(store, make_failed(3, 0));
    record(store, make_replicate(3, 1, 1));
  }
  const auto by_hand = [&](const char* sql) { Connection(file_, Connection::Mode::existing).execute(sql); };
  by_hand(
      "INSERT INTO configuration_ranks SELECT study_id, place, rank_key, configuration FROM configurations WHERE "
      "configuration < 2; UPDATE configurations SET moved = 1 WHERE configuration < 2");
  ASSERT_EQ(damage(), "");
  by_hand("DELETE FROM trials WHERE number IN (0, 3, 4, 5)");
  EXPECT_EQ(damage(), "");
  const char* expected = "2: 4 +- 1 of 3, 3/3\n0: 2.5 +- none of 2, 2/3\n3: 1 +- none of 1, 2/3\n";
  EXPECT_EQ(order_of(Store(file_, Access::read_only)), expected);
  EXPECT_EQ(view_of(Store(file_, Access::read_only)), expected);
  by_hand("DELETE FROM trials WHERE number = 9");
  EXPECT_EQ(order_of(Store(file_, Access::read_only)),
            "2: 4 +- 1 of 3, 3/3\n3: 1 +- none of 1, 1/3\n0: 2.5 +- none of 2, 2/3\n");
  {
    Store store(file_, Access::read_write);
    store.open_study(repeated_study());
    record(store, make_replicate(0, 0, 1));
    EXPECT_EQ(store.configurations("demo")[0].standard_deviation, 1.0) << "made again, to the same bits";
    EXPECT_EQ(store.configurations("demo")[0].mean, 2.0);
  }
  EXPECT_EQ(damage(), "");
  by_hand("DELETE FROM studies");
  for (const char* table : {"trials", "configurations", "configuration_ranks"})
    EXPECT_EQ(Connection(file_, Connection::Mode::existing).integer(fmt::format("SELECT count(*) FROM {}", table)), 0)
        << table;
}

TEST_F(ConfigurationsTest, ErasingAStudyTakesThemWithIt) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study());
  for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(0, r, 1));
  store.erase_study("demo");
  for (const char* table : {"trials", "configurations", "configuration_ranks"})
    EXPECT_TRUE(table_of(store, fmt::format("SELECT 1 FROM {}", table)).rows.empty()) << table;
}

TEST_F(ConfigurationsTest, ATimedOutReplicateThatRunsAgainIsMissingUntilThen) {
  const auto with_limit = [](int seconds) {
    StudyRecord study = repeated_study();
    study.plan = fmt::format("{{\n \"training\": {{\n  \"time_limit_seconds\": {}\n }}\n}}", seconds);
    return study;
  };
  Store store(file_, Access::read_write);
  store.open_study(with_limit(1));
  record(store, make_replicate(0, 0, 1));
  record(store, make_failed(0, 1, Outcome::timed_out));
  record(store, make_replicate(0, 2, 2));
  for (std::uint32_t r = 0; r < 3; ++r) record(store, make_failed(1, r, Outcome::timed_out));
  EXPECT_EQ(order_of(store), "0: 1.5 +- 0.7071067811865476 of 2, 3/3\n");
  // Also where it was put in order already.
  Connection(file_, Connection::Mode::existing)
      .execute(
          "INSERT INTO configuration_ranks SELECT study_id, place, rank_key, configuration FROM configurations WHERE "
          "rank_key IS NOT NULL; UPDATE configurations SET moved = 1");
  ASSERT_EQ(damage(), "");
  store.open_study(with_limit(2));
  EXPECT_EQ(order_of(store), "0: 1.5 +- 0.7071067811865476 of 2, 2/3\n");
  EXPECT_EQ(damage(), "");
  record(store, make_replicate(0, 1, 3));
  EXPECT_EQ(order_of(store), "0: 2 +- 1 of 3, 3/3\n");
  EXPECT_EQ(damage(), "");
}

// Replicate `replicate` of `configuration`, where its searcher proposes configurations again.
TrialRecord make_repeated(std::uint64_t number, std::uint64_t configuration, std::uint32_t replicate, double value) {
  TrialRecord trial = make_replicate(configuration, replicate, value, 1);
  trial.id.number = number;
  trial.replicates = replicate + 1;
  return trial;
}

TEST_F(ConfigurationsTest, OneThatIsProposedAgainHasFurtherReplicates) {
  Store store(file_, Access::read_write);
  store.open_study(repeated_study(0));
  record(store, make_repeated(0, 0, 0, 4));
  record(store, make_repeated(1, 1, 0, 3));
  EXPECT_EQ(order_of(store), "1: 3 +- none of 1, 1/1\n0: 4 +- none of 1, 1/1\n");
  // The third comes before the second.
  record(store, make_repeated(9, 0, 2, 1));
  EXPECT_EQ(order_of(store), "1: 3 +- none of 1, 1/1\n0: 2.5 +- 2.1213203435596424 of 2, 2/3\n");
  const TrialRecord both[] = {make_repeated(5, 0, 1, 1), make_repeated(7, 1, 1, 5)};
  store.record(both);
  EXPECT_EQ(order_of(store), "0: 2 +- 1.7320508075688772 of 3, 3/3\n1: 4 +- 1.4142135623730951 of 2, 2/2\n");
  EXPECT_EQ(view_of(store), order_of(store));
  EXPECT_EQ(store.study("demo").best_value, 2.0);
  EXPECT_EQ(store.study("demo").best_number, 0u);
  EXPECT_EQ(damage(), "");

  // Also where it was put in order already; trials that lie between do not count.
  Connection(file_, Connection::Mode::existing)
      .execute(
          "INSERT INTO configuration_ranks SELECT study_id, place, rank_key, configuration FROM configurations; UPDATE "
          "configurations SET moved = 1");
  ASSERT_EQ(damage(), "");
  Connection(file_, Connection::Mode::existing).execute("DELETE FROM trials WHERE number = 9");
  EXPECT_EQ(order_of(store), "1: 4 +- 1.4142135623730951 of 2, 2/2\n0: 2.5 +- none of 2, 2/3\n");
  EXPECT_EQ(damage(), "");
  record(store, make_repeated(9, 0, 2, 1));
  EXPECT_EQ(order_of(store), "0: 2 +- 1.7320508075688772 of 3, 3/3\n1: 4 +- 1.4142135623730951 of 2, 2/2\n");
  EXPECT_EQ(damage(), "");

  Connection(file_, Connection::Mode::existing)
      .execute("UPDATE trials SET repeated_configuration = 1 WHERE number = 5");
  EXPECT_EQ(damage(),
            "study 'demo': 1 rows of trials are not found by their configuration, or are where they are its neighbors "
            "(the first of trial 5)\nstudy 'demo': 2 rows of configurations do not agree with their trials (the first "
            "of configuration 0)\n");
}

TEST_F(ConfigurationsTest, DamageIsFound) {
  {
    Store store(file_, Access::read_write);
    store.open_study(repeated_study());
    for (std::uint64_t c = 0; c < 2; ++c)
      for (std::uint32_t r = 0; r < 3; ++r) record(store, make_replicate(c, r, static_cast<double>(c)));
  }
  const std::filesystem::path whole = folder_ / "whole.db";
  std::filesystem::copy_file(file_, whole);
  const auto after = [&](const char* sql) {
    std::filesystem::copy_file(whole, file_, std::filesystem::copy_options::overwrite_existing);
    Connection(file_, Connection::Mode::existing).execute(sql);
    return damage();
  };
  const std::string configurations = "study 'demo': 1 rows of configurations ";
  EXPECT_EQ(after("UPDATE configurations SET mean = 7.0 WHERE configuration = 1"),
            configurations + "do not agree with their trials (the first of configuration 1)\n");
  EXPECT_EQ(after("UPDATE configurations SET replicates = 2 WHERE configuration = 1"),
            configurations + "do not agree with their trials (the first of configuration 1)\n");
  EXPECT_EQ(after("UPDATE configurations SET moved = 1 WHERE configuration = 0"),
            configurations + "do not stand in the order once, as their rank says (the first of configuration 0)\n");
  EXPECT_EQ(after("INSERT INTO configuration_ranks VALUES (1, 0, 0.5, 1)"),
            "study 'demo': 1 rows of configuration_ranks are not those of a configuration (the first of "
            "configuration 1)\n");
  EXPECT_EQ(
      after("DELETE FROM configurations WHERE configuration = 0"),
      "study 'demo': 3 rows of trials are replicates of a configuration that has no row (the first of trial 0)\n");
  EXPECT_EQ(after("UPDATE trials SET replicate = 4 WHERE number = 2"),
            "study 'demo': 1 rows of trials are no replicate of a configuration (the first of trial 2)\n");
  after("UPDATE configurations SET mean = 'x'");
  Damage lines;
  EXPECT_TRUE(Store(file_, Access::read_only).configurations("demo", 0, &lines).empty());
  EXPECT_TRUE(says(error_of([&] { lines.raise(file_); }),
                   "configuration 0 of study 'demo': configurations: mean is \"x\", not a number"));
  after("UPDATE studies SET on_failure = 'shrug'");
  EXPECT_TRUE(says(error_of([&] { (void)Store(file_, Access::read_only).configurations("demo"); }),
                   "on_failure is \"shrug\", not rank_last or ignore"));
}

}  // namespace
}  // namespace tuner::storage
