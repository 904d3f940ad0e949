// Is the database that was opened still the file of its name? One that was removed, moved or replaced goes on to take
// what is written, and nobody finds it there.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "connection.hpp"

namespace tuner::storage {

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

class Place {
 public:
  // Just after opening it for writing.
  explicit Place(const std::filesystem::path& file);

  // Why nobody finds what is written, in words; empty while all is well. Asks the file system by name alone: opening
  // and closing any of the files would drop SQLite's locks on it.
  [[nodiscard]] std::string problem();

  // Copies all that was recorded to FILE.rescued, or into the folder for temporary files, and throws storage.failed,
  // which says where it is. Removes the log then, as it would change the file that gets its name.
  // Requires: no open Transaction.
  [[noreturn]] void give_up(Connection& connection, std::string_view study, const std::string& problem) const;

 private:
  std::filesystem::path file_;
  std::optional<FileIdentity> database_, log_, memory_;
};

}  // namespace tuner::storage
