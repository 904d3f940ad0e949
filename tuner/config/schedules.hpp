// `scheduler:`: one plugin, several side by side or a sequence of them, with warmup; or a one_of of such.
#pragma once

#include <string>
#include <vector>

#include "tuner/config/search_parameters.hpp"

namespace tuner::config {

// A scheduler of the plan, the option that the file says it drives, and where the file says so.
struct SchedulerPlace {
  const Plugin* plugin;
  std::string drives, place;
};
using SchedulerPlaces = std::vector<SchedulerPlace>;

// Errors: those of read_plugin; config.impossible for warmup by steps and fraction at once, warmup_form without either,
// a stage without an end before the last one, an end of the last one; for
// warmup_target without a warmup or with another form than the straight line.
[[nodiscard]] OneOf<SchedulePlan> read_schedules(const Node& node, const Scope& scope, Reading& reading,
                                                 SchedulerPlaces& places);

// Every scheduler with every chain of optimizers. Errors: config.impossible at the scheduler's place.
void check_schedules(const SchedulerPlaces& places, const OneOf<PluginPlan>& optimizers);

}  // namespace tuner::config
