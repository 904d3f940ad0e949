#include "open.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

#include "log.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic{"SQLite format 3\0", 16};
constexpr std::string_view kNameAnother = "Name another database with --db or `storage:`.";
constexpr std::string_view kRunFirst = "Run a sweep first (tuner --config FILE), or name its database with --db.";
// A writer looks through a file up to this size before it writes.
constexpr std::uintmax_t kCheckedBytes = 16 << 20;

[[noreturn]] void cannot_open(const fs::path& file, const std::string& why, const std::string& remedy) {
  throw Error(Message::storage_cannot_open, "cannot open the database: " + why, remedy).at(file.string());
}

[[noreturn]] void not_a_database(const fs::path& file, const std::string& why) {
  throw Error(Message::storage_not_a_database, "this is no database of tuner: " + why,
              fmt::format("The file was left as it is. {}", kNameAnother))
      .at(file.string());
}

[[noreturn]] void damaged(const fs::path& file, const std::string& why) {
  throw Error(Message::storage_damaged, "the database is damaged: " + why, std::string(kDamagedRemedy))
      .at(file.string());
}

// The folder must be there before SQLite is asked, whose only words are "unable to open database file".
void check_folder(const fs::path& file) {
  const fs::path folder = file.parent_path();
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (fs::is_directory(status)) return;
  if (status.type() == fs::file_type::not_found) {
    // "a/b" where a is a file is not found either; say which of the two it is.
    for (fs::path part = folder; part.has_relative_path(); part = part.parent_path()) {
      if (fs::exists(part, error) && !fs::is_directory(part, error)) {
        cannot_open(file, fmt::format("{} is a file, not a folder", part.string()), std::string(kNameAnother));
      }
    }
    cannot_open(
        file, fmt::format("there is no folder {}", folder.string()),
        fmt::format("Make it (mkdir -p {}), or name another database with --db or `storage:`.", folder.string()));
  }
  if (fs::exists(status)) {
    cannot_open(file, fmt::format("{} is a file, not a folder", folder.string()), std::string(kNameAnother));
  }
  cannot_open(file, fmt::format("the folder {} cannot be read: {}", folder.string(), error.message()),
              std::string(kNameAnother));
}

// Refuses what SQLite need not even be shown.
void check_file(const fs::path& file, Access access) {
  check_folder(file);
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    if (access == Access::read_write) return;
    cannot_open(file, "there is no such file", std::string(kRunFirst));
  }
  if (fs::is_directory(status)) {
    cannot_open(file, "it is a folder, not a file",
                fmt::format("Name a file in it, e.g. --db {}", (file / "tuner.db").string()));
  }
  if (!fs::exists(status)) cannot_open(file, error.message(), std::string(kNameAnother));
  if (!fs::is_regular_file(status)) cannot_open(file, "it is not a regular file", std::string(kNameAnother));
  // Opening a FIFO would wait for its other end.
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const fs::path beside = file.string() + suffix;
    const fs::file_status found = fs::status(beside, error);
    if (fs::exists(found) && !fs::is_regular_file(found))
      cannot_open(file, fmt::format("{} beside it is not a regular file", beside.string()),
                  fmt::format("Move it away. {}", kNameAnother));
  }

  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    cannot_open(file, "it cannot be read by this user", fmt::format("Check its permissions. {}", kNameAnother));
  }
  std::string head(kMagic.size(), '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (stream.gcount() == 0) return;  // an empty file is an empty database
  if (head != kMagic) not_a_database(file, "it does not begin as an SQLite file does");
}

void check_place(const fs::path& file, const FileSystem& system) {
  const std::string name = network_name(system);
  if (name.empty()) return;
  cannot_open(
      file,
      fmt::format("it lies on a network file system ({}), where locks and the log's shared memory may not hold", name),
      "Put it on a local disk (--db /some/local/folder/tuner.db); --allow-network-db takes the risk, and then "
      "only one machine may use it.");
}

// Refuses databases of other programs and of later versions.
Identity check_identity(Connection& connection, std::span<const Migration> migrations) {
  const Identity identity = identity_of(connection);
  const bool fresh = identity.empty && identity.version == 0 && identity.application_id == 0;
  if (!fresh && identity.application_id != kApplicationId) {
    not_a_database(connection.file(), fmt::format("it is an SQLite database of another program (application_id {})",
                                                  identity.application_id));
  }
  const std::int64_t known = migrations.back().version;
  if (identity.version > known) {
    throw Error(Message::storage_newer_schema,
                fmt::format("the database has schema version {}, and this tuner knows versions up to {}: a newer tuner "
                            "wrote it",
                            identity.version, known),
                fmt::format("Update tuner. The file was left as it is. {}", kNameAnother))
        .at(connection.file().string());
  }
  return identity;
}

// Opens for writing if the file allows it, and accepts only what is ours. While that is open, closing must not move
// the log of somebody else's database into its file.
std::unique_ptr<Connection> open_checked(const fs::path& file, Connection::Mode mode, std::span<const Migration> known,
                                         Identity& identity) {
  const bool log_there = has_log(file);
  auto connection = std::make_unique<Connection>(file, mode);
  connection->keep_log(log_there);
  identity = check_identity(*connection, known);
  connection->keep_log(false);
  return connection;
}

// What is damaged must not be written to. In a large file damage shows where it is met.
void check_pages(Connection& connection) {
  std::error_code ignored;
  if (fs::file_size(connection.file(), ignored) > kCheckedBytes) return;
  const std::string found = connection.text("PRAGMA quick_check(1)");
  if (found != "ok") damaged(connection.file(), found);
}

