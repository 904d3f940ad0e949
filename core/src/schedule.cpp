#include "tuner/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/error.hpp"
#include "tuner/tensor.hpp"

namespace tuner {

namespace {

std::optional<std::size_t> target_in(const tuner_schedule_output& output, const Plugin& optimizer) {
  for (std::uint32_t i = 0; i < output.n_targets; ++i) {
    const auto param = optimizer.find_param(output.targets[i]);
    if (param && (optimizer.param(*param).flags & TUNER_PARAM_SCHEDULABLE)) return param;
  }
  return std::nullopt;
}

// The configured value of an option, by group.
std::vector<double> base_values(const PluginUse& use, std::size_t param) {
  std::vector<double> values;
  for (std::uint32_t g = 0; g < use.options.group_count(); ++g) values.push_back(use.options.number(param, g));
  return values;
}

[[noreturn]] void no_target(const Plugin& scheduler, const tuner_schedule_output& output, const Plugin& optimizer) {
  std::string targets;
  for (std::uint32_t i = 0; i < output.n_targets; ++i)
    targets += fmt::format("{}'{}'", i ? ", " : "", output.targets[i]);
  throw Error(
      Message::config_impossible,
      fmt::format("scheduler '{}' drives {}, which optimizer '{}' does not have", scheduler.id(), targets,
                  optimizer.id()),
      "use `scheduler: constant` with it, in a one_of branch of its own where other optimizers take the schedule");
}

}  // namespace

std::vector<Binding> bind_outputs(const Plugin& scheduler, PluginUse& optimizer) {
  std::vector<Binding> bindings;
  for (std::uint32_t o = 0; o < scheduler.scheduler().n_outputs; ++o) {
    const tuner_schedule_output& output = *scheduler.scheduler().outputs[o];
    Binding binding;
    for (PluginUse* use = &optimizer; use != nullptr && binding.use == nullptr; use = use->inner.get())
      if (const auto param = target_in(output, *use->plugin)) binding = {use, *param};
    if (binding.use == nullptr && (output.flags & TUNER_OUTPUT_OPTIONAL) == 0)
      no_target(scheduler, output, *optimizer.plugin);
    bindings.push_back(binding);
  }
  return bindings;
}

void check_bindings(const Plugin& scheduler, const std::vector<const Plugin*>& optimizers) {
  for (std::uint32_t o = 0; o < scheduler.scheduler().n_outputs; ++o) {
    const tuner_schedule_output& output = *scheduler.scheduler().outputs[o];
    bool found = (output.flags & TUNER_OUTPUT_OPTIONAL) != 0;
    for (const Plugin* optimizer : optimizers) found = found || target_in(output, *optimizer).has_value();
    if (!found) no_target(scheduler, output, *optimizers.front());
  }
}

Binding lr_option(PluginUse& optimizer) {
  for (PluginUse* use = &optimizer; use != nullptr; use = use->inner.get())
    if (const auto param = use->plugin->find_param("lr")) return {use, *param};
  return {};
}

// One output of one stage at work on one option.
struct ScheduleRun::Drive {
  Binding binding;
  std::vector<double> base;  // the configured value, by group
};

struct ScheduleRun::Stage {
  ScheduleStage* stage = nullptr;
  std::int64_t begin = 0, length = -1;
  std::vector<Drive> drives;
  // Slots of the scheduler, one set for every group: [group][slot].
  std::vector<std::vector<void*>> slots;
  std::vector<AlignedBuffer> buffers;
  std::vector<double> base, values;  // workspace, by output
  std::uint32_t groups = 1;
};

ScheduleRun::~ScheduleRun() = default;

ScheduleRun::ScheduleRun(Schedule& schedule, PluginUse& optimizer, std::int64_t horizon, std::int64_t steps_per_epoch,
                         Goal goal, const tuner_host* host)
    : steps_per_epoch_(steps_per_epoch), form_(schedule.warmup_form), goal_(goal), host_(host) {
  warmup_ = schedule.warmup_steps;
  if (schedule.warmup_fraction > 0) {
    if (horizon < 0)
      throw Error(Message::config_impossible, "warmup_fraction is a fraction of a length that is not known",
                  "use warmup_steps");
    warmup_ = std::llround(schedule.warmup_fraction * static_cast<double>(horizon));
  }
  std::int64_t begin = warmup_;
  for (ScheduleStage& stage : schedule.stages) {
    Stage& run = stages_.emplace_back();
    run.stage = &stage;
    run.begin = begin;
    run.length = stage.steps >= 0 ? stage.steps : horizon >= 0 ? std::max<std::int64_t>(horizon - begin, 0) : -1;
    begin += std::max<std::int64_t>(run.length, 0);
    for (const Binding& binding : bind_outputs(*stage.scheduler.plugin, optimizer)) {
      Drive& drive = run.drives.emplace_back();
      drive.binding = binding;
      if (binding.use == nullptr) continue;
      run.groups = std::max(run.groups, binding.use->options.group_count());
      drive.base = base_values(*binding.use, binding.param);
    }
    run.base.resize(run.drives.size());
    run.values.resize(run.drives.size());
    const Plugin& plugin = *stage.scheduler.plugin;
    for (std::uint32_t g = 0; g < run.groups; ++g) {
      auto& row = run.slots.emplace_back();
      for (std::size_t s = 0; s < plugin.slot_count(); ++s) {
        row.push_back(run.buffers.emplace_back(sizeof(double)).data());
        const tuner_slot& slot = plugin.slot(s);
        if (slot.dtype == TUNER_DTYPE_I64)
          *static_cast<std::int64_t*>(row.back()) = static_cast<std::int64_t>(slot.fill);
        else if (slot.dtype == TUNER_DTYPE_F32)
          *static_cast<float*>(row.back()) = static_cast<float>(slot.fill);
        else
          *static_cast<double*>(row.back()) = slot.fill;
      }
    }
  }
  const Binding lr = lr_option(optimizer);
  lr_use_ = lr.use;
  lr_param_ = lr.param;
  if (lr_use_ != nullptr) lr_base_ = base_values(*lr_use_, lr_param_);
  const bool drivable = lr_use_ && (lr_use_->plugin->param(lr_param_).flags & TUNER_PARAM_SCHEDULABLE);
  if (warmup_ > 0 && !drivable)
    throw Error(Message::config_impossible,
                fmt::format("a warmup raises lr, and optimizer '{}' has no lr that a schedule can drive",
                            optimizer.plugin->id()),
                "remove the warmup, or give this optimizer a scheduler of its own in a one_of");
}

double ScheduleRun::warmup_factor(std::int64_t step) const {
  const double done = static_cast<double>(step + 1) / static_cast<double>(warmup_);
  switch (form_) {
    case WarmupForm::linear:
      return done;
    case WarmupForm::exponential:
      return std::pow(0.01, 1.0 - done);
    case WarmupForm::constant:
      return 1.0 / 3.0;
  }
  return 1;
}

// At the step after it lr has its configured value again, whether or not a scheduler drives it.
void ScheduleRun::warm_up(std::int64_t step) {
  const double factor = step < warmup_ ? warmup_factor(step) : 1;
  for (std::uint32_t g = 0; g < lr_base_.size(); ++g) lr_use_->options.set_number(lr_param_, g, lr_base_[g] * factor);
}

ScheduleRun::Stage& ScheduleRun::enter_stage(std::int64_t step) {
  std::size_t index = current_;
  while (index + 1 < stages_.size() && step >= stages_[index + 1].begin) ++index;
  if (index != current_)
    for (const Drive& drive : stages_[current_].drives)
      for (std::uint32_t g = 0; g < drive.base.size(); ++g)
        drive.binding.use->options.set_number(drive.binding.param, g, drive.base[g]);
  current_ = index;
  return stages_[index];
}

const PluginUse& ScheduleRun::scheduler() const { return stages_[current_].stage->scheduler; }

std::int32_t ScheduleRun::apply(const ScheduleInputs& inputs, tuner_error* error) {
  Stage& stage = enter_stage(inputs.step);
  // During warmup the first stage stands at its own step 0.
  const bool warming = inputs.step < warmup_;
  if (warmup_ > 0 && inputs.step <= warmup_) warm_up(inputs.step);
  tuner_schedule_args args{};
  args.struct_size = sizeof args;
  args.host = host_;
  args.options = stage.stage->scheduler.options.abi();
  args.base = stage.base.data();
  args.step = warming ? 0 : inputs.step - stage.begin;
  args.horizon = stage.length;
  args.steps_per_epoch = steps_per_epoch_;
  args.metric = inputs.metric;
  args.metric_count = inputs.metric_count;
  args.minimize = goal_ == Goal::minimize ? 1 : 0;
  args.error = error;
  for (std::uint32_t g = 0; g < stage.groups; ++g) {
    for (std::size_t o = 0; o < stage.drives.size(); ++o) {
      const auto& base = stage.drives[o].base;
      stage.base[o] = g < base.size() ? base[g] : std::numeric_limits<double>::quiet_NaN();
    }
    args.group = g;
    args.global_slots = stage.slots[g].data();
    if (const std::int32_t status = stage.stage->scheduler.plugin->scheduler().value(&args, stage.values.data());
        status != TUNER_OK)
      return status;
    for (std::size_t o = 0; o < stage.drives.size(); ++o) {
      const Drive& drive = stage.drives[o];
      if (g >= drive.base.size()) continue;
      if (warming && drive.binding.use == lr_use_ && drive.binding.param == lr_param_) continue;
      const tuner_param& param = drive.binding.use->plugin->param(drive.binding.param);
      if (!is_legal(param, stage.values[o])) {
        const std::string text =
            fmt::format("it sets {} to {}, outside of its legal range {}", param.id,
                        std::isnan(stage.values[o]) ? "nan" : fmt::to_string(stage.values[o]), range_text(param));
        text.copy(error->text, sizeof error->text - 1);
        error->text[std::min(text.size(), sizeof error->text - 1)] = 0;
        return TUNER_INVALID;
      }
      drive.binding.use->options.set_number(drive.binding.param, g, stage.values[o]);
    }
  }
  return TUNER_OK;
}

template <class Archive>
void ScheduleRun::serialize(Archive& archive) {
  auto current = static_cast<std::uint64_t>(current_);
  archive(current);
  if (current >= stages_.size()) throw DecodeError("a schedule has fewer stages");
  current_ = current;
  for (Stage& stage : stages_)
    for (const auto& group : stage.slots)
      for (void* slot : group) archive.raw(slot, sizeof(double));
}

void ScheduleRun::save(Writer& out) const { const_cast<ScheduleRun*>(this)->serialize(out); }

void ScheduleRun::restore(Reader& in) { serialize(in); }

double ScheduleRun::lr() const {
  return lr_use_ ? lr_use_->options.number(lr_param_) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace tuner
