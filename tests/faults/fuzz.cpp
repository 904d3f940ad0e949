// No stored value crashes a command: copies of a database with flipped bits, with extreme values in every column, and
// with rows missing, given to every command that reads or resumes. The exit code is one of the documented ones, and no
// signal.
//
//   faults_fuzz [--seconds N] [--cases N] [--seed N] [--only CASE]
//
// Prints its seed; a case depends on the seed and its own number alone. A case that fails leaves its database.
#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "running.hpp"

namespace tuner::faults {
namespace {

constexpr const char* kSweep = R"(
study: demo
method: random
trials: 14
objective: rosenbrock
optimizer:
  one_of:
    - {plugin: sgd, as: slow, lr: {min: 1e-5, max: 1, scale: log}, momentum: {values: [0, 0.9]}}
    - {plugin: adam, lr: {min: 1e-3, max: 1e-1, scale: log}}
training: {steps: {values: [20, 40]}, log_every: 5}
isolation: thread
)";
constexpr const char* kTest = R"(
study: wide
objective: {plugin: noisy_quadratic, dim: 4, condition: 10}
optimizer: {one_of: [{plugin: sgd, momentum: 0.5}, adam]}
training: {steps: 10, batch_size: 8}
isolation: thread
lr_range: {lr_min: 1e-4, lr_max: 10, steps: 30, seeds: 2, grid: {points: 4, steps: 16}, stability: {steps: 64, precision: 0.2}}
)";
constexpr const char* kAround = R"(
study: around
method: random
trials: 2
objective: {plugin: noisy_quadratic, dim: 4, condition: 10}
optimizer: {plugin: sgd, lr: {from: lr_range}}
training: {steps: 10, batch_size: 8}
isolation: thread
lr_range: {lr_min: 1e-4, lr_max: 10, steps: 20, seeds: 1, grid: {points: 4, steps: 16}, stability: none}
)";

// After them all those that write.
const std::vector<std::vector<std::string>> kReading = {
    {"studies"},
    {"studies", "--json"},
    {"studies", "--format", "csv"},
    {"trials", "demo"},
    {"trials", "demo", "--json"},
    {"trials", "wide.lr_range", "--format", "csv"},
    {"best", "demo"},
    {"best", "demo", "--json"},
    {"best", "wide.lr_range", "--format", "csv"},
    {"show", "demo"},
    {"show", "demo", "--json"},
    {"show", "demo/0"},
    {"show", "demo/3", "--json"},
    {"show", "wide.lr_range"},
    {"show", "wide.lr_range", "--json"},
    {"show", "wide.lr_range", "--svg", "chart.svg"},
    {"show", "wide.lr_range/0"},
    {"show", "around.lr_range"},
    {"query", "SELECT * FROM runs"},
    {"query", "SELECT * FROM learning_curves", "--json"},
    {"query", "SELECT * FROM best_runs", "--format", "csv"},
    {"query", "SELECT * FROM learning_rates"},
    {"replay", "demo/1"},
    {"replay", "demo/2"},
    {"replay", "wide.lr_range/0"},
    {"fsck"},
};
const std::vector<std::vector<std::string>> kWriting = {
    {"--config", "sweep.yaml", "--quiet"},
    {"lr-range", "--config", "test.yaml", "--quiet"},
    {"--config", "around.yaml", "--quiet"},
    {"--config", "sweep.yaml", "--quiet", "--fresh"},
};

const std::set<int> kDocumented = {0, 2, 3, 4, 5, 6, 130};

std::vector<std::string> extreme_values() {
  return {"NULL",
          "''",
          "'nan'",
          "'abc'",
          "'1'",
          "'inf'",
          "x''",
          "x'00ff'",
          "CAST(x'fffe80' AS TEXT)",
          "CAST(x'610062' AS TEXT)",
          "printf('%.*c', 20000, 'x')",
          "printf('%.*c', 100000, '[')",
          "'[1, 2'",
          "'[[1]]'",
          "'{\"a\": 1}'",
          "'{'",
          "'[]'",
          "'null'",
          "'list'",
          "'number'",
          "'text'",
          "'boolean'",
          "'integer'",
          "'ramp'",
          "'ladder'",
          "'stability'",
          "'completed'",
          "'failed'",
          "'cancelled'",
          "'pruned'",
          "'maximize'",
          "'lr'",
          "'smoothed_loss'",
          "'loss'",
          "'recommended'",
          "'lr_range.lr'",
          "'lr_range.seed'",
          "'optimizer'",
          "0",
          "-1",
          "1",
          "2",
          "7",
          "1000000",
          "2147483648",
          "4294967296",
          "9223372036854775807",
          "-9223372036854775808",
          "0.5",
          "0.0",
          "-0.0",
          "1e308",
          "-1e308",
          "1.7976931348623157e308",
          "9e999",
          "-9e999",
          "5e-324",
          "1e-310",
          "1e-300",
          "1e15",
          "1e300"};
}

