// Queries read, and nothing else.
#include <fstream>
#include <iterator>

#include "fixture.hpp"
#include "ranks.hpp"

namespace tuner::storage {
namespace {

class QueryTest : public StorageTest {
 protected:
  QueryTest() {
    store_.open_study(make_study());
    store_.record(std::vector{make_trial(0), make_trial(1, 0.25)});
  }
  Store store_{file_, Access::read_write};
};

TEST_F(QueryTest, GivesColumnsAndTypedCells) {
  const Table table = table_of(
      store_, " -- with a comment\nSELECT 1 AS i, 2.5 AS \"a real\", 'ü' t, NULL n, x'00ff' ;; -- and\n /* */ ;");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"i", "a real", "t", "n", "x'00ff'"}));
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0], (std::vector<Value>{std::int64_t{1}, 2.5, "ü", Null{}, "x'00ff'"}));
}

TEST_F(QueryTest, AnEmptyResultHasItsColumnsToo) {
  const Table table = table_of(store_, "SELECT study, number FROM runs WHERE number = 99");
  EXPECT_EQ(table.columns, (std::vector<std::string>{"study", "number"}));
  EXPECT_TRUE(table.rows.empty());
}

TEST_F(QueryTest, TheViewsHaveThePromisedColumns) {
  const std::vector<std::string> runs{"study",       "number", "outcome",       "value",        "parameters",
                                      "seed",        "steps",  "evaluations",   "wall_seconds", "started_at",
                                      "finished_at", "error",  "configuration", "replicate"};
  EXPECT_EQ(table_of(store_, "SELECT * FROM runs").columns, runs);
  EXPECT_EQ(table_of(store_, "SELECT * FROM best_runs").columns, runs);
  EXPECT_EQ(table_of(store_, "SELECT * FROM best_configurations").columns,
            (std::vector<std::string>{"study", "configuration", "number", "mean", "standard_deviation", "completed",
                                      "replicates", "due", "complete", "parameters"}));
  EXPECT_EQ(table_of(store_, "SELECT * FROM learning_curves").columns,
            (std::vector<std::string>{"study", "number", "step", "name", "value"}));
  EXPECT_EQ(table_of(store_, "SELECT * FROM runs WHERE study = 'demo'").rows.size(), 2u);
  EXPECT_EQ(table_of(store_, "SELECT * FROM learning_curves WHERE study = 'demo'").rows.size(), 4u);
}

TEST_F(QueryTest, AnythingThatReadsIsAnswered) {
  for (const char* sql :
       {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
        "VALUES (1), (2)", "EXPLAIN QUERY PLAN SELECT * FROM runs", "PRAGMA table_info(trials)", "PRAGMA user_version",
        "SELECT * FROM pragma_table_info('runs')", "SELECT name FROM sqlite_schema", "PRAGMA integrity_check",
        "SELECT key, atom FROM runs, json_each(runs.parameters)",
        "SELECT json_extract(parameters, '$.\"optimizer.lr\"') FROM runs"}) {
    EXPECT_FALSE(table_of(store_, sql).rows.empty()) << sql;
  }
}

