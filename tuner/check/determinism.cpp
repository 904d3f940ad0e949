// The same numbers again: in one process, in another one, with other instructions, in parts.
//
// determinism.same_seed finds what survives from one run to the next within a process (a static counter). All other
// checks that compare two runs need it, so that such a plugin fails it alone. determinism.processes finds what differs
// from process to process (a seed from the clock); whatever starts processes of its own needs that.
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "tuner/check/library_image.hpp"
#include "tuner/check/new_process.hpp"
#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kSteps = 10;

std::string not_elementwise(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_ELEMENTWISE) ? "" : "it is not ELEMENTWISE";
}

void same_seed(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      // Both exist at once: what a plugin keeps by address is another check's (state.resume).
      Rig first(*subject.plugin, setup), second(*subject.plugin, setup);
      first.run(kSteps);
      second.run(kSteps);
      if (const std::string other = difference(first.state(), second.state()); !other.empty())
        throw Found{
            fmt::format("the same {} steps twice in one process differ: {} ({})", kSteps, other, first.circumstances()),
            "keep nothing in static or global variables: state belongs into slots, and random numbers come "
            "from args->rng"};
    });
}

void processes(const Subject& subject, Report& report) {
  reporting(report, [&] {
    const auto second = [] { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); };
    const auto begin = second();
    const State first = steps_in_new_process(subject, {.tensors = {}, .count = kSteps}, "for the first run");
    // time() gives whole seconds: a seed from it repeats itself until the next one.
    if (imports(subject.plugin->descriptor(), "time"))
      while (second() == begin) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const State again = steps_in_new_process(subject, {.tensors = {}, .count = kSteps}, "for the second run");
    if (const std::string other = difference(first, again); !other.empty())
      throw Found{
          fmt::format("the same {} steps in two processes differ: {}", kSteps, other),
          "take random numbers from args->rng alone: no clock, no process id, no address, no std::random_device"};
  });
}

void isa(const Subject& subject, Report& report) {
  reporting(report, [&] {
    // Whole vectors of every instruction set, and a rest.
    Steps steps{.tensors = {plain_tensor("long", {1003}), plain_tensor("short", {7})}, .count = kSteps};
    steps.isa = "base";
    const State base = steps_in_new_process(subject, steps, "with TUNER_ISA=base");
    for (const char* isa : {"avx2", "avx512f"}) {
      steps.isa = isa;
      const State other = steps_in_new_process(subject, steps, fmt::format("with TUNER_ISA={}", isa));
      if (const std::string where = difference(base, other); !where.empty())
        throw Found{fmt::format("{} steps with TUNER_ISA=base and with TUNER_ISA={} differ: {}", kSteps, isa, where),
                    "compile with -ffp-contract=off (tuner_add_plugin does), and round every operation the same way "
                    "for all instruction sets: no fma(), no sums in another order"};
    }
  });
}

void parts(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      setup.tensors = {plain_tensor("long", {1003})};
      Rig whole(*subject.plugin, setup), parted(*subject.plugin, setup);
      whole.run(0);
      parted.run(0);
      for (int t = 0; t < kSteps; ++t) {
        whole.run(1);
        parted.step_in_parts();
        // Where the stream stands after a step of parts is the host's to decide.
        if (const std::string other = difference(whole.values(), parted.values()); !other.empty())
          throw Found{fmt::format("a tensor of 1003 elements passed whole and in parts that begin at 0, 160 and 576 "
                                  "differs: {} ({})",
                                  other, whole.circumstances()),
                      "data, grad and slots begin at the part's first element; first_index only counts the random "
                      "numbers; ELEMENTWISE plugins may not look at info->shape"};
      }
    });
}

constexpr Check kChecks[] = {
    {"determinism.same_seed", "Ten steps twice from the same seed within one process give the same bits.", kOptimizer,
     "arithmetic.step", nullptr, same_seed},
    {"determinism.processes", "Ten steps from the same seed in two new processes give the same bits.", kOptimizer,
     "determinism.same_seed", nullptr, processes},
    {"determinism.isa",
     "Ten steps with TUNER_ISA=base, avx2 and avx512f, each in a new process, give the same bits. An instruction set "
     "that the machine does not have is replaced by the next one below.",
     kOptimizer, "determinism.processes", not_elementwise, isa},
    {"determinism.parts",
     "A tensor that is passed in three parts, as the host may do for several threads, gets the same bits as the whole.",
     kOptimizer, "arithmetic.split state.canaries", not_elementwise, parts},
};

}  // namespace

std::span<const Check> determinism_checks() { return kChecks; }

}  // namespace tuner::check
