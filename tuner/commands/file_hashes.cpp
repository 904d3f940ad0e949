#include "tuner/commands/file_hashes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "tuner/library.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLarge = 1 << 20;          // smaller ones are hashed faster than looked up
constexpr std::size_t kMostRemembered = 10'000;   // lines; beyond them the cache begins anew
constexpr std::int64_t kSettled = 2'000'000'000;  // ns: a later change within a clock tick would go unseen
constexpr std::size_t kDigits = 64;

fs::path cache_file() {
  const char* folder = std::getenv("XDG_CACHE_HOME");
  if (folder != nullptr && folder[0] == '/') return fs::path(folder) / "tuner" / "sha256";
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? fs::path(home) / ".cache" / "tuner" / "sha256" : fs::path();
}

std::int64_t ns(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What changes when the file does; nothing for a file whose last change is so young that another one may follow unseen.
std::optional<std::string> key_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || status.st_size < kLarge) return std::nullopt;
  const std::int64_t modified = ns(status.st_mtim), changed = ns(status.st_ctim);
  if (now_ns() - std::max(modified, changed) < kSettled) return std::nullopt;
  return fmt::format("{} {} {} {} {}", status.st_dev, status.st_ino, status.st_size, modified, changed);
}

}  // namespace

FileHashes::FileHashes() : cache_(cache_file()) {
  struct stat status {};
  if (cache_.empty() || ::stat(cache_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  std::ifstream lines(cache_);
  for (std::string line; std::getline(lines, line);)  // KEY SHA256; a line that was cut by a crash is no entry
    if (line.size() > kDigits + 1 && line[line.size() - kDigits - 1] == ' ')
      known_[line.substr(0, line.size() - kDigits - 1)] = line.substr(line.size() - kDigits);
}

std::string FileHashes::of(const fs::path& file) {
  const auto key = key_of(file);
  if (!key) return sha256_of_file(file);
  if (const auto found = known_.find(*key); found != known_.end()) return found->second;
  const std::string sha256 = sha256_of_file(file);
  if (key_of(file) == key) remember(*key, sha256);  // unchanged while it was read
  return sha256;
}

void FileHashes::remember(const std::string& key, const std::string& sha256) {
  const bool full = known_.size() >= kMostRemembered;
  if (full) known_.clear();
  known_[key] = sha256;
  if (cache_.empty()) return;
  std::error_code none;
  fs::create_directories(cache_.parent_path(), none);
  // One write of one line: other processes append whole lines too.
  std::ofstream(cache_, full ? std::ios::trunc : std::ios::app) << key + " " + sha256 + "\n";
}

}  // namespace tuner::commands
