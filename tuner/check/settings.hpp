// Options that the user gives on the command line: --set OPTION=VALUE.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>

#include "tuner/catalogue.hpp"
#include "tuner/value.hpp"

namespace tuner::check {

// "gamma=0.5" as ("gamma", 0.5); VALUE as in JSON or a bare word. Errors: usage.bad_option where there is no '='.
[[nodiscard]] std::pair<std::string, Value> read_setting(const std::string& setting);

// Those of `settings` that the plugin has, in the types of its options. Errors: as above, config.* for a value.
[[nodiscard]] std::map<std::string, Value> settings_for(const Plugin& plugin, std::span<const std::string> settings);

}  // namespace tuner::check
