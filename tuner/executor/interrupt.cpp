#include "tuner/executor/interrupt.hpp"

#include <unistd.h>

#include <atomic>

namespace tuner::executor {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
// A signal handler reaches nothing but globals.
std::atomic<int> interrupts{0};

void count_one(int) { interrupts.fetch_add(1, std::memory_order_relaxed); }

void end(int) { ::_exit(kExitInterrupted); }

}  // namespace

void end_at_interrupts() {
  for (const int signal : kSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) std::signal(signal, end);
  }
}

InterruptCounter::InterruptCounter() : first_(interrupts.load(std::memory_order_relaxed)) {
  struct sigaction action {};
  action.sa_handler = count_one;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &before_[i]);
    // Under nohup a hang-up stays ignored.
    if (kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN) sigaction(SIGHUP, &before_[i], nullptr);
  }
}

InterruptCounter::~InterruptCounter() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

int InterruptCounter::count() const { return interrupts.load(std::memory_order_relaxed) - first_; }

}  // namespace tuner::executor
