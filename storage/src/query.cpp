#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>

#include "impl.hpp"
#include "study_views.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {
namespace {

// Pragmas that describe the database. Those of the second list set something when they are given a value.
constexpr std::string_view kDescribing[] = {"table_info",       "table_xinfo",      "table_list",    "index_list",
                                            "index_info",       "index_xinfo",      "function_list", "collation_list",
                                            "quick_check",      "foreign_key_list", "database_list", "integrity_check",
                                            "foreign_key_check"};
constexpr std::string_view kWithoutValue[] = {"user_version", "application_id",  "schema_version", "page_count",
                                              "page_size",    "compile_options", "encoding"};

bool contains(const auto& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// SQLite asks it about everything that a statement would do, while it compiles it. Only what sqlite3_stmt_readonly()
// lets pass need be refused here; the tables of json_each and the like are declared by an INSERT of SQLite's own.
int refuse_effects(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return SQLITE_DENY;
    case SQLITE_PRAGMA:
      if (contains(kDescribing, first) || (second == nullptr && contains(kWithoutValue, first))) return SQLITE_OK;
      return SQLITE_DENY;
    default:
      return SQLITE_OK;
  }
}

class ReadingOnly {
 public:
  explicit ReadingOnly(sqlite3* handle) : handle_(handle) { sqlite3_set_authorizer(handle_, refuse_effects, nullptr); }
  ReadingOnly(const ReadingOnly&) = delete;
  ReadingOnly& operator=(const ReadingOnly&) = delete;
  ~ReadingOnly() { sqlite3_set_authorizer(handle_, nullptr, nullptr); }

 private:
  sqlite3* handle_;
};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Query = std::unique_ptr<sqlite3_stmt, Finalize>;

[[noreturn]] void bad_query(const std::string& why, std::string remedy = {}) {
  if (remedy.empty())
    remedy = "Tables, views and columns stand in docs/database.md; or ask: SELECT name FROM sqlite_schema";
  throw Error(Message::storage_bad_query, "this query cannot be answered: " + why, std::move(remedy));
}

constexpr const char* kReadOnly = "A query is one statement that reads: SELECT, WITH, VALUES or EXPLAIN.";

// The mistake in SQLite's words, and where it is.
[[noreturn]] void bad_query(sqlite3* handle, int code, std::string_view sql) {
  const std::string words = sqlite3_errmsg(handle);
  if ((code & 0xff) == SQLITE_AUTH) bad_query(fmt::format("{}: it would do more than read", words), kReadOnly);
  const int offset = sqlite3_error_offset(handle);
  if (offset < 0) bad_query(words);
  constexpr std::size_t kShown = 40;
  const std::string_view rest = sql.substr(std::min(static_cast<std::size_t>(offset), sql.size()));
  bad_query(fmt::format("{}, at position {}: {}{}", words, offset + 1, rest.substr(0, kShown),
                        rest.size() > kShown ? "..." : ""));
}

bool is_mistake(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
      return false;
    default:
      return true;
  }
}

// Compiles the first statement of `sql` and takes it off. Null where only blanks and comments are left.
Query compile(Connection& connection, std::string_view& sql) {
  const ReadingOnly guard(connection.handle());
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()), &handle, &tail);
  Query query(handle);
  if (code != SQLITE_OK) {
    if (!is_mistake(code)) connection.fail(code);
    bad_query(connection.handle(), code, sql);
  }
  sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
  return query;
}

// Anything but blanks, comments and semicolons?
bool has_statement(Connection& connection, std::string_view sql) {
  while (!sql.empty()) {
    try {
      const std::size_t before = sql.size();
      if (compile(connection, sql)) return true;
      if (sql.size() == before) return false;
    } catch (const Error&) {
      return true;
    }
  }
  return false;
}

Value cell_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const unsigned char*>(sqlite3_column_blob(statement, column));
      std::string text = "x'";
      for (int i = 0; i < sqlite3_column_bytes(statement, column); ++i) text += fmt::format("{:02x}", bytes[i]);
      return text += "'";
    }
    default:
      return Null{};
  }
}

bool contains_word(std::string_view sql, std::string_view word) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::search(sql.begin(), sql.end(), word.begin(), word.end(), same) != sql.end();
}

// A file that no writer has opened since an earlier version has no views of its studies: they are made for this reader.
void make_own_study_views(Connection& connection) {
  if (!lacks_study_views(connection)) return;
  const bool reads_only = connection.integer("PRAGMA query_only") != 0;
  connection.execute("PRAGMA query_only = OFF");
  make_missing_study_views(connection, MakeViews::temporary);
  if (reads_only) connection.execute("PRAGMA query_only = ON");
}

}  // namespace

void Store::query(std::string_view sql, const std::function<void(const std::vector<std::string>& columns)>& header,
                  const std::function<void(const std::vector<Value>& cells)>& row) const {
  Connection& connection = *impl_->connection;
  if (contains_word(sql, "runs_")) make_own_study_views(connection);
  std::string_view rest = sql;
  const Query query = compile(connection, rest);
  if (!query) bad_query("there is no statement in it", kReadOnly);
  if (has_statement(connection, rest)) bad_query("it holds several statements", kReadOnly);
  if (sqlite3_stmt_readonly(query.get()) == 0) bad_query("it would do more than read", kReadOnly);

  const int count = sqlite3_column_count(query.get());
  bool headed = false;
  std::vector<Value> cells(static_cast<std::size_t>(count));
  while (true) {
    // The first row is computed before the header goes out, so that a failing query prints nothing.
    const int code = sqlite3_step(query.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      if (!is_mistake(code)) connection.fail(code);
      bad_query(connection.handle(), code, sql);
    }
    if (!headed) {
      std::vector<std::string> columns;
      for (int i = 0; i < count; ++i) columns.emplace_back(sqlite3_column_name(query.get(), i));
      header(columns);
      headed = true;
    }
    if (code == SQLITE_DONE) return;
    for (int i = 0; i < count; ++i) cells[static_cast<std::size_t>(i)] = cell_value(query.get(), i);
    row(cells);
  }
}

}  // namespace tuner::storage
