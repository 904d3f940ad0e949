#include "tuner/executor/interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>

namespace tuner::executor {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
// A signal handler reaches nothing but globals.
std::atomic<int> interrupts{0};
std::array<struct sigaction, kSignals.size()> before;

void count_one(int) { interrupts.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

InterruptCounter::InterruptCounter() {
  interrupts = 0;
  struct sigaction action {};
  action.sa_handler = count_one;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &before[i]);
    // Under nohup a hang-up stays ignored.
    if (kSignals[i] == SIGHUP && before[i].sa_handler == SIG_IGN) sigaction(SIGHUP, &before[i], nullptr);
  }
}

InterruptCounter::~InterruptCounter() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
}

int InterruptCounter::count() const { return interrupts.load(std::memory_order_relaxed); }

}  // namespace tuner::executor