class Database {
 public:
  explicit Database(const fs::path& file) {
    if (sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
      throw std::runtime_error("cannot open the copy");
    execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A constraint may refuse it: then the case is a whole database.
  void execute(const std::string& sql) { sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr); }
  [[nodiscard]] std::vector<std::string> column(const std::string& sql) {
    std::vector<std::string> values;
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      values.emplace_back(text == nullptr ? "" : text);
    }
    sqlite3_finalize(statement);
    return values;
  }

 private:
  sqlite3* handle_ = nullptr;
};

class Fuzz {
 public:
  explicit Fuzz(std::uint64_t seed) : seed_(seed) {
    write_text(folder_ / "sweep.yaml", kSweep);
    write_text(folder_ / "test.yaml", kTest);
    write_text(folder_ / "around.yaml", kAround);
    for (const auto& words : kWriting) {
      if (words.back() == "--fresh") continue;
      if (const int code = tuner(words, "base.db"); code != 0)
        throw std::runtime_error("the whole database is not made: exit code " + std::to_string(code) + "\n" +
                                 read_text(folder_ / "err"));
    }
    whole_ = read_text(folder_ / "base.db");
  }

  // False where it fails.
  bool run_case(std::uint64_t number) {
    random_.seed(seed_ * 1'000'003 + number);
    std::string what;
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove((folder_ / "copy.db").string() + end);
    std::string content = whole_;
    if (number % 3 == 0) what = flip(content);
    write_text(folder_ / "copy.db", content);
    if (number % 3 != 0) what = change(folder_ / "copy.db");
    const std::string damaged = read_text(folder_ / "copy.db");
    std::vector<std::vector<std::string>> commands(kReading.begin(), kReading.end());
    std::shuffle(commands.begin(), commands.end(), random_);
    commands.resize(kReadingCommands);
    commands.push_back(kWriting[below(kWriting.size())]);
    for (const auto& words : commands) {
      ++commands_;
      const int code = tuner(words, "copy.db");
      ++codes_[code];
      if (kDocumented.contains(code)) continue;
      const fs::path kept =
          fs::current_path() / ("fuzz-" + std::to_string(seed_) + "-" + std::to_string(number) + ".db");
      write_text(kept, damaged);
      std::cout << "case " << number << " of seed " << seed_ << ": " << what << "\n  tuner";
      for (const std::string& word : words) std::cout << " '" << word << "'";
      std::cout << " --db " << kept.string() << "\n  ended with " << code << ": " << read_text(folder_ / "err") << "\n";
      return false;
    }
    return true;
  }

  void print_counts() const {
    std::cout << commands_ << " commands; exit codes:";
    for (const auto& [code, times] : codes_) std::cout << " " << code << " (" << times << ")";
    std::cout << "\n";
  }

 private:
  static constexpr std::size_t kReadingCommands = 6;

  std::size_t below(std::size_t end) { return random_() % end; }

  int tuner(std::vector<std::string> words, const std::string& database) {
    words.insert(words.end(), {"--db", database});
    return end_of(launch({.arguments = std::move(words), .folder = folder_.path(), .err = folder_ / "err"}));
  }

  std::string flip(std::string& content) {
    std::string what = "bits flipped at";
    const std::size_t page = below(content.size() / 4096), flips = 1 + below(4);
    // Half of them where a page's own structure stands.
    const std::size_t within = below(2) == 0 ? 128 : 4096;
    for (std::size_t i = 0; i < flips; ++i) {
      const std::size_t place = page * 4096 + below(within);
      content[place] ^= static_cast<char>(1u << below(8));
      what += " " + std::to_string(place);
    }
    return what;
  }

