// What a worker is doing, in memory that it shares with the coordinator: still readable when the worker is dead.
#pragma once

#include <atomic>
#include <cstdint>

#include "tuner/trial_trace.hpp"

namespace tuner::executor {

struct Board {
  std::atomic<std::uint32_t> worker{0};         // its number among those of its crew; never changes
  std::atomic<std::uint32_t> busy{0};           // 1 while a trial runs
  std::atomic<std::uint64_t> number{0};         // of that trial
  std::atomic<std::uint32_t> out_of_memory{0};  // 1: the worker ended itself, since an allocation failed
  std::atomic<std::int64_t> started_ns{0};      // since when, on the machine's monotonic clock
  TrialTrace trace;
};
static_assert(std::atomic<double>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free,
              "a lock would lie in one process only");

// The descriptors that a worker is born with.
inline constexpr int kWorkerSocket = 3, kWorkerBoard = 4;

}  // namespace tuner::executor
