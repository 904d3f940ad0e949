// runs_STUDY: a view of each study with a column for each of its parameters.
#include <sqlite3.h>

#include <cmath>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

class StudyViewsTest : public StorageTest {
 protected:
  static std::vector<std::string> columns(const Store& store, const std::string& view) {
    return table_of(store, "SELECT * FROM " + view).columns;
  }
  // Those behind the columns that every study has.
  static std::vector<std::string> parameters(const Store& store, const std::string& view) {
    auto names = columns(store, view);
    names.erase(names.begin(), names.begin() + 13);
    return names;
  }
  static std::vector<std::string> views(const Store& store) {
    std::vector<std::string> names;
    for (const auto& row :
         table_of(
             store,
             "SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'runs\\__%' ESCAPE '\\' ORDER BY name")
             .rows)
      names.push_back(std::get<std::string>(row[0]));
    return names;
  }
  static TrialRecord trial(std::uint64_t number, Parameters parameters) {
    TrialRecord record = make_trial(number);
    record.parameters = std::move(parameters);
    return record;
  }
  void execute(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  using Names = std::vector<std::string>;
};

TEST_F(StudyViewsTest, HasTheColumnsOfRunsAndTypedParameters) {
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  store.record(std::vector{trial(0, {{"optimizer.lr", 0.5},
                                     {"nesterov", true},
                                     {"layers", List{std::int64_t{64}, std::int64_t{32}}},
                                     {"name", std::string("o'b")},
                                     {"none", Null{}}}),
                           trial(1, {{"optimizer.lr", HUGE_VAL}})});
  Names expected = columns(store, "runs");
  std::erase(expected, "parameters");
  for (const char* name : {"optimizer_lr", "nesterov", "layers", "name", "none"}) expected.emplace_back(name);
  EXPECT_EQ(columns(store, "runs_demo"), expected);
  const Table table = table_of(store, "SELECT study, value, optimizer_lr, nesterov, layers, name, none FROM runs_demo");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0], (std::vector<Value>{"demo", 0.5, 0.5, std::int64_t{1}, "[64, 32]", "o'b", Null{}}));
  EXPECT_EQ(table.rows[1], (std::vector<Value>{"demo", 0.5, HUGE_VAL, Null{}, Null{}, Null{}, Null{}}));
}

TEST_F(StudyViewsTest, GetsTheParametersOfNewTrialsInTheirTransaction) {
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    EXPECT_EQ(parameters(store, "runs_demo"), Names{}) << "it is there before the first trial";
    store.record(std::vector{trial(0, {{"a", 1.0}, {"c", 1.0}})});
    const std::vector batch{trial(1, {{"a", 1.0}, {"b", 1.0}, {"c", 1.0}}), trial(0, {{"d", 1.0}})};
    EXPECT_EQ(error_of([&] { store.record(batch); }).id(), Message::storage_failed);
    EXPECT_EQ(parameters(store, "runs_demo"), (Names{"a", "c"})) << "a batch that fails leaves no column";
    store.record(std::vector{batch[0]});
    EXPECT_EQ(parameters(store, "runs_demo"), (Names{"a", "b", "c"}));
  }
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  store.record(std::vector{trial(2, {{"a", 1.0}, {"e", 2.0}})});
  EXPECT_EQ(parameters(store, "runs_demo"), (Names{"a", "b", "c", "e"}));
}

TEST_F(StudyViewsTest, NamesNeedNoQuotes) {
  Store store(file_, Access::read_write);
  store.open_study(make_study("my sweep.lr_range-'\"2"));
  store.record(std::vector{trial(
      0, {{"seed", 0.5}, {"a.b", 1.0}, {"a_b", 2.0}, {"A-B", 3.0}, {"2x", 4.0}, {"it's \"x\"", 5.0}, {"größe", 6.0}})});
  const std::string view = "runs_my_sweep_lr_range___2";
  EXPECT_EQ(parameters(store, view),
            (Names{"param_seed", "a_b", "param_a_b", "param_A_B_2", "param_2x", "it_s__x_", "größe"}));
  const Table table =
      table_of(store, "SELECT param_seed, a_b, param_a_b, param_A_B_2, param_2x, it_s__x_, größe FROM " + view);
  EXPECT_EQ(table.rows.at(0), (std::vector<Value>{0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0}));
}

