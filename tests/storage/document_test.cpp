// docs/database.md: its queries run, and it names every table, view and column.
#include <fstream>
#include <iterator>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

std::string read_document() {
  std::ifstream stream(std::filesystem::path(TUNER_SOURCE_DIR) / "docs" / "database.md");
  return {std::istreambuf_iterator<char>(stream), {}};
}

class DocumentTest : public StorageTest {
 protected:
  // Two optimizers, one of them also wrapped, three batch sizes, one failure of each kind.
  DocumentTest() {
    store_.open_study(make_study());
    std::vector<TrialRecord> trials;
    for (std::uint64_t number = 0; number < 12; ++number) {
      TrialRecord trial = make_trial(number, 1.0 / (1.0 + static_cast<double>((number * 5) % 12)));
      trial.parameters[1].second = std::int64_t{64} << (number % 3);
      trial.plugins = {make_plugin(number % 2 ? "sgd" : "adamw")};
      if (number == 4) trial.plugins.insert(trial.plugins.begin(), make_plugin("lookahead"));
      if (number >= 9) {
        trial.result.outcome = number == 9 ? Outcome::failed : number == 10 ? Outcome::diverged : Outcome::timed_out;
        trial.result.value.reset();
        trial.result.error = "reason";
      }
      trials.push_back(trial);
    }
    store_.record(trials);
  }
  Store store_{file_, Access::read_write};
  std::string document_ = read_document();
};

TEST_F(DocumentTest, ItsQueriesReturnRows) {
  constexpr std::string_view kOpen = "```sql\n";
  std::vector<std::string> queries;
  for (std::size_t at = document_.find(kOpen); at != std::string::npos; at = document_.find(kOpen, at)) {
    at += kOpen.size();
    const std::size_t end = document_.find("```", at);
    ASSERT_NE(end, std::string::npos);
    queries.push_back(document_.substr(at, end - at));
    at = end;
  }
  ASSERT_EQ(queries.size(), 5u);
  std::vector<Table> tables;
  for (const std::string& query : queries) {
    tables.push_back(table_of(store_, query));
    EXPECT_FALSE(tables.back().rows.empty()) << query;
  }
  EXPECT_EQ(tables[0].rows.size(), 3u);  // adamw, lookahead, sgd
  EXPECT_EQ(tables[1].rows.size(), 2u);
  EXPECT_EQ(tables[2].rows.size(), 3u);
  EXPECT_EQ(tables[3].rows.size(), 3u);
  EXPECT_EQ(tables[3].rows[0][2], Value("reason"));
  EXPECT_EQ(tables[4].rows.size(), 3u);
}

TEST_F(DocumentTest, EveryTableViewAndColumnIsDescribed) {
  const Table schema = table_of(store_,
                                "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c "
                                "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite_%'");
  ASSERT_GT(schema.rows.size(), 80u);
  for (const std::vector<Value>& row : schema.rows) {
    std::string table = std::get<std::string>(row[0]), column = std::get<std::string>(row[1]);
    if (table == "runs_demo") {
      table = "runs_STUDY";
      if (column == "optimizer_lr" || column == "training_batch_size") column = "PARAMETER";
    }
    const std::size_t section = document_.find("### `" + table + "`");
    ASSERT_NE(section, std::string::npos) << table;
    if (table == "best_runs") continue;  // "the same columns" as runs, which QueryTest compares
    const std::string text = document_.substr(section, document_.find("\n##", section) - section);
    EXPECT_NE(text.find("| `" + column + "` |"), std::string::npos) << table << "." << column;
  }
}

}  // namespace
}  // namespace tuner::storage
