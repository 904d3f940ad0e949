// Sweep files of Weights & Biases, for local programs: they are translated into our language, and read as one of ours.
// Source: the JSON Schema and the searches of wandb/sweeps, and W&B's documentation of sweep files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tuner/config/node.hpp"

namespace tuner::config {

// Is the document one of W&B's? It has `program` or `parameters` at its top, and no objective.
[[nodiscard]] bool is_wandb_sweep(const Node& root);

struct WandbSweep {
  Node root;                          // the same sweep in our language; every node has the place that it came from
  std::vector<std::string> warnings;  // what is ignored or done otherwise than by W&B, and why; each with its place
};

// folder: of the sweep file. Keys of our language that say how a study is run (workers, storage, ...) stay.
// Errors: config.not_in_this_version for methods but grid and random, early_terminate, and schedulers of W&B;
// config.no_trials for a random search without run_cap, trials or budget; config.missing_key; config.unknown_key;
// config.bad_hole for parameters that W&B would refuse too.
[[nodiscard]] WandbSweep translate_wandb(const Node& root, const std::filesystem::path& folder);

}  // namespace tuner::config
