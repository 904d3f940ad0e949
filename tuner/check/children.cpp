#include "tuner/check/children.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "tuner/check/answers.hpp"

namespace tuner::check {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptText = 4096, kMostAnswers = 1 << 20;

// A pipe of which the child gets the writing end.
struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    read = ends[0], write = ends[1];
    // Out of the way of the numbers that the child gives them.
    if (write <= kAnswerFile) {
      const int moved = ::fcntl(write, F_DUPFD_CLOEXEC, kAnswerFile + 1);
      ::close(write);
      write = moved;
    }
  }
};

[[noreturn]] void become(const std::vector<char*>& words, int out, int err, int answers, pid_t parent) {
  // A group of its own, so that what it starts ends with it; and no core file of a plugin that is known to crash.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::dup2(answers, kAnswerFile);
  ::execv(words[0], words.data());
  ::_exit(127);
}

}  // namespace

struct Children::Child {
  // One end that is read from; -1 once it has come to its end.
  struct Stream {
    int file = -1;
    std::string text;
  };
  std::size_t tag = 0;
  pid_t pid = -1;
  Clock::time_point begin, deadline;
  std::array<Stream, 3> streams;  // answers, out, err

  void read(Stream& stream, bool answers) {
    char buffer[4096];
    const ssize_t n = ::read(stream.file, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      ::close(std::exchange(stream.file, -1));
      return;
    }
    if (!answers || stream.text.size() < kMostAnswers) stream.text.append(buffer, static_cast<std::size_t>(n));
    if (!answers && stream.text.size() > 2 * kKeptText) stream.text.erase(0, stream.text.size() - kKeptText);
  }
  // What is still in the pipes, without waiting for processes that the child has left behind.
  void drain() {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      pollfd ready{.fd = streams[i].file, .events = POLLIN, .revents = 0};
      while (streams[i].file >= 0 && ::poll(&ready, 1, 0) > 0) read(streams[i], i == 0);
      if (streams[i].file >= 0) ::close(std::exchange(streams[i].file, -1));
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

void Children::start(std::size_t tag, const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Pipe answers, out, err;
  Child child;
  child.tag = tag, child.begin = Clock::now(), child.deadline = child.begin + time_limit_;
  const pid_t parent = ::getpid();
  child.pid = ::fork();
  if (child.pid == 0) become(words, out.write, err.write, answers.write, parent);
  const int error = errno;
  for (const Pipe* pipe : {&answers, &out, &err}) ::close(pipe->write);
  child.streams[0].file = answers.read, child.streams[1].file = out.read, child.streams[2].file = err.read;
  if (child.pid < 0) {
    child.drain();
    throw std::system_error(error, std::generic_category(), "cannot start a process");
  }
  ::setpgid(child.pid, child.pid);
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
      const bool ending = child.streams[0].file < 0;
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
        if (child.streams[s].file < 0) continue;
        waiting.push_back({.fd = child.streams[s].file, .events = POLLIN, .revents = 0});
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
