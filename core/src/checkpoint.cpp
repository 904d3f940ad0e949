#include "tuner/checkpoint.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>

#include "tuner/bytes.hpp"
#include "tuner/checkpoint_file.hpp"
#include "tuner/library.hpp"

namespace tuner {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBeginning = "tuner checkpoint 2\n";
constexpr std::size_t kDigest = 64;  // sha256, hex

constexpr std::string_view kDamaged = ".damaged", kUnfinished = "unfinished";

// The number that is a file's whole name, as it is written here.
std::optional<std::int64_t> number_of(std::string_view name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && number >= 0 && std::to_string(number) == name ? std::optional(number) : std::nullopt;
}

struct Contents {
  std::vector<std::int64_t> steps;   // newest first
  std::vector<std::string> strange;  // what is no checkpoint, each with the reason
};

Contents look_into(const fs::path& folder) {
  Contents contents;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kDamaged) || name == kUnfinished) continue;
    const auto step = number_of(name);
    if (!step)
      contents.strange.push_back(fmt::format("'{}': its name is no step", entry.path().string()));
    else if (!entry.is_regular_file(none))  // opening a FIFO would wait for its other end
      contents.strange.push_back(fmt::format("'{}': it is no regular file", entry.path().string()));
    else
      contents.steps.push_back(*step);
  }
  std::ranges::sort(contents.steps, std::greater());
  std::ranges::sort(contents.strange);
  return contents;
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

// The file appears whole, by renaming, or not at all. 0, or the errno of what went wrong.
int write_whole(const fs::path& file, std::initializer_list<std::string_view> parts) {
  const fs::path unfinished = file.parent_path() / kUnfinished;
  // A new file: one that is there already may be a FIFO, whose opening would wait.
  ::unlink(unfinished.c_str());
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  const bool written = descriptor >= 0 &&
                       std::ranges::all_of(parts, [&](auto part) { return write_all(descriptor, part); }) &&
                       ::fsync(descriptor) == 0;
  int reason = written ? 0 : errno;
  if (descriptor >= 0) ::close(descriptor);
  if (written && ::rename(unfinished.c_str(), file.c_str()) != 0) reason = errno;
  std::error_code none;
  if (reason != 0)
    fs::remove(unfinished, none);
  else
    sync_folder(file.parent_path());
  return reason;
}

void keep_alone(const fs::path& folder, std::int64_t step) {
  std::error_code none;
  for (const std::int64_t other : look_into(folder).steps)
    if (other != step) fs::remove(folder / std::to_string(other), none);
}

}  // namespace

Checkpoints::Checkpoints(const CheckpointRules& rules, const TrialId& trial, const Parameters& parameters,
                         std::string_view plan)
    : rules_(rules), folder_(rules.folder / std::to_string(trial.number)) {
  if (rules_.folder.empty()) rules_.every_seconds = 0;
  identity_ = fmt::format("{}\ntrial {}\n", plan, trial.number);
  // Replicate 0 has the identity that trials had before there were replicates.
  if (trial.replicate > 0) identity_ += fmt::format("replicate {}\n", trial.replicate);
  for (const auto& [name, value] : parameters) identity_ += fmt::format("{}: {}\n", name, to_json(value));
}

std::string read_checkpoint(const fs::path& path, std::string_view identity) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!bytes.starts_with(kBeginning)) throw DecodeError("it is no checkpoint of this version");
  if (bytes.size() < kBeginning.size() + kDigest) throw DecodeError("it ends too early");
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kDigest);
  if (sha256_of_text(body) != std::string_view(bytes).substr(body.size())) throw DecodeError("its sha256 is wrong");
  Reader in(body.substr(kBeginning.size()));
  if (in.get<std::string>() != identity) throw DecodeError("it belongs to another trial or plan, or to other plugins");
  auto state = in.get<std::string>();
  in.end();
  return state;
}

