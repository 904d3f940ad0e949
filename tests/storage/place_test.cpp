// The database under a running study: removed, moved, replaced. It is noticed with the next batch, and nothing that was
// recorded is lost.
#include <cstdlib>
#include <fstream>

#include "fixture.hpp"
#include "tuner/storage/inspect.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

class PlaceTest : public StorageTest {
 protected:
  PlaceTest() {
    store_.open_study(make_study());
    store_.record(std::vector{make_trial(0)});
  }
  fs::path beside(const char* end) const { return file_.string() + end; }
  // Records one more trial, which is refused, and opens what was kept in the place of the database.
  void expect_rescued(const char* words) {
    const Error error = error_of([&] { store_.record(std::vector{make_trial(1)}); });
    EXPECT_EQ(error.id(), Message::storage_failed);
    EXPECT_TRUE(says(error, words));
    EXPECT_TRUE(says(error, "while study 'demo' ran"));
    ASSERT_TRUE(fs::exists(beside(".rescued"))) << error.what();
    EXPECT_TRUE(says(error, beside(".rescued").string()));
    EXPECT_FALSE(fs::exists(beside("-wal"))) << "a log that would be read into the file that gets the name";
    store_ = Store(folder_ / "elsewhere.db", Access::read_write);
    fs::rename(beside(".rescued"), file_);
    EXPECT_TRUE(inspect(file_).schema_version > 0);
    Store again(file_, Access::read_write);
    again.open_study(make_study());
    EXPECT_EQ(again.finished("demo"), (std::vector<std::uint64_t>{0, 1}));
    again.record(std::vector{make_trial(2)});
    EXPECT_EQ(again.runs("demo").size(), 3u);
  }
  Store store_{file_, Access::read_write};
};

TEST_F(PlaceTest, RemovedWithAllThatIsBesideIt) {
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(beside(end));
  expect_rescued("it was removed or moved");
}

TEST_F(PlaceTest, RemovedAlone) {
  fs::remove(file_);
  expect_rescued("it was removed or moved");
}

TEST_F(PlaceTest, Moved) {
  fs::rename(file_, folder_ / "moved.db");
  expect_rescued("it was removed or moved");
}

TEST_F(PlaceTest, ReplacedByACopy) {
  fs::copy_file(file_, folder_ / "copy.db");
  fs::rename(folder_ / "copy.db", file_);
  expect_rescued("another file was put in its place");
}

TEST_F(PlaceTest, LogRemoved) {
  fs::remove(beside("-wal"));
  expect_rescued("its log, tuner.db-wal, was removed or moved");
}

TEST_F(PlaceTest, LogReplaced) {
  fs::copy_file(beside("-wal"), folder_ / "copy");
  fs::rename(folder_ / "copy", beside("-wal"));
  const Error error = error_of([&] { store_.add_event("finished", ""); });
  EXPECT_EQ(error.id(), Message::storage_failed);
  EXPECT_TRUE(says(error, "another file was put in the place of its log, tuner.db-wal"));
  EXPECT_TRUE(fs::exists(beside(".rescued")));
  EXPECT_TRUE(fs::exists(beside("-wal"))) << "that one is not ours";
}

TEST_F(PlaceTest, AnEarlierRescueIsKept) {
  std::ofstream(beside(".rescued")) << "earlier";
  fs::remove(file_);
  const Error error = error_of([&] { store_.record(std::vector{make_trial(1)}); });
  EXPECT_TRUE(says(error, beside(".rescued-2").string()));
  EXPECT_EQ(fs::file_size(beside(".rescued")), 7u);
}

TEST_F(PlaceTest, AFolderThatIsGoneLeavesTheFolderForTemporaryFiles) {
  fs::remove_all(folder_);
  const Error error = error_of([&] { store_.record(std::vector{make_trial(1)}); });
  const std::string text = error.what();
  const std::size_t at = text.find("kept in ") + 8;
  const fs::path kept = text.substr(at, text.find(": rename") - at);
  ASSERT_TRUE(fs::exists(kept)) << text;
  EXPECT_EQ(Store(kept, Access::read_only).runs("demo").size(), 2u);
  fs::remove(kept);
}

TEST_F(PlaceTest, Emptied) {
  std::ofstream(file_, std::ios::trunc);
  const Error error = error_of([&] { store_.record(std::vector{make_trial(1)}); });
  EXPECT_EQ(error.id(), Message::storage_failed);
  EXPECT_TRUE(says(error, "it was emptied"));
}

TEST_F(PlaceTest, SaysThatNothingCouldBeKept) {
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", (folder_ / "none").c_str(), 1);
  fs::remove_all(folder_);
  const Error error = error_of([&] { store_.record(std::vector{make_trial(1)}); });
  before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", kept.c_str(), 1);
  EXPECT_EQ(error.id(), Message::storage_failed);
  EXPECT_TRUE(says(error, "What was recorded could not be kept: no file can be made beside it."));
}

TEST_F(PlaceTest, ALinkedOrRenamedFolderChangesNothingWhileItsNameLeadsThere) {
  fs::rename(folder_, folder_.string() + "-2");
  fs::create_directory_symlink(folder_.string() + "-2", folder_);
  store_.record(std::vector{make_trial(1)});
  EXPECT_EQ(store_.runs("demo").size(), 2u);
  fs::remove(folder_);
  fs::rename(folder_.string() + "-2", folder_);
}

}  // namespace
}  // namespace tuner::storage
