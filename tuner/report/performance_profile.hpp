// How optimizers compare over several problems, by what they need to reach a target on each.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace tuner::report {

// costs[p]: what an optimizer needs on problem p, in any unit; infinite where it never gets there.
struct Contender {
  std::string name;
  std::vector<double> costs;
};

// tau of a point of a profile: kProfilePoints of them, from 1 to 4.
inline constexpr int kProfilePoints = 100;
[[nodiscard]] double profile_tau(int point);

// The share of problems that a contender solves within tau times the best contender's cost. By contender and point.
// Source: Dolan, More 2002.
[[nodiscard]] std::vector<std::vector<double>> performance_profiles(std::span<const Contender> contenders);

// The score of AlgoPerf: the share of problems that a contender solves within tau times the best contender's cost, as
// the mean over tau from 1 to 4 (100 points, trapezoids). 1 is the best on all, 0 none within four times the best. By
// contender. Source: Dolan, More 2002 (performance profiles); Dahl et al. 2023, arXiv 2306.07179, section 4.
[[nodiscard]] std::vector<double> algoperf_scores(std::span<const Contender> contenders);

}  // namespace tuner::report
