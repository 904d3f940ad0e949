// The ABI boundary: what the tables say, and structs of other minor versions.
#include <fmt/format.h>

#include <cstring>

#include "tuner/check/boundary.hpp"
#include "tuner/check/check.hpp"
#include "tuner/check/objective_rig.hpp"
#include "tuner/check/optimizer_rig.hpp"
#include "tuner/check/scheduler_rig.hpp"
#include "tuner/check/sensible.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kAllKinds =
    1u << TUNER_KIND_OPTIMIZER | 1u << TUNER_KIND_SCHEDULER | 1u << TUNER_KIND_OBJECTIVE;

void check_descriptor(const Subject& subject, Report& report) {
  try {
    (void)load_library(subject.file);
  } catch (const Error& e) {
    report.fail(e.message(), e.remedy().empty() ? "build it with the headers of this tuner" : e.remedy());
  }
}

void require_ok(std::int32_t status, const char* function, const char* text) {
  if (status != TUNER_OK)
    throw Found{fmt::format("{} returned {}: {}", function, status_name(status), text),
                "accept a struct_size that is larger than your own, and one that is as in 1.0"};
}

Piece piece(std::string name, const std::vector<double>& values) {
  Piece piece{std::move(name), TUNER_DTYPE_F64, std::string(values.size() * sizeof(double), 0)};
  if (!values.empty()) std::memcpy(piece.bytes.data(), values.data(), piece.bytes.size());
  return piece;
}

State run_optimizer(const Plugin& plugin, const Subject& subject) {
  constexpr int kSteps = 4;
  Setup setup;
  setup.options = subject.given;
  setup.seed = subject.seed;
  Rig rig(plugin, std::move(setup));
  rig.run(kSteps);
  if (plugin.optimizer().evaluation_point != nullptr) rig.require_ok(rig.evaluation_point(), "evaluation_point()");
  return rig.state();
}

State run_scheduler(const Plugin& plugin, const Subject& subject) {
  constexpr std::int64_t kSteps = 50;
  SchedulerRig rig(plugin, subject.given, kSteps);
  State state;
  std::vector<double> values;
  for (std::int64_t step = 0; step <= kSteps; ++step) {
    require_ok(rig.value(step, values), "value()", rig.error());
    state.push_back(piece(fmt::format("step {}", step), values));
  }
  return state;
}

State run_objective(const Plugin& plugin, const Subject& subject) {
  ObjectiveSource source(plugin, subject.given, nullptr, subject.seed);
  ObjectiveRig rig(source);
  require_ok(rig.init(), "init()", rig.error());
  State state;
  double loss = 0;
  if (rig.size() == 0) {
    require_ok(rig.loss(loss, 0), "evaluate()", rig.error());
    return {piece("loss", {loss})};
  }
  require_ok(rig.gradient(loss), "evaluate()", rig.error());
  state.push_back(piece("loss", {loss}));
  state.push_back(piece("gradient", rig.gradients()));
  std::vector<double> metrics;
  require_ok(rig.metrics(TUNER_SPLIT_TRAIN, loss, metrics), "evaluate()", rig.error());
  state.push_back(piece("metrics", metrics));
  if (plugin.objective().hvp != nullptr) {
    Vector product;
    require_ok(rig.hvp(Vector(rig.size(), 1.0), product), "hvp()", rig.error());
    state.push_back(piece("hvp", product));
  }
  return state;
}

// Every function of the plugin at least once; what came out of it.
State run(const Plugin& plugin, const Subject& subject) {
  switch (plugin.kind()) {
    case Kind::optimizer:
      return run_optimizer(plugin, subject);
    case Kind::scheduler:
      return run_scheduler(plugin, subject);
    case Kind::objective:
      return run_objective(plugin, subject);
    default:
      return {};
  }
}

void check_guard_page(const Subject& subject, Report& report) {
  const Boundary boundary(*subject.plugin, Form::cut);
  report.doing("structs cut to their 1.0 size");
  reporting(report, [&] { (void)run(boundary.plugin(), subject); });
}

void check_larger_structs(const Subject& subject, Report& report) {
  reporting(report, [&] {
    const State expected = run(*subject.plugin, subject);
    const Boundary boundary(*subject.plugin, Form::grown);
    report.doing("structs of a later minor version, with larger sizes and strides");
    if (const std::string text = difference(expected, run(boundary.plugin(), subject)); !text.empty())
      report.fail(fmt::format("with structs of a later minor version the results are others: {}", text),
                  "step through arrays by their stride, never by sizeof, and read no byte behind the fields of 1.0");
  });
}

// The checks of schedulers and objectives need options and data that they may not have.
std::string cannot_run(const Subject& subject) {
  if (!subject.given.empty() || subject.plugin->kind() == Kind::optimizer) return "";
  try {
    const OptionTable options = sensible_options(*subject.plugin, {});
    if (subject.plugin->kind() != Kind::objective) return "";
    SharedObjectives shared;
    (void)shared.get(*subject.plugin, options, subject.seed);
    return "";
  } catch (const Error& e) {
    return fmt::format("{}; give it options with --set OPTION=VALUE", e.message());
  }
}

constexpr Check kChecks[] = {
    {"abi.descriptor",
     "The tables that the library returns are what the host accepts: ABI major and minor, platform, sizes and strides "
     "of the structs, ids, functions that must be there, defaults and search ranges within the legal ranges.",
     0, "load.opens", nullptr, check_descriptor},
    {"abi.guard_page",
     "A short run in which every struct and table that the host passes has its 1.0 size, ends where memory begins that "
     "cannot be read, and cannot be read at all once the call has returned.",
     kAllKinds, "arithmetic.step objectives.evaluates schedulers.value", cannot_run, check_guard_page},
    {"abi.larger_structs",
     "A short run with structs as a later minor version would pass them, with larger sizes and strides and strange "
     "bytes behind the fields of 1.0, gives the same bits.",
     kAllKinds, "abi.guard_page determinism.same_seed objectives.determinism schedulers.determinism", cannot_run,
     check_larger_structs},
};

}  // namespace

std::span<const Check> abi_checks() { return kChecks; }

}  // namespace tuner::check
