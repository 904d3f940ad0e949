// Plugins in a sweep file: a bare name, or a map of `plugin`, options, and keys of the host.
#pragma once

#include <string>

#include "tuner/config/holes.hpp"
#include "tuner/config/keys.hpp"

namespace tuner::config {

// What a branch of a one_of is called: `as`, else the plugin's id.
[[nodiscard]] std::string plugin_label(const Node& node, Kind kind);

// One plugin. Its options get dimensions under scope.path; a plugin that wraps another one gets its label into the
// path. host_keys: keys beside plugin, as and the options. Errors: plugin.unknown; config.missing_key, .unknown_key,
// .impossible; those of read_setting and checked_value.
[[nodiscard]] PluginPlan read_plugin(const Node& node, Kind kind, const Scope& scope, Reading& reading,
                                     const Keys& host_keys = {});
// The same, or a one_of.
[[nodiscard]] OneOf<PluginPlan> read_plugins(const Node& node, Kind kind, const Scope& scope, Reading& reading);

// A plugin with `groups` and `inner`, or a one_of.
[[nodiscard]] OneOf<PluginPlan> read_optimizers(const Node& node, const Scope& scope, Reading& reading);

}  // namespace tuner::config
