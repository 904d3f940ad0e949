#include "tuner/program/process.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "tuner/program/processes.hpp"

namespace tuner::program {

namespace {

bool is_subreaper() {
  int is = 0;
  return ::prctl(PR_GET_CHILD_SUBREAPER, &is) == 0 && is != 0;
}

}  // namespace

Process::Process(Launch what) {
  what.own_group = what.foreign = true;
  pid_ = launch(what);
  file_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (file_.is_open()) return;
  const int error = errno;
  finish();
  throw std::system_error(error, std::generic_category(), "pidfd_open");
}

Process::~Process() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  finish();
}

void Process::signal(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

int Process::finish() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  // Until it is reaped nobody else can have its number, nor a group of that number.
  signal(SIGKILL);
  const int status = wait_for(std::exchange(pid_, -1));
  if (is_subreaper()) end_children();
  return status;
}

}  // namespace tuner::program
