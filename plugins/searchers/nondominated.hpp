// Orders of results with several goals. All values are costs: the smaller the better.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace searchers {

using Costs = std::vector<double>;

// a is at least as good in all goals and better in one.
[[nodiscard]] bool dominates(const Costs& a, const Costs& b);

// Of each the number of the front it stands in: 0 is dominated by none, 1 by members of front 0 alone, and so on.
// Fronts are taken until they have at least `least` members; what is left has the number of the next front. Source:
// Deb, Pratap, Agarwal, Meyarivan 2002, section III.A.
[[nodiscard]] std::vector<std::uint32_t> fronts_of(std::span<const Costs> costs, std::size_t least);

// Of the members of one front the distance between the neighbors of each, summed over the goals in shares of the
// front's range; infinite at the ends. Source: Deb et al. 2002, section III.B.
[[nodiscard]] std::vector<double> crowding_distances(std::span<const Costs> front);

// The volume that the points dominate below the reference, which none of them exceeds in any goal. Exact: slices along
// the last goal, whose number may be any; time and memory grow with points^(goals - 1).
[[nodiscard]] double hypervolume(std::vector<Costs> points, const Costs& reference);

// Somewhat worse than the worst of the points in every goal: by a tenth of its size. Source: Optuna.
[[nodiscard]] Costs reference_point(std::span<const Costs> points);

// `count` of the points, as places: one after the other the one that adds most to the hypervolume, the earlier of
// equals. Its volume is at least 1 - 1/e of the greatest. Source: Guerreiro, Fonseca, Paquete 2016.
[[nodiscard]] std::vector<std::size_t> select_by_hypervolume(std::span<const Costs> points, const Costs& reference,
                                                             std::size_t count);

}  // namespace searchers
