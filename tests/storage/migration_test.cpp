// Older files are brought forward, whole or not at all.
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "connection.hpp"
#include "fixture.hpp"
#include "open.hpp"
#include "schema.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::storage {
namespace {

class MigrationTest : public StorageTest {
 protected:
  MigrationTest() {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    store.record(std::vector{make_trial(0), make_trial(1)});
  }
  // What a later version of tuner might have: everything of today and two more.
  static std::vector<Migration> later(const char* last) {
    std::vector<Migration> list(migrations().begin(), migrations().end());
    const std::int64_t version = list.back().version;
    list.push_back({version + 1, "ALTER TABLE trials ADD COLUMN host TEXT NOT NULL DEFAULT 'here'"});
    list.push_back({version + 2, last});
    return list;
  }
};

constexpr const char* kGood = "CREATE TABLE hosts (name TEXT); INSERT INTO hosts SELECT DISTINCT host FROM trials";

TEST_F(MigrationTest, VersionsAreNumberedWithoutGaps) {
  std::int64_t expected = 1;
  for (const Migration& migration : migrations()) EXPECT_EQ(migration.version, expected++);
}

TEST_F(MigrationTest, AnOlderFileIsBroughtForwardWithItsContent) {
  const std::vector<Migration> list = later(kGood);
  auto connection = open_database(file_, Access::read_write, Durability::normal, list);
  EXPECT_EQ(connection->integer("PRAGMA user_version"), list.back().version);
  EXPECT_EQ(connection->integer("SELECT count(*) FROM trials WHERE host = 'here'"), 2);
  EXPECT_EQ(connection->text("SELECT name FROM hosts"), "here");
  connection.reset();
  // Once is enough, and today's program refuses the file now.
  EXPECT_EQ(open_database(file_, Access::read_write, Durability::normal, list)->integer("SELECT count(*) FROM hosts"),
            1);
  EXPECT_EQ(error_of([&] { Store(file_, Access::read_write); }).id(), Message::storage_newer_schema);
}

// Schema 3 keeps the ranking in tables of its own; a file from before has it in an index.
TEST_F(MigrationTest, TheRankingOfAnOlderFileIsKept) {
  const std::filesystem::path old = folder_ / "old.db";
  {
    auto connection = open_database(old, Access::read_write, Durability::normal, migrations().first(2));
    connection->execute(fmt::format("ATTACH '{}' AS source", file_.string()));
    connection->execute(
        "INSERT INTO studies (name, config, config_sha256, plan, metric, goal, seed, created_at, tuner_version) "
        "SELECT name, config, config_sha256, plan, metric, goal, seed, created_at, tuner_version FROM source.studies");
    for (const char* row : {"0, 'completed', 2.0, 2.0", "1, 'completed', -1.0, -1.0", "2, 'pruned', -5.0, NULL",
                            "3, 'completed', 'nan', NULL", "4, 'completed', -1.0, -1.0"}) {
      connection->execute(
          fmt::format("INSERT INTO trials (number, outcome, value, rank_key, study_id, parameters, attempt, seed, "
                      "started_at, finished_at, steps, epochs, loss_evaluations, gradient_evaluations, "
                      "hvp_evaluations, wall_seconds, nonfinite_gradients) "
                      "VALUES ({}, 1, '{{}}', 1, 1, '', '', 0, 0, 0, 0, 0, 0, 0)",
                      row));
    }
    ASSERT_EQ(connection->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'trials_ranked'"), 1);
  }
  Store store(old, Access::read_write);
  EXPECT_TRUE(table_of(store, "SELECT 1 FROM sqlite_schema WHERE name = 'trials_ranked'").rows.empty());
  store.open_study(make_study());
  store.record(std::vector{make_trial(5, 0.0)});
  std::vector<std::uint64_t> numbers;
  for (const RunRow& run : store.runs("demo", 0, true)) numbers.push_back(run.number);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 4, 5, 0}));
  EXPECT_EQ(store.best("demo")->number, 1u);
  EXPECT_EQ(table_of(store, "SELECT number FROM best_runs").rows.size(), 4u);
  EXPECT_EQ(table_of(store, "SELECT number FROM best_runs").rows[2][0], Value(std::int64_t{5}));
  EXPECT_EQ(table_of(store, "PRAGMA integrity_check").rows[0][0], Value("ok"));
}

