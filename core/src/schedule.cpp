#include "tuner/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tuner/error.hpp"
#include "tuner/tensor.hpp"
#include "tuner/text.hpp"

namespace tuner {

namespace {

// The option, where a schedule may drive it.
std::optional<std::size_t> schedulable(const Plugin& optimizer, std::string_view id) {
  const auto param = optimizer.find_param(id);
  return param && (optimizer.param(*param).flags & TUNER_PARAM_SCHEDULABLE) ? param : std::nullopt;
}

std::optional<std::size_t> target_in(const tuner_schedule_output& output, const Plugin& optimizer) {
  for (std::uint32_t i = 0; i < output.n_targets; ++i)
    if (const auto param = schedulable(optimizer, output.targets[i])) return param;
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

[[noreturn]] void no_target(const Plugin& scheduler, const std::string& drives, const Plugin& optimizer) {
  std::vector<std::string> known;
  for (std::size_t p = 0; p < optimizer.param_count(); ++p)
    if (optimizer.param(p).flags & TUNER_PARAM_SCHEDULABLE) known.emplace_back(optimizer.param(p).id);
  throw Error(Message::config_impossible,
              fmt::format("scheduler '{}' is to drive '{}', and optimizer '{}' has no such option that a schedule can "
                          "drive",
                          scheduler.id(), shown(drives), optimizer.id()),
              known.empty() ? "remove drives" : did_you_mean(drives, known));
}

}  // namespace

std::vector<Binding> bind_outputs(const Plugin& scheduler, PluginUse& optimizer, const std::string& drives) {
  std::vector<Binding> bindings(scheduler.scheduler().n_outputs);
  if (!drives.empty()) {
    for (PluginUse* use = &optimizer; use != nullptr && bindings[0].use == nullptr; use = use->inner.get())
      if (const auto param = schedulable(*use->plugin, drives)) bindings[0] = {use, *param};
    if (bindings[0].use == nullptr) no_target(scheduler, drives, *optimizer.plugin);
    return bindings;
  }
  for (std::uint32_t o = 0; o < bindings.size(); ++o) {
    const tuner_schedule_output& output = *scheduler.scheduler().outputs[o];
    Binding& binding = bindings[o];
    for (PluginUse* use = &optimizer; use != nullptr && binding.use == nullptr; use = use->inner.get())
      if (const auto param = target_in(output, *use->plugin)) binding = {use, *param};
    if (binding.use == nullptr && (output.flags & TUNER_OUTPUT_OPTIONAL) == 0)
      no_target(scheduler, output, *optimizer.plugin);
  }
  return bindings;
}

void check_bindings(const Plugin& scheduler, const std::vector<const Plugin*>& optimizers, const std::string& drives) {
  if (!drives.empty()) {
    const bool found =
        std::ranges::any_of(optimizers, [&](const Plugin* use) { return schedulable(*use, drives).has_value(); });
    if (!found) no_target(scheduler, drives, *optimizers.front());
    return;
  }
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

// An option that a stage drives.
struct ScheduleRun::Target {
  Binding binding;
  std::vector<double> base;              // the configured value, by group
  const PluginUse* scheduler = nullptr;  // the first that drives it
  double value = 0;                      // of the group at hand
  bool is_set = false;
};

// One scheduler of a stage.
struct ScheduleRun::Factor {
  static constexpr std::size_t kNothing = SIZE_MAX;
  PluginUse* scheduler = nullptr;
  std::vector<std::size_t> targets;  // by output, of the stage's; or kNothing
  std::uint32_t groups = 1;
  // Slots of the scheduler, one set for every group: [group][slot].
  std::vector<std::vector<void*>> slots;
  std::vector<AlignedBuffer> buffers;
  std::vector<double> base, values;  // workspace, by output
};

struct ScheduleRun::Stage {
  std::int64_t begin = 0, length = -1;
  std::vector<Target> targets;
  std::vector<Factor> factors;
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
  lr_ = lr_option(optimizer);
  if (lr_.use != nullptr) lr_base_ = base_values(*lr_.use, lr_.param);
  const bool drivable = lr_.use && (lr_.use->plugin->param(lr_.param).flags & TUNER_PARAM_SCHEDULABLE);
  if ((warmup_ > 0 || schedule.warmup_target > 0) && !drivable)
    throw Error(Message::config_impossible,
                fmt::format("a warmup raises lr, and optimizer '{}' has no lr that a schedule can drive",
                            optimizer.plugin->id()),
                "remove the warmup, or give this optimizer a scheduler of its own in a one_of");
  if (schedule.warmup_target > 0) take_target(schedule, optimizer);
  std::int64_t begin = warmup_;
  for (ScheduleStage& stage : schedule.stages) {
    const std::int64_t length = stage.steps >= 0 ? stage.steps
                                : horizon >= 0   ? std::max<std::int64_t>(horizon - begin, 0)
                                                 : -1;
    add_stage(stage, optimizer, begin, length);
    begin += std::max<std::int64_t>(length, 0);
  }
  asked_ = stages_.front().factors.front().scheduler;
}

void ScheduleRun::take_target(const Schedule& schedule, const PluginUse& optimizer) {
  if (lr_base_.front() == 0)
    throw Error(
        Message::config_impossible,
        fmt::format("warmup_target raises lr in proportion, and the lr of optimizer '{}' is 0", optimizer.plugin->id()),
        "give an lr above 0 to begin with");
  target_ratio_ = schedule.warmup_target / lr_base_.front();
}

void ScheduleRun::add_stage(ScheduleStage& stage, PluginUse& optimizer, std::int64_t begin, std::int64_t length) {
  Stage& run = stages_.emplace_back();
  run.begin = begin;
  run.length = length;
  add_factor(run, stage.scheduler, bind_outputs(*stage.scheduler.plugin, optimizer, stage.drives));
  for (ScheduleFactor& factor : stage.factors)
    add_factor(run, factor.scheduler, bind_outputs(*factor.scheduler.plugin, optimizer, factor.drives));
}

void ScheduleRun::add_factor(Stage& stage, PluginUse& scheduler, std::vector<Binding> bindings) {
  Factor& factor = stage.factors.emplace_back();
  factor.scheduler = &scheduler;
  for (const Binding& binding : bindings) {
    factor.targets.push_back(target_of(stage, binding, scheduler));
    if (binding.use != nullptr) factor.groups = std::max(factor.groups, binding.use->options.group_count());
  }
  stage.groups = std::max(stage.groups, factor.groups);
  factor.base.resize(bindings.size());
  factor.values.resize(bindings.size());
  for (std::uint32_t g = 0; g < factor.groups; ++g) {
    auto& row = factor.slots.emplace_back();
    for (std::size_t s = 0; s < scheduler.plugin->slot_count(); ++s) {
      row.push_back(factor.buffers.emplace_back(sizeof(double)).data());
      const tuner_slot& slot = scheduler.plugin->slot(s);
      if (slot.dtype == TUNER_DTYPE_I64)
        *static_cast<std::int64_t*>(row.back()) = static_cast<std::int64_t>(slot.fill);
      else if (slot.dtype == TUNER_DTYPE_F32)
        *static_cast<float*>(row.back()) = static_cast<float>(slot.fill);
      else
        *static_cast<double*>(row.back()) = slot.fill;
    }
  }
}

std::size_t ScheduleRun::target_of(Stage& stage, const Binding& binding, const PluginUse& scheduler) const {
  if (binding.use == nullptr) return Factor::kNothing;
  const auto found = std::ranges::find(stage.targets, binding, &Target::binding);
  if (found != stage.targets.end()) return static_cast<std::size_t>(found - stage.targets.begin());
  Target& target = stage.targets.emplace_back();
  target.binding = binding;
  target.scheduler = &scheduler;
  target.base = base_values(*binding.use, binding.param);
  if (binding == lr_)
    for (double& base : target.base) base *= target_ratio_;
  return stage.targets.size() - 1;
}

std::vector<std::pair<std::string, double>> ScheduleRun::driven() const {
  std::vector<std::pair<std::string, double>> values;
  const auto add = [&](const Binding& binding) {
    if (binding.use == nullptr) return;
    const char* const id = binding.use->plugin->param(binding.param).id;
    for (std::uint32_t g = 0; g < binding.use->options.group_count(); ++g) {
      std::string name = g == 0 ? id : fmt::format("{}.{}", id, g);
      const bool known = name == "lr" || std::ranges::any_of(values, [&](const auto& v) { return v.first == name; });
      if (!known) values.emplace_back(std::move(name), binding.use->options.number(binding.param, g));
    }
  };
  add(lr_);
  for (const Target& target : stages_[current_].targets)
    if (!(target.binding == lr_)) add(target.binding);
  return values;
}

std::vector<std::string> ScheduleRun::beyond(std::int64_t horizon) const {
  std::vector<std::string> lines;
  if (horizon < 0) return lines;
  if (warmup_ > horizon) {
    lines.push_back(
        fmt::format("the warmup takes {} steps, and the run has {}: lr does not reach its peak", warmup_, horizon));
    return lines;
  }
  for (std::size_t i = 0; i + 1 < stages_.size(); ++i) {
    const std::int64_t end = stages_[i].begin + stages_[i].length;
    if (end < horizon) continue;
    lines.push_back(
        fmt::format("stage {} of the sequence ends at step {}, and the run at step {}: the stages after it "
                    "are never reached",
                    i + 1, end, horizon));
    break;
  }
  return lines;
}

double ScheduleRun::warmup_factor(std::int64_t step) const {
  const double done = static_cast<double>(step + 1) / static_cast<double>(warmup_);
  if (target_ratio_ != 1) return 1 + (target_ratio_ - 1) * static_cast<double>(step) / static_cast<double>(warmup_);
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

// At the step after it lr has the value that schedules begin with, whether or not a scheduler drives it.
void ScheduleRun::warm_up(std::int64_t step) {
  const double factor = step < warmup_ ? warmup_factor(step) : target_ratio_;
  for (std::uint32_t g = 0; g < lr_base_.size(); ++g) lr_.use->options.set_number(lr_.param, g, lr_base_[g] * factor);
}

ScheduleRun::Stage& ScheduleRun::enter_stage(std::int64_t step) {
  std::size_t index = current_;
  while (index + 1 < stages_.size() && step >= stages_[index + 1].begin) ++index;
  if (index != current_)
    for (const Target& target : stages_[current_].targets)
      for (std::uint32_t g = 0; g < target.base.size(); ++g)
        target.binding.use->options.set_number(target.binding.param, g, target.base[g]);
  current_ = index;
  return stages_[index];
}

const PluginUse& ScheduleRun::scheduler() const { return *asked_; }

std::int32_t ScheduleRun::apply(const ScheduleInputs& inputs, tuner_error* error) {
  Stage& stage = enter_stage(inputs.step);
  if ((warmup_ > 0 || target_ratio_ != 1) && inputs.step <= warmup_) warm_up(inputs.step);
  for (std::uint32_t g = 0; g < stage.groups; ++g) {
    for (Target& target : stage.targets) target.is_set = false;
    for (Factor& factor : stage.factors)
      if (g < factor.groups)
        if (const std::int32_t status = ask(stage, factor, inputs, g, error); status != TUNER_OK) return status;
    for (const Target& target : stage.targets) {
      if (g >= target.base.size() || !target.is_set) continue;
      if (inputs.step < warmup_ && target.binding == lr_) continue;
      if (const std::int32_t status = set(target, g, error); status != TUNER_OK) return status;
    }
  }
  return TUNER_OK;
}

// Puts the factor's values for one group into the targets.
std::int32_t ScheduleRun::ask(Stage& stage, Factor& factor, const ScheduleInputs& inputs, std::uint32_t group,
                              tuner_error* error) {
  for (std::size_t o = 0; o < factor.targets.size(); ++o) {
    factor.base[o] = std::numeric_limits<double>::quiet_NaN();
    if (factor.targets[o] == Factor::kNothing) continue;
    const std::vector<double>& base = stage.targets[factor.targets[o]].base;
    if (group < base.size()) factor.base[o] = base[group];
  }
  asked_ = factor.scheduler;
  tuner_schedule_args args{};
  args.struct_size = sizeof args;
  args.host = host_;
  args.options = factor.scheduler->options.abi();
  args.base = factor.base.data();
  // During warmup the first stage stands at its own step 0.
  args.step = inputs.step < warmup_ ? 0 : inputs.step - stage.begin;
  args.horizon = stage.length;
  args.steps_per_epoch = steps_per_epoch_;
  args.metric = inputs.metric;
  args.metric_count = inputs.metric_count;
  args.minimize = goal_ == Goal::minimize ? 1 : 0;
  args.error = error;
  args.group = group;
  args.global_slots = factor.slots[group].data();
  if (const std::int32_t status = factor.scheduler->plugin->scheduler().value(&args, factor.values.data());
      status != TUNER_OK)
    return status;
  for (std::size_t o = 0; o < factor.targets.size(); ++o) {
    if (factor.targets[o] == Factor::kNothing) continue;
    Target& target = stage.targets[factor.targets[o]];
    const double value = factor.values[o], base = factor.base[o];
    target.value = !target.is_set ? value : base == 0 ? 0 : target.value * (value / base);
    target.is_set = true;
  }
  return TUNER_OK;
}

std::int32_t ScheduleRun::set(const Target& target, std::uint32_t group, tuner_error* error) {
  const tuner_param& param = target.binding.use->plugin->param(target.binding.param);
  if (!is_legal(param, target.value)) {
    asked_ = target.scheduler;
    const std::string text =
        fmt::format("it sets {} to {}, outside of its legal range {}", param.id,
                    std::isnan(target.value) ? "nan" : fmt::to_string(target.value), range_text(param));
    text.copy(error->text, sizeof error->text - 1);
    error->text[std::min(text.size(), sizeof error->text - 1)] = 0;
    return TUNER_INVALID;
  }
  target.binding.use->options.set_number(target.binding.param, group, target.value);
  return TUNER_OK;
}

template <class Archive>
void ScheduleRun::serialize(Archive& archive) {
  auto current = static_cast<std::uint64_t>(current_);
  archive(current);
  if (current >= stages_.size()) throw DecodeError("a schedule has fewer stages");
  current_ = current;
  for (Stage& stage : stages_)
    for (Factor& factor : stage.factors)
      for (const auto& group : factor.slots)
        for (void* slot : group) archive.raw(slot, sizeof(double));
}

void ScheduleRun::save(Writer& out) const { const_cast<ScheduleRun*>(this)->serialize(out); }

void ScheduleRun::restore(Reader& in) { serialize(in); }

double ScheduleRun::lr() const {
  return lr_.use ? lr_.use->options.number(lr_.param) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace tuner
