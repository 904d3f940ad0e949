// State: all of it is in the slots, and nothing is written beside them.
#include <fmt/format.h>

#include "tuner/check/new_process.hpp"
#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;
constexpr int kWhole = 100, kBefore = 37;

// Every part runs in a process of its own, so that nothing but slots and the position of the random stream can carry
// what one step needs of those before. A static counter is found here too; it fails determinism.same_seed first, which
// this needs by way of determinism.processes.
void resume(const Subject& subject, Report& report) {
  reporting(report, [&] {
    const State whole = steps_in_new_process(subject, {.tensors = {}, .count = kWhole}, "for all the steps");
    const State saved = steps_in_new_process(subject, {.tensors = {}, .count = kBefore}, "for the first steps");
    const Steps rest{.tensors = {}, .count = kWhole - kBefore, .from = saved};
    const State resumed = steps_in_new_process(subject, rest, "for the steps after resuming");
    if (const std::string other = difference(whole, resumed); !other.empty())
      throw Found{fmt::format("{} steps, and {} steps, saved and resumed in a new process for {} more, differ: {}",
                              kWhole, kBefore, kWhole - kBefore, other),
                  "declare a slot for everything that a step needs of those before it: the host saves slots, and no "
                  "static, global or map by address of yours"};
  });
}

void canaries(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      Rig rig(*subject.plugin, setup);
      const auto look = [&](const char* function) {
        if (const std::string where = rig.damage(); !where.empty())
          throw Found{fmt::format("{} wrote {} ({})", function, where, rig.circumstances()),
                      "check the bounds of the loop: a slot has numel values of its own type, or what slot_extent() "
                      "says; scratch memory has as many bytes as were asked for"};
      };
      rig.run(0);
      look("init()");
      for (int t = 0; t < 12; ++t) {
        rig.run(1);
        look("step()");
      }
      rig.require_ok(rig.evaluation_point(), "evaluation_point()");
      look("evaluation_point()");
    });
}

void bounds(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    for (const Fence fence : {Fence::end, Fence::begin}) {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      setup.fence = fence;
      setup.tensors = whole_tensors();
      reporting(report, [&] {
        Rig rig(*subject.plugin, setup);
        rig.run(4);
        rig.require_ok(rig.evaluation_point(), "evaluation_point()");
      });
    }
}

constexpr Check kChecks[] = {
    {"state.resume",
     "100 steps in one process, and 37 steps, saved and resumed for 63 more in another process, give the same "
     "parameters and slots, bit for bit: the plugin has no state outside its slots.",
     kOptimizer, "determinism.processes", nullptr, resume},
    {"state.canaries",
     "Canaries around parameters, gradients, slots, scratch memory and outputs are whole after init(), after each of "
     "twelve steps and after evaluation_point().",
     kOptimizer, "arithmetic.step", nullptr, canaries},
    {"state.bounds",
     "Parameters, gradients, slots, scratch memory and outputs end, and in a second run begin, where memory begins "
     "that "
     "cannot be touched: init(), four steps and evaluation_point() read and write nothing outside of them.",
     kOptimizer, "state.canaries arithmetic.shapes", nullptr, bounds},
};

}  // namespace

std::span<const Check> state_checks() { return kChecks; }

}  // namespace tuner::check
