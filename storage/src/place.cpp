#include "place.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <system_error>

#include "log.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

std::optional<FileIdentity> identity_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{.device = status.st_dev, .inode = status.st_ino};
}

// A name that is free.
fs::path name_for_rescue(const fs::path& folder, const fs::path& file) {
  std::error_code ignored;
  const std::string name = file.filename().string() + ".rescued";
  fs::path place = folder / name;
  for (int i = 2; fs::exists(place, ignored); ++i) place = folder / fmt::format("{}-{}", name, i);
  return place;
}

// Where the copy is; empty, with the reason in `why`, where none could be made.
fs::path rescue(Connection& connection, std::string& why) {
  const fs::path& file = connection.file();
  std::error_code ignored;
  for (const fs::path& folder : {file.parent_path(), fs::temp_directory_path(ignored)}) {
    const fs::path place = name_for_rescue(folder, file);
    try {
      Statement(connection, "VACUUM INTO ?").run(std::string_view(place.string()));
      return place;
    } catch (const SqliteError& error) {
      if (why.empty()) why = error.reason();
      fs::remove(place, ignored);
    }
  }
  return {};
}

}  // namespace

Place::Place(const fs::path& file)
    : file_(file),
      database_(identity_of(file)),
      log_(identity_of(log_of(file))),
      memory_(identity_of(memory_of(file))) {}

std::string Place::problem() {
  const auto database = identity_of(file_), log = identity_of(log_of(file_));
  if (!database) return "it was removed or moved";
  if (database != database_) return "another file was put in its place";
  std::error_code ignored;
  if (fs::file_size(file_, ignored) == 0) return "it was emptied";
  if (!log_) log_ = log;
  if (log_ && !log) return fmt::format("its log, {}, was removed or moved", log_of(file_).filename().string());
  if (log != log_)
    return fmt::format("another file was put in the place of its log, {}", log_of(file_).filename().string());
  return "";
}

void Place::give_up(Connection& connection, std::string_view study, const std::string& problem) const {
  // Closing must not touch what has the name now.
  connection.keep_log(true);
  std::string why;
  const fs::path copy = rescue(connection, why);
  if (!copy.empty())
    for (const auto& [file, identity] : {std::pair(log_of(file_), log_), std::pair(memory_of(file_), memory_)}) {
      std::error_code ignored;
      if (identity && identity_of(file) == identity) fs::remove(file, ignored);
    }
  throw Error(Message::storage_failed, fmt::format("the database is gone: {} while study '{}' ran", problem, study),
              copy.empty()
                  ? fmt::format("What was recorded could not be kept: {}. Restore a copy of the file and run the same "
                                "command again.",
                                why)
                  : fmt::format("All that was recorded is kept in {0}: rename it (mv {0} {1}) and run the same command "
                                "again.",
                                copy.string(), file_.string()))
      .at(file_.string());
}

}  // namespace tuner::storage
