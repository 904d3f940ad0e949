// Plugins in a sweep file: a bare name, or a map of `plugin`, options, and keys of the host.
#pragma once

#include <string>
#include <vector>

#include "tuner/config/keys.hpp"
#include "tuner/config/search_parameters.hpp"

namespace tuner::config {

// The option that LR range tests are about: `lr` of an optimizer, where it is a real number that can change during a
// run.
[[nodiscard]] bool is_tested_lr(const Plugin& plugin, const tuner_param& param);

// What a branch of a one_of is called: `as`, else the plugin's id.
[[nodiscard]] std::string plugin_label(const Node& node, Kind kind);

// One plugin. Its options get dimensions under scope.path; a plugin that wraps another one gets its label into the
// path. host_keys: keys beside plugin, as and the options. Errors: plugin.unknown; config.missing_key, .unknown_key,
// .impossible; those of read_setting and checked_value.
[[nodiscard]] PluginPlan read_plugin(const Node& node, Kind kind, const Scope& scope, Reading& reading,
                                     const Keys& host_keys = {});
// The same, or a one_of.
[[nodiscard]] OneOf<PluginPlan> read_plugins(const Node& node, Kind kind, const Scope& scope, Reading& reading);

// An optimizer and those inside it, outermost first; calls visit with every such chain of the branches.
using Chain = std::vector<const PluginPlan*>;
template <class Visit>
void each_chain(const OneOf<PluginPlan>& optimizers, const Visit& visit, Chain outer = {}) {
  for (const PluginPlan& branch : optimizers.branches) {
    outer.push_back(&branch);
    if (branch.inner.empty())
      visit(outer);
    else
      each_chain(branch.inner.front(), visit, outer);
    outer.pop_back();
  }
}

// A plugin with `groups` and `inner`, or a one_of.
[[nodiscard]] OneOf<PluginPlan> read_optimizers(const Node& node, const Scope& scope, Reading& reading);

}  // namespace tuner::config
