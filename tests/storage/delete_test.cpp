// Deleting by hand, as in the sqlite3 shell, where foreign keys are off: what depends on a row goes with it.
#include "connection.hpp"
#include "fixture.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::storage {
namespace {

class DeleteTest : public StorageTest {
 protected:
  DeleteTest() {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    PluginRecord plugin = make_plugin("sgd");
    plugin.sha256 = std::string(64, 'a');
    for (std::uint64_t number = 0; number < 4; ++number) {
      TrialRecord trial = make_trial(number, 0.5 + static_cast<double>(number));
      trial.plugins = {plugin};
      trial.result.log = {"a line"};
      store.record(std::vector{trial});
    }
    store.record_lr_suggestions(std::vector<LrSuggestion>{{"sgd", "recommended", 0.1, {}, {}, "", ""}});
    store.add_event("finished", "");
    store.open_study(make_study("other"));
    TrialRecord trial = make_trial(0);
    trial.plugins = {plugin};
    store.record(std::vector{trial});
  }
  void by_hand(const char* sql) {
    Connection connection(file_, Connection::Mode::existing);
    ASSERT_EQ(connection.integer("PRAGMA foreign_keys"), 0);
    connection.execute(sql);
  }
  std::int64_t count(const char* of) {
    return Connection(file_, Connection::Mode::existing).integer(std::string("SELECT count(*) FROM ") + of);
  }
  std::string damage() {
    std::string lines;
    for (const std::string& line : inspect(file_).damage) lines += line + "\n";
    return lines;
  }
};

TEST_F(DeleteTest, ATrialTakesItsRowsWithIt) {
  by_hand("DELETE FROM trials WHERE study_id = 1 AND number IN (0, 2)");
  EXPECT_EQ(damage(), "");
  for (const char* table : {"trials", "recent_ranks", "trial_plugins"}) EXPECT_EQ(count(table), 3) << table;
  for (const char* table : {"metrics", "trial_parameters"}) EXPECT_EQ(count(table), 6) << table;
  EXPECT_EQ(count("events WHERE kind = 'log'"), 2);
  const Store store(file_, Access::read_only);
  EXPECT_EQ(store.study("demo").trials, 2u);
  EXPECT_EQ(store.study("demo").completed, 2u);
  EXPECT_EQ(store.best("demo")->number, 1u);
}

TEST_F(DeleteTest, ARankedTrialLeavesTheRankingToo) {
  by_hand("INSERT INTO ranks SELECT study_id, rank_key, number FROM recent_ranks; DELETE FROM recent_ranks");
  ASSERT_EQ(damage(), "");
  by_hand("DELETE FROM trials WHERE study_id = 1 AND number = 0");
  EXPECT_EQ(damage(), "");
  EXPECT_EQ(Store(file_, Access::read_only).best("demo")->number, 1u);
}

TEST_F(DeleteTest, AStudyTakesAllWithItAndLeavesTheOthers) {
  by_hand("DELETE FROM studies WHERE name = 'demo'");
  EXPECT_EQ(damage(), "");
  for (const char* table : {"studies", "trials", "recent_ranks", "trial_plugins", "outcome_counts"})
    EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(count("lr_suggestions"), 0);
  EXPECT_EQ(count("events"), 0);
  EXPECT_EQ(Store(file_, Access::read_only).runs("other").size(), 1u);
}

TEST_F(DeleteTest, ErasingIsTheSame) {
  Store(file_, Access::read_write).erase_study("demo");
  EXPECT_EQ(damage(), "");
  for (const char* table : {"studies", "trials", "recent_ranks", "trial_plugins", "outcome_counts"})
    EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(count("events"), 0);
}

TEST_F(DeleteTest, ABuildOfAPluginStaysWhileATrialNamesIt) {
  EXPECT_THROW(Connection(file_, Connection::Mode::existing).execute("DELETE FROM plugins"), SqliteError);
  EXPECT_EQ(count("plugins"), 1);
  by_hand("DELETE FROM studies; DELETE FROM plugins");
  EXPECT_EQ(count("plugins"), 0);
}

TEST_F(DeleteTest, ACancelledTrialThatIsMadeAgainIsCountedOnce) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  TrialRecord trial = make_trial(9);
  trial.result.outcome = Outcome::cancelled;
  trial.result.value.reset();
  store.record(std::vector{trial});
  EXPECT_EQ(store.study("demo").trials, 5u);
  store.record(std::vector{make_trial(9)});
  EXPECT_EQ(store.study("demo").trials, 5u);
  EXPECT_EQ(store.study("demo").completed, 5u);
  EXPECT_EQ(store.trial("demo", 9).run.attempt, 2u);
}

}  // namespace
}  // namespace tuner::storage
