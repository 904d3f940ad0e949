// A PURE scheduler plugin asked for its outputs at any step, without an optimizer to drive.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "stepper.hpp"

namespace tuner::test {

class ScheduleValues {
 public:
  ScheduleValues(const std::string& scheduler, const Given& given, double base, std::int64_t horizon)
      : plugin_(builtin(Kind::scheduler, scheduler)),
        options_(table_of(plugin_, given)),
        base_(base),
        horizon_(horizon) {}

  // The first output (the lr). Throws std::runtime_error with the plugin's text where it refuses.
  [[nodiscard]] double at(std::int64_t step) const { return all_at(step)[0]; }
  // All outputs, each on the same base value.
  [[nodiscard]] Vector all_at(std::int64_t step) const {
    const tuner_scheduler& scheduler = plugin_.scheduler();
    const Vector base(scheduler.n_outputs, base_);
    Vector values(scheduler.n_outputs, NAN);
    tuner_error error{};
    error.struct_size = sizeof error;
    tuner_schedule_args args{};
    args.struct_size = sizeof args;
    args.options = options_.abi();
    args.base = base.data();
    args.step = step;
    args.horizon = horizon_;
    args.metric = NAN;
    args.minimize = 1;
    args.error = &error;
    if (scheduler.value(&args, values.data()) != TUNER_OK) throw std::runtime_error(error.text);
    return values;
  }

 private:
  const Plugin& plugin_;
  OptionTable options_;
  double base_;
  std::int64_t horizon_;
};

}  // namespace tuner::test
