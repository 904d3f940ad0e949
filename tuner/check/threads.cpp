// Threads: functions are re-entrant on different arguments, and there are no mutable globals.
#include <fmt/format.h>

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <functional>
#include <limits>
#include <thread>

#include "tuner/check/library_image.hpp"
#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 30;

Setup trial(const Subject& subject, int number, const std::function<void()>& before_step) {
  Setup setup = setup_for(subject, nullptr);
  setup.before_step = before_step;
  setup.seed += static_cast<std::uint64_t>(number);
  setup.dtype = number == 0 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32;
  // Long enough for two threads to meet within a step; searches and dense state would take too long with so many.
  if (!subject.plugin->has(TUNER_PLUGIN_CLOSURE)) {
    setup.tensors = {plain_tensor("long", {4000}), plain_tensor("matrix", {32, 40})};
    setup.tensors[1].role = TUNER_ROLE_WEIGHT;
  }
  return setup;
}

// The first thread is interrupted within a step and waits there while the second one makes a step. Two threads that
// only run side by side hardly ever meet within a step of microseconds on a busy machine.
class Interruption {
 public:
  Interruption() {
    struct sigaction action {};
    action.sa_handler = &pause;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR1, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR1;
    event._sigev_un._tid = ::gettid();
    armed_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  }
  ~Interruption() {
    if (armed_) ::timer_delete(timer_);
  }
  // The first thread, around a step that is to be interrupted after `delay_ns`.
  void before_step(long delay_ns) const {
    paused = false;
    const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = std::max(delay_ns, 1L)}};
    if (armed_) ::timer_settime(timer_, 0, &once, nullptr);
  }
  void after_step() const {
    const itimerspec never{};
    if (armed_) ::timer_settime(timer_, 0, &never, nullptr);
    paused = false;
    ++first_done;
  }
  // The second thread, before its step number `step` (from 0), and after it.
  static void wait_for_turn(int step) {
    while (!(paused && first_done == step) && first_done <= step) std::this_thread::yield();
  }
  static void step_is_done() { ++second_done; }

 private:
  static void pause(int) {
    const int error = errno, seen = second_done;
    paused = true;
    timespec nap{.tv_sec = 0, .tv_nsec = 20'000};
    // Where both want one lock the second one cannot come to its end.
    for (int naps = 0; second_done == seen && naps < 500; ++naps) ::nanosleep(&nap, nullptr);
    errno = error;
  }
  static inline std::atomic<bool> paused{false};
  static inline std::atomic<int> first_done{0}, second_done{0};
  timer_t timer_{};
  bool armed_ = false;
};

struct Trials {
  Rig first, second;
  using Hook = std::function<void()>;
  explicit Trials(const Subject& subject, const Hook& before_first = {}, const Hook& before_second = {})
      : first(*subject.plugin, trial(subject, 0, before_first)),
        second(*subject.plugin, trial(subject, 1, before_second)) {}
  void require_equal(const Trials& serial, const char* how) const {
    for (const auto& [expected, got] : {std::pair{&serial.first, &first}, std::pair{&serial.second, &second}})
      if (const std::string other = difference(expected->state(), got->state()); !other.empty())
        throw Found{fmt::format("two optimizers stepped {} differ from one after the other: {} ({})", how, other,
                                got->circumstances()),
                    "trials run side by side in one process: keep intermediate values in local variables or in "
                    "host->scratch(), never in static or global ones"};
  }
};

// Whether two threads meet within a step is a matter of luck; what they would meet in is not.
void require_no_writes(const Subject& subject) {
  if (subject.plugin->library().build_flags & TUNER_BUILD_SANITIZER) return;  // writes notes of its own
  Trials warm(subject);  // what is computed once and kept is there now
  warm.first.run(2);
  warm.second.run(2);
  const WritableMemory before(subject.plugin->descriptor());
  Trials trials(subject);
  trials.first.run(3);
  trials.second.run(4);
  if (const std::string where = before.change(); !where.empty())
    throw Found{fmt::format("steps changed static or global variables of the library: {}", where),
                "trials run side by side in one process: use local variables, slots or host->scratch() (`nm -n` on the "
                "library names the variable at that address; builds for coverage write to such memory, too)"};
}

void reentrant(const Subject& subject, Report& report) {
  reporting(report, [&] {
    report.doing("two optimizers, one after the other");
    std::chrono::steady_clock::time_point begin;
    Trials serial(subject, [&] { begin = std::chrono::steady_clock::now(); });
    long step_ns = std::numeric_limits<long>::max();
    for (int t = 0; t < kSteps; ++t) {
      serial.first.run(1);
      step_ns = std::min(step_ns, static_cast<long>((std::chrono::steady_clock::now() - begin).count()));
    }
    serial.second.run(kSteps);
    require_no_writes(subject);

    report.doing("two optimizers, stepped alternately");
    Trials alternating(subject);
    for (int t = 0; t < kSteps; ++t) {
      alternating.first.run(1);
      alternating.second.run(1);
    }
    alternating.require_equal(serial, "alternately");

    report.doing("two optimizers, in two threads at once");
    const Interruption interruption;
    int first_step = 0, second_step = 0;
    Trials concurrent(
        subject, [&] { interruption.before_step(step_ns * (2 * first_step + 1) / (2 * kSteps)); },
        [&] { Interruption::wait_for_turn(second_step); });
    std::exception_ptr failures[2];
    const auto run = [&](Rig& rig, std::exception_ptr& failure, int& step, const auto& after) {
      for (rig.run(0); step < kSteps; ++step) {
        try {
          if (!failure) rig.run(1);
        } catch (...) {
          failure = std::current_exception();
        }
        after();
      }
    };
    {
      const std::jthread other(
          [&] { run(concurrent.second, failures[1], second_step, [] { Interruption::step_is_done(); }); });
      run(concurrent.first, failures[0], first_step, [&] { interruption.after_step(); });
    }
    for (const auto& failure : failures)
      if (failure) std::rethrow_exception(failure);
    concurrent.require_equal(serial, "in two threads at once");
  });
}

constexpr Check kChecks[] = {
    // State that is kept outside the slots would show here as well; it fails state.resume.
    {"threads.reentrant",
     "Two optimizers on different tensors, stepped alternately and in two threads at once, end where they end one "
     "after the other, bit for bit; and their steps write to no static or global variable of the library.",
     kOptimizer, "state.resume", nullptr, reentrant},
};

}  // namespace

std::span<const Check> thread_checks() { return kChecks; }

}  // namespace tuner::check
