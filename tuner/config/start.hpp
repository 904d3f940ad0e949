// What a search tries first: `start:` of a method.
#pragma once

#include <vector>

#include "tuner/config/node.hpp"
#include "tuner/space.hpp"

namespace tuner::config {

// A list of maps from search parameters, by their names or the last words of these, to values. Names that are left out
// have no value; a parameter of a branch needs the branch. Errors: config.wrong_type, .unknown_key, .bad_value,
// .impossible.
[[nodiscard]] std::vector<Configuration> read_start(const Node& node, const Space& space);

}  // namespace tuner::config
