// Ctrl-C and its kin, as a count: once means finish what is running, twice cancel it.
#pragma once

namespace tuner::executor {

// Counts SIGINT, SIGTERM and SIGHUP while it lives; the handlers from before come back after it.
class InterruptCounter {
 public:
  InterruptCounter();
  ~InterruptCounter();
  InterruptCounter(const InterruptCounter&) = delete;
  InterruptCounter& operator=(const InterruptCounter&) = delete;
  [[nodiscard]] int count() const;
};

}  // namespace tuner::executor