TEST_F(QueryTest, AnythingThatWritesIsRefused) {
  const std::string elsewhere = (folder_ / "other.db").string();
  const std::vector<std::string> statements{
      "DELETE FROM trials",
      "UPDATE trials SET value = 0",
      "INSERT INTO events VALUES (1, 1, NULL, '', '', '')",
      "INSERT INTO events (study_id, at, kind, text) VALUES (1, '', '', '') RETURNING id",
      "DROP VIEW runs",
      "CREATE TABLE t (x)",
      "CREATE TEMP TABLE t (x)",
      "BEGIN",
      "BEGIN EXCLUSIVE",
      "COMMIT",
      "SAVEPOINT s",
      "VACUUM",
      "VACUUM INTO '" + elsewhere + "'",
      "ATTACH '" + elsewhere + "' AS other",
      "DETACH main",
      "REINDEX",
      "ANALYZE",
      "PRAGMA user_version = 9",
      "PRAGMA journal_mode = DELETE",
      "PRAGMA query_only = OFF",
      "PRAGMA writable_schema = 1",
      "PRAGMA wal_checkpoint",
      "WITH x AS (SELECT 1) DELETE FROM trials",
      "EXPLAIN DELETE FROM trials"};
  const Store reader(file_, Access::read_only);
  for (const std::string& sql : statements) {
    for (const Store* store : {static_cast<const Store*>(&store_), &reader}) {
      const Error error = error_of([&] { (void)table_of(*store, sql); });
      EXPECT_EQ(error.id(), Message::storage_bad_query) << sql << ": " << error.what();
      EXPECT_TRUE(says(error, "one statement that reads")) << sql;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  EXPECT_EQ(store_.runs("demo").size(), 2u);
  store_.record(std::vector{make_trial(2)});  // no transaction was left open
}

TEST_F(QueryTest, SeveralStatementsAreRefused) {
  for (const char* sql : {"SELECT 1; SELECT 2", "SELECT 1; DELETE FROM trials", "SELECT 1; nonsense"}) {
    const Error error = error_of([&] { (void)table_of(store_, sql); });
    EXPECT_EQ(error.id(), Message::storage_bad_query);
    EXPECT_TRUE(says(error, "several statements"));
  }
  for (const char* sql : {"", "  \n", ";", "-- nothing"}) {
    EXPECT_TRUE(says(error_of([&] { (void)table_of(store_, sql); }), "no statement")) << sql;
  }
}

TEST_F(QueryTest, AMistakeComesInSqlitesWordsWithItsPlace) {
  const Error column = error_of([&] { (void)table_of(store_, "SELECT number, valeu FROM runs"); });
  EXPECT_EQ(column.id(), Message::storage_bad_query);
  EXPECT_TRUE(says(column, "no such column: valeu, at position 16: valeu FROM runs"));
  EXPECT_TRUE(
      says(error_of([&] { (void)table_of(store_, "SELEC 1"); }), "near \"SELEC\": syntax error, at position 1"));
  EXPECT_TRUE(says(error_of([&] { (void)table_of(store_, "SELECT * FROM nowhere"); }), "no such table: nowhere"));
  EXPECT_TRUE(says(error_of([&] { (void)table_of(store_, "SELECT 'open"); }), "unrecognized token"));
  // While it runs, before the header has gone out.
  bool headed = false;
  const Error running = error_of([&] {
    store_.query(
        "SELECT abs(-9223372036854775808)", [&](const auto&) { headed = true; }, [](const auto&) {});
  });
  EXPECT_EQ(running.id(), Message::storage_bad_query);
  EXPECT_TRUE(says(running, "integer overflow"));
  EXPECT_FALSE(headed);
}

TEST_F(QueryTest, AnAskerMayStopAndMayAskTheStoreMeanwhile) {
  EXPECT_THROW(
      store_.query(
          "SELECT number FROM runs", [](const auto&) {}, [](const auto&) { throw std::runtime_error("enough"); }),
      std::runtime_error);
  std::size_t metrics = 0;
  store_.query(
      "SELECT number FROM runs", [](const auto&) {},
      [&](const std::vector<Value>& cells) {
        metrics += store_.trial("demo", static_cast<std::uint64_t>(std::get<std::int64_t>(cells[0]))).metrics.size();
      });
  EXPECT_EQ(metrics, 4u);
  store_.record(std::vector{make_trial(5)});
}

// A study of any size: the best runs come from `ranks` in its order, and only the bounded number of recent ones is
// sorted.
TEST_F(QueryTest, TheBestRunsComeInTheOrderOfTheRanks) {
  for (const std::string& sql :
       {std::string("SELECT * FROM best_runs LIMIT 5"),
        std::string("SELECT * FROM best_runs WHERE study = 'demo' LIMIT 5"), std::string(kRankedNumbers)}) {
    std::string plan;
    for (const auto& row : table_of(store_, "EXPLAIN QUERY PLAN " + sql).rows) {
      plan += std::get<std::string>(row[3]) + "\n";
    }
    const std::size_t recent = plan.find("RIGHT\n");
    ASSERT_NE(recent, std::string::npos) << plan;
    const std::string old = plan.substr(0, recent);
    EXPECT_NE(old.find("MERGE (UNION ALL)\nLEFT\n"), std::string::npos) << plan;
    EXPECT_NE(old.find("USING PRIMARY KEY (study_id=?)"), std::string::npos) << plan;
    EXPECT_EQ(old.find("SCAN r"), std::string::npos) << plan;
    EXPECT_EQ(old.find("SCAN t"), std::string::npos) << plan;
    EXPECT_EQ(old.find("TEMP B-TREE"), std::string::npos) << plan;
    EXPECT_NE(plan.find("USING PRIMARY KEY (study_id=?)", recent), std::string::npos) << plan;
  }
}

}  // namespace
}  // namespace tuner::storage
