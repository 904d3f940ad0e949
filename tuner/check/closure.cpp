// Evaluations within a step: the host's word counts.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;

// At most 24 budgets from 0 to n - 1, the ends among them.
std::set<std::uint64_t> budgets_below(std::uint64_t n) {
  std::set<std::uint64_t> budgets;
  for (std::uint64_t i = 0; i < 24 && n > 0; ++i) budgets.insert(n <= 24 ? std::min(i, n - 1) : i * (n - 1) / 23);
  return budgets;
}

// One step after `before` others, ended with `status` after `budget` evaluations.
void ended_step(const Subject& subject, Report& report, int before, std::uint64_t budget, std::int32_t status) {
  Rig rig(*subject.plugin, setup_for(subject, &report));
  rig.run(before);
  rig.limit_evaluations(budget, status);
  const std::int32_t got = rig.step();
  if (!rig.ended()) return rig.require_ok(got, "step()");
  const std::string when =
      fmt::format("evaluation {} of step {} was answered with {}", budget + 1, before + 1, status_name(status));
  if (rig.calls_after_end() > 0)
    throw Found{fmt::format("{}, and step() asked for {} more", when, rig.calls_after_end()),
                "return the status of an evaluation at once where it is not TUNER_OK"};
  if (got != status)
    throw Found{fmt::format("{}, and step() returned {}", when, status_name(got)),
                "return the status of an evaluation unchanged where it is not TUNER_OK"};
}

std::uint64_t evaluations_of(const Subject& subject, Report& report, int before) {
  Rig rig(*subject.plugin, setup_for(subject, &report));
  rig.run(before + 1);
  return rig.evaluations();
}

// What the inner optimizer says is to be passed on in the same way.
void inner_says(const Subject& subject, Report& report, std::int32_t status) {
  if (!subject.plugin->has(TUNER_PLUGIN_WRAPS)) return;
  Setup setup = setup_for(subject, &report);
  setup.inner_options["status"] = std::int64_t{status};
  Rig rig(*subject.plugin, setup);
  rig.require_ok(rig.init(), "init()");
  if (const std::int32_t got = rig.step(); got != status)
    throw Found{
        fmt::format("the inner optimizer returned {}, and step() returned {}", status_name(status), status_name(got)),
        "return the status of inner->step() unchanged where it is not TUNER_OK"};
}

void budget(const Subject& subject, Report& report) {
  reporting(report, [&] {
    for (const int before : {0, 1, 2}) {
      const std::uint64_t n = evaluations_of(subject, report, before);
      if (n > 0 && !subject.plugin->has(TUNER_PLUGIN_CLOSURE))
        throw Found{fmt::format("step {} evaluated {} times, and the plugin does not say that it does", before + 1, n),
                    "add TUNER_PLUGIN_CLOSURE to its flags"};
      for (const std::uint64_t budget : budgets_below(n)) ended_step(subject, report, before, budget, TUNER_STOP);
    }
    inner_says(subject, report, TUNER_STOP);
  });
}

std::string no_evaluations(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_CLOSURE) || subject.plugin->has(TUNER_PLUGIN_WRAPS)
             ? ""
             : "it does not evaluate within a step";
}

void errors(const Subject& subject, Report& report) {
  reporting(report, [&] {
    const std::uint64_t n = evaluations_of(subject, report, 0);
    for (const std::uint64_t budget : budgets_below(n)) ended_step(subject, report, 0, budget, TUNER_ERROR);
    inner_says(subject, report, TUNER_ERROR);
  });
}

constexpr Check kChecks[] = {
    {"closure.budget",
     "Where the host answers an evaluation within a step with TUNER_STOP, after any number of them, the step asks for "
     "no other and returns TUNER_STOP; so too where the inner optimizer says it. Evaluations are made by plugins with "
     "TUNER_PLUGIN_CLOSURE alone.",
     kOptimizer, "arithmetic.step", nullptr, budget},
    // A step that looks at no status at all fails the check above.
    {"closure.errors",
     "Where an evaluation within a step, or the inner optimizer, fails with TUNER_ERROR, the step asks for no other "
     "and returns TUNER_ERROR.",
     kOptimizer, "closure.budget", no_evaluations, errors},
};

}  // namespace

std::span<const Check> closure_checks() { return kChecks; }

}  // namespace tuner::check
