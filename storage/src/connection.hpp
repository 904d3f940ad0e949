// A thin layer over sqlite3: ownership, binding, errors. No SQL of the study store stands here.
//
// NaN: SQLite turns a bound NaN into NULL, so a NaN is bound as the text 'nan' and read back as a NaN. Infinities are
// ordinary REALs.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "tuner/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tuner::storage {

constexpr std::string_view kDamagedRemedy =
    "Nothing was changed. `tuner fsck` says what is whole. Restore a copy, or save what is left: sqlite3 FILE .recover "
    "| "
    "sqlite3 NEW_FILE";

// An error that SQLite reported. Its id is storage.failed, or storage.damaged for a damaged file; who knows what was
// being done turns it into another one.
class SqliteError : public Error {
 public:
  SqliteError(int code, const std::string& text, const std::filesystem::path& file);
  [[nodiscard]] int code() const { return code_; }                     // primary result code, SQLITE_...
  [[nodiscard]] const std::string& reason() const { return reason_; }  // SQLite's own words

 private:
  int code_;
  std::string reason_;
};

// A stored value that its column does not hold: storage.damaged. The message names the column; whoever reads the row
// adds which one it is.
class DamagedValue : public Error {
 public:
  explicit DamagedValue(const std::string& what);
};

class Connection;
class Statement;

// A value on its way into a column.
struct Cell {
  std::variant<std::monostate, std::int64_t, double, std::string> content;
};

// The rows of a running statement, one at a time. Resets the statement at the end, so that it holds no lock.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(&statement) {}
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  // Moves on to the next row; false after the last one. Errors: SqliteError.
  bool next();
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] bool is_text(int column) const;
  [[nodiscard]] bool is_integer(int column) const;
  // Any program may have written to the file, so each of these checks what is there. Errors: DamagedValue.
  [[nodiscard]] std::int64_t integer(int column, std::int64_t least = INT64_MIN, std::int64_t most = INT64_MAX) const;
  // An integer from 0 on.
  [[nodiscard]] std::uint64_t count(int column) const;
  // The bits of a std::uint64_t that was bound: any integer.
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const;
  // Also an infinity, and a NaN.
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::optional<double> optional_real(int column) const;
  // From 0 on and finite.
  [[nodiscard]] double amount(int column) const;
  [[nodiscard]] std::string text(int column) const;
  // Empty for NULL.
  [[nodiscard]] std::string optional_text(int column) const;
  // Whatever is there, as words of a message. Never an error.
  [[nodiscard]] std::string shown(int column) const;
  // Throws DamagedValue: "COLUMN is VALUE, not DUE".
  [[noreturn]] void refuse(int column, std::string_view due) const;

 private:
  Statement* statement_;
};

class Statement {
 public:
  // Errors: SqliteError. The connection must outlive the statement.
  Statement(Connection& connection, std::string_view sql);

  // Binds all arguments, in order, and steps through to the end.
  template <class... Arguments>
  void run(const Arguments&... arguments) {
    Rows rows = query(arguments...);
    while (rows.next()) {
    }
  }
  // Binds all arguments; the first row comes with Rows::next().
  template <class... Arguments>
  [[nodiscard]] Rows query(const Arguments&... arguments) {
    int index = 0;
    (bind(++index, arguments), ...);
    return Rows(*this);
  }
  [[nodiscard]] sqlite3_stmt* handle() const { return handle_.get(); }

 private:
  friend class Rows;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void bind(int index, std::nullptr_t);
  void bind(int index, std::int64_t value);
  void bind(int index, double value);
  void bind(int index, std::string_view value);
  void bind(int index, const Cell& cell);
  void bind(int index, std::integral auto value) { bind(index, static_cast<std::int64_t>(value)); }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind(index, nullptr);
  }
  void check(int code) const;

  Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Waits while another program has the database locked. Says so on standard error after two seconds.
class LockWait {
 public:
  // Sleeps a little. False when it has waited for as long as it does (30 s): give up.
  bool again(const std::filesystem::path& file);
  // The next wait is a new one.
  void begin();

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  bool announced_ = false;
};

// Threads: one at a time.
class Connection {
 public:
  // create: makes the file where there is none. existing: for writing where the file allows it, else for reading.
  // immutable: for reading, without locks and without the files beside it; nobody may change the file meanwhile.
  enum class Mode { create, existing, immutable };
  Connection(const std::filesystem::path& file, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Statements without arguments, separated by semicolons.
  void execute(const std::string& sql);
  // The statement of that text, compiled at its first use and kept.
  [[nodiscard]] Statement& prepared(std::string_view sql);
  // The first column of the first row.
  [[nodiscard]] std::int64_t integer(std::string_view sql);
  [[nodiscard]] std::string text(std::string_view sql);

  [[nodiscard]] bool is_read_only() const;
  [[nodiscard]] bool in_transaction() const;
  // true: closing leaves the write-ahead log beside the file as it is. false, the default: the last one to close moves
  // its content into the file and removes it.
  void keep_log(bool keep);

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  static int wait_for_lock(void* connection, int attempt);

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
  LockWait lock_wait_;
  std::map<std::string, Statement, std::less<>> statements_;
};

// A writing transaction: takes the write lock at once (waiting for another writer), so that nothing read inside it can
// be out of date. Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
};

// Several statements that read one and the same state. Inside a transaction it does nothing.
class Snapshot {
 public:
  explicit Snapshot(Connection& connection);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

 private:
  Connection& connection_;
  bool own_;
};

}  // namespace tuner::storage