// Schema 13 counts the proposals of a version of a study.
TEST_F(MigrationTest, VersionsOfAnOlderFileHaveNoProposals) {
  const std::filesystem::path old = folder_ / "old.db";
  {
    auto connection = open_database(old, Access::read_write, Durability::normal, migrations().first(11));
    connection->execute(fmt::format("ATTACH '{}' AS source", file_.string()));
    connection->execute(
        "INSERT INTO studies (name, config, config_sha256, plan, metric, goal, seed, created_at, tuner_version) "
        "SELECT name, config, config_sha256, plan, metric, goal, seed, created_at, tuner_version FROM source.studies;"
        "INSERT INTO study_versions VALUES (1, 0, 'less', '[\"seed=2\"]', 'a smaller plan', '2026-01-02T03:04:05Z')");
  }
  const auto check = [](const Store& store) {
    const std::vector<StudyVersion> versions = store.versions("demo");
    ASSERT_EQ(versions.size(), 2u);
    EXPECT_EQ(versions[0].config_text, "less");
    EXPECT_EQ(versions[0].overrides, std::vector<std::string>{"seed=2"});
    EXPECT_EQ(versions[0].plan, "a smaller plan");
    EXPECT_EQ(versions[0].replaced_at, "2026-01-02T03:04:05Z");
    EXPECT_EQ(versions[0].proposals, std::nullopt);
    EXPECT_EQ(versions[1].plan, make_study().plan);
  };
  check(Store(old, Access::read_only));
  EXPECT_EQ(Connection(old, Connection::Mode::existing).integer("PRAGMA user_version"), 11) << "nobody wrote";
  const Store store(old, Access::read_write);
  check(store);
  EXPECT_EQ(table_of(store, "PRAGMA user_version").rows[0][0], Value(migrations().back().version));
  EXPECT_EQ(table_of(store, "PRAGMA integrity_check").rows[0][0], Value("ok"));
}

// A file that an older version has written, in the place of the one that the fixture made.
class OldFileTest : public StorageTest {
 protected:
  explicit OldFileTest(const char* name) {
    std::ifstream stream(std::filesystem::path(TUNER_SOURCE_DIR) / "tests" / "storage" / "data" / name);
    Connection(file_, Connection::Mode::create).execute({std::istreambuf_iterator<char>(stream), {}});
  }
  static std::vector<std::vector<Value>> schema(const std::filesystem::path& file) {
    const Store store(file, Access::read_write);
    return table_of(store,
                    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB 'runs_*' ORDER BY name")
        .rows;
  }
};
class VersionOneTest : public OldFileTest {
 protected:
  VersionOneTest() : OldFileTest("version_1.sql") {}
};
class VersionThreeTest : public OldFileTest {
 protected:
  VersionThreeTest() : OldFileTest("version_3.sql") {}
};

// Its views lack columns that a reader may ask for.
TEST_F(VersionThreeTest, AReaderBringsItForward) {
  {
    const Store store(file_, Access::read_only);
    EXPECT_EQ(store.runs("demo").size(), 3u);
    EXPECT_EQ(store.runs("run.lr_range").size(), 1u);
    EXPECT_FALSE(store.lr_suggestions("run.lr_range").empty());
    EXPECT_EQ(store.study("demo").completed, 2u);
    EXPECT_EQ(table_of(store, "SELECT configuration FROM best_configurations WHERE study = 'demo'").rows.size(), 2u);
  }
  EXPECT_EQ(Connection(file_, Connection::Mode::existing).integer("PRAGMA user_version"), migrations().back().version);
}

// On a read-only medium, or damaged: it is read as it is.
TEST_F(VersionThreeTest, IsReadAsItIsWhereItCannotBeBroughtForward) {
  namespace fs = std::filesystem;
  fs::permissions(file_, fs::perms(0444));
  fs::permissions(folder_, fs::perms(0555));
  const pid_t child = spawn([&] {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) throw std::runtime_error("cannot drop privileges");
    const Store store(file_, Access::read_only);
    const auto runs = store.runs("demo");
    const auto configurations = store.configurations("demo");
    if (runs.size() != 3 || runs[2].configuration != 2 || runs[2].replicate != 0) throw std::runtime_error("runs");
    if (store.runs("run.lr_range").size() != 1 || store.lr_suggestions("run.lr_range").empty())
      throw std::runtime_error("the LR range test");
    if (store.study("demo").completed != 2 || store.study("demo").repeats != 1) throw std::runtime_error("study");
    if (store.trial("demo", 1).run.outcome != Outcome::diverged) throw std::runtime_error("trial");
    if (configurations.size() != 2 || configurations[0].configuration != 0) throw std::runtime_error("configurations");
    if (!store.study_overrides("demo").empty()) throw std::runtime_error("overrides");
  });
  EXPECT_EQ(wait_for(child), 0);
  fs::permissions(folder_, fs::perms(0755));
  EXPECT_EQ(Connection(file_, Connection::Mode::immutable).integer("PRAGMA user_version"), 3);
}