  std::string change(const fs::path& file) {
    Database database(file);
    std::string what;
    const std::size_t times = 1 + below(3);
    for (std::size_t i = 0; i < times; ++i) what += (below(5) == 0 ? remove(database) : set(database)) + "; ";
    return what;
  }

  std::string table_of(Database& database) {
    const auto tables = database.column("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    return tables[below(tables.size())];
  }
  // One row, a part of them, or all.
  std::string where(Database& database, const std::string& table) {
    std::string key;
    for (const std::string& column :
         database.column("SELECT name FROM pragma_table_info('" + table + "') WHERE pk > 0 ORDER BY pk"))
      key += (key.empty() ? "" : ", ") + column;
    if (below(8) == 0) return "";
    const std::string rows = database.column("SELECT count(*) FROM " + table).front();
    const std::size_t count = std::max<std::size_t>(std::strtoull(rows.c_str(), nullptr, 10), 1);
    const std::size_t some = below(3) == 0 ? 1 + below(count) : 1;
    return " WHERE (" + key + ") IN (SELECT " + key + " FROM " + table + " LIMIT " + std::to_string(some) + " OFFSET " +
           std::to_string(below(count)) + ")";
  }
  std::string set(Database& database) {
    const std::string table = table_of(database);
    const auto columns = database.column("SELECT name FROM pragma_table_info('" + table + "')");
    const auto values = extreme_values();
    const std::string column = columns[below(columns.size())], value = values[below(values.size())];
    const std::string sql = "UPDATE OR REPLACE " + table + " SET " + column + " = " + value + where(database, table);
    // Flipped bits make a NULL of what may be none.
    const std::string allow =
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') "
        "WHERE name = '" +
        table + "'; PRAGMA writable_schema = RESET";
    const std::string before = database.column("SELECT sql FROM sqlite_schema WHERE name = '" + table + "'").front();
    if (value == "NULL") database.execute(allow);
    database.execute(sql);
    if (value == "NULL") {
      char* restored = sqlite3_mprintf(
          "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = %Q WHERE name = %Q; "
          "PRAGMA writable_schema = RESET",
          before.c_str(), table.c_str());
      database.execute(restored);
      sqlite3_free(restored);
    }
    return sql;
  }
  std::string remove(Database& database) {
    std::string sql;
    // By hand, or by a tool that knows no triggers.
    if (below(2) == 0)
      for (const std::string& trigger : database.column("SELECT name FROM sqlite_schema WHERE type = 'trigger'"))
        sql += "DROP TRIGGER " + trigger + "; ";
    const std::string table = table_of(database);
    sql += "DELETE FROM " + table + where(database, table);
    database.execute(sql);
    return sql;
  }

  Folder folder_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  std::string whole_;
  std::uint64_t commands_ = 0;
  std::map<int, std::uint64_t> codes_;
};

int fuzz(const std::map<std::string, std::uint64_t>& options) {
  const auto option = [&](const char* name, std::uint64_t otherwise) {
    return options.contains(name) ? options.at(name) : otherwise;
  };
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // What takes more memory than this has believed a number that it has read. Sanitizers take more by themselves.
  const rlimit memory{.rlim_cur = 4UL << 30, .rlim_max = 4UL << 30};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  const std::uint64_t seed = option("--seed", std::random_device()() % 1'000'000'000);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(option("--seconds", 86'400));
  std::cout << "seed " << seed << std::endl;
  Fuzz cases(seed);
  std::uint64_t number = 0, failed = 0;
  if (options.contains("--only")) return cases.run_case(options.at("--only")) ? 0 : 1;
  for (; number < option("--cases", UINT64_MAX) && std::chrono::steady_clock::now() < end; ++number)
    if (!cases.run_case(number)) ++failed;
  std::cout << number << " cases, " << failed << " failed; ";
  cases.print_counts();
  return failed == 0 && number > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tuner::faults

int main(int argc, char** argv) {
  std::map<std::string, std::uint64_t> options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = std::strtoull(argv[i + 1], nullptr, 10);
  return tuner::faults::fuzz(options);
}
