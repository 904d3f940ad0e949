// One optimizer step as arithmetic: what must hold whatever the formula is.
//
// Checks that compare two runs need determinism.same_seed: a rule that does not even repeat itself would fail them all,
// and none of them would say why. Only arithmetic.frozen has frozen tensors, only arithmetic.shapes has tensors of one
// element or none, so that stumbling over those is found there and nowhere else.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>

#include "tuner/check/environment.hpp"
#include "tuner/check/optimizer_rig.hpp"

namespace tuner::check {

namespace {

constexpr std::uint32_t kOptimizer = 1u << TUNER_KIND_OPTIMIZER;

void require_finite(const Rig& rig, const char* remedy) {
  if (const std::string where = rig.not_finite(); !where.empty())
    throw Found{fmt::format("after the step {} ({})", where, rig.circumstances()), remedy};
}

void step(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      Rig rig(*subject.plugin, setup);
      rig.run(1);
      require_finite(rig,
                     "look for 0 / 0, for roots of negative numbers, and for scratch memory that is read before it is "
                     "written; a DERIVATIVE_FREE plugin gets no gradient");
      rig.require_ok(rig.evaluation_point(), "evaluation_point()");
    });
}

void quiet(const Subject& subject, Report& report) {
  std::string printed;
  reporting(report, [&] {
    const PrintedText text;
    Rig rig(*subject.plugin, setup_for(subject, &report));
    rig.run(3);
    rig.require_ok(rig.evaluation_point(), "evaluation_point()");
    printed = text.text();
  });
  if (!printed.empty())
    report.fail(fmt::format("three steps printed '{}'", printed),
                "print nothing: host->log() keeps a line with the trial, host->report() a number");
}

void floating_point(const Subject& subject, Report& report) {
  reporting(report, [&] {
    Rig rig(*subject.plugin, setup_for(subject, &report));
    rig.run(3);
    rig.require_ok(rig.evaluation_point(), "evaluation_point()");
    if (!rig.floating_point_change().empty())
      report.fail(fmt::format("after a call {}", rig.floating_point_change()),
                  "put the floating-point environment back before you return: every other computation of the process "
                  "goes on in it");
  });
}

// Runs a few steps and wants the parameters to stay, bit for bit, as they were after init().
void require_rest(const Plugin& plugin, const Setup& setup, const char* remedy) {
  Rig rig(plugin, setup);
  rig.run(0);
  const State before = rig.parameters();
  for (int i = 0; i < 5; ++i) {
    rig.run(1);
    if (const std::string moved = difference(before, rig.parameters()); !moved.empty())
      throw Found{fmt::format("{} ({})", moved, rig.circumstances()), remedy};
  }
}

bool may_be_zero(const tuner_param& param) {
  return param.min <= 0 && param.max >= 0 && !(param.min == 0 && (param.flags & TUNER_PARAM_MIN_OPEN));
}

std::string no_zero_lr(const Subject& subject) {
  const auto lr = subject.plugin->find_param("lr");
  if (!lr) return subject.plugin->has(TUNER_PLUGIN_WRAPS) ? "" : "it has no option lr";
  return may_be_zero(subject.plugin->param(*lr)) ? "" : "its lr cannot be 0";
}

void zero_lr(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report, without_decay(*subject.plugin));
      setup.dtype = dtype;
      if (subject.plugin->find_param("lr")) setup.options["lr"] = 0.0;
      if (subject.plugin->has(TUNER_PLUGIN_WRAPS)) setup.inner_options["lr"] = 0.0;
      require_rest(*subject.plugin, setup,
                   "at lr = 0 a step must leave the parameters alone: multiply everything that is added to x by lr");
    });
}

std::string no_gradient(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_DERIVATIVE_FREE) ? "it sees no gradient" : "";
}

