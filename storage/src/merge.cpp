#include "tuner/storage/merge.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "cells.hpp"
#include "lease.hpp"
#include "open.hpp"
#include "reading.hpp"
#include "study_views.hpp"
#include "tuner/text.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

void remove_database(const fs::path& file) {
  std::error_code none;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix, none);
}

// Removed at the end, unless it has got another name.
class TemporaryDatabase {
 public:
  explicit TemporaryDatabase(fs::path file) : file_(std::move(file)) { remove_database(file_); }
  TemporaryDatabase(const TemporaryDatabase&) = delete;
  TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;
  ~TemporaryDatabase() { remove_database(file_); }
  [[nodiscard]] const fs::path& file() const { return file_; }

 private:
  fs::path file_;
};

// A database that is merged, at the newest schema: itself, or a copy that was brought there.
class Source {
 public:
  Source(fs::path file, const fs::path& beside, std::size_t index)
      : file_(std::move(file)), connection_(open_for_inspection(file_)) {
    if (const std::string found = connection_->text("PRAGMA quick_check(1)"); found != "ok")
      throw Error(Message::storage_damaged, fmt::format("the database is damaged: {}", found),
                  std::string(kDamagedRemedy))
          .at(file_.string());
    if (connection_->integer("PRAGMA user_version") == migrations().back().version) return;
    copy_.emplace(fmt::format("{}.merged-{}", beside.string(), index));
    // A connection that only reads may not even write to other files.
    connection_->execute("PRAGMA query_only = OFF");
    connection_->prepared("VACUUM INTO ?").run(copy_->file().string());
    connection_ = open_database(copy_->file(), Access::read_write, Durability::normal, migrations(), Network::allowed);
  }
  [[nodiscard]] const fs::path& file() const { return file_; }
  [[nodiscard]] Connection& connection() const { return *connection_; }

 private:
  fs::path file_;
  std::optional<TemporaryDatabase> copy_;
  std::unique_ptr<Connection> connection_;
};

struct Plan {
  const Source* source;
  std::int64_t id;
  MergedStudy study;
};

// NAME-2, NAME-3, ...
std::string free_name(const std::string& name, const std::set<std::string>& taken) {
  for (int number = 2;; ++number)
    if (std::string other = fmt::format("{}-{}", name, number); !taken.contains(other)) return other;
}

// The name that goes with a renamed study of the same database: of X.lr_range where X became X-2.
std::string companion_name(const std::string& name, const std::map<std::string, std::string>& renamed) {
  for (std::size_t dot = name.rfind('.'); dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1))
    if (const auto found = renamed.find(name.substr(0, dot)); found != renamed.end())
      return found->second + name.substr(dot);
  return name;
}

// The studies of one database, under the names that they get. `taken` grows by these.
std::vector<Plan> plan_for(const Source& source, Taken how, std::set<std::string>& taken,
                           std::vector<std::string>& clashes) {
  Connection& from = source.connection();
  std::vector<Plan> plans;
  const Reading reading(from, nullptr);
  Rows row = from.prepared(
                     "SELECT id, name, (SELECT count(*) FROM trials WHERE study_id = studies.id) FROM studies "
                     "ORDER BY length(name), id")
                 .query();
  while (reading.next(row, "studies"))
    reading.row(
        [&] { return fmt::format("study {}", row.shown(1)); },
        [&] {
          in_table("studies", [&] {
            plans.push_back({.source = &source,
                             .id = row.integer(0),
                             .study = {.from = source.file(), .name = row.text(1), .as = {}, .trials = row.count(2)}});
          });
        });
  std::map<std::string, std::string> renamed;
  for (Plan& plan : plans) {
    check_free(from, plan.study.name, "");
    const std::string& name = plan.study.name;
    std::string as = companion_name(name, renamed);
    if (taken.contains(as)) {
      if (how == Taken::skipped) continue;
      if (how == Taken::refused) clashes.push_back(fmt::format("'{}' of {}", printable(name), source.file().string()));
      as = free_name(as, taken);
    }
    if (as != name) renamed.emplace(name, as);
    taken.insert(as);
    plan.study.as = std::move(as);
  }
  std::ranges::sort(plans, {}, &Plan::id);
  return plans;
}

// Of a table, without those that are computed and those that are left out.
std::vector<std::string> columns_of(Connection& connection, const std::string& table,
                                    const std::set<std::string_view>& without) {
  std::vector<std::string> columns;
  Rows row = connection.prepared("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid").query(table);
  while (row.next())
    if (std::string name = row.text(0); !without.contains(name)) columns.push_back(std::move(name));
  return columns;
}