TEST_F(VersionThreeTest, AWriterBringsItForwardWithAllOfIt) {
  // Cells as texts, with a text's quotes.
  const auto rows_of = [&](const char* table) {
    Connection connection(file_, Connection::Mode::existing);
    std::vector<std::string> columns;
    {
      Statement statement(connection, fmt::format("SELECT name FROM pragma_table_xinfo('{}')", table));
      Rows row = statement.query();
      while (row.next()) columns.push_back(row.text(0));
    }
    Statement statement(connection, fmt::format("SELECT * FROM {}", table));
    Rows row = statement.query();
    std::vector<std::map<std::string, std::string>> rows;
    while (row.next()) {
      rows.emplace_back();
      for (std::size_t i = 0; i < columns.size(); ++i) rows.back()[columns[i]] = row.shown(static_cast<int>(i));
    }
    return rows;
  };
  const auto all = [&] {
    std::map<std::string, std::vector<std::map<std::string, std::string>>> tables;
    for (const char* table : {"studies", "trials", "trial_parameters", "metrics", "plugins", "trial_plugins", "events",
                              "ranks", "recent_ranks", "outcome_counts", "lr_suggestions"})
      tables[table] = rows_of(table);
    return tables;
  };
  auto expected = all();
  for (auto& study : expected["studies"])
    study.insert({{"search_version", "1"},
                  {"journal", "0"},
                  {"lag", "NULL"},
                  {"repeats", "1"},
                  {"on_failure", "\"rank_last\""}});
  for (auto& trial : expected["trials"])
    trial.insert({{"configuration", trial["number"]},
                  {"replicate", "0"},
                  {"repeats_so_far", "0"},
                  {"violation", "NULL"},
                  {"repeated_configuration", "NULL"}});
  EXPECT_EQ(schema(file_), schema(folder_ / "new.db"));
  EXPECT_EQ(Connection(file_, Connection::Mode::existing).integer("PRAGMA user_version"), migrations().back().version);
  const auto found = all();
  for (const auto& [table, rows] : expected) EXPECT_TRUE(found.at(table) == rows) << table;
  EXPECT_TRUE(rows_of("configurations").empty());
  EXPECT_TRUE(inspect(file_).damage.empty());
}

TEST_F(VersionThreeTest, ItsStudiesGoOn) {
  Store store(file_, Access::read_write);
  const Table study = table_of(store, "SELECT plan FROM studies WHERE name = 'demo'");
  store.open_study(make_study("demo", std::get<std::string>(study.rows[0][0])));
  EXPECT_EQ(store.finished("demo"), (std::vector<std::uint64_t>{0, 1, 2}));
  store.record(std::vector{make_trial(3, 0.25)});
  const auto configurations = store.configurations("demo");
  ASSERT_EQ(configurations.size(), 3u);
  EXPECT_EQ(configurations[0].configuration, 3u);
  EXPECT_EQ(configurations[0].mean, 0.25);
  EXPECT_EQ(configurations[1].number, 0u);
  EXPECT_EQ(store.runs("demo")[3].configuration, 3u);
}

// Studies that were stopped go on: tests/e2e/cases/older_files.test runs them.
class StoppedStudiesTest : public StorageTest, public testing::WithParamInterface<int> {};

TEST_P(StoppedStudiesTest, KeepTheirTrialsAsConfigurations) {
  const std::string name = fmt::format("version_{}_studies.sql", GetParam());
  std::ifstream stream(std::filesystem::path(TUNER_SOURCE_DIR) / "tests" / "storage" / "data" / name);
  Connection(file_, Connection::Mode::create).execute({std::istreambuf_iterator<char>(stream), {}});
  Store store(file_, Access::read_write);
  EXPECT_TRUE(inspect(file_).damage.empty());
  const std::map<std::string, std::size_t> trials{{"grid", 4}, {"random", 5}, {"run.lr_range", 8}};
  for (const auto& [study, count] : trials) {
    const auto runs = store.runs(study);
    ASSERT_EQ(runs.size(), count) << study;
    for (const RunRow& run : runs) EXPECT_EQ(run.configuration, run.number);
    for (const RunRow& run : runs) EXPECT_EQ(run.replicate, 0u);
    EXPECT_EQ(store.search_version(study), GetParam() < 5 ? 1 : 2) << "it goes on as it began";
    EXPECT_EQ(store.study(study).repeats, 1u);
    const auto best = store.runs(study, 0, true);
    const auto configurations = store.configurations(study);
    ASSERT_EQ(configurations.size(), best.size());
    for (std::size_t i = 0; i < best.size(); ++i) {
      EXPECT_EQ(configurations[i].configuration, best[i].number);
      EXPECT_EQ(configurations[i].mean, best[i].value);
      EXPECT_EQ(configurations[i].parameters, best[i].parameters);
      EXPECT_TRUE(configurations[i].complete());
    }
  }
  EXPECT_EQ(store.study("grid").best_number, 1u);
}
INSTANTIATE_TEST_SUITE_P(Versions, StoppedStudiesTest, testing::Values(3, 5));

