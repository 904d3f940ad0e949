#include "tuner/executor/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

#include "tuner/program/processes.hpp"
#include "tuner/system.hpp"

namespace tuner::executor {

namespace {

constexpr std::size_t kOutputKept = 2000;
constexpr int kSocketBuffer = 4 << 20;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

WorkerProcess::WorkerProcess(const std::filesystem::path& executable, std::uint32_t number) {
  try {
    start(executable, number);
  } catch (const std::system_error& e) {
    throw Error(Message::storage_failed, fmt::format("a worker cannot be started: {}", system_text(e.code().value())),
                "free processes, memory or open files, or use fewer workers or isolation: thread");
  }
}

void WorkerProcess::start(const std::filesystem::path& executable, std::uint32_t number) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail("no socket");
  socket_ = Descriptor(pair[0]);
  const Descriptor theirs(pair[1]);
  for (const int end : pair) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  Pipe output;
  output_ = std::move(output.read);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  const Descriptor memory(::memfd_create("tuner worker", MFD_CLOEXEC));
  if (!memory.is_open() || ::ftruncate(memory.get(), sizeof(Board)) != 0) fail("no shared memory");
  void* shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (shared == MAP_FAILED) fail("no shared memory");
  board_.reset(new (shared) Board);
  board_->worker = number;
  pid_ = launch({.program = executable,
                 .arguments = {"worker"},
                 .descriptors = {{output.write.get(), STDOUT_FILENO},
                                 {output.write.get(), STDERR_FILENO},
                                 {theirs.get(), kWorkerSocket},
                                 {memory.get(), kWorkerBoard}},
                 // Signals to the whole process group must not end a worker that had no time yet to ignore them.
                 .signals_blocked = true});
}

WorkerProcess::~WorkerProcess() { end(); }

void WorkerProcess::Unmap::operator()(Board* board) const { ::munmap(board, sizeof(Board)); }

int WorkerProcess::end() {
  if (pid_ < 0) return status_;
  ::kill(pid_, SIGKILL);  // a worker that has ended keeps its own status
  status_ = wait_for(pid_);
  // What a program has started outlives its worker where it does not belong to its process group.
  if (board_->busy != 0) program::end_processes_of_worker(pid_);
  pid_ = -1;
  read_output();
  return status_;
}

void WorkerProcess::send(FrameType type, std::string_view message) {
  unsent_ += framed(type, message);
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
  unsent_.clear();
  sent_ = 0;
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
  if (!protocol_error_.empty()) return std::nullopt;
  try {
    return frames_.next();
  } catch (const DecodeError& e) {
    distrust(e.what());
    return std::nullopt;
  }
}

}  // namespace tuner::executor
