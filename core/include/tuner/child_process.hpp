// Child processes: the one place that starts them. A child shares our memory until it runs its program (vfork), so that
// it costs the same however large this process has grown.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tuner {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_;
};

// Both ends are closed in children, unless a Launch hands them on. Errors: std::system_error.
struct Pipe {
  Pipe();
  Descriptor read, write;
};

struct Launch {
  std::filesystem::path program;            // a file; it is not searched for
  std::string name = {};                    // that the program sees as its own; empty: `program`
  std::vector<std::string> arguments = {};  // without the program's own name
  // Our descriptors and the numbers that the child finds them under. Its standard input is empty unless named here;
  // what is not named and closes on exec is closed.
  std::vector<std::pair<int, int>> descriptors = {};
  std::vector<std::string> environment = {};  // NAME=VALUE, in place of our value or beside ours
  bool own_group = false;                     // a process group of its own, led by the child
  bool signals_blocked = false;       // SIGINT, SIGTERM, SIGHUP and SIGPIPE are blocked until the child unblocks them
  std::filesystem::path folder = {};  // its working directory; empty: ours
  // A program that is not ours: no signal is ignored or blocked, it has no descriptor that is not named here, and it is
  // ended by SIGKILL together with the thread that starts it.
  bool foreign = false;
  int control_group = -1;  // descriptor of a cgroup.procs that the child joins before it runs; -1: none
};

// The file that execvp() would run: `name` itself where it has a slash, else the first executable in `path`, which is
// in the form of PATH. Relative ones count from `folder`. Empty where there is none.
[[nodiscard]] std::filesystem::path find_program(const std::string& name, const std::filesystem::path& folder,
                                                 const std::string& path);

// Starts it. The child's pid, which the caller waits for. Errors: std::system_error, and then nothing was started.
[[nodiscard]] pid_t launch(const Launch& what);

// What a child of ours calls first: it ends with the thread that started it, and leaves no core file. `lifeline` is a
// pipe's writing end, or a socket, whose other end the parent holds: the child ends at once if that is gone already.
void end_with_parent(int lifeline);

// waitpid() to the end, whatever signals come. The status in its form.
int wait_for(pid_t child);

}  // namespace tuner
