#include "tuner/check/children.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "tuner/check/answers.hpp"
#include "tuner/child_process.hpp"

namespace tuner::check {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptText = 4096, kMostAnswers = 1 << 20;

}  // namespace

struct Children::Child {
  // One end that is read from; closed once it has come to its end.
  struct Stream {
    Descriptor file;
    std::string text;
  };
  std::size_t tag = 0;
  pid_t pid = -1;
  Clock::time_point begin, deadline;
  std::array<Stream, 3> streams;  // answers, out, err

  void read(Stream& stream, bool answers) {
    char buffer[4096];
    const ssize_t n = ::read(stream.file.get(), buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      stream.file.reset();
      return;
    }
    if (!answers || stream.text.size() < kMostAnswers) stream.text.append(buffer, static_cast<std::size_t>(n));
    if (!answers && stream.text.size() > 2 * kKeptText) stream.text.erase(0, stream.text.size() - kKeptText);
  }
  // What is still in the pipes, without waiting for processes that the child has left behind.
  void drain() {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      pollfd ready{.fd = streams[i].file.get(), .events = POLLIN, .revents = 0};
      while (streams[i].file.is_open() && ::poll(&ready, 1, 0) > 0) read(streams[i], i == 0);
      streams[i].file.reset();
      if (i > 0 && streams[i].text.size() > kKeptText) streams[i].text.erase(0, streams[i].text.size() - kKeptText);
    }
  }
  void kill() const { ::kill(-pid, SIGKILL); }
};

Children::Children(std::size_t most, std::chrono::milliseconds time_limit) : most_(most), time_limit_(time_limit) {}

bool Children::has_room() const { return running_.size() < most_; }
bool Children::idle() const { return running_.empty(); }

Children::~Children() {
  for (Child& child : running_) {
    child.kill();
    ::waitpid(child.pid, nullptr, 0);
    child.drain();
  }
}

void Children::start(std::size_t tag, const std::vector<std::string>& command,
                     const std::vector<std::string>& environment) {
  Pipe answers, out, err;
  Child child;
  child.tag = tag;
  child.begin = Clock::now();
  child.deadline = child.begin + time_limit_;
  child.pid = launch({.program = command.front(),
                      .arguments = {command.begin() + 1, command.end()},
                      .descriptors = {{out.write.get(), STDOUT_FILENO},
                                      {err.write.get(), STDERR_FILENO},
                                      {answers.write.get(), kAnswerFile}},
                      .environment = environment,
                      // So that what it starts ends with it.
                      .own_group = true});
  child.streams[0].file = std::move(answers.read);
  child.streams[1].file = std::move(out.read);
  child.streams[2].file = std::move(err.read);
  running_.push_back(std::move(child));
}

Ended Children::wait() {
  for (;;) {
    const auto now = Clock::now();
    auto deadline = now + std::chrono::hours(1);
    std::vector<pollfd> waiting;
    std::vector<std::pair<std::size_t, std::size_t>> whose;
    for (std::size_t c = 0; c < running_.size(); ++c) {
      Child& child = running_[c];
      // A child whose answers have ended is about to die, unless it closed the pipe itself: look again soon.
      const bool ending = !child.streams[0].file.is_open();
      int status = 0;
      const bool dead = ending && ::waitpid(child.pid, &status, WNOHANG) == child.pid;
      const bool late = !dead && now >= child.deadline;
      if (dead || late) {
        child.kill();
        if (late) ::waitpid(child.pid, &status, 0);
        child.drain();
        Ended ended{child.tag,
                    late,
                    status,
                    std::move(child.streams[0].text),
                    std::move(child.streams[1].text),
                    std::move(child.streams[2].text),
                    0};
        ended.elapsed_ms = std::chrono::duration<double, std::milli>(Clock::now() - child.begin).count();
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(c));
        return ended;
      }
      deadline = std::min(deadline, ending ? now + std::chrono::milliseconds(1) : child.deadline);
      for (std::size_t s = 0; s < child.streams.size(); ++s) {
        if (!child.streams[s].file.is_open()) continue;
        waiting.push_back({.fd = child.streams[s].file.get(), .events = POLLIN, .revents = 0});
        whose.emplace_back(c, s);
      }
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) <= 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i].revents != 0)
        running_[whose[i].first].read(running_[whose[i].first].streams[whose[i].second], whose[i].second == 0);
  }
}

}  // namespace tuner::check
