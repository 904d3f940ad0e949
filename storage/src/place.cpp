#include "place.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "log.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

std::optional<FileIdentity> identity_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{.device = status.st_dev, .inode = status.st_ino};
}

// A new empty file with a name that was free, which is so taken for this process alone; empty where none can be made.
fs::path file_for_rescue(const fs::path& folder, const fs::path& file) {
  const std::string name = file.filename().string() + ".rescued";
  for (int i = 1; i < 1000; ++i) {
    const fs::path place = folder / (i == 1 ? name : fmt::format("{}-{}", name, i));
    const int fd = ::open(place.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0) {
      ::close(fd);
      return place;
    }
    if (errno != EEXIST) break;
  }
  return {};
}

// Where the copy is; empty, with the reason in `why`, where none could be made.
fs::path rescue(Connection& connection, std::string& why) {
  const fs::path& file = connection.file();
  std::error_code ignored;
  why = "no file can be made beside it";
  for (const fs::path& folder : {file.parent_path(), fs::temp_directory_path(ignored)}) {
    const fs::path place = folder.empty() ? fs::path() : file_for_rescue(folder, file);
    if (place.empty()) continue;
    try {
      Statement(connection, "VACUUM INTO ?").run(std::string_view(place.string()));
      return place;
    } catch (const SqliteError& error) {
      why = error.reason();
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
