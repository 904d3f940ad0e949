// sha256 of files, remembered from one start to the next.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace tuner::commands {

// Large files are hashed once: what is known of them stands in $XDG_CACHE_HOME/tuner/sha256 (~/.cache/tuner/sha256), by
// device, inode, size and the times of the last changes. A cache that cannot be read or written costs time alone.
class FileHashes {
 public:
  FileHashes();

  // Hex sha256 of a regular file. Errors: plugin.unreadable.
  [[nodiscard]] std::string of(const std::filesystem::path& file);

 private:
  void remember(const std::string& key, const std::string& sha256);

  std::filesystem::path cache_;               // empty: none
  std::map<std::string, std::string> known_;  // by key
};

}  // namespace tuner::commands
