// How much of what a study found is due to each of its parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tuner/report/stored_space.hpp"
#include "tuner/trial.hpp"

namespace tuner::report {

// A completed trial: the places of its parameters' values, and its value, where less is better.
struct Assessed {
  // By parameter: a number of a range, the index of a choice; nothing where the parameter is inactive.
  std::vector<std::optional<double>> values;
  double loss = 0;
};

// What counts of a run: nothing unless it was completed with a finite value.
[[nodiscard]] std::optional<Assessed> assessed(std::span<const StoredParameter> parameters, const storage::RunRow& run,
                                               Goal goal);

struct PedAnova {
  double target_quantile = 0.1;  // share of the trials that are good
  double region_quantile = 1;    // share of the trials in which they are looked for
  bool against_region = true;    // compare with the density of the region; else with the even one
};

// PED-ANOVA: how far the distribution of each parameter among the best trials is from that among all in the region, as
// Pearson's divergence of two densities. Parameters that are inactive in some trials count by their regimes
// (condPED-ANOVA). Not normalized; 0 for all where there is one trial or none. By parameter.
// Source: Watanabe, Bansal, Hutter 2023, arXiv 2304.10255; the conditional form arXiv 2601.20800; densities, grids and
// bandwidths as Optuna 5 has them.
[[nodiscard]] std::vector<double> ped_anova(std::span<const StoredParameter> parameters,
                                            std::span<const Assessed> trials, const PedAnova& settings = {});

struct Forest {
  int trees = 64;
  std::size_t least_leaf = 1;  // trials
  std::uint64_t seed = 1;
};

// fANOVA: the share of the variance that each parameter alone explains of a random forest's prediction, the mean over
// its trees. Parameters that are inactive in some trials have nothing. A choice is an integer here. By parameter.
// Source: Hutter, Hoos, Leyton-Brown 2014, algorithms 1 and 2; the forest is that of Breiman 2001 with all parameters
// at each split, and random numbers of its own.
[[nodiscard]] std::vector<std::optional<double>> fanova(std::span<const StoredParameter> parameters,
                                                        std::span<const Assessed> trials, const Forest& settings = {});

// With the sum 1; all alike where they are all 0.
[[nodiscard]] std::vector<double> normalized(std::vector<double> shares);

}  // namespace tuner::report
