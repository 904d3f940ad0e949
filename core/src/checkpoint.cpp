#include "tuner/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tuner/bytes.hpp"
#include "tuner/library.hpp"

namespace tuner {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBeginning = "tuner checkpoint 2\n";
constexpr std::size_t kDigest = 64;  // sha256, hex

std::optional<std::int64_t> step_of(const fs::path& file) {
  const std::string name = file.filename().string();
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(step) : std::nullopt;
}

// The steps there are, newest first.
std::vector<std::int64_t> steps_in(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (const auto step = step_of(entry.path())) steps.push_back(*step);
  std::ranges::sort(steps, std::greater());
  return steps;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Makes the names in a folder durable.
void sync_folder(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

Checkpoints::Checkpoints(const CheckpointRules& rules, std::uint64_t number, std::string identity)
    : rules_(rules), folder_(rules.folder / std::to_string(number)), identity_(std::move(identity)) {
  if (rules_.folder.empty()) rules_.every_seconds = 0;
}

std::string read_checkpoint(const fs::path& path, std::string_view identity) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!bytes.starts_with(kBeginning)) throw Garbled("it is no checkpoint of this version");
  if (bytes.size() < kBeginning.size() + kDigest) throw Garbled("it ends too early");
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kDigest);
  if (sha256_of_text(body) != std::string_view(bytes).substr(body.size())) throw Garbled("its sha256 is wrong");
  Reader in(body.substr(kBeginning.size()));
  if (in.text() != identity) throw Garbled("it belongs to another plan, or to other plugins");
  std::string state = in.text();
  in.end();
  return state;
}

std::optional<std::string> Checkpoints::newest(std::vector<std::string>& log) const {
  if (rules_.every_seconds <= 0) return std::nullopt;
  for (const std::int64_t step : steps_in(folder_)) {
    const fs::path file = folder_ / std::to_string(step);
    try {
      return read_checkpoint(file, identity_);
    } catch (const Garbled& e) {
      std::error_code none;
      fs::rename(file, file.string() + ".damaged", none);
      log.push_back(fmt::format("the checkpoint '{}' is not used: {}", file.string(), e.what()));
    }
  }
  return std::nullopt;
}

void Checkpoints::write(std::int64_t step, std::string_view state, std::vector<std::string>& log) const {
  std::error_code none;
  fs::create_directories(folder_, none);
  Writer out;
  out.put_raw(kBeginning.data(), kBeginning.size());
  out.put(std::string_view(identity_));
  out.put(state);
  const fs::path file = folder_ / std::to_string(step), unfinished = folder_ / "unfinished";
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = descriptor >= 0 && write_all(descriptor, out.bytes()) &&
                       write_all(descriptor, sha256_of_text(out.bytes())) && ::fsync(descriptor) == 0;
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!written || ::rename(unfinished.c_str(), file.c_str()) != 0) {
    log.push_back(fmt::format("step {}: the checkpoint '{}' cannot be written: {}", step, file.string(),
                              std::strerror(written ? errno : reason)));
    fs::remove(unfinished, none);
    return;
  }
  sync_folder(folder_);
  if (rules_.keep_all) return;
  for (const std::int64_t other : steps_in(folder_))
    if (other != step) fs::remove(folder_ / std::to_string(other), none);
}

void remove_checkpoints(const CheckpointRules& rules, std::uint64_t number) {
  if (rules.folder.empty() || rules.keep_all) return;
  std::error_code none;
  fs::remove_all(rules.folder / std::to_string(number), none);
}

}  // namespace tuner
