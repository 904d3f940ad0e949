// Methods and pruners by name: words of tuner's own, and plugins.
#pragma once

#include <string>
#include <string_view>

#include "tuner/config/keys.hpp"
#include "tuner/config/search_parameters.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// Does the word name a searcher that is a plugin?
[[nodiscard]] bool is_searcher(const Node& name, const Catalogue& catalogue);
// One of tuner's own methods. Errors: config.bad_value, .not_in_this_version.
[[nodiscard]] std::string read_method_word(const Node& node, const Catalogue& catalogue);

// A searcher or pruner, which section `key` names: its name, or a map of the name, its options and `keys`. Errors:
// those of read_plugin(); config.impossible for an option that is a search parameter.
[[nodiscard]] PluginPlan read_named(const Node& node, Kind kind, std::string_view key, const Keys& keys,
                                    Reading& reading);
[[nodiscard]] PrunerPlan read_pruner(const Node& node, Reading& reading);

}  // namespace tuner::config
