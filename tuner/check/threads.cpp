// Threads: functions are re-entrant on different arguments, and there are no mutable globals.
#include <fmt/format.h>

#include <barrier>
#include <exception>
#include <thread>

#include "tuner/check/library_image.hpp"
#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 20;

Setup trial(const Subject& subject, int number) {
  Setup setup = setup_for(subject, nullptr);
  setup.seed += static_cast<std::uint64_t>(number);
  setup.dtype = number == 0 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32;
  // Long enough that two threads meet within a step.
  if (subject.plugin->has(TUNER_PLUGIN_ELEMENTWISE)) setup.tensors = {plain_tensor("long", {5000})};
  return setup;
}

struct Trials {
  Rig first, second;
  explicit Trials(const Subject& subject)
      : first(*subject.plugin, trial(subject, 0)), second(*subject.plugin, trial(subject, 1)) {}
  void require_equal(const Trials& serial, const char* how) const {
    for (const auto& [expected, got] : {std::pair{&serial.first, &first}, std::pair{&serial.second, &second}})
      if (const std::string other = difference(expected->state(), got->state()); !other.empty())
        throw Found{fmt::format("two optimizers stepped {} differ from one after the other: {} ({})", how, other,
                                got->circumstances()),
                    "trials run side by side in one process: keep intermediate values in local variables or in "
                    "host->scratch(), never in static or global ones"};
  }
};

void step_both(Rig& rig, std::barrier<>& together, std::exception_ptr& failure) {
  for (int t = 0; t < kSteps; ++t) {
    together.arrive_and_wait();
    try {
      if (!failure) rig.run(1);
    } catch (...) {
      failure = std::current_exception();
    }
  }
}

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
    Trials concurrent(subject);
    concurrent.first.run(0), concurrent.second.run(0);
    std::barrier together(2);
    std::exception_ptr failures[2];
    {
      const std::jthread other([&] { step_both(concurrent.second, together, failures[1]); });
      step_both(concurrent.first, together, failures[0]);
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
