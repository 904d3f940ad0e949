// What a command prints on a terminal: through a pager, in colors, as wide as it is.
#pragma once

#include <sys/types.h>

#include <string>

#include "tuner/child_process.hpp"

namespace tuner::commands {

// Threads: one screen, one thread. One for a process.
class Screen {
 public:
  Screen() = default;
  // Flushes std::cout and waits until the pager is left.
  ~Screen() { end(); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // color: auto, always, never. From now on std::cout knows its width and colors, and where standard output is a
  // terminal, what is printed goes to the pager, standard error too where it is one: to $PAGER, else `less` with its
  // options FRX unless $LESS says others. No pager is started for an empty $PAGER and `cat`, or where there is no
  // program of that name. Errors: usage.bad_option for another color.
  void begin(const std::string& color, bool paged);
  void end();

 private:
  void start_pager();
  pid_t pager_ = -1;
};

}  // namespace tuner::commands