TEST_F(StudyViewsTest, StudiesOfTheSamePlainNameHaveOneEach) {
  Store store(file_, Access::read_write);
  for (const char* name : {"a-b", "A_B", "a_b_2"}) store.open_study(make_study(name));
  EXPECT_EQ(views(store), (Names{"runs_A_B_2", "runs_a_b", "runs_a_b_2_2"}));
  store.record(std::vector{trial(0, {{"x", 1.0}})});
  EXPECT_EQ(table_of(store, "SELECT study FROM runs_a_b_2_2").rows.at(0).at(0), Value("a_b_2"));
  EXPECT_TRUE(table_of(store, "SELECT study FROM runs_a_b").rows.empty());
}

TEST_F(StudyViewsTest, FollowsAStudyThatIsRenamedErasedOrDeletedByHand) {
  {
    Store store(file_, Access::read_write);
    for (const char* name : {"a", "b", "c"}) {
      store.open_study(make_study(name));
      store.record(std::vector{trial(0, {{"x", 1.0}})});
    }
    store.rename_study("a", "d");
    store.erase_study("b");
    EXPECT_EQ(views(store), (Names{"runs_c", "runs_d"}));
    EXPECT_EQ(table_of(store, "SELECT study, x FROM runs_d").rows.at(0), (std::vector<Value>{"d", 1.0}));
  }
  execute("DELETE FROM studies WHERE name = 'c'; CREATE VIEW runs_of_mine AS SELECT 1 AS one");
  const Store reader(file_, Access::read_only);
  EXPECT_TRUE(table_of(reader, "SELECT * FROM runs_c").rows.empty());
  const Store writer(file_, Access::read_write);
  EXPECT_EQ(views(writer), (Names{"runs_d", "runs_of_mine"})) << "somebody's own view stays";
}

TEST_F(StudyViewsTest, AreMadeForStudiesOfEarlierVersions) {
  {
    Store store(file_, Access::read_write);
    store.open_study(make_study("old"));
    store.record(std::vector{trial(0, {{"optimizer.lr", 1.0}})});
  }
  execute("DROP VIEW runs_old");
  {
    const Store reader(file_, Access::read_only);
    EXPECT_EQ(table_of(reader, "SELECT optimizer_lr FROM Runs_Old").rows.at(0).at(0), Value(1.0));
    EXPECT_EQ(views(reader), Names{}) << "a reader changes nothing";
    EXPECT_EQ(error_of([&] { table_of(reader, "CREATE TABLE runs_x (y)"); }).id(), Message::storage_bad_query);
  }
  const Store writer(file_, Access::read_write);
  EXPECT_EQ(parameters(writer, "runs_old"), Names{"optimizer_lr"});
}

TEST_F(StudyViewsTest, HasTheFirst1900OfVeryManyParameters) {
  Parameters many;
  for (int i = 0; i < 2500; ++i) many.emplace_back("p" + std::to_string(i), static_cast<double>(i));
  Store store(file_, Access::read_write);
  store.open_study(make_study());
  store.record(std::vector{trial(0, many)});
  store.record(std::vector{trial(1, many), trial(2, {{"another", 1.0}})});
  EXPECT_EQ(parameters(store, "runs_demo").size(), 1900u);
  EXPECT_EQ(table_of(store, "SELECT p1899 FROM runs_demo").rows.at(0).at(0), Value(1899.0));
  for (auto& [name, value] : many) name = name + std::string(2000, 'x');
  store.open_study(make_study("long"));
  store.record(std::vector{trial(0, many)});
  EXPECT_GT(parameters(store, "runs_long").size(), 100u);
}

}  // namespace
}  // namespace tuner::storage
