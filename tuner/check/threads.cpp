// Threads: functions are re-entrant on different arguments, and there are no mutable globals.
#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <functional>
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

// Where two threads wait for each other before every step: awake, since a step may be over before a sleeper wakes.
class Meeting {
 public:
  void wait() {
    const int both = (arrived_.fetch_add(1) / 2 + 1) * 2;
    for (int turns = 0; arrived_.load() < both && !left_.load(); ++turns)
      if (turns > 2000) std::this_thread::yield();
  }
  // The other one shall wait no more.
  void leave() { left_ = true; }

 private:
  std::atomic<int> arrived_{0};
  std::atomic<bool> left_{false};
};

struct Trials {
  Rig first, second;
  explicit Trials(const Subject& subject, const std::function<void()>& before_step = {})
      : first(*subject.plugin, trial(subject, 0, before_step)),
        second(*subject.plugin, trial(subject, 1, before_step)) {}
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
  if (subject.plugin->library().table->build_flags & TUNER_BUILD_SANITIZER) return;  // writes notes of its own
  Trials warm(subject);  // what is computed once and kept is there now
  warm.first.run(2), warm.second.run(2);
  const WritableMemory before(subject.plugin->descriptor());
  Trials trials(subject);
  trials.first.run(3), trials.second.run(4);
  if (const std::string where = before.change(); !where.empty())
    throw Found{fmt::format("steps changed static or global variables of the library: {}", where),
                "trials run side by side in one process: use local variables, slots or host->scratch() (`nm -n` on the "
                "library names the variable at that address; builds for coverage write to such memory, too)"};
}

void reentrant(const Subject& subject, Report& report) {
  reporting(report, [&] {
    report.doing("two optimizers, one after the other");
    Trials serial(subject);
    serial.first.run(kSteps), serial.second.run(kSteps);
    require_no_writes(subject);

    report.doing("two optimizers, stepped alternately");
    Trials alternating(subject);
    for (int t = 0; t < kSteps; ++t) alternating.first.run(1), alternating.second.run(1);
    alternating.require_equal(serial, "alternately");

    report.doing("two optimizers, in two threads at once");
    Meeting meeting;
    Trials concurrent(subject, [&] { meeting.wait(); });
    std::exception_ptr failures[2];
    const auto run = [&](Rig& rig, std::exception_ptr& failure) {
      try {
        rig.run(kSteps);
      } catch (...) {
        failure = std::current_exception();
        meeting.leave();
      }
    };
    {
      const std::jthread other([&] { run(concurrent.second, failures[1]); });
      run(concurrent.first, failures[0]);
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
