// Options with which a plugin can be tried when nobody says which.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tuner/options.hpp"

namespace tuner::check {

// `given`, something from the metadata for every REQUIRED option, and the defaults of the rest; where the plugin's own
// check() refuses those, with one more option moved into its search range. Errors: config.missing_key for a required
// option for which the metadata suggest nothing; config.impossible where the plugin refuses everything.
[[nodiscard]] OptionTable sensible_options(const Plugin& plugin, const std::map<std::string, Value>& given);

// The options of that table that are not defaults, by id.
[[nodiscard]] std::map<std::string, Value> sensible_settings(const Plugin& plugin,
                                                             const std::map<std::string, Value>& given);

// A choice of the plugin named "dtype" that has `name` ("f64"), as a setting for `given`.
[[nodiscard]] bool offers_dtype(const Plugin& plugin, const char* name);

}  // namespace tuner::check
