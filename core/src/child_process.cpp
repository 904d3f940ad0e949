#include "tuner/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

extern char** environ;

namespace tuner {

namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  explicit Attributes(const Launch& what) {
    ::posix_spawnattr_init(&attributes_);
    short flags = 0;
    if (what.own_group) {
      ::posix_spawnattr_setpgroup(&attributes_, 0);
      flags |= POSIX_SPAWN_SETPGROUP;
    }
    if (what.signals_blocked) {
      sigset_t blocked;
      ::sigemptyset(&blocked);
      for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&blocked, signal);
      ::posix_spawnattr_setsigmask(&attributes_, &blocked);
      flags |= POSIX_SPAWN_SETSIGMASK;
    }
    ::posix_spawnattr_setflags(&attributes_, flags);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// Our environment with the given variables in place of ours.
std::vector<char*> environment_with(const std::vector<std::string>& given) {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view ours = *variable;
    const std::string_view name = ours.substr(0, ours.find('=') + 1);
    if (std::ranges::none_of(given, [&](const std::string& text) { return text.starts_with(name); }))
      variables.push_back(*variable);
  }
  for (const std::string& text : given) variables.push_back(const_cast<char*>(text.c_str()));
  variables.push_back(nullptr);
  return variables;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  reset();
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Pipe::Pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(errno, "no pipe");
  read = Descriptor(ends[0]);
  write = Descriptor(ends[1]);
}

pid_t launch(const Launch& what) {
  FileActions actions;
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // Above the numbers that the child finds them under, so that handing one on never overwrites another.
  int lowest = 0;
  for (const auto& [ours, theirs] : what.descriptors) lowest = std::max(lowest, theirs + 1);
  std::vector<Descriptor> moved;
  for (const auto& [ours, theirs] : what.descriptors) {
    moved.emplace_back(::fcntl(ours, F_DUPFD_CLOEXEC, lowest));
    // EINVAL: the limit of descriptors is below the lowest.
    if (!moved.back().is_open()) fail(errno == EINVAL ? EMFILE : errno, "no file descriptor");
    ::posix_spawn_file_actions_adddup2(actions.get(), moved.back().get(), theirs);
  }
  const Attributes attributes(what);
  std::string program = what.program.string();
  std::vector<char*> words{program.data()};
  for (const std::string& word : what.arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::vector<char*> environment = environment_with(what.environment);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, program.c_str(), actions.get(), attributes.get(), words.data(), environment.data());
  if (error != 0) fail(error, program);
  return child;
}

void end_with_parent(int lifeline) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  pollfd parent{.fd = lifeline, .events = 0, .revents = 0};
  if (::poll(&parent, 1, 0) > 0 && (parent.revents & (POLLERR | POLLHUP)) != 0) ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace tuner
