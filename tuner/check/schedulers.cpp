// What a schedule must be: finite, the same every time, and a function of the step alone where it says so.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <random>
#include <string_view>

#include "tuner/check/check.hpp"
#include "tuner/check/environment.hpp"
#include "tuner/check/scheduler_rig.hpp"
#include "tuner/check/sensible.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

constexpr std::int64_t kHorizon = 1000;
constexpr std::uint32_t kSchedulers = 1u << TUNER_KIND_SCHEDULER;
constexpr const char* kUnknownLength = "the length of the run is unknown";

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

}  // namespace

// Where options cannot be guessed the user must give them.
std::string lacks_options(const Subject& subject) {
  try {
    (void)sensible_options(*subject.plugin, subject.given);
    return "";
  } catch (const Error& e) {
    // What the user gave and the plugin refuses is a finding.
    return subject.given.empty() ? fmt::format("{}; {}", e.message(), e.remedy()) : "";
  }
}

namespace {

std::string not_pure(const Subject& subject) {
  return subject.plugin->has(TUNER_PLUGIN_PURE) ? lacks_options(subject) : "it does not say TUNER_PLUGIN_PURE";
}

// All values of one run in the order of the steps; empty after a failure, which is reported.
std::vector<std::vector<double>> run_in_order(SchedulerRig& rig, std::int64_t steps, Report& report) {
  std::vector<std::vector<double>> all;
  for (std::int64_t step = 0; step < steps; ++step) {
    std::vector<double>& values = all.emplace_back();
    if (const std::int32_t status = rig.value(step, values); status != TUNER_OK) {
      report.fail(fmt::format("step {} of {}: value() returned {}: {}", step, steps, status, rig.error()),
                  "answer for every step of the run, or refuse the options in check()");
      return {};
    }
  }
  return all;
}

void check_finite(const Subject& subject, std::int64_t horizon, Report& report) {
  report.doing(horizon < 0 ? kUnknownLength : fmt::format("a run of {} steps", horizon));
  SchedulerRig rig(*subject.plugin, subject.given, horizon);
  // A schedule may want to know how long the run is, and says so; what it answers must be finite all the same.
  if (horizon < 0) {
    std::vector<double> values;
    const std::int32_t status = rig.value(0, values);
    if (status == TUNER_INVALID && rig.error()[0] != 0) return;
  }
  const auto all = run_in_order(rig, horizon < 0 ? kHorizon : horizon + 1, report);
  for (std::size_t step = 0; step < all.size(); ++step)
    for (std::size_t o = 0; o < all[step].size(); ++o)
      if (!std::isfinite(all[step][o]))
        return report.fail(
            fmt::format("step {} of a run of {} steps{}: output '{}' is {}", step, horizon < 0 ? kHorizon : horizon,
                        horizon < 0 ? fmt::format(" ({})", kUnknownLength) : "", rig.output_id(o), shown(all[step][o])),
            "look for a division by zero or the root or logarithm of a negative number at the ends of "
            "the schedule");
}

void check_value(const Subject& subject, Report& report) {
  std::string printed_text;
  {
    const PrintedText printed;
    for (const std::int64_t horizon : {kHorizon, std::int64_t{1}, std::int64_t{7}, std::int64_t{-1}})
      if (report.findings().empty()) check_finite(subject, horizon, report);
    printed_text = printed.text();
  }
  if (!printed_text.empty())
    report.fail(fmt::format("value() prints: {}", printed_text), "a plugin never prints: use the host's log()");
}

void compare(const Subject& subject, const std::vector<std::vector<double>>& expected,
             const std::vector<std::int64_t>& order, bool fresh, double metric_shift, const char* how, Report& report) {
  auto rig = std::make_unique<SchedulerRig>(*subject.plugin, subject.given, kHorizon);
  std::vector<double> values;
  for (const std::int64_t step : order) {
    if (fresh) rig = std::make_unique<SchedulerRig>(*subject.plugin, subject.given, kHorizon);
    if (const std::int32_t status = rig->value(step, values, metric_shift); status != TUNER_OK)
      return report.fail(fmt::format("step {}, {}: value() returned {}: {}", step, how, status, rig->error()),
                         "answer for any step at any time, or leave TUNER_PLUGIN_PURE out");
    for (std::size_t o = 0; o < values.size(); ++o)
      if (const double in_order = expected[static_cast<std::size_t>(step)][o]; !same_bits(values[o], in_order))
        return report.fail(
            fmt::format("step {}, {}: output '{}' is {}, but {} when the steps come in order, so it is not PURE", step,
                        how, rig->output_id(o), values[o], in_order),
            "compute the value from step, base, horizon and options alone, without slots, "
            "statics or metrics; or leave TUNER_PLUGIN_PURE out");
  }
}

void check_pure(const Subject& subject, Report& report) {
  SchedulerRig rig(*subject.plugin, subject.given, kHorizon);
  const auto expected = run_in_order(rig, kHorizon + 1, report);
  if (expected.empty()) return;
  std::vector<std::int64_t> order(expected.size());
  std::iota(order.begin(), order.end(), 0);
  const std::vector<std::int64_t> forward = order;
  std::ranges::reverse(order);
  const std::vector<std::int64_t> backward = order;
  std::shuffle(order.begin(), order.end(), std::mt19937_64(subject.seed));
  struct Way {
    const std::vector<std::int64_t>& order;
    bool fresh;
    double metric_shift;
    const char* how;
  };
  for (const Way& way :
       {Way{backward, false, 0, "with the steps backward"}, Way{order, false, 0, "with the steps in random order"},
        Way{order, true, 0, "asked once, of a new run"}, Way{forward, false, 3, "with other metrics"}})
    if (report.findings().empty()) compare(subject, expected, way.order, way.fresh, way.metric_shift, way.how, report);
}

void check_determinism(const Subject& subject, Report& report) {
  SchedulerRig first(*subject.plugin, subject.given, kHorizon), second(*subject.plugin, subject.given, kHorizon),
      third(*subject.plugin, subject.given, kHorizon);
  const auto expected = run_in_order(first, kHorizon + 1, report);
  if (expected.empty()) return;
  // Two more runs side by side: what one of them leaves behind must not reach the other.
  std::vector<double> values;
  for (std::int64_t step = 0; step <= kHorizon; ++step)
    for (SchedulerRig* rig : {&second, &third}) {
      if (rig->value(step, values) != TUNER_OK) continue;
      const auto& before = expected[static_cast<std::size_t>(step)];
      for (std::size_t o = 0; o < values.size(); ++o)
        if (!same_bits(values[o], before[o]))
          return report.fail(fmt::format("step {}: output '{}' is {} in one run and {} in another with the same inputs",
                                         step, rig->output_id(o), before[o], values[o]),
                             "keep state in slots, never in static variables, and ask neither clock nor random device");
    }
}

// What optimizers allow: an lr from 0 on, momenta and betas from 0 to below 1.
bool is_legal(const tuner_param& option, double value) {
  const bool lr = std::string_view(option.id) == "lr";
  return value >= 0 && (lr ? std::isfinite(value) : value < 1);
}

void check_range(const Subject& subject, Report& report) {
  for (const Bases& bases :
       {Bases{.lr = 0.1, .other = 0.9}, Bases{.lr = 1e-5, .other = 0.5}, Bases{.lr = 10, .other = 0}})
    for (const std::int64_t horizon : {kHorizon, std::int64_t{1}, std::int64_t{7}}) {
      SchedulerRig rig(*subject.plugin, subject.given, horizon, bases);
      const auto all = run_in_order(rig, horizon + 1, report);
      for (std::size_t step = 0; step < all.size(); ++step)
        for (std::size_t o = 0; o < all[step].size(); ++o)
          if (!is_legal(rig.option(o), all[step][o]))
            return report.fail(
                fmt::format("step {} of a run of {} steps: output '{}' is {}, which no optimizer takes for {} "
                            "(configured: {})",
                            step, horizon, rig.output_id(o), shown(all[step][o]), rig.option(o).id,
                            rig.option(o).default_value),
                "keep an lr at 0 or above, momenta and betas from 0 to below 1, whatever the configured value is");
    }
}

// A schedule that returns a factor is the same for every configured value.
void check_base(const Subject& subject, Report& report) {
  const Bases low{.lr = 0.01, .other = 0.5}, high{.lr = 0.1, .other = 0.9};
  SchedulerRig first(*subject.plugin, subject.given, kHorizon, low);
  SchedulerRig second(*subject.plugin, subject.given, kHorizon, high);
  const auto one = run_in_order(first, kHorizon + 1, report), other = run_in_order(second, kHorizon + 1, report);
  if (one.empty() || other.empty()) return;
  for (std::size_t o = 0; o < one.front().size(); ++o) {
    const bool same =
        std::ranges::equal(one, other, [o](const auto& a, const auto& b) { return same_bits(a[o], b[o]); });
    if (!same || std::string_view(first.option(o).id) != "lr") continue;
    report.fail(fmt::format("output '{}' is {} at the start of a run whose lr is {}, and the same at every step of one "
                            "whose lr is {}",
                            first.output_id(o), one.front()[o], low.lr, high.lr),
                "value() gives the option's value, not a factor: multiply by args->base");
  }
}

constexpr Check kChecks[] = {
    {"schedulers.value",
     "Runs of 1, 7 and 1000 steps and one of unknown length: value() comes back with finite values at every step and "
     "prints nothing.",
     kSchedulers, nullptr, lacks_options, check_value},
    {"schedulers.pure",
     "Where it says TUNER_PLUGIN_PURE: the same bits with the steps forward, backward, in random order, asked once of "
     "a new run, and with other metrics.",
     kSchedulers, "schedulers.value", not_pure, check_pure},
    {"schedulers.determinism", "Runs with the same inputs give the same bits, one after the other and side by side.",
     kSchedulers, "schedulers.value schedulers.pure", lacks_options, check_determinism},
    {"schedulers.range",
     "Runs of 1, 7 and 1000 steps at three configured values: an lr stays at 0 or above and finite, a momentum or beta "
     "from 0 to below 1.",
     kSchedulers, "schedulers.determinism", lacks_options, check_range},
    {"schedulers.base", "The values of an lr depend on the configured one.", kSchedulers, "schedulers.range",
     lacks_options, check_base},
};

}  // namespace

std::span<const Check> scheduler_checks() { return kChecks; }

}  // namespace tuner::check
