// Files that are no database of ours, and places where there can be none.
#include "open.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <fstream>
#include <iterator>

#include "fixture.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

// A user whom permissions bind; root may write anywhere.
void become_unprivileged() {
  if (getuid() != 0) return;
  if (setgid(kNobody) != 0 || setuid(kNobody) != 0) throw std::runtime_error("cannot drop privileges");
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Runs SQL as any other program would.
void run_sql(const fs::path& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  char* text = nullptr;
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &text), SQLITE_OK) << text;
  sqlite3_free(text);
  sqlite3_close(handle);
}

class OpenTest : public StorageTest {
 protected:
  // The error is the same for writers and readers, and leaves the file and its folder as they were.
  void expect_refused(const fs::path& file, Message id, std::string_view part) {
    const std::string before = fs::is_regular_file(file) ? content_of(file) : std::string();
    const auto entries = [&] { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); };
    const auto count = entries();
    for (const Access access : {Access::read_write, Access::read_only}) {
      const Error error = error_of([&] { Store(file, access); });
      EXPECT_EQ(error.id(), id) << error.what();
      EXPECT_TRUE(says(error, part));
      EXPECT_TRUE(says(error, file.string()));
      EXPECT_FALSE(error.remedy().empty());
    }
    if (fs::is_regular_file(file)) {
      EXPECT_EQ(content_of(file), before);
    }
    EXPECT_EQ(entries(), count);
  }
  void fill(const fs::path& file) {
    Store store(file, Access::read_write);
    store.open_study(make_study());
    store.record(std::vector{make_trial(0)});
  }
};

