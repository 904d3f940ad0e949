// What a random search draws otherwise than evenly: {distribution: normal, mu: 0, sigma: 1}, and the probabilities of
// values and branches.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tuner/config/node.hpp"
#include "tuner/config/search_parameters.hpp"
#include "tuner/space.hpp"

namespace tuner::config {

// Throws where the distribution's name is none of normal, log_normal and beta, with what says the same here where it is
// one of another system. Errors: config.bad_hole.
void check_distribution_word(const Entry& entry, const Field& field);

// The range of a map with `distribution`. Errors: config.bad_hole, also where a value that can be drawn is not legal;
// those of the scalars.
[[nodiscard]] Range read_distribution(const Node& node, const Field& field);

// `probabilities` of the map, one for each of `count` things; empty where it has none. `what` names the things in
// messages. Errors: config.bad_hole where they are too many or too few or do not add up to 1, within 0.001.
[[nodiscard]] std::vector<double> read_probabilities(const Node& node, std::size_t count, const std::string& what);

}  // namespace tuner::config
