#include "connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <thread>

#include "tuner/value.hpp"

#include "tuner/system.hpp"

namespace tuner::storage {
namespace {

using Clock = std::chrono::steady_clock;

// How long a writer waits for another one, and a reader for the moment in which the log of a crashed writer is read.
constexpr std::chrono::seconds kLongestWait{30};
// From then on a person wonders what the program does.
constexpr std::chrono::seconds kQuietWait{2};
constexpr std::string_view kNan = "nan";

bool is_damage(int code) { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB; }

std::string remedy_for(int code) {
  switch (code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "Check the disk (full? a quota? unplugged?) and run the same command again: what was recorded is kept.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "Another program holds the database in a long transaction: close it and run the same command again.";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return std::string(kDamagedRemedy);
    case SQLITE_READONLY:
      return "Check the permissions of the file and of its folder, or name another database with --db.";
    default:
      return "Is the file whole? tuner fsck says so.";
  }
}

// SQLite takes a file of another name than asked for where the name looks like a URI; this one always is a URI.
std::string uri_of(const std::filesystem::path& file, std::string_view query) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri.append(query);
}

}  // namespace

SqliteError::SqliteError(int code, const std::string& text, const std::filesystem::path& file)
    : Error(is_damage(code & 0xff) ? Message::storage_damaged : Message::storage_failed,
            fmt::format("the database {}: {} (SQLite code {})", is_damage(code & 0xff) ? "is damaged" : "failed", text,
                        code),
            remedy_for(code & 0xff)),
      code_(code & 0xff),
      reason_(text) {
  at(file.string());
}

DamagedValue::DamagedValue(const std::string& what)
    : Error(Message::storage_damaged, what, std::string(kDamagedRemedy)) {}

Rows::~Rows() { sqlite3_reset(statement_->handle()); }

bool Rows::next() {
  const int code = sqlite3_step(statement_->handle());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) statement_->connection_->fail(code);
  return false;
}

bool Rows::is_null(int column) const { return sqlite3_column_type(statement_->handle(), column) == SQLITE_NULL; }

bool Rows::is_text(int column) const { return sqlite3_column_type(statement_->handle(), column) == SQLITE_TEXT; }

bool Rows::is_integer(int column) const { return sqlite3_column_type(statement_->handle(), column) == SQLITE_INTEGER; }

std::int64_t Rows::integer(int column, std::int64_t least, std::int64_t most) const {
  if (!is_integer(column)) refuse(column, "an integer");
  const std::int64_t value = sqlite3_column_int64(statement_->handle(), column);
  if (value < least) refuse(column, fmt::format("an integer from {} on", least));
  if (value > most) refuse(column, fmt::format("an integer up to {}", most));
  return value;
}

std::uint64_t Rows::count(int column) const { return static_cast<std::uint64_t>(integer(column, 0)); }

std::uint64_t Rows::unsigned_integer(int column) const { return static_cast<std::uint64_t>(integer(column)); }

double Rows::real(int column) const {
  const int type = sqlite3_column_type(statement_->handle(), column);
  if (type == SQLITE_FLOAT) return sqlite3_column_double(statement_->handle(), column);
  if (type == SQLITE_TEXT && text(column) == kNan) return std::numeric_limits<double>::quiet_NaN();
  refuse(column, "a number");
}

std::optional<double> Rows::optional_real(int column) const {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}

double Rows::amount(int column) const {
  const double value = real(column);
  if (!(value >= 0 && std::isfinite(value))) refuse(column, "a number from 0 on");
  return value;
}

std::string Rows::text(int column) const {
  if (!is_text(column)) refuse(column, "a text");
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_->handle(), column));
  // There was no memory for it.
  if (bytes == nullptr) statement_->connection_->fail(SQLITE_NOMEM);
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_->handle(), column))};
}

std::string Rows::optional_text(int column) const { return is_null(column) ? std::string() : text(column); }

std::string Rows::shown(int column) const {
  constexpr std::size_t kShown = 40;
  sqlite3_stmt* statement = statement_->handle();
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return fmt::format("{}", sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return format_number(sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
      const std::string whole = text(column);
      return json_quoted(whole.substr(0, kShown)) + (whole.size() > kShown ? "..." : "");
    }
    case SQLITE_BLOB:
      return fmt::format("a blob of {} bytes", sqlite3_column_bytes(statement, column));
    default:
      return "NULL";
  }
}

