// The parameters of a sweep file of W&B, in our language.
#pragma once

#include <string>
#include <vector>

#include "tuner/config/node.hpp"

namespace tuner::config::wandb {

// Nodes that are made: `place` is that of what they stand for.
[[nodiscard]] Node scalar(std::string text, std::string place);
[[nodiscard]] Node map(std::string place);
void put(Node& map, std::string key, Node value);

// `parameters:`, or those inside of a parameter. grid: the method.
// Errors: config.bad_hole; config.not_in_this_version for maps among values; those of the scalars.
[[nodiscard]] Node translate_parameters(const Node& parameters, bool grid, std::vector<std::string>& warnings);

}  // namespace tuner::config::wandb
