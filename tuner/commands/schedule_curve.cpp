#include "tuner/commands/schedule_curve.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>

#include "tuner/check/settings.hpp"
#include "tuner/error.hpp"
#include "tuner/options.hpp"
#include "tuner/report/chart.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr std::int64_t kSteps = 100;
constexpr double kBase = 1;

std::map<std::string, Value> read(const Plugin& scheduler, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const std::string id = check::read_setting(setting).first;
    if (!scheduler.find_param(id))
      throw Error(Message::usage_bad_option,
                  fmt::format("scheduler '{}' has no option '{}'", scheduler.id(), shown(id)),
                  did_you_mean(id, scheduler.param_ids()));
  }
  return check::settings_for(scheduler, settings);
}

std::vector<double> values_of(const Plugin& plugin, const OptionTable& options) {
  const tuner_scheduler& scheduler = plugin.scheduler();
  const std::vector<double> base(scheduler.n_outputs, kBase);
  std::vector<double> outputs(scheduler.n_outputs), curve;
  tuner_error error{};
  error.struct_size = sizeof error;
  tuner_schedule_args args{};
  args.struct_size = sizeof args;
  args.options = options.abi();
  args.base = base.data();
  args.horizon = kSteps;
  args.metric = std::numeric_limits<double>::quiet_NaN();
  args.minimize = 1;
  args.error = &error;
  for (args.step = 0; args.step <= kSteps; ++args.step) {
    if (scheduler.value(&args, outputs.data()) != TUNER_OK)
      throw Error(Message::config_impossible,
                  fmt::format("scheduler '{}' has no value for step {}: {}", plugin.id(), args.step, error.text));
    curve.push_back(outputs[0]);
  }
  return curve;
}

}  // namespace

std::string schedule_curve(const Plugin& scheduler, const std::vector<std::string>& settings) {
  const auto given = read(scheduler, settings);
  std::string missing;
  for (std::size_t i = 0; i < scheduler.param_count(); ++i) {
    const tuner_param& p = scheduler.param(i);
    if ((p.flags & TUNER_PARAM_REQUIRED) && !given.contains(p.id)) missing += fmt::format(" --set {}=...", p.id);
  }
  if (!missing.empty()) return fmt::format("to see its curve: tuner plugins show {}{}\n", scheduler.id(), missing);
  try {
    const OptionTable options(scheduler, given);
    options.check(scheduler);
    return fmt::format("{} over a run of {} steps, from a configured value of {:g}:\n{}",
                       scheduler.scheduler().outputs[0]->id, kSteps, kBase,
                       report::chart(values_of(scheduler, options), "step"));
  } catch (const Error& refusal) {
    if (!settings.empty()) throw;
    return fmt::format("to see its curve: tuner plugins show {} --set OPTION=VALUE\n({})\n", scheduler.id(),
                       refusal.message());
  }
}

}  // namespace tuner::commands
