#include "nondominated.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace searchers {

bool dominates(const Costs& a, const Costs& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

std::vector<std::uint32_t> fronts_of(std::span<const Costs> costs, std::size_t least) {
  // In this order nothing that comes later dominates what came before.
  std::vector<std::size_t> left(costs.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::ranges::stable_sort(left, [&](std::size_t a, std::size_t b) { return costs[a] < costs[b]; });
  std::vector<std::uint32_t> fronts(costs.size());
  std::uint32_t number = 0;
  for (std::size_t taken = 0; !left.empty(); ++number) {
    std::vector<std::size_t> front, rest;
    if (taken >= least) front.swap(left);
    for (const std::size_t i : left) {
      const bool dominated = std::ranges::any_of(front, [&](std::size_t f) { return dominates(costs[f], costs[i]); });
      (dominated ? rest : front).push_back(i);
    }
    for (const std::size_t i : front) fronts[i] = number;
    taken += front.size();
    left = std::move(rest);
  }
  return fronts;
}

std::vector<double> crowding_distances(std::span<const Costs> front) {
  std::vector<double> distances(front.size(), 0);
  if (front.empty()) return distances;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> order(front.size());
  for (std::size_t goal = 0; goal < front[0].size(); ++goal) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return front[i][goal]; });
    const double range = front[order.back()][goal] - front[order.front()][goal];
    distances[order.front()] = distances[order.back()] = kInfinity;
    for (std::size_t i = 1; range > 0 && i + 1 < order.size(); ++i)
      distances[order[i]] += (front[order[i + 1]][goal] - front[order[i - 1]][goal]) / range;
  }
  return distances;
}

double hypervolume(std::vector<Costs> points, const Costs& reference) {
  if (points.empty()) return 0;
  const std::size_t goals = reference.size();
  if (goals == 1) return reference[0] - (*std::ranges::min_element(points))[0];
  std::ranges::sort(points, {}, [&](const Costs& point) { return point[goals - 1]; });
  const Costs below(reference.begin(), reference.end() - 1);
  std::vector<Costs> slice;
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double height =
        (i + 1 < points.size() ? points[i + 1][goals - 1] : reference[goals - 1]) - points[i][goals - 1];
    slice.emplace_back(points[i].begin(), points[i].end() - 1);
    if (height > 0) volume += height * hypervolume(slice, below);
  }
  return volume;
}

Costs reference_point(std::span<const Costs> points) {
  constexpr double kLeast = 1e-12;
  Costs reference = points[0];
  for (const Costs& point : points)
    for (std::size_t goal = 0; goal < point.size(); ++goal) reference[goal] = std::max(reference[goal], point[goal]);
  for (double& worst : reference) {
    worst = std::max(1.1 * worst, 0.9 * worst);
    if (worst == 0) worst = kLeast;
  }
  return reference;
}

std::vector<std::size_t> select_by_hypervolume(std::span<const Costs> points, const Costs& reference,
                                               std::size_t count) {
  std::vector<std::size_t> selected;
  std::vector<Costs> kept;
  std::vector<bool> taken(points.size(), false);
  double volume = 0;
  // What a point adds shrinks as others are taken: what it added last bounds it.
  std::vector<double> bound(points.size(), std::numeric_limits<double>::infinity());
  while (selected.size() < std::min(count, points.size())) {
    std::size_t best = points.size();
    double most = -1;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (taken[i] || bound[i] <= most) continue;
      kept.push_back(points[i]);
      bound[i] = hypervolume(kept, reference) - volume;
      kept.pop_back();
      if (bound[i] <= most) continue;
      most = bound[i];
      best = i;
    }
    taken[best] = true;
    selected.push_back(best);
    kept.push_back(points[best]);
    volume += most;
  }
  return selected;
}

}  // namespace searchers