// Changing the journal mode does not wait for other connections by itself.
void turn_on_log(Connection& connection) {
  LockWait wait;
  while (true) {
    try {
      const std::string mode = connection.text("PRAGMA journal_mode = WAL");
      if (mode == "wal") return;
      cannot_open(connection.file(), "its file system offers no shared memory, which the write-ahead log needs",
                  "Put the database on a local disk: --db /some/local/folder/tuner.db");
    } catch (const SqliteError& error) {
      if (error.code() != SQLITE_BUSY || !wait.again(connection.file())) throw;
    }
  }
}

std::unique_ptr<Connection> open_writer(const fs::path& file, Durability durability,
                                        std::span<const Migration> migrations) {
  Identity identity;
  auto connection = open_checked(file, Connection::Mode::create, migrations, identity);
  if (connection->is_read_only()) {
    cannot_open(file, "it is not writable by this user", fmt::format("Check its permissions. {}", kNameAnother));
  }
  check_pages(*connection);
  turn_on_log(*connection);
  connection->execute(durability == Durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  connection->execute(
      "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;"
      "PRAGMA journal_size_limit = 67108864");
  migrate(*connection, migrations);
  return connection;
}

// What SQLite says where it cannot make its files beside a database in WAL mode.
bool lacks_sidecars(const SqliteError& error) {
  return error.code() == SQLITE_CANTOPEN || error.code() == SQLITE_READONLY;
}

std::unique_ptr<Connection> open_for_reading(const fs::path& file, std::span<const Migration> migrations,
                                             Identity& identity) {
  try {
    return open_checked(file, Connection::Mode::existing, migrations, identity);
  } catch (const SqliteError& error) {
    if (!lacks_sidecars(error)) throw;
    if (has_log(file)) {
      cannot_open(file,
                  fmt::format("its last changes stand in {}, and the folder is not writable, as reading them needs",
                              log_of(file).string()),
                  "Copy both files into a folder of yours and open the copy with --db.");
    }
  }
  // A closed database that cannot be written to does not change: it needs no locks and no files beside it.
  auto connection = std::make_unique<Connection>(file, Connection::Mode::immutable);
  identity = check_identity(*connection, migrations);
  return connection;
}

std::unique_ptr<Connection> open_reader(const fs::path& file, std::span<const Migration> migrations) {
  Identity identity;
  auto connection = open_for_reading(file, migrations, identity);
  if (identity.version == 0) {
    cannot_open(file, "it is empty", std::string(kRunFirst));
  }
  std::int64_t needed = 0, wanted = 0;
  for (const Migration& migration : migrations) {
    if (migration.for_readers == ForReaders::needed) needed = migration.version;
    if (migration.for_readers != ForReaders::none) wanted = migration.version;
  }
  if (identity.version < wanted) {
    connection.reset();
    try {
      open_writer(file, Durability::normal, migrations);
    } catch (const Error& error) {
      if (identity.version < needed)
        cannot_open(file,
                    fmt::format("it has schema version {} and cannot be brought to version {} ({})", identity.version,
                                migrations.back().version, error.message()),
                    "Copy it into a folder of yours and open the copy with --db.");
    }
    connection = open_for_reading(file, migrations, identity);
  }
  connection->execute("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY");
  return connection;
}

// The file that is to be opened, after check_file() has said what is wrong with it under the name that was given. A
// link stands for its file: the log lies beside that.
fs::path place_of(const fs::path& file, Access access) {
  std::error_code error;
  const fs::path path = fs::absolute(file).lexically_normal();
  check_file(path, access);
  return fs::is_symlink(path, error) ? fs::weakly_canonical(path) : path;
}

[[noreturn]] void explain(const SqliteError& error, const fs::path& file) {
  const fs::path folder = file.parent_path();
  if (error.code() == SQLITE_NOTADB) not_a_database(file, error.reason());
  if (lacks_sidecars(error)) {
    const bool writable = access(folder.c_str(), W_OK | X_OK) == 0;
    cannot_open(file,
                writable
                    ? error.reason()
                    : fmt::format("the folder {} is not writable by this user, and the database keeps a log beside "
                                  "its file",
                                  folder.string()),
                fmt::format("Check the permissions of the file and of its folder. {}", kNameAnother));
  }
  throw error;
}

}  // namespace

std::unique_ptr<Connection> open_database(const fs::path& file, Access access, Durability durability,
                                          std::span<const Migration> migrations, Network network,
                                          const FileSystemQuery& file_system) {
  const fs::path path = place_of(file, access);
  if (access == Access::read_write && network == Network::refused) check_place(path, file_system(path));
  check_log(path);
  try {
    return access == Access::read_write ? open_writer(path, durability, migrations) : open_reader(path, migrations);
  } catch (const SqliteError& error) {
    explain(error, path);
  }
}

std::unique_ptr<Connection> open_for_inspection(const fs::path& file, std::span<const Migration> migrations) {
  const fs::path path = place_of(file, Access::read_only);
  check_log(path);  // opening it would take the traces away
  try {
    const bool log_there = has_log(path);
    Identity identity;
    auto connection = open_for_reading(path, migrations, identity);
    connection->keep_log(log_there);
    if (identity.version == 0) cannot_open(path, "it is empty", std::string(kRunFirst));
    connection->execute("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
    return connection;
  } catch (const SqliteError& error) {
    explain(error, path);
  }
}

bool exists(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

}  // namespace tuner::storage
