#include "tuner/executor/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <utility>

#include "tuner/system.hpp"

extern char** environ;

namespace tuner::executor {

namespace {

constexpr std::size_t kOutputKept = 2000;
constexpr int kSocketBuffer = 4 << 20;
// Above the descriptors that a worker is born with, so that giving it one never overwrites another.
constexpr int kLowestDescriptor = 10;

[[noreturn]] void fail(const char* what) {
  throw Error(Message::storage_failed, fmt::format("a worker cannot be started: {}: {}", what, system_text(errno)),
              "free processes, memory or open files, or use fewer workers or isolation: thread");
}

Descriptor moved_up(int fd, const char* what) {
  if (fd < 0) fail(what);
  const Descriptor low(fd);
  const int high = ::fcntl(fd, F_DUPFD_CLOEXEC, kLowestDescriptor);
  if (high < 0) fail(what);
  return Descriptor(high);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

WorkerProcess::WorkerProcess(const std::filesystem::path& executable) {
  int pair[2], output[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail("no socket");
  socket_ = moved_up(pair[0], "no socket");
  const Descriptor theirs = moved_up(pair[1], "no socket");
  for (const int end : {socket_.get(), theirs.get()})
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  if (::pipe2(output, O_CLOEXEC) != 0) fail("no pipe");
  output_ = moved_up(output[0], "no pipe");
  const Descriptor printing = moved_up(output[1], "no pipe");
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  const Descriptor memory = moved_up(::memfd_create("tuner worker", MFD_CLOEXEC), "no shared memory");
  if (::ftruncate(memory.get(), sizeof(Board)) != 0) fail("no shared memory");
  void* shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (shared == MAP_FAILED) fail("no shared memory");
  board_ = new (shared) Board;

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const auto& [from, to] : {std::pair(printing.get(), STDOUT_FILENO), std::pair(printing.get(), STDERR_FILENO),
                                 std::pair(theirs.get(), kWorkerSocket), std::pair(memory.get(), kWorkerBoard)})
    ::posix_spawn_file_actions_adddup2(&actions, from, to);
  // Signals to the whole process group must not end a worker that had no time yet to ignore them.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&blocked, signal);
  ::posix_spawnattr_setsigmask(&attributes, &blocked);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::string name = executable.string(), word = "worker";
  char* arguments[] = {name.data(), word.data(), nullptr};
  // Not fork: its cost grows with the coordinator's memory.
  const int status = ::posix_spawn(&pid_, name.c_str(), &actions, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (status != 0) {
    pid_ = -1;
    ::munmap(board_, sizeof(Board));
    errno = status;
    fail(name.c_str());
  }
}

WorkerProcess::~WorkerProcess() {
  end();
  ::munmap(board_, sizeof(Board));
}

int WorkerProcess::end() {
  int status = 0;
  if (pid_ < 0) return status;
  ::kill(pid_, SIGKILL);  // a worker that has ended keeps its own status
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  read_output();
  return status;
}

void WorkerProcess::send(FrameType type, const Writer& message) {
  unsent_ += framed(type, message.bytes());
  flush();
}

void WorkerProcess::flush() {
  while (has_unsent()) {
    const ssize_t n =
        ::send(socket_.get(), unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    // Full: later. Closed: receive() finds out.
    if (n < 0) return;
    sent_ += static_cast<std::size_t>(n);
  }
  unsent_.clear(), sent_ = 0;
}

void WorkerProcess::read_output() {
  char bytes[4096];
  for (ssize_t n = 0; (n = ::read(output_.get(), bytes, sizeof bytes)) > 0;) {
    printed_.append(bytes, static_cast<std::size_t>(n));
    if (printed_.size() > kOutputKept) printed_.erase(0, printed_.size() - kOutputKept);
  }
}

bool WorkerProcess::receive() {
  read_output();
  char bytes[1 << 16];
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n <= 0) return false;
    frames_.append({bytes, static_cast<std::size_t>(n)});
    if (static_cast<std::size_t>(n) < sizeof bytes) return true;
  }
}

std::optional<Frame> WorkerProcess::next_frame() {
  if (!garbled_.empty()) return std::nullopt;
  try {
    return frames_.next();
  } catch (const Garbled& e) {
    distrust(e.what());
    return std::nullopt;
  }
}

}  // namespace tuner::executor
