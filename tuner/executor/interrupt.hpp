// Ctrl-C and its kin, as a count: once means finish what is running, twice cancel it.
#pragma once

#include <array>
#include <csignal>

namespace tuner::executor {

inline constexpr int kExitInterrupted = 130;

// From now on SIGINT, SIGTERM and SIGHUP end the program at once with that code, but for those that are ignored.
void end_at_interrupts();

// Counts SIGINT, SIGTERM and SIGHUP from its beginning to its end; then the handlers from before come back.
class InterruptCounter {
 public:
  InterruptCounter();
  ~InterruptCounter();
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;
  [[nodiscard]] int count() const;

 private:
  int first_;
  std::array<struct sigaction, 3> before_;
};

}  // namespace tuner::executor