void Rows::refuse(int column, std::string_view due) const {
  throw DamagedValue(
      fmt::format("{} is {}, not {}", sqlite3_column_name(statement_->handle(), column), shown(column), due));
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(Connection& connection, std::string_view sql) : connection_(&connection) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  check(code);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) connection_->fail(code);
}

void Statement::bind(int index, std::nullptr_t) { check(sqlite3_bind_null(handle(), index)); }

void Statement::bind(int index, std::int64_t value) { check(sqlite3_bind_int64(handle(), index, value)); }

void Statement::bind(int index, double value) {
  std::isnan(value) ? bind(index, kNan) : check(sqlite3_bind_double(handle(), index, value));
}

void Statement::bind(int index, std::string_view value) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  const char* bytes = value.empty() ? "" : value.data();
  check(sqlite3_bind_text64(handle(), index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int index, const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell.content)) return bind(index, *integer);
  if (const auto* real = std::get_if<double>(&cell.content)) return bind(index, *real);
  if (const auto* text = std::get_if<std::string>(&cell.content)) return bind(index, std::string_view(*text));
  bind(index, nullptr);
}

bool LockWait::again(const std::filesystem::path& file) {
  const auto waited = Clock::now() - begun_;
  if (waited > kLongestWait) return false;
  if (waited > kQuietWait && !announced_) {
    announced_ = true;
    // On a terminal a line of progress may stand there.
    std::fputs(fmt::format("{}waiting for another program that has the database locked: {}\n",
                           ::isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "", file.string())
                   .c_str(),
               stderr);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(waited < std::chrono::milliseconds(50) ? 1 : 20));
  return true;
}

void LockWait::begin() {
  begun_ = Clock::now();
  announced_ = false;
}

int Connection::wait_for_lock(void* connection, int attempt) {
  auto* self = static_cast<Connection*>(connection);
  if (attempt == 0) self->lock_wait_.begin();
  return self->lock_wait_.again(self->file_) ? 1 : 0;
}

void Connection::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Connection::Connection(const std::filesystem::path& file, Mode mode) : file_(file) {
  // SQLite would count its memory under a lock at every allocation. Nobody asks, and after its first use it is too
  // late.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::immutable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  const std::string uri = uri_of(file, mode == Mode::immutable ? "?immutable=1" : "");
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_handler(handle, wait_for_lock, this);
}

Connection::~Connection() = default;

void Connection::fail(int code) const {
  if (!handle_) throw SqliteError(code, sqlite3_errstr(code), file_);
  std::string text = sqlite3_errmsg(handle_.get());
  // SQLite's own words leave out why the system refused.
  const int primary = code & 0xff, reason = sqlite3_system_errno(handle_.get());
  if ((primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR) && reason != 0) text += ": " + system_text(reason);
  throw SqliteError(code, text, file_);
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

Statement& Connection::prepared(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  return statements_.try_emplace(std::string(sql), *this, sql).first->second;
}

std::int64_t Connection::integer(std::string_view sql) {
  Statement statement(*this, sql);
  Rows rows = statement.query();
  return rows.next() ? rows.integer(0) : 0;
}

std::string Connection::text(std::string_view sql) {
  Statement statement(*this, sql);
  Rows rows = statement.query();
  return rows.next() ? rows.text(0) : std::string();
}

bool Connection::is_read_only() const { return sqlite3_db_readonly(handle(), "main") == 1; }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

void Connection::keep_log(bool keep) {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.prepared("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
  // SQLite has rolled back by itself after some errors; a second attempt would only report that.
  if (connection_.in_transaction()) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() { connection_.prepared("COMMIT").run(); }

Snapshot::Snapshot(Connection& connection) : connection_(connection), own_(!connection.in_transaction()) {
  if (own_) connection_.prepared("BEGIN").run();
}

Snapshot::~Snapshot() {
  if (own_ && connection_.in_transaction()) sqlite3_exec(connection_.handle(), "COMMIT", nullptr, nullptr, nullptr);
}

}  // namespace tuner::storage
