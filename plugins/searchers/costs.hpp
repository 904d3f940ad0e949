// What searchers make of an observation's values and constraints.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "nondominated.hpp"
#include "tuner/sdk/search.hpp"

namespace searchers {

// 1 for a goal that is minimized, else -1.
inline std::vector<double> signs_of(const tuner::SearchSetup& setup) {
  std::vector<double> signs;
  for (std::size_t goal = 0; goal < setup.goal_count(); ++goal) signs.push_back(setup.minimizes(goal) ? 1 : -1);
  return signs;
}

// Empty where one of the values is missing or NaN.
inline Costs costs_of(const tuner::Observation& observation, const std::vector<double>& signs) {
  Costs costs;
  if (observation.values().size() != signs.size()) return costs;
  for (std::size_t goal = 0; goal < signs.size(); ++goal) costs.push_back(observation.values()[goal] * signs[goal]);
  for (const double cost : costs)
    if (std::isnan(cost)) return {};
  return costs;
}

// The sum of what is above 0; NaN counts as infinity. 0: feasible.
inline double violation_of(const tuner::Observation& observation) {
  double sum = 0;
  for (const double constraint : observation.constraints())
    if (!(constraint <= 0)) sum += std::isnan(constraint) ? std::numeric_limits<double>::infinity() : constraint;
  return sum;
}

}  // namespace searchers