TEST_F(OpenTest, ATextFileIsNoDatabase) {
  for (const std::string& text : {std::string("x"), std::string("study: demo\n"), std::string(10'000, 'y')}) {
    std::ofstream(file_) << text;
    expect_refused(file_, Message::storage_not_a_database, "does not begin as an SQLite file does");
  }
  EXPECT_TRUE(storage::exists(file_));
}

TEST_F(OpenTest, ADatabaseOfAnotherProgramIsLeftAlone) {
  for (const char* setup : {"CREATE TABLE t (x)", "PRAGMA application_id = 77; CREATE TABLE t (x)",
                            "PRAGMA application_id = 77; PRAGMA user_version = 3; VACUUM",
                            "PRAGMA journal_mode = WAL; CREATE TABLE trials (x)"}) {
    fs::remove(file_);
    run_sql(file_, setup);
    expect_refused(file_, Message::storage_not_a_database, "another program");
  }
}

TEST_F(OpenTest, TheLogOfAnotherProgramsDatabaseIsLeftAloneToo) {
  const pid_t child = spawn([&] { run_sql(file_, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)"); });
  ASSERT_EQ(wait_for(child), 0);
  const pid_t crashed = spawn([&] {
    sqlite3* handle = nullptr;
    sqlite3_open(file_.c_str(), &handle);
    sqlite3_exec(handle, "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr);
    _exit(0);  // without closing
  });
  ASSERT_EQ(wait_for(crashed), 0);
  const std::string log = content_of(file_.string() + "-wal");
  ASSERT_FALSE(log.empty());
  expect_refused(file_, Message::storage_not_a_database, "another program");
  EXPECT_EQ(content_of(file_.string() + "-wal"), log);
}

TEST_F(OpenTest, ADatabaseOfANewerSchemaIsLeftAlone) {
  fill(file_);
  run_sql(file_, "PRAGMA user_version = 4711");
  expect_refused(file_, Message::storage_newer_schema, "schema version 4711");
}

TEST_F(OpenTest, AnEmptyFileBecomesADatabase) {
  std::ofstream(file_).flush();
  EXPECT_TRUE(says(error_of([&] { Store(file_, Access::read_only); }), "it is empty"));
  fill(file_);
  EXPECT_EQ(Store(file_, Access::read_only).studies().size(), 1u);
}

TEST_F(OpenTest, ADamagedDatabaseIsReportedAsSuch) {
  fill(file_);
  std::string content = content_of(file_);
  for (std::size_t i = 4096; i < content.size(); ++i) content[i] = static_cast<char>(i * 31);
  std::ofstream(file_, std::ios::binary) << content;
  const Error error = error_of([&] {
    Store store(file_, Access::read_only);
    (void)store.studies();
  });
  EXPECT_EQ(error.id(), Message::storage_damaged);
  EXPECT_TRUE(says(error, ".recover"));
}

TEST_F(OpenTest, PlacesWhereThereCanBeNoDatabase) {
  std::ofstream(folder_ / "text") << "a";
  expect_refused(folder_, Message::storage_cannot_open, "it is a folder");
  expect_refused(folder_ / "no" / "such" / "t.db", Message::storage_cannot_open, "there is no folder");
  expect_refused(folder_ / "text" / "t.db", Message::storage_cannot_open, "is a file, not a folder");
  expect_refused(folder_ / "text" / "deeper" / "t.db", Message::storage_cannot_open, "is a file, not a folder");
  const fs::path fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  expect_refused(fifo, Message::storage_cannot_open, "not a regular file");
  const Error missing = error_of([&] { Store(file_, Access::read_only); });
  EXPECT_EQ(missing.id(), Message::storage_cannot_open);
  EXPECT_TRUE(says(missing, "there is no such file"));
  EXPECT_FALSE(storage::exists(file_));
}

TEST_F(OpenTest, NamesAreTakenLiterally) {
  fs::current_path(folder_);
  for (const char* name : {":memory:", "file:x.db?mode=memory", "50% off #1?.db", "größe.db"}) {
    fill(name);
    EXPECT_TRUE(fs::is_regular_file(folder_ / name)) << name;
    EXPECT_EQ(Store(name, Access::read_only).runs("demo").size(), 1u);
  }
  fs::current_path("/");
}

TEST_F(OpenTest, AFolderThatCannotBeWrittenToIsNamed) {
  const fs::path locked = folder_ / "locked";
  fs::create_directory(locked);
  fs::permissions(folder_, fs::perms(0755));
  fs::permissions(locked, fs::perms(0555));
  const pid_t child = spawn([&] {
    become_unprivileged();
    try {
      Store(locked / "t.db", Access::read_write);
    } catch (const Error& error) {
      if (error.id() != Message::storage_cannot_open || !says(error, "locked is not writable by this user")) throw;
      return;
    }
    throw std::runtime_error("opened");
  });
  EXPECT_EQ(wait_for(child), 0);
}

// As on a read-only medium: neither the file nor its folder can be written to.
TEST_F(OpenTest, AClosedDatabaseIsReadWhereNothingCanBeWritten) {
  fill(file_);
  fs::permissions(file_, fs::perms(0444));
  fs::permissions(folder_, fs::perms(0555));
  const pid_t reader = spawn([&] {
    become_unprivileged();
    Store store(file_, Access::read_only);
    if (store.trial("demo", 0).metrics.size() != 2) throw std::runtime_error("not all was read");
    if (table_of(store, "SELECT * FROM runs").rows.size() != 1) throw std::runtime_error("no row");
  });
  EXPECT_EQ(wait_for(reader), 0);
  const pid_t writer = spawn([&] {
    become_unprivileged();
    try {
      Store(file_, Access::read_write);
    } catch (const Error& error) {
      if (error.id() != Message::storage_cannot_open || !says(error, "not writable by this user")) throw;
      return;
    }
    throw std::runtime_error("opened");
  });
  EXPECT_EQ(wait_for(writer), 0);
  fs::permissions(folder_, fs::perms(0755));
}

TEST_F(OpenTest, AnUnclosedDatabaseWhereNothingCanBeWrittenSaysWhatToDo) {
  const pid_t crashed = spawn([&] {
    Store store(file_, Access::read_write);
    store.open_study(make_study());
    _exit(0);
  });
  ASSERT_EQ(wait_for(crashed), 0);
  fs::remove(file_.string() + "-shm");
  fs::permissions(file_, fs::perms(0444));
  fs::permissions(file_.string() + "-wal", fs::perms(0444));
  fs::permissions(folder_, fs::perms(0555));
  const pid_t reader = spawn([&] {
    become_unprivileged();
    try {
      Store(file_, Access::read_only);
    } catch (const Error& error) {
      if (error.id() != Message::storage_cannot_open || !says(error, "tuner.db-wal") || !says(error, "Copy both"))
        throw;
      return;
    }
    throw std::runtime_error("opened");
  });
  EXPECT_EQ(wait_for(reader), 0);
  fs::permissions(folder_, fs::perms(0755));
}

TEST_F(OpenTest, AReaderLeavesNothingBesideTheFile) {
  fill(file_);
  const std::string before = content_of(file_);
  (void)Store(file_, Access::read_only).studies();
  EXPECT_EQ(content_of(file_), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(OpenTest, AReaderCannotRecord) {
  fill(file_);
  Store reader(file_, Access::read_only);
  EXPECT_EQ(error_of([&] { reader.open_study(make_study()); }).id(), Message::storage_failed);
  EXPECT_EQ(error_of([&] { reader.erase_study("demo"); }).id(), Message::storage_failed);
  EXPECT_EQ(reader.studies().size(), 1u);
}

TEST_F(OpenTest, NetworkFileSystemsAreKnownByTheirNumber) {
  const std::pair<std::uint32_t, const char*> known[] = {{0x6969, "nfs"},      {0x517b, "smb"},
                                                         {0xff534d42, "cifs"}, {0xfe534d42, "smb2"},
                                                         {0x01021997, "9p"},   {0x00c36400, "ceph"}};
  for (const auto& [magic, name] : known) EXPECT_EQ(network_name({.magic = magic, .type = {}}), name);
  // ext4, xfs, btrfs, tmpfs, overlay, zfs
  for (const std::uint32_t local : {0xef53u, 0x58465342u, 0x9123683eu, 0x01021994u, 0x794c7630u, 0x2fc12fc1u, 0u})
    EXPECT_EQ(network_name({.magic = local, .type = {}}), "");
  constexpr std::uint32_t kFuse = 0x65735546;
  EXPECT_EQ(network_name({.magic = kFuse, .type = "fuse.sshfs"}), "fuse.sshfs");
  EXPECT_EQ(network_name({.magic = kFuse, .type = "fuse.rclone"}), "fuse.rclone");
  for (const char* local : {"fuseblk", "fuse.fuse-overlayfs", "fuse.ntfs-3g", ""})
    EXPECT_EQ(network_name({.magic = kFuse, .type = local}), "") << local;
  constexpr std::string_view kMountinfo =
      "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n"
      "97 22 0:53 / /mnt/far rw,nosuid,nodev shared:60 master:7 - fuse.sshfs me@far:/ rw,user_id=1000\n"
      "98 22 0:54 / /mnt/disk rw - fuseblk /dev/sda1 rw\n";
  EXPECT_EQ(mounted_type(kMountinfo, makedev(0, 53)), "fuse.sshfs");
  EXPECT_EQ(mounted_type(kMountinfo, makedev(0, 54)), "fuseblk");
  EXPECT_EQ(mounted_type(kMountinfo, makedev(259, 2)), "ext4");
  EXPECT_EQ(mounted_type(kMountinfo, makedev(0, 5)), "");
  struct statfs here {};
  ASSERT_EQ(statfs(folder_.c_str(), &here), 0);
  EXPECT_EQ(file_system_of(file_).magic, static_cast<std::uint32_t>(here.f_type));  // of the folder
}

TEST_F(OpenTest, ANetworkFileSystemIsRefusedForWritingAlone) {
  const auto nfs = [](const fs::path&) { return FileSystem{.magic = 0x6969, .type = {}}; };
  const Error error = error_of(
      [&] { (void)open_database(file_, Access::read_write, Durability::normal, migrations(), Network::refused, nfs); });
  EXPECT_EQ(error.id(), Message::storage_cannot_open);
  EXPECT_TRUE(says(error, "network file system (nfs)"));
  EXPECT_TRUE(says(error, "--allow-network-db"));
  EXPECT_FALSE(storage::exists(file_));
  (void)open_database(file_, Access::read_write, Durability::normal, migrations(), Network::allowed, nfs);
  (void)open_database(file_, Access::read_only, Durability::normal, migrations(), Network::refused, nfs);
}

TEST_F(OpenTest, TheFileSaysWhatItIs) {
  fill(file_);
  const Store store(file_, Access::read_only);
  EXPECT_EQ(table_of(store, "PRAGMA application_id").rows[0][0], Value(std::int64_t{0x74756e72}));
  EXPECT_EQ(table_of(store, "PRAGMA user_version").rows[0][0], Value(migrations().back().version));
  EXPECT_EQ(content_of(file_).substr(18, 2), "\2\2");  // WAL
  EXPECT_EQ(content_of(file_).substr(68, 4), "tunr");
}

}  // namespace
}  // namespace tuner::storage
