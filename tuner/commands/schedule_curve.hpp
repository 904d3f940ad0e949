// The picture of a schedule in `tuner plugins show`.
#pragma once

#include <string>
#include <vector>

#include "tuner/catalogue.hpp"

namespace tuner::commands {

// The first output (the lr) of a PURE scheduler over a run of 100 steps at base value 1, as a chart with a title line.
// settings: OPTION=VALUE, VALUE as in JSON or a bare word; the rest are the defaults. Where a required option is not
// given, or the plugin refuses its defaults, the text says so. The optimizer is not asked: an optional second output is
// not drawn. Errors: usage.bad_option for a setting without '=' or of an unknown option; config.* for its value;
// config.impossible where the plugin refuses the settings or has no value for a step.
[[nodiscard]] std::string schedule_curve(const Plugin& scheduler, const std::vector<std::string>& settings);

}  // namespace tuner::commands
