// Fronts, crowding and hypervolumes, against their definitions.
#include "nondominated.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

namespace {

using searchers::Costs;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Coordinates are multiples of 1/levels in [0, 1): equal ones happen.
std::vector<Costs> random_points(std::size_t count, std::size_t goals, int levels, std::uint64_t seed) {
  std::mt19937_64 draws(seed);
  std::vector<Costs> points(count, Costs(goals));
  for (Costs& point : points)
    for (double& x : point) x = static_cast<double>(draws() % static_cast<unsigned>(levels)) / levels;
  return points;
}

TEST(Nondominated, ADominatesBWhereItIsNowhereWorseAndSomewhereBetter) {
  EXPECT_TRUE(searchers::dominates({1, 2}, {1, 3}));
  EXPECT_FALSE(searchers::dominates({1, 3}, {1, 2}));
  EXPECT_FALSE(searchers::dominates({1, 2}, {1, 2}));
  EXPECT_FALSE(searchers::dominates({0, 3}, {1, 2}));
}

// Front k: what is dominated by members of the fronts before it alone, taken away one by one.
TEST(Nondominated, FrontsAreThoseOfTheDefinition) {
  for (std::size_t goals = 1; goals <= 4; ++goals)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::vector<Costs> points = random_points(60, goals, 8, seed);
      const std::vector<std::uint32_t> fronts = searchers::fronts_of(points, points.size());
      for (std::size_t i = 0; i < points.size(); ++i) {
        std::uint32_t front = 0;
        for (std::size_t j = 0; j < points.size(); ++j)
          if (searchers::dominates(points[j], points[i])) front = std::max(front, fronts[j] + 1);
        EXPECT_EQ(fronts[i], front);
      }
    }
}

TEST(Nondominated, FrontsEndWhereThereAreEnough) {
  const std::vector<Costs> points{{4, 4}, {0, 1}, {3, 3}, {1, 0}, {2, 2}};
  EXPECT_EQ(searchers::fronts_of(points, 2), (std::vector<std::uint32_t>{1, 0, 1, 0, 1}));
  EXPECT_EQ(searchers::fronts_of(points, 3), (std::vector<std::uint32_t>{2, 0, 2, 0, 1}));
  EXPECT_EQ(searchers::fronts_of(points, 0), (std::vector<std::uint32_t>{0, 0, 0, 0, 0}));
  EXPECT_TRUE(searchers::fronts_of({}, 3).empty());
}

TEST(Nondominated, CrowdingIsTheDistanceOfTheNeighbors) {
  const std::vector<Costs> front{{0, 4}, {4, 0}, {1, 3}, {2, 1}};
  const std::vector<double> distances = searchers::crowding_distances(front);
  EXPECT_EQ(distances[0], kInfinity);
  EXPECT_EQ(distances[1], kInfinity);
  EXPECT_DOUBLE_EQ(distances[2], (2.0 - 0) / 4 + (4.0 - 1) / 4);
  EXPECT_DOUBLE_EQ(distances[3], (4.0 - 1) / 4 + (3.0 - 0) / 4);
  EXPECT_EQ(searchers::crowding_distances(std::vector<Costs>(3, Costs{1, 1}))[1], 0);
}

// On a lattice the volume is a count of cells.
TEST(Nondominated, TheHypervolumeIsThatOfTheDominatedCells) {
  constexpr int kLevels = 6;
  for (std::size_t goals = 1; goals <= 4; ++goals)
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const std::vector<Costs> points = random_points(7, goals, kLevels, 100 + seed);
      double cells = 0;
      for (int cell = 0; cell < static_cast<int>(std::pow(kLevels, goals)); ++cell) {
        Costs corner;
        for (int rest = cell; corner.size() < goals; rest /= kLevels)
          corner.push_back(static_cast<double>(rest % kLevels) / kLevels);
        bool dominated = false;
        for (const Costs& point : points)
          dominated = dominated || point == corner || searchers::dominates(point, corner);
        cells += dominated ? 1 : 0;
      }
      EXPECT_NEAR(searchers::hypervolume(points, Costs(goals, 1)), cells / std::pow(kLevels, goals), 1e-12);
    }
  EXPECT_EQ(searchers::hypervolume({}, {1, 1}), 0);
}

// No other point would have added more in its place.
TEST(Nondominated, SelectionIsGreedy) {
  for (std::size_t goals = 2; goals <= 3; ++goals)
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const std::vector<Costs> points = random_points(12, goals, 1000, 200 + seed);
      const Costs reference(goals, 1.1);
      const std::vector<std::size_t> selected = searchers::select_by_hypervolume(points, reference, 5);
      ASSERT_EQ(std::set<std::size_t>(selected.begin(), selected.end()).size(), 5U);
      std::vector<Costs> kept;
      for (const std::size_t next : selected) {
        const auto volume_with = [&](std::size_t point) {
          std::vector<Costs> with = kept;
          with.push_back(points[point]);
          return searchers::hypervolume(with, reference);
        };
        for (std::size_t other = 0; other < points.size(); ++other)
          EXPECT_GE(volume_with(next), volume_with(other) - 1e-12);
        kept.push_back(points[next]);
      }
    }
  EXPECT_EQ(searchers::select_by_hypervolume(std::vector<Costs>{{0, 0}}, {1, 1}, 3).size(), 1U);
}

TEST(Nondominated, TheReferenceIsATenthWorseThanTheWorst) {
  const std::vector<Costs> points{{1, -10, 0}, {2, -20, -1}};
  const Costs reference = searchers::reference_point(points);
  EXPECT_DOUBLE_EQ(reference[0], 2.2);
  EXPECT_DOUBLE_EQ(reference[1], -9);
  EXPECT_EQ(reference[2], 1e-12);
}

}  // namespace