std::string list_of(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + sql_identifier(column);
  return list;
}

// Copies what `select` finds in `from` through `insert` in `to`, whose first argument is `id` unless that is 0.
// `change` gets the value of a column before it is bound, and may bind another one. Every bit of a value is kept.
template <class Change>
void copy_rows(Connection& from, const std::string& select, std::int64_t from_id, Connection& to,
               const std::string& insert, std::int64_t id, Change change) {
  Statement reader(from, select), writer(to, insert);
  Rows row = reader.query(from_id);
  sqlite3_stmt* const out = writer.handle();
  const int columns = sqlite3_column_count(reader.handle());
  const int first = id == 0 ? 1 : 2;
  while (row.next()) {
    if (id != 0) sqlite3_bind_int64(out, 1, id);
    for (int column = 0; column < columns; ++column)
      if (!change(out, first + column, column, row))
        sqlite3_bind_value(out, first + column, sqlite3_column_value(reader.handle(), column));
    const int code = sqlite3_step(out);
    sqlite3_reset(out);
    if (code != SQLITE_DONE) to.fail(code);
  }
}

constexpr auto kUnchanged = [](sqlite3_stmt*, int, int, const Rows&) { return false; };

std::string places(std::size_t count) {
  std::string text = "?";
  while (--count > 0) text += ", ?";
  return text;
}

// Copies studies into `to`. Tables are found by their column study_id, so that those of later schemas come along.
class Copier {
 public:
  explicit Copier(Connection& to) : to_(to) {
    Rows row = to_.prepared(
                      "SELECT m.name FROM sqlite_schema AS m WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM "
                      "pragma_table_xinfo(m.name) AS c WHERE c.name = 'study_id') ORDER BY m.name <> 'trials', m.name")
                   .query();
    while (row.next()) tables_.push_back(row.text(0));
  }

  // Errors: storage.damaged where rows contradict each other.
  void copy(const Plan& plan, std::string_view now) try {
    Connection& from = plan.source->connection();
    const std::int64_t id = copy_study(from, plan);
    for (const std::string& table : tables_) copy_table(from, plan.id, id, table);
    to_.prepared("INSERT INTO events (study_id, at, kind, text) VALUES (?, ?, 'merged', ?)")
        .run(id, now, fmt::format("study '{}' of {}", plan.study.name, plan.source->file().string()));
  } catch (const SqliteError& error) {
    if (error.code() != SQLITE_CONSTRAINT) throw;
    throw Error(
        Message::storage_damaged, fmt::format("study '{}' cannot be copied: {}", plan.study.name, error.reason()),
        fmt::format("Nothing was merged. What is wrong with it says: tuner fsck --db {}", plan.source->file().string()))
        .at(plan.source->file().string());
  }
  // The keys of plugins are those of one database.
  void next_source() { keys_.clear(); }

 private:
  std::int64_t copy_study(Connection& from, const Plan& plan) {
    // Nobody runs the copy.
    const auto columns =
        columns_of(to_, "studies",
                   {"id", "name", "lease_token", "lease_pid", "lease_boot_id", "lease_start_ticks", "lease_since"});
    const std::string list = list_of(columns);
    const std::string as = plan.study.as;
    copy_rows(from, fmt::format("SELECT name, {} FROM studies WHERE id = ?", list), plan.id, to_,
              fmt::format("INSERT INTO studies (name, {}) VALUES ({})", list, places(columns.size() + 1)), 0,
              [&](sqlite3_stmt* out, int place, int column, const Rows&) {
                if (column != 0) return false;
                sqlite3_bind_text(out, place, as.data(), static_cast<int>(as.size()), SQLITE_TRANSIENT);
                return true;
              });
    return to_.integer("SELECT last_insert_rowid()");
  }

  void copy_table(Connection& from, std::int64_t from_id, std::int64_t id, const std::string& table) {
    // Events are numbered through all studies of a database, in order of time.
    const bool is_events = table == "events", is_uses = table == "trial_plugins";
    std::set<std::string_view> without{"study_id"};
    if (is_events) without.insert("id");
    const auto columns = columns_of(to_, table, without);
    const auto key = std::ranges::find(columns, "plugin_key");
    const int key_column = is_uses && key != columns.end() ? static_cast<int>(key - columns.begin()) : -1;
    const std::string list = list_of(columns);
    copy_rows(from,
              fmt::format("SELECT {} FROM {} WHERE study_id = ?{}", list, sql_identifier(table),
                          is_events ? " ORDER BY id" : ""),
              from_id, to_,
              fmt::format("INSERT INTO {} (study_id, {}) VALUES ({})", sql_identifier(table), list,
                          places(columns.size() + 1)),
              id, [&](sqlite3_stmt* out, int place, int column, const Rows& row) {
                if (column != key_column) return false;
                sqlite3_bind_int64(out, place, plugin_key(from, row.integer(column)));
                return true;
              });
  }

