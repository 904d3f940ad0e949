// Another plan under a name that is taken.
#include <fstream>
#include <optional>

#include "diff.hpp"
#include "fixture.hpp"

namespace tuner::storage {
namespace {

class PlanTest : public StorageTest {};

TEST_F(PlanTest, AnotherPlanIsRefusedWithADiffAndTheWaysOut) {
  Store(file_, Access::read_write)
      .open_study(make_study("demo", "{\n  \"lr\": 0.1,\n  \"seed\": 1,\n  \"steps\": 5\n}"));
  Store store(file_, Access::read_write);
  const StudyRecord other = make_study("demo", "{\n  \"lr\": 0.2,\n  \"seed\": 1,\n  \"steps\": 5,\n  \"x\": 1\n}");
  const Error error = error_of([&] { store.open_study(other); });
  EXPECT_EQ(error.id(), Message::storage_other_plan);
  EXPECT_TRUE(says(error, "-   \"lr\": 0.1,\n+   \"lr\": 0.2,\n-   \"steps\": 5\n+   \"steps\": 5,\n+   \"x\": 1\n"));
  EXPECT_FALSE(says(error, "seed"));
  for (const char* way : {"study: ", "--fresh", "--db"}) EXPECT_TRUE(says(error, way));
  EXPECT_TRUE(says(error, file_.string()));
  // Nothing was changed, and the way with --fresh leads on.
  EXPECT_EQ(table_of(store, "SELECT count(*) FROM studies WHERE plan LIKE '%0.1%'").rows[0][0], Value(std::int64_t{1}));
  store.erase_study("demo");
  store.open_study(other);
}

using Moved = std::optional<std::vector<std::pair<std::string, std::string>>>;

TEST(MovedPaths, AreThoseOfLinesThatDifferInAnAbsolutePathAlone) {
  const std::string before = "{\n \"a\": 1,\n \"file\": \"/gone/m.csv\",\n \"rest\": [\n  \"/gone/x\"\n ]\n}";
  const std::string after = "{\n \"a\": 1,\n \"file\": \"/here/m.csv\",\n \"rest\": [\n  \"/here/x\"\n ]\n}";
  EXPECT_EQ(moved_paths(before, before), Moved(std::in_place));
  EXPECT_EQ(moved_paths(before, after), (Moved({{"/gone/m.csv", "/here/m.csv"}, {"/gone/x", "/here/x"}})));
  EXPECT_EQ(moved_paths(before, after + "\n"), moved_paths(before, after));
  EXPECT_EQ(moved_paths("\"a\": \"/gone\"", "\"b\": \"/here\""), std::nullopt) << "another option";
  EXPECT_EQ(moved_paths("\"a\": \"/gone\"", "\"a\": \"here\""), std::nullopt) << "a word";
  EXPECT_EQ(moved_paths("\"a\": \"/gone\",\n\"b\": 1", "\"a\": \"/here\",\n\"b\": 2"), std::nullopt);
  EXPECT_EQ(moved_paths("\"a\": \"/gone\"", "\"a\": \"/here\",\n\"b\": 1"), std::nullopt);
}

TEST_F(PlanTest, APathIsMovedOnlyToAnEqualFileWhereTheOldOneIsThere) {
  const auto write = [&](const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return "\"file\": \"" + (folder_ / name).string() + "\"";
  };
  const std::string old = write("old", "1"), equal = write("equal", "1"), other = write("other", "2");
  EXPECT_NE(moved_paths(old, equal), std::nullopt);
  EXPECT_EQ(moved_paths(old, other), std::nullopt);
}

TEST(Diff, ShowsOnlyWhatChanged) {
  EXPECT_EQ(line_diff("", ""), "");
  EXPECT_EQ(line_diff("a\nb\nc", "a\nb\nc"), "");
  EXPECT_EQ(line_diff("", "a"), "+ a\n");
  EXPECT_EQ(line_diff("a\n", ""), "- a\n");
  EXPECT_EQ(line_diff("a\nb\nc", "a\nx\nc"), "- b\n+ x\n");
  EXPECT_EQ(line_diff("a\nb\nc\nd", "b\nc\ne\nd"), "- a\n+ e\n");
  EXPECT_EQ(line_diff("a\na\na", "a\na"), "- a\n");
}

TEST(Diff, IsCutShort) {
  std::string many;
  for (std::size_t i = 0; i < kMaxDiffLines + 5; ++i) many += std::to_string(i) + "\n";
  const std::string diff = line_diff("", many);
  EXPECT_TRUE(diff.ends_with("+ 59\n... and 5 more\n")) << diff;
}

TEST(Diff, EndsInTimeForLargePlans) {
  std::string a, b;
  for (int i = 0; i < 20'000; ++i) a += std::to_string(2 * i) + "\n", b += std::to_string(2 * i + 1) + "\n";
  EXPECT_TRUE(line_diff("same\n" + a, "same\n" + b).starts_with("- 0\n- 2\n"));
}

}  // namespace
}  // namespace tuner::storage
