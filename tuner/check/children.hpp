// Child processes, several side by side, with a time limit and everything that they say.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tuner::check {

// What became of a child.
struct Ended {
  std::size_t tag = 0;
  bool timed_out = false;  // and killed, with all of its process group
  int status = 0;          // of waitpid
  std::string answers;     // what came through kAnswerFile
  std::string out, err;    // the last 4 kB of each
  double elapsed_ms = 0;
};

// Threads: one. A child dies with the thread that started it.
class Children {
 public:
  Children(std::size_t most, std::chrono::milliseconds time_limit);
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  [[nodiscard]] bool has_room() const;
  [[nodiscard]] bool idle() const;
  // Requires: has_room(). command[0] is the path of the program; environment: NAME=VALUE, beside ours. Throws
  // std::system_error where no process can be made.
  void start(std::size_t tag, const std::vector<std::string>& command,
             const std::vector<std::string>& environment = {});
  // Waits for the next one that ends. Requires: not idle().
  [[nodiscard]] Ended wait();

 private:
  struct Child;
  std::size_t most_;
  std::chrono::milliseconds time_limit_;
  std::vector<Child> running_;
};

}  // namespace tuner::check
