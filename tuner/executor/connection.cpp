#include "tuner/executor/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "tuner/text.hpp"

namespace tuner::executor {

namespace {

constexpr std::size_t kMostBanner = 64 << 10;
constexpr std::size_t kShown = 200;

}  // namespace

std::string excerpt(std::string_view bytes) {
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r')) bytes.remove_suffix(1);
  return printable(std::string(bytes.substr(0, kShown))) + (bytes.size() > kShown ? "..." : "");
}

Connection::Connection(Descriptor in, Descriptor out, Greeting ours)
    : in_(std::move(in)), out_(std::move(out)), ours_(std::move(ours)), unsent_(kPreamble) {
  for (const int end : {in_.get(), out_.get()}) ::fcntl(end, F_SETFL, ::fcntl(end, F_GETFL) | O_NONBLOCK);
  send(FrameType::greeting, to_bytes(ours_));
}

void Connection::send(FrameType type, std::string_view message) {
  unsent_ += framed(type, message);
  flush();
}

void Connection::flush() {
  while (has_unsent()) {
    const ssize_t n = ::write(out_.get(), unsent_.data() + sent_, unsent_.size() - sent_);
    if (n < 0 && errno == EINTR) continue;
    // Full: later. Closed: receive() finds out.
    if (n < 0) return;
    sent_ += static_cast<std::size_t>(n);
  }
  unsent_.clear();
  sent_ = 0;
}

bool Connection::receive() {
  char bytes[1 << 16];
  for (;;) {
    const ssize_t n = ::read(in_.get(), bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n <= 0) return false;
    const std::string_view arrived(bytes, static_cast<std::size_t>(n));
    if (begun_)
      frames_.append(arrived);
    else
      banner_ += arrived;
    if (arrived.size() < sizeof bytes) return true;
  }
}

bool Connection::find_preamble() {
  const std::size_t at = banner_.find(kPreamble);
  if (at == std::string::npos) {
    if (banner_.size() > kMostBanner)
      throw DecodeError(fmt::format("no supervisor answers, but a program that writes: {}", excerpt(banner_)));
    return false;
  }
  frames_.append(std::string_view(banner_).substr(at + kPreamble.size()));
  banner_.resize(at);
  return true;
}

std::optional<Frame> Connection::next_frame() {
  if (!begun_ && !(begun_ = find_preamble())) return std::nullopt;
  std::optional<Frame> frame;
  try {
    frame = frames_.next();
  } catch (const DecodeError& e) {
    throw DecodeError(fmt::format("{}: {}", e.what(), excerpt(frames_.rest())));
  }
  if (greeted_ || !frame) return frame;
  if (frame->type != FrameType::greeting) throw DecodeError("it does not begin with a greeting");
  theirs_ = from_bytes<Greeting>(frame->bytes);
  if (const std::string why = disagreement(ours_, theirs_); !why.empty()) {
    refused_ = true;
    throw DecodeError(why);
  }
  greeted_ = true;
  return next_frame();
}

}  // namespace tuner::executor
