#include "tuner/check/scheduler_rig.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tuner/check/fault.hpp"
#include "tuner/check/sensible.hpp"

namespace tuner::check {

// An optimizer with one schedulable option for every output: the first of its targets.
struct SchedulerRig::Target {
  std::vector<tuner_param> params;
  tuner_optimizer functions{};
  tuner_plugin descriptor{};
  std::unique_ptr<Plugin> plugin;
  std::unique_ptr<PluginUse> use;

  Target(const tuner_scheduler& scheduler, const Bases& bases) {
    for (std::uint32_t o = 0; o < scheduler.n_outputs; ++o) {
      if (scheduler.outputs[o]->n_targets == 0) continue;
      tuner_param param{};
      param.struct_size = sizeof param;
      param.type = TUNER_TYPE_F64;
      param.flags = TUNER_PARAM_SCHEDULABLE;
      param.id = scheduler.outputs[o]->targets[0];
      param.doc = "driven";
      param.unit = "";
      param.default_value = std::strcmp(param.id, "lr") == 0 ? bases.lr : bases.other;
      param.min = -std::numeric_limits<double>::infinity();
      param.max = std::numeric_limits<double>::infinity();
      params.push_back(param);
    }
    functions.struct_size = sizeof functions;
    functions.step = [](const tuner_step_args*) -> std::int32_t { return 0; };
    descriptor.struct_size = sizeof descriptor;
    descriptor.kind = TUNER_KIND_OPTIMIZER;
    descriptor.id = "target";
    descriptor.version = "1.0.0";
    descriptor.doc = "what the scheduler drives";
    descriptor.vtable = &functions;
    descriptor.params = params.data();
    descriptor.n_params = static_cast<std::uint32_t>(params.size());
    descriptor.param_stride = sizeof(tuner_param);
    plugin = std::make_unique<Plugin>(&descriptor, nullptr);
    use = std::make_unique<PluginUse>(PluginUse{plugin.get(), OptionTable(*plugin, {}), {}, nullptr});
  }
};

SchedulerRig::SchedulerRig(const Plugin& scheduler, const std::map<std::string, Value>& given, std::int64_t horizon,
                           const Bases& bases)
    : scheduler_(scheduler), target_(std::make_unique<Target>(scheduler.scheduler(), bases)) {
  error_.struct_size = sizeof error_;
  schedule_.stages.push_back({PluginUse{&scheduler, sensible_options(scheduler, given), {}, nullptr}, -1});
  constexpr std::int64_t kStepsPerEpoch = 10;
  run_ = std::make_unique<ScheduleRun>(schedule_, *target_->use, horizon, kStepsPerEpoch, Goal::minimize, host_.abi());
}

SchedulerRig::~SchedulerRig() = default;

std::int32_t SchedulerRig::value(std::int64_t step, std::vector<double>& values, double metric_shift) {
  // A metric that improves for a while, then stands still and trembles; a new one every ten steps.
  ScheduleInputs inputs;
  inputs.step = step;
  inputs.metric_count = step / 10;
  const auto n = static_cast<double>(inputs.metric_count);
  inputs.metric = inputs.metric_count == 0 ? std::numeric_limits<double>::quiet_NaN()
                                           : std::exp(-n / 10) + 0.01 * std::sin(n) + metric_shift;
  error_.text[0] = 0;
  host_.reset_scratch();
  const Calling calling(fmt::format("value(), step {}", step));
  const std::int32_t status = run_->apply(inputs, &error_);
  values.resize(target_->params.size());
  for (std::size_t p = 0; p < values.size(); ++p) values[p] = target_->use->options.number(p);
  return status;
}

std::string SchedulerRig::output_id(std::size_t index) const { return scheduler_.scheduler().outputs[index]->id; }

const tuner_param& SchedulerRig::option(std::size_t index) const { return target_->params[index]; }

}  // namespace tuner::check