  // The key here of a build there.
  std::int64_t plugin_key(Connection& from, std::int64_t key) {
    if (const auto known = keys_.find(key); known != keys_.end()) return known->second;
    const auto columns = columns_of(to_, "plugins", {"plugin_key"});
    const std::string list = list_of(columns);
    const std::string select = fmt::format("SELECT {} FROM plugins WHERE plugin_key = ?", list);
    copy_rows(from, select, key, to_,
              fmt::format("INSERT OR IGNORE INTO plugins ({}) VALUES ({})", list, places(columns.size())), 0,
              kUnchanged);
    std::string find = "SELECT plugin_key FROM plugins WHERE ";
    for (const std::string& column : columns)
      find += (&column == &columns.front() ? "" : " AND ") + sql_identifier(column) + " IS ?";
    Statement there(from, select), here(to_, find);
    Rows build = there.query(key);
    if (!build.next())
      throw DamagedValue(fmt::format("plugin_key {} is in trial_plugins, and not in plugins", key))
          .at(from.file().string());
    for (int column = 0; column < static_cast<int>(columns.size()); ++column)
      sqlite3_bind_value(here.handle(), column + 1, sqlite3_column_value(there.handle(), column));
    Rows found(here);
    found.next();
    return keys_[key] = found.integer(0);
  }

  Connection& to_;
  std::vector<std::string> tables_;
  std::map<std::int64_t, std::int64_t> keys_;
};

// All or nothing.
std::vector<MergedStudy> copy_all(Connection& to, const std::vector<std::unique_ptr<Source>>& sources, Taken how) {
  Transaction transaction(to);
  std::set<std::string> taken;
  {
    Rows row = to.prepared("SELECT name FROM studies").query();
    while (row.next()) taken.insert(row.text(0));
  }
  std::vector<std::vector<Plan>> plans;
  std::vector<std::string> clashes;
  for (const auto& source : sources) plans.push_back(plan_for(*source, how, taken, clashes));
  if (!clashes.empty())
    throw Error(Message::usage_bad_option,
                fmt::format("{} taken already: study {}", clashes.size() == 1 ? "a name is" : "names are",
                            fmt::join(clashes, ", ")),
                "--if-taken rename gives it another name, --if-taken skip leaves it out; nothing was merged");
  Copier copier(to);
  std::vector<MergedStudy> merged;
  const std::string now = iso8601(now_ms());
  for (const auto& of_source : plans) {
    copier.next_source();
    for (const Plan& plan : of_source) {
      if (!plan.study.as.empty()) copier.copy(plan, now);
      merged.push_back(plan.study);
    }
  }
  make_missing_study_views(to, MakeViews::kept);
  transaction.commit();
  return merged;
}

}  // namespace

std::vector<MergedStudy> merge_databases(const fs::path& into, std::span<const fs::path> from, Taken taken) {
  std::error_code none;
  const bool is_new = !fs::exists(fs::symlink_status(into, none));
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<std::unique_ptr<Snapshot>> snapshots;
  for (const fs::path& file : from) {
    if (!is_new && fs::equivalent(file, into, none))
      throw Error(Message::usage_bad_option, fmt::format("{} is the database that is merged into", file.string()),
                  "name the others; --db FILE is the one that gets their studies");
    sources.push_back(std::make_unique<Source>(file, into, sources.size()));
    snapshots.push_back(std::make_unique<Snapshot>(sources.back()->connection()));
  }
  if (!is_new) return copy_all(*open_database(into, Access::read_write, Durability::normal), sources, taken);
  const TemporaryDatabase part(into.string() + ".part");
  auto to = open_database(part.file(), Access::read_write, Durability::normal);
  auto merged = copy_all(*to, sources, taken);
  to.reset();  // moves its log into the file
  std::error_code error;
  fs::rename(part.file(), into, error);
  if (error)
    throw Error(Message::storage_failed, fmt::format("{}: {}", into.string(), error.message()),
                "name a file in a folder that you may write to");
  return merged;
}

}  // namespace tuner::storage
