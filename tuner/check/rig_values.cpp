// Values of the rig: pieces of state, memory between canaries.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr unsigned char kCanary = 0xC5;
constexpr std::size_t kGuard = 256;  // bytes of canaries on each side
constexpr const char* kMindBounds =
    "check the bounds of the loop: a tensor, its gradient and its slots have numel values, each of its own type, or "
    "what "
    "slot_extent() says; scratch memory has as many bytes as were asked for";

std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

template <class T>
T at(const std::string& bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

// Shortest digits that tell two values apart, as the piece's own type has them.
std::string text_of(const Piece& piece, std::size_t index) {
  if (piece.dtype == TUNER_DTYPE_I64) return fmt::to_string(at<std::int64_t>(piece.bytes, index));
  if (piece.dtype == TUNER_DTYPE_F32) return fmt::to_string(at<float>(piece.bytes, index));
  return fmt::to_string(at<double>(piece.bytes, index));
}

void put_number(std::string& to, std::uint64_t number) { to.append(reinterpret_cast<const char*>(&number), 8); }
void put_text(std::string& to, std::string_view text) { put_number(to, text.size()), to.append(text); }

// Reads what put_...() wrote; what a dying process left half written reads as nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  [[nodiscard]] bool more() const { return !left_.empty(); }
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (left_.size() < 8) return left_ = {}, 0;
    std::memcpy(&value, left_.data(), 8);
    left_.remove_prefix(8);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (left_.size() < size) return left_ = {}, std::string();
    std::string text(left_.substr(0, size));
    left_.remove_prefix(size);
    return text;
  }

 private:
  std::string_view left_;
};

}  // namespace

double Piece::value(std::size_t index) const {
  if (dtype == TUNER_DTYPE_I64) return static_cast<double>(at<std::int64_t>(bytes, index));
  return dtype == TUNER_DTYPE_F32 ? static_cast<double>(at<float>(bytes, index)) : at<double>(bytes, index);
}

std::string to_bytes(const State& state) {
  std::string bytes;
  for (const Piece& piece : state) {
    put_text(bytes, piece.name);
    put_number(bytes, piece.dtype);
    put_text(bytes, piece.bytes);
  }
  return bytes;
}

State state_from(std::string_view bytes) {
  State state;
  for (Reader reader(bytes); reader.more();) {
    Piece piece;
    piece.name = reader.text();
    piece.dtype = static_cast<std::uint32_t>(reader.number());
    piece.bytes = reader.text();
    state.push_back(std::move(piece));
  }
  return state;
}

std::string difference(const State& expected, const State& got) {
  for (std::size_t p = 0; p < expected.size(); ++p) {
    const Piece& want = expected[p];
    if (p >= got.size() || got[p].name != want.name || got[p].bytes.size() != want.bytes.size())
      return fmt::format("{}: expected {} values, got another number of them", want.name, want.size());
    const std::size_t width = dtype_size(want.dtype);
    std::size_t count = 0, first = 0;
    for (std::size_t i = 0; i < want.size(); ++i)
      if (std::memcmp(want.bytes.data() + i * width, got[p].bytes.data() + i * width, width) != 0 && count++ == 0)
        first = i;
    if (count > 0)
      return fmt::format("{}, element {}: expected {}, got {}{}", want.name, first, text_of(want, first),
                         text_of(got[p], first),
                         count > 1 ? fmt::format(" ({} of {} differ)", count, want.size()) : "");
  }
  return {};
}

void* GuardedMemory::take(std::size_t bytes, std::string name, unsigned char fill) {
  if (fence_) {
    void* memory = fenced_memory(bytes, std::move(name), *fence_, kMindBounds);
    std::memset(memory, fill, bytes);
    return memory;
  }
  Block& block = blocks_.emplace_back(Block{AlignedBuffer(padded(bytes) + 2 * kGuard), bytes, std::move(name)});
  auto* start = static_cast<unsigned char*>(block.memory.data());
  std::memset(start, kCanary, kGuard);
  std::memset(start + kGuard, fill, bytes);
  std::memset(start + kGuard + padded(bytes), kCanary, kGuard);
  return start + kGuard;
}

void GuardedMemory::rename(const void* data, std::string name) {
  if (fence_) rename_fenced(data, name);
  for (Block& block : blocks_)
    if (static_cast<const unsigned char*>(block.memory.data()) + kGuard == data) block.name = std::move(name);
}

std::string GuardedMemory::damage() const {
  for (const Block& block : blocks_) {
    const auto* data = static_cast<const unsigned char*>(block.memory.data()) + kGuard;
    const std::size_t end = padded(block.bytes);
    for (std::size_t i = block.bytes; i < end + kGuard; ++i)
      if (data[i] != (i < end ? 0 : kCanary))
        return fmt::format("behind the end of {} ({} bytes; byte {} is changed)", block.name, block.bytes, i);
    for (std::size_t i = 1; i <= kGuard; ++i)
      if (*(data - i) != kCanary) return fmt::format("{} bytes before the beginning of {}", i, block.name);
  }
  return {};
}

}  // namespace tuner::check
