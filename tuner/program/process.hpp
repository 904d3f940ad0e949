// A running program: signalled, waited for, and ended with all that it has started.
#pragma once

#include <sys/types.h>

#include "tuner/child_process.hpp"

namespace tuner::program {

class Process {
 public:
  // Starts it, in a process group of its own. Errors: std::system_error, and then nothing was started.
  explicit Process(Launch what);
  ~Process();  // ends it
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Readable once it has ended.
  [[nodiscard]] int file() const { return file_.get(); }
  // To its whole group.
  void signal(int signal) const;
  // Waits for its end, and ends what is left of its group and, where this process is a subreaper, everything else that
  // it has started. How it ended, in waitpid()'s form.
  int finish();

 private:
  pid_t pid_ = -1;
  Descriptor file_;  // a pidfd
};

}  // namespace tuner::program
