#include "tuner/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

// What the child needs, all of it made before it is there: until it runs its program it shares the memory of the
// parent, which stands still, and must neither allocate nor lock.
struct Child {
  const char* program;
  char* const* words;
  char* const* environment;
  const char* folder;  // null: ours
  const std::pair<int, int>* descriptors;
  std::size_t n_descriptors;
  int first_closed;  // of a foreign child: this descriptor and all above it
  bool own_group, foreign;
  int control_group;
  pid_t parent;
  sigset_t mask{};
  volatile int error = 0;
};

// Caught signals get their default action by execve(); until then, and for those that we ignore, a program that is not
// ours gets it here. Nobody here touches those of real time.
void reset_signals(bool also_ignored) {
  for (int signal = 1; signal <= SIGSYS; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_DFL) continue;
    if (action.sa_handler == SIG_IGN && !also_ignored) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
  }
}

int prepare(const Child& child) {
  reset_signals(child.foreign);
  if (child.own_group && ::setpgid(0, 0) != 0) return errno;
  if (child.foreign) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != child.parent) return ESRCH;  // it has ended meanwhile
  }
  if (child.control_group >= 0 && ::write(child.control_group, "0", 1) != 1) return errno;
  if (child.folder != nullptr && ::chdir(child.folder) != 0) return errno;
  for (std::size_t i = 0; i < child.n_descriptors; ++i)
    if (::dup2(child.descriptors[i].first, child.descriptors[i].second) < 0) return errno;
  if (child.foreign) ::close_range(static_cast<unsigned>(child.first_closed), ~0U, 0);
  ::sigprocmask(SIG_SETMASK, &child.mask, nullptr);
  return 0;
}

[[noreturn]] void become(Child& child) {
  int error = prepare(child);
  if (error == 0) {
    ::execve(child.program, child.words, child.environment);
    error = errno;
  }
  child.error = error;
  ::_exit(127);
}

// On its own, so that the compiler keeps nothing of the caller's in a register across the second return.
[[gnu::noinline]] pid_t start(Child& child) {
  const pid_t pid = ::vfork();
  if (pid == 0) become(child);
  return pid;
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

std::filesystem::path find_program(const std::string& name, const std::filesystem::path& folder,
                                   const std::string& path) {
  const auto is_program = [](const std::filesystem::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    const std::filesystem::path file = (folder / name).lexically_normal();
    return is_program(file) ? file : std::filesystem::path();
  }
  for (std::size_t begin = 0; begin <= path.size() && !name.empty();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::filesystem::path file = (folder / path.substr(begin, end - begin) / name).lexically_normal();
    if (is_program(file)) return file;
    begin = end + 1;
  }
  return {};
}

pid_t launch(const Launch& what) {
  // Above the numbers that the child finds them under, so that handing one on never overwrites another.
  int lowest = STDIN_FILENO + 1;
  for (const auto& [ours, theirs] : what.descriptors) lowest = std::max(lowest, theirs + 1);
  std::vector<Descriptor> moved;
  std::vector<std::pair<int, int>> descriptors;
  const auto hand_on = [&](int ours, int theirs) {
    moved.emplace_back(::fcntl(ours, F_DUPFD_CLOEXEC, lowest));
    // EINVAL: the limit of descriptors is below the lowest.
    if (!moved.back().is_open()) fail(errno == EINVAL ? EMFILE : errno, "no file descriptor");
    descriptors.emplace_back(moved.back().get(), theirs);
  };
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.is_open()) fail(errno, "/dev/null");
  hand_on(nothing.get(), STDIN_FILENO);
  for (const auto& [ours, theirs] : what.descriptors) hand_on(ours, theirs);

  const std::string program = what.program.string(), folder = what.folder.string();
  std::vector<char*> words{const_cast<char*>(what.name.empty() ? program.c_str() : what.name.c_str())};
  for (const std::string& word : what.arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::vector<char*> environment = environment_with(what.environment);
  Child child{.program = program.c_str(),
              .words = words.data(),
              .environment = environment.data(),
              .folder = folder.empty() ? nullptr : folder.c_str(),
              .descriptors = descriptors.data(),
              .n_descriptors = descriptors.size(),
              .first_closed = lowest,
              .own_group = what.own_group,
              .foreign = what.foreign,
              .control_group = what.control_group,
              .parent = ::getpid()};
  // A handler that ran in the child would run in our memory.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &child.mask);
  const sigset_t before = child.mask;
  if (what.foreign) ::sigemptyset(&child.mask);
  if (what.signals_blocked) {
    ::sigemptyset(&child.mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::sigaddset(&child.mask, signal);
  }
  const pid_t pid = start(child);
  const int error = pid < 0 ? errno : child.error;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) return pid;
  if (pid > 0) wait_for(pid);
  fail(error, program);
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