std::optional<Checkpoint> Checkpoints::newest(std::vector<std::string>& log, std::int64_t below) const {
  if (rules_.every_seconds <= 0) return std::nullopt;
  const Contents contents = look_into(folder_);
  if (below == INT64_MAX)
    for (const std::string& entry : contents.strange) log.push_back("among the checkpoints, ignored: " + entry);
  for (const std::int64_t step : contents.steps) {
    if (step >= below) continue;
    try {
      return Checkpoint{step, read_checkpoint(folder_ / std::to_string(step), identity_)};
    } catch (const DecodeError& e) {
      set_aside(step, e.what(), log);
    }
  }
  return std::nullopt;
}

void Checkpoints::set_aside(std::int64_t step, std::string_view why, std::vector<std::string>& log) const {
  const fs::path file = folder_ / std::to_string(step);
  std::error_code none;
  fs::rename(file, file.string() + std::string(kDamaged), none);
  log.push_back(fmt::format("the checkpoint '{}' is not used: {}", file.string(), why));
}

int Checkpoints::write(std::int64_t step, std::string_view state, std::vector<std::string>& log) const {
  if (rules_.every_seconds <= 0) return 0;
  std::error_code none;
  fs::create_directories(folder_, none);
  Writer out;
  out.put_raw(kBeginning.data(), kBeginning.size());
  out.put(std::string_view(identity_));
  out.put(state);
  const fs::path file = folder_ / std::to_string(step);
  if (const int reason = write_whole(file, {out.bytes(), sha256_of_text(out.bytes())}); reason != 0) {
    log.push_back(
        fmt::format("step {}: the checkpoint '{}' cannot be written: {}", step, file.string(), std::strerror(reason)));
    return reason;
  }
  if (!rules_.keep_all) keep_alone(folder_, step);
  return 0;
}

void remove_checkpoints(const CheckpointRules& rules, std::uint64_t number) {
  if (rules.folder.empty() || rules.keep_all) return;
  std::error_code none;
  fs::remove_all(rules.folder / std::to_string(number), none);
  // What a program's worker keeps beside its folder, where it was ended before it removed them.
  for (const char* end : {".output", ".parameters.json"})
    fs::remove(rules.folder / (std::to_string(number) + end), none);
}

std::uint64_t checkpoint_bytes(const CheckpointRules& rules, std::uint64_t number) {
  std::uint64_t bytes = 0;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(rules.folder / std::to_string(number), none)) {
    const std::uint64_t size = entry.is_regular_file(none) ? entry.file_size(none) : 0;
    if (!none) bytes += size;
  }
  return bytes;
}

std::vector<std::uint64_t> trials_with_checkpoints(const CheckpointRules& rules) {
  std::vector<std::uint64_t> numbers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(rules.folder, none))
    if (const auto number = number_of(entry.path().filename().string()))
      numbers.push_back(static_cast<std::uint64_t>(*number));
  std::ranges::sort(numbers);
  return numbers;
}

std::optional<CheckpointFile> newest_checkpoint_file(const fs::path& folder, std::uint64_t number, std::uint64_t most) {
  const fs::path own = folder / std::to_string(number);
  std::error_code none;
  for (const std::int64_t step : look_into(own).steps) {
    const fs::path path = own / std::to_string(step);
    if (fs::file_size(path, none) > most || none) continue;
    std::ifstream file(path, std::ios::binary);
    return CheckpointFile{step, {std::istreambuf_iterator<char>(file), {}}};
  }
  return std::nullopt;
}

int put_checkpoint_file(const fs::path& folder, std::uint64_t number, const CheckpointFile& file) {
  const fs::path own = folder / std::to_string(number);
  std::error_code none;
  fs::create_directories(own, none);
  const int reason = write_whole(own / std::to_string(file.step), {file.bytes});
  if (reason == 0) keep_alone(own, file.step);
  return reason;
}

}  // namespace tuner
