// The write-ahead log beside a database, read from outside: SQLite itself passes over a damaged one without a word.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tuner::storage {

[[nodiscard]] std::filesystem::path log_of(const std::filesystem::path& file);
// The memory that the users of the log share; it outlives a killed process.
[[nodiscard]] std::filesystem::path memory_of(const std::filesystem::path& file);
[[nodiscard]] bool has_log(const std::filesystem::path& file);

// Has another process the database open now?
[[nodiscard]] bool is_in_use(const std::filesystem::path& file);

struct LogState {
  std::uint64_t bytes = 0;
  std::uint64_t committed_frames = 0;  // pages that a reader takes from it
  // Why committed transactions in it are out of SQLite's reach; empty where none are, or where nobody can tell: the
  // -shm file beside the log knows how much was committed, as long as the machine runs. What a killed process or a loss
  // of power leaves is no damage.
  std::string damage;
};
// Requires: nobody writes to the database meanwhile.
// Source: "Database File Format", sqlite.org/fileformat2.html, section 4, and "WAL-mode File Format".
[[nodiscard]] LogState read_log(const std::filesystem::path& file);

// Errors: storage.damaged for a database that nobody has open and whose log is damaged: opening it would drop what
// cannot be reached.
void check_log(const std::filesystem::path& file);

}  // namespace tuner::storage