void zero_gradient(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report, without_decay(*subject.plugin));
      setup.dtype = dtype;
      setup.scale = 0;
      require_rest(*subject.plugin, setup,
                   "a parameter without influence on the loss must stay: let sign(0) and 0 / 0 be 0 (tuner::ratio)");
    });
}

// ---- precision

struct Deviation {
  double expected = 0, got = 0, excess = 0;
  std::size_t element = 0;
};

// The element of `got` that is farthest from `expected`, in units of what float32 may be off: `part` of the largest
// change, and some ulps of the largest value.
Deviation worst(const Piece& before, const Piece& expected, const Piece& got, double part) {
  double change = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    change = std::max(change, std::abs(expected.value(i) - before.value(i)));
    size = std::max(size, std::abs(expected.value(i)));
  }
  const double allowed = part * change + 1e-6 * size + 1e-30;
  Deviation most;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double want = expected.value(i), have = got.value(i);
    const double excess = std::isfinite(have) ? std::abs(have - want) / allowed : HUGE_VAL;
    if (excess > most.excess) most = {want, have, excess, i};
  }
  return most;
}

void precision(const Subject& subject, Report& report) {
  reporting(report, [&] {
    Setup setup = setup_for(subject, &report);
    setup.dtype = TUNER_DTYPE_F32;
    Rig single(*subject.plugin, setup);
    setup.dtype = TUNER_DTYPE_F64;
    Rig wide(*subject.plugin, setup);
    // A search ends anywhere within its tolerance, and leaves slots accordingly.
    const bool searches = subject.plugin->has(TUNER_PLUGIN_CLOSURE);
    single.run(0);
    for (int t = 0; t < 4; ++t) {
      const State start = single.state();
      wide.set_state(start);
      single.run(1);
      wide.run(1);
      const State expected = wide.state(), got = single.state();
      for (std::size_t p = 0; p < expected.size(); ++p) {
        // Slots with an extent of their own hold what need not be unique, such as eigenvectors.
        const bool parameter = p < single.tensors().size(), comparable = !searches && expected[p].elementwise;
        if (!parameter && !comparable) continue;
        const Deviation d = worst(start[p], expected[p], got[p], searches ? 5e-2 : 1e-3);
        if (d.excess > 1)
          throw Found{fmt::format("{}, element {}: {:.9g} in float64, {:.9g} in float32, {:.2g} times what rounding "
                                  "explains (step {}, from the same state)",
                                  expected[p].name, d.element, d.expected, d.got, d.excess, single.steps()),
                      "compute scalars of the step in double, and compare the code for float with that for double"};
      }
    }
  });
}

// ---- ELEMENTWISE

std::string not_elementwise(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_ELEMENTWISE) ? "" : "it is not ELEMENTWISE";
}

// The pieces of the two halves of `half` elements, put together as the whole one has them, row by row.
State joined(const State& halves, std::size_t half) {
  State whole;
  for (std::size_t p = 0; p < halves.size(); ++p) {
    Piece piece = halves[p];
    if (const std::size_t at = piece.name.find("'first'"); at != std::string::npos) {
      piece.name.replace(at, 7, "'whole'");
      const std::size_t row = half * dtype_size(piece.dtype);
      const std::string first = piece.bytes, second = halves[++p].bytes;
      piece.bytes.clear();
      for (std::size_t begin = 0; begin < first.size(); begin += row)
        piece.bytes += first.substr(begin, row) + second.substr(begin, row);
    }
    whole.push_back(std::move(piece));
  }
  return whole;
}

bool draws_random_numbers(const Plugin& plugin, Setup setup) {
  Rig rig(plugin, setup);
  rig.run(3);
  const State once = rig.parameters();
  Rig other(plugin, setup);
  other.reseed();
  other.run(3);
  return !difference(once, other.parameters()).empty();
}

