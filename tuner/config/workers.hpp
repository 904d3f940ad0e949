// The section workers: how many there are, where they are started, and what they share.
#pragma once

#include "tuner/config/node.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// Fills in workers, launch, devices and nice. Errors: config.*.
void read_workers(const Node& node, RunSettings& run);

}  // namespace tuner::config
