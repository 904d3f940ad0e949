#include "log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "tuner/error.hpp"

namespace tuner::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeader = 32, kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // + 1: checksums of big-endian words
// SQLite's locks on a database file: every connection to one in WAL mode holds a shared lock on these bytes.
constexpr off_t kSharedFirst = 0x40000002, kSharedSize = 510;

std::uint32_t big_endian(const unsigned char* b) {
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
}
std::uint32_t little_endian(const unsigned char* b) {
  return std::uint32_t{b[3]} << 24 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[1]} << 8 | std::uint32_t{b[0]};
}

using Checksum = std::array<std::uint32_t, 2>;

void add(Checksum& sum, std::span<const unsigned char> bytes, bool big) {
  const auto word = big ? big_endian : little_endian;
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    sum[0] += word(&bytes[i]) + sum[1];
    sum[1] += word(&bytes[i + 4]) + sum[0];
  }
}

bool equals(const Checksum& sum, const unsigned char* stored) {
  return sum[0] == big_endian(stored) && sum[1] == big_endian(stored + 4);
}

std::int64_t booted_at() {
  timespec now{}, since_boot{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return now.tv_sec - since_boot.tv_sec;
}

// What the memory that the users of the log shared says of it; nothing where there is none, or where the machine was
// started since: what a loss of power leaves of a log is no damage.
struct Acknowledged {
  std::uint32_t frames = 0;  // committed ones
  std::uint32_t moved = 0;   // those of them that stand in the file too
  std::array<unsigned char, 8> salts{};
};

std::optional<Acknowledged> acknowledged_by(const fs::path& file) {
  const fs::path memory = memory_of(file);
  struct stat status {};
  if (::stat(memory.c_str(), &status) != 0 || status.st_mtim.tv_sec < booted_at()) return std::nullopt;
  // Two copies of one header, in the machine's own order of bytes, then how far the log was moved.
  std::array<unsigned char, 100> head{};
  std::ifstream stream(memory, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(head.data()), head.size())) return std::nullopt;
  if (!std::equal(&head[0], &head[48], &head[48]) || head[12] != 1) return std::nullopt;
  Acknowledged found;
  std::memcpy(&found.frames, &head[16], sizeof found.frames);
  std::memcpy(&found.moved, &head[96], sizeof found.moved);
  std::copy(&head[32], &head[40], found.salts.begin());
  return found;
}

}  // namespace

fs::path log_of(const fs::path& file) { return file.string() + "-wal"; }

fs::path memory_of(const fs::path& file) { return file.string() + "-shm"; }

bool has_log(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(log_of(file), ignored);
}

bool is_in_use(const fs::path& file) {
  // O_NONBLOCK: a FIFO in its place would be waited for.
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kSharedFirst;
  lock.l_len = kSharedSize;
  const bool answered = ::fcntl(fd, F_OFD_GETLK, &lock) == 0;
  ::close(fd);
  return answered && lock.l_type != F_UNLCK;
}

LogState read_log(const fs::path& file) {
  LogState state;
  std::ifstream stream(log_of(file), std::ios::binary | std::ios::ate);
  const std::streamoff bytes = stream ? std::streamoff{stream.tellg()} : 0;
  state.bytes = static_cast<std::uint64_t>(std::max<std::streamoff>(bytes, 0));
  const std::optional<Acknowledged> acknowledged = acknowledged_by(file);
  // The first write to a log is its header and the frames of one transaction.
  if (state.bytes <= kHeader + kFrameHeader) {
    if (acknowledged && acknowledged->frames > acknowledged->moved)
      state.damage = fmt::format("the log {}, and {} committed pages that stood in it are lost",
                                 !stream            ? "is gone"
                                 : state.bytes == 0 ? "is empty"
                                                    : fmt::format("was cut to {} bytes", state.bytes),
                                 acknowledged->frames - acknowledged->moved);
    return state;
  }
  stream.seekg(0);
  std::array<unsigned char, kHeader> header{};
  stream.read(reinterpret_cast<char*>(header.data()), kHeader);
  const std::uint32_t magic = big_endian(header.data()), page = big_endian(&header[8]);
  const bool big = (magic & 1) != 0;
  Checksum sum{};
  add(sum, std::span(header).first(24), big);
  // Other salts are of another round of the log.
  const bool same_round = acknowledged && std::equal(&header[16], &header[24], acknowledged->salts.begin());
  const std::uint64_t committed = same_round ? acknowledged->frames : 0;
  if ((magic & ~1U) != kMagic || page < 512 || page > 65536 || (page & (page - 1)) != 0 || !equals(sum, &header[24])) {
    if (committed > 0) state.damage = fmt::format("the log of {} bytes does not begin as one", state.bytes);
    return state;
  }
  std::vector<unsigned char> frame(kFrameHeader + page);
  std::uint64_t number = 0;
  while (stream.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size()))) {
    ++number;
    add(sum, std::span(frame).first(8), big);
    add(sum, std::span(frame).subspan(kFrameHeader), big);
    // Other salts are of an earlier round.
    if (!std::equal(&frame[8], &frame[16], &header[16]) || !equals(sum, &frame[16])) break;
    if (big_endian(&frame[4]) != 0) state.committed_frames = number;
  }
  if (state.committed_frames < committed)
    state.damage = fmt::format("{} of {} committed pages in the log cannot be reached, the first damage is in page {}",
                               committed - state.committed_frames, committed, state.committed_frames + 1);
  return state;
}

void check_log(const fs::path& file) {
  std::error_code ignored;
  // Beside a file that is not there, or empty, what another one left means nothing.
  if (!fs::exists(file, ignored) || fs::file_size(file, ignored) == 0 || is_in_use(file)) return;
  const LogState state = read_log(file);
  // Asked again: whoever opens the database meanwhile may begin the log anew.
  if (state.damage.empty() || is_in_use(file)) return;
  throw Error(
      Message::storage_damaged, fmt::format("{}: {}", log_of(file).filename().string(), state.damage),
      fmt::format("Nothing was changed. Restore copies of both files; or keep a copy of them, remove the log and "
                  "{}, and go on with what stands in the file alone.",
                  memory_of(file).filename().string()))
      .at(file.string());
}

}  // namespace tuner::storage