void split(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      setup.tensors = {plain_tensor("whole", {1002})};
      // Random numbers are drawn by the index of the element in its tensor, so halves may draw others: there the
      // comparison is that of determinism.parts.
      if (draws_random_numbers(*subject.plugin, setup)) return;
      Rig one(*subject.plugin, setup);
      setup.tensors = {plain_tensor("first", {501}), plain_tensor("second", {3, 167})};
      Rig two(*subject.plugin, setup);
      for (int t = 0; t < 20; ++t) {
        one.run(1);
        two.run(1);
        if (const std::string other = difference(one.state(), joined(two.state(), 501)); !other.empty())
          throw Found{fmt::format("one tensor of 1002 elements and two of 501 with the same values differ: {} ({})",
                                  other, one.circumstances()),
                      "treat every element alone, whatever the others of its tensor are, or do not say ELEMENTWISE"};
      }
    });
}

// ---- tensors of special kinds

void frozen(const Subject& subject, Report& report) {
  for (const std::uint32_t dtype : kBothDtypes)
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report, with_decay(*subject.plugin));
      setup.dtype = dtype;
      for (std::size_t t = 1; t < setup.tensors.size(); t += 2)
        setup.tensors[t].flags = t % 4 == 1 ? TUNER_TENSOR_FROZEN : TUNER_TENSOR_BUFFER;
      Rig rig(*subject.plugin, setup);
      const State before = rig.parameters();
      for (int i = 0; i < 5; ++i) {
        rig.run(i == 0 ? 0 : 1);
        const State after = rig.parameters();
        for (std::size_t t = 1; t < setup.tensors.size(); t += 2)
          if (const std::string moved = difference({before[t]}, {after[t]}); !moved.empty())
            throw Found{fmt::format("a frozen tensor was changed: {} ({})", moved, rig.circumstances()),
                        "skip every tensor whose grad is null, also in weight decay; it has no slots either"};
      }
    });
}

void shapes(const Subject& subject, Report& report) {
  using Shape = std::vector<std::int64_t>;
  const std::vector<std::vector<Shape>> cases = {
      {{}}, {{1}}, {{1, 1}}, {{1, 1, 1, 1}}, {{0}}, {{3, 0}}, {{5, 1}}, {{1, 5}, {0}, {}}, {{0, 4}, {4, 3}, {1}, {0}}};
  for (const std::uint32_t dtype : kBothDtypes)
    for (const auto& shapes : cases)
      reporting(report, [&] {
        Setup setup = setup_for(subject, &report);
        setup.dtype = dtype;
        setup.tensors.clear();
        std::string names;
        for (const Shape& shape : shapes) {
          const std::string name = fmt::format("[{}]", fmt::join(shape, ", "));
          names += (names.empty() ? "" : ", ") + name;
          setup.tensors.push_back(plain_tensor(fmt::format("{} {}", setup.tensors.size(), name), shape));
          if (shape.size() == 2) setup.tensors.back().role = TUNER_ROLE_WEIGHT;
          if (shape.empty()) setup.tensors.back().role = TUNER_ROLE_SCALAR;
        }
        report.doing(fmt::format("tensors of shapes {} ({})", names, dtype_name(dtype)));
        setup.report = nullptr;
        try {
          Rig rig(*subject.plugin, setup);
          for (int t = 0; t < 3; ++t) {
            rig.run(1);
            require_finite(rig,
                           "tensors of one element and of none occur: a division by n - 1, a mean over no "
                           "element, a norm of nothing must not end in NaN");
          }
        } catch (const Found& found) {
          throw Found{fmt::format("tensors of shapes {}: {}", names, found.cause), found.remedy};
        }
      });
}

// ---- extremes

