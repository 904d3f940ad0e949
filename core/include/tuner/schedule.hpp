// Schedules at work: stages, warmup, and the options of the optimizer that they drive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/trial.hpp"

namespace tuner {

// Which option of the optimizer each output of the scheduler drives. A wrapper's option counts before its inner
// optimizer's. drives: the option that the first output drives, and the others then nothing; empty: as the scheduler
// says. Errors: config.impossible where a required output finds no target, naming both plugins.
struct Binding {
  PluginUse* use = nullptr;  // the optimizer, or one that it wraps; null: not bound
  std::size_t param = 0;
  bool operator==(const Binding&) const = default;
};
[[nodiscard]] std::vector<Binding> bind_outputs(const Plugin& scheduler, PluginUse& optimizer,
                                                const std::string& drives = {});
// The same question about plugins alone (outermost first), when a sweep is read.
void check_bindings(const Plugin& scheduler, const std::vector<const Plugin*>& optimizers,
                    const std::string& drives = {});

// The option `lr`, the optimizer's own or that of the first one inside that has one; not bound where there is none.
[[nodiscard]] Binding lr_option(PluginUse& optimizer);

struct ScheduleInputs {
  std::int64_t step = 0;  // updates done
  double metric = 0;      // latest value; NaN before the first
  std::int64_t metric_count = 0;
};

// Writes the options of each step into the optimizer's tables.
//
// Warmup takes the first W steps and drives lr alone, t = 0 .. W - 1: linear base (t + 1) / W, exponential
// base 0.01^(1 - (t + 1) / W), constant base / 3. The first step is never wasted at lr 0. With a target it goes from
// the base to the target, base + (target - base) t / W, and the target is the base of the schedules after it; a group
// keeps the ratio of its lr to the others'. After it the schedule sees step t - W and horizon T - W.
//
// The schedulers of a stage act side by side. An option that several of them drive has its configured value b times
// their factors, b (v_1 / b) (v_2 / b) ..., and 0 where b is 0.
//
// A stage drives the options that its scheduler is bound to; every other option has its configured value, also those
// that a stage before it drove.
class ScheduleRun {
 public:
  // horizon: steps of the trial, -1 unknown. Both arguments must outlive it.
  // Requires: at least one stage. Errors: config.impossible (no target; a fraction of an unknown length; warmup of an
  // optimizer without lr). Stages longer than the run are no error; see beyond().
  ScheduleRun(Schedule& schedule, PluginUse& optimizer, std::int64_t horizon, std::int64_t steps_per_epoch, Goal goal,
              const tuner_host* host);
  ~ScheduleRun();
  ScheduleRun(const ScheduleRun&) = delete;
  ScheduleRun& operator=(const ScheduleRun&) = delete;
  // Sets the options for update number step + 1. Status of the ABI.
  [[nodiscard]] std::int32_t apply(const ScheduleInputs& inputs, tuner_error* error);
  // The scheduler that the last call of apply() asked.
  [[nodiscard]] const PluginUse& scheduler() const;
  // The first output's value for group 0 (the lr) as last applied; the option itself where nothing drives it,
  // NaN where the optimizer has none.
  [[nodiscard]] double lr() const;

  // What else is driven at the step that apply() was called for last: lr in the groups after the first, "lr.1", and the
  // other options that the stage drives, "weight_decay", "weight_decay.1". Of two options of one name, in a wrapper and
  // in what it wraps, the outer one.
  [[nodiscard]] std::vector<std::pair<std::string, double>> driven() const;
  // What of the schedule lies beyond a run of `horizon` steps, a line for each.
  [[nodiscard]] std::vector<std::string> beyond(std::int64_t horizon) const;

  // What the next apply() depends on, beside its inputs. restore() throws DecodeError where the bytes are of another
  // one.
  void save(Writer& out) const;
  void restore(Reader& in);

 private:
  struct Stage;
  struct Factor;
  struct Target;
  template <class Archive>
  void serialize(Archive& archive);
  [[nodiscard]] double warmup_factor(std::int64_t step) const;
  void warm_up(std::int64_t step);
  void take_target(const Schedule& schedule, const PluginUse& optimizer);
  void add_stage(ScheduleStage& stage, PluginUse& optimizer, std::int64_t begin, std::int64_t length);
  void add_factor(Stage& stage, PluginUse& scheduler, std::vector<Binding> bindings);
  [[nodiscard]] std::size_t target_of(Stage& stage, const Binding& binding, const PluginUse& scheduler) const;
  Stage& enter_stage(std::int64_t step);
  [[nodiscard]] std::int32_t ask(Stage& stage, Factor& factor, const ScheduleInputs& inputs, std::uint32_t group,
                                 tuner_error* error);
  [[nodiscard]] std::int32_t set(const Target& target, std::uint32_t group, tuner_error* error);
  std::vector<Stage> stages_;
  std::size_t current_ = 0;
  std::int64_t warmup_ = 0, steps_per_epoch_ = 0;
  WarmupForm form_ = WarmupForm::linear;
  Goal goal_;
  const tuner_host* host_;
  const PluginUse* asked_ = nullptr;
  Binding lr_;
  std::vector<double> lr_base_;  // by group
  double target_ratio_ = 1;      // of the warmup's target to the base
};

}  // namespace tuner