TEST_F(VersionOneTest, IsBroughtForwardWithAllOfIt) {
  EXPECT_EQ(Connection(file_, Connection::Mode::existing).integer("PRAGMA user_version"), 1);
  Store store(file_, Access::read_write);
  EXPECT_EQ(table_of(store, "PRAGMA user_version").rows[0][0], Value(migrations().back().version));
  ASSERT_EQ(store.runs("demo").size(), 2u);
  EXPECT_EQ(store.best("demo")->number, 0u);
  EXPECT_EQ(store.trial("demo", 0).run.value, 4.114552150338377);
  EXPECT_EQ(store.trial("demo", 1).metrics.size(), 7u);
  EXPECT_EQ(store.plugins("demo").size(), 3u);
  EXPECT_TRUE(store.lr_suggestions("demo").empty());
  EXPECT_TRUE(table_of(store, "SELECT * FROM learning_rates").rows.empty());

  EXPECT_EQ(store.search_version("demo"), 1) << "it goes on as it began";
  store.open_study(make_study("test"));
  EXPECT_EQ(store.search_version("test"), kSearchVersion);
  EXPECT_EQ(store.search_version("none"), std::nullopt);
  store.record_lr_suggestions(
      std::vector<LrSuggestion>{{"sgd", "recommended", 0.1, {}, {}, "lowest lr as good as best / 1.5", ""}});
  EXPECT_EQ(store.lr_suggestions("test").size(), 1u);
}

TEST_F(VersionOneTest, HasThenTheSchemaOfANewFile) { EXPECT_EQ(schema(file_), schema(folder_ / "new.db")); }

TEST_F(VersionOneTest, AReaderFindsNoSuggestionsInIt) {
  const Store store(file_, Access::read_only);
  EXPECT_EQ(store.study("demo").trials, 2u);
  EXPECT_TRUE(store.lr_suggestions("demo").empty());
}

TEST_F(MigrationTest, AReaderBringsAnOlderFileForwardToo) {
  const std::vector<Migration> list = later(kGood);
  auto connection = open_database(file_, Access::read_only, Durability::normal, list);
  EXPECT_EQ(connection->text("SELECT name FROM hosts"), "here");
  EXPECT_THROW(connection->execute("DELETE FROM hosts"), SqliteError);
}

TEST_F(MigrationTest, AReaderSaysWhenAnOlderFileCannotBeBroughtForward) {
  namespace fs = std::filesystem;
  fs::permissions(file_, fs::perms(0444));
  fs::permissions(folder_, fs::perms(0555));
  const pid_t child = spawn([&] {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) throw std::runtime_error("cannot drop privileges");
    try {
      (void)open_database(file_, Access::read_only, Durability::normal, later(kGood));
    } catch (const Error& error) {
      if (error.id() != Message::storage_cannot_open ||
          !says(error, fmt::format("has schema version {}", migrations().back().version)) || !says(error, "Copy it")) {
        throw;
      }
      return;
    }
    throw std::runtime_error("opened");
  });
  EXPECT_EQ(wait_for(child), 0);
  fs::permissions(folder_, fs::perms(0755));
}

TEST_F(MigrationTest, AFailingMigrationLeavesTheFileAsItWas) {
  EXPECT_THROW((void)open_database(file_, Access::read_write, Durability::normal,
                                   later("CREATE TABLE hosts (name TEXT); INSERT INTO nowhere VALUES (1)")),
               SqliteError);
  Store store(file_, Access::read_write);
  EXPECT_EQ(store.runs("demo").size(), 2u);
  EXPECT_TRUE(table_of(store, "SELECT 1 FROM pragma_table_info('trials') WHERE name = 'host'").rows.empty());
  EXPECT_EQ(table_of(store, "PRAGMA user_version").rows[0][0], Value(migrations().back().version));
}

TEST_F(MigrationTest, ManyAtOnceMigrateOnce) {
  const std::vector<Migration> list = later(kGood);
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    children.push_back(spawn([&] {
      auto connection = open_database(file_, i % 2 ? Access::read_only : Access::read_write, Durability::normal, list);
      if (connection->integer("SELECT count(*) FROM hosts") != 1) throw std::runtime_error("not once");
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
}

}  // namespace
}  // namespace tuner::storage