// The ends of an option's legal range; the large numbers stand for no end.
std::vector<Value> ends_of(const tuner_param& param) {
  const bool open_low = param.flags & TUNER_PARAM_MIN_OPEN, open_high = param.flags & TUNER_PARAM_MAX_OPEN;
  if (param.type == TUNER_TYPE_F64) {
    const double low = std::isfinite(param.min) ? param.min : -1e300,
                 high = std::isfinite(param.max) ? param.max : 1e300;
    return {open_low ? std::nextafter(low, HUGE_VAL) : low, open_high ? std::nextafter(high, -HUGE_VAL) : high};
  }
  if (param.type == TUNER_TYPE_I64) {
    // What multiplies slots is bounded by memory, not by the rule.
    const double most = param.flags & TUNER_PARAM_STRUCTURAL ? 1000 : 0x1p53;
    const double low = std::max(param.min, -0x1p53), high = std::min(param.max, most);
    return {static_cast<std::int64_t>(std::ceil(low)) + (open_low ? 1 : 0),
            static_cast<std::int64_t>(std::floor(std::max(high, low))) - (open_high && high == param.max ? 1 : 0)};
  }
  if (param.type == TUNER_TYPE_BOOL) return {false, true};
  std::vector<Value> choices;
  if (param.type == TUNER_TYPE_CHOICE)
    for (std::uint32_t i = 0; i < param.n_choices; ++i) choices.emplace_back(std::string(param.choices[i]));
  return choices;
}

std::vector<std::map<std::string, Value>> corners_of(const Subject& subject) {
  std::vector<std::map<std::string, Value>> corners{{}};
  std::map<std::string, Value> lowest, highest;
  for (std::size_t p = 0; p < subject.plugin->param_count(); ++p) {
    const tuner_param& param = subject.plugin->param(p);
    const std::vector<Value> ends = ends_of(param);
    if (ends.empty() || subject.given.contains(param.id)) continue;
    for (const Value& end : ends) corners.push_back({{param.id, end}});
    lowest[param.id] = ends.front();
    highest[param.id] = ends.back();
  }
  corners.push_back(lowest);
  corners.push_back(highest);
  return corners;
}

// A plugin may refuse, if it says why. Returns whether to go on.
bool goes_on(const Rig& rig, std::int32_t status, const char* function) {
  if (status == TUNER_OK) return rig.not_finite().empty();
  const bool refused = status <= TUNER_ERROR && status >= TUNER_UNSUPPORTED;
  if (refused && rig.error()[0] == 0)
    throw Found{fmt::format("{} returned {} and no message ({})", function, status_name(status), rig.circumstances()),
                "write the reason into args->error: it is what the user gets to read"};
  if (!refused && !(status == TUNER_STOP && rig.ended()))
    throw Found{fmt::format("{} returned {} ({})", function, status_name(status), rig.circumstances()),
                "return TUNER_OK, or a negative status with a message; TUNER_STOP only where the host said so"};
  return false;
}

void corner(const Subject& subject, const Setup& setup) {
  std::unique_ptr<Rig> rig;
  try {
    rig = std::make_unique<Rig>(*subject.plugin, setup);
  } catch (const Found&) {
    return;  // refused before the first step, with a message
  }
  rig->limit_evaluations(300);
  if (!goes_on(*rig, rig->init(), "init()")) return;
  for (int t = 0; t < 3; ++t)
    if (!goes_on(*rig, rig->step(), "step()")) return;
  (void)goes_on(*rig, rig->evaluation_point(), "evaluation_point()");
}

void corners(const Subject& subject, Report& report) {
  constexpr double kWide[] = {1e-300, 1e-30, 1, 1e30, 1e300}, kSingle[] = {1e-44, 1e-30, 1, 1e30, 1e37};
  for (const auto& options : corners_of(subject))
    for (const std::uint32_t dtype : kBothDtypes)
      for (const double scale : dtype == TUNER_DTYPE_F32 ? kSingle : kWide)
        reporting(report, [&] {
          Setup setup = setup_for(subject, nullptr, options);
          setup.dtype = dtype;
          setup.scale = scale;
          setup.tensors = {setup.tensors[0], setup.tensors[1], setup.tensors[2]};
          std::string what = fmt::format("{}, gradients of about {:g}", dtype_name(dtype), scale);
          for (const auto& [id, value] : options) what += fmt::format(", {} = {}", id, to_display(value));
          report.doing(what);
          corner(subject, setup);
        });
}

void finite(const Subject& subject, Report& report) {
  const char* remedy =
      "squares and products of gradients leave the range of the type before the gradients do: scale first, or compute "
      "them in double";
  for (const double scale : {1e-30, 1e-25, 1e-20, 1e-10, 1e-5, 1.0, 1e5, 1e10, 1e15})
    reporting(report, [&] {
      Setup setup = setup_for(subject, &report);
      setup.scale = scale;
      Rig wide(*subject.plugin, setup);
      setup.dtype = TUNER_DTYPE_F32;
      Rig single(*subject.plugin, setup);
      for (int t = 0; t < 3; ++t) {
        wide.run(1);
        require_finite(wide, remedy);
        // Where the rule itself leads out of the range of float, float32 can only follow.
        if (wide.largest() > 1e37) return;
        single.run(1);
        require_finite(single, remedy);
      }
    });
}

constexpr Check kChecks[] = {
    {"arithmetic.step",
     "One ordinary step at the defaults, in float64 and in float32, comes back with TUNER_OK and finite parameters. "
     "Crashes, hangs, exit() and exceptions are found here.",
     kOptimizer, nullptr, nullptr, step},
    {"arithmetic.quiet", "Three steps print nothing.", kOptimizer, "arithmetic.step", nullptr, quiet},
    {"arithmetic.floating_point",
     "Rounding mode, treatment of subnormal numbers and traps are after every call as they were before.", kOptimizer,
     "arithmetic.step", nullptr, floating_point},
    {"arithmetic.zero_lr",
     "At lr = 0, without weight decay and from fresh state, five steps leave every parameter as it was, bit for bit. "
     "For an optimizer that wraps another, the inner lr is 0.",
     kOptimizer, "arithmetic.step", no_zero_lr, zero_lr},
    {"arithmetic.zero_gradient",
     "Where gradient and Hessian are 0, without weight decay and from fresh state, five steps leave every parameter as "
     "it was, bit for bit.",
     kOptimizer, "arithmetic.step", no_gradient, zero_gradient},
    {"arithmetic.precision",
     "Each of the first four steps in float32 agrees with one in float64 from the same parameters and slots: to a "
     "thousandth of the step, to a twentieth where the step searches by evaluations of its own.",
     kOptimizer, "determinism.same_seed", nullptr, precision},
    {"arithmetic.split",
     "One tensor of 1002 elements and two of 501 with the same values go the same way, bit for bit: the rule treats "
     "every element alone, as it says.",
     kOptimizer, "determinism.same_seed", not_elementwise, split},
    {"arithmetic.frozen",
     "Tensors without a gradient (frozen ones and buffers) stay as they are, bit for bit, with weight decay on.",
     kOptimizer, "arithmetic.step", nullptr, frozen},
    {"arithmetic.shapes", "Tensors of one element and of none are trained like others: no crash, no NaN.", kOptimizer,
     "arithmetic.step", nullptr, shapes},
    {"arithmetic.corners",
     "Every option at each end of its legal range and at every choice, all of them at once too, with gradients from "
     "1e-300 to 1e300: no crash, no hang. To refuse with a message is fine, and so are parameters that are not finite.",
     kOptimizer, "arithmetic.step", nullptr, corners},
    {"arithmetic.finite",
     "At the defaults, gradients from 1e-30 to 1e15 leave finite parameters for three steps; in float32 as long as "
     "those "
     "in float64 stay within its range.",
     kOptimizer, "arithmetic.step", nullptr, finite},
};

}  // namespace

std::span<const Check> arithmetic_checks() { return kChecks; }

}  // namespace tuner::check
