#include "tuner/report/performance_profile.hpp"

#include <algorithm>
#include <cmath>

namespace tuner::report {

namespace {

constexpr double kFirst = 1, kLast = 4, kWidth = (kLast - kFirst) / (kProfilePoints - 1);

}  // namespace

double profile_tau(int point) { return kFirst + kWidth * point; }

std::vector<std::vector<double>> performance_profiles(std::span<const Contender> contenders) {
  if (contenders.empty()) return {};
  const std::size_t problems = contenders.front().costs.size();
  std::vector<double> best(problems, HUGE_VAL);
  for (const Contender& contender : contenders)
    for (std::size_t p = 0; p < problems; ++p) best[p] = std::min(best[p], contender.costs[p]);
  std::vector<std::vector<double>> profiles;
  for (const Contender& contender : contenders) {
    const auto solved = [&](double tau) {
      int count = 0;
      for (std::size_t p = 0; p < problems; ++p)
        if (std::isfinite(contender.costs[p]) && contender.costs[p] / best[p] <= tau) ++count;
      return problems == 0 ? 0.0 : count / static_cast<double>(problems);
    };
    profiles.emplace_back();
    for (int i = 0; i < kProfilePoints; ++i) profiles.back().push_back(solved(profile_tau(i)));
  }
  return profiles;
}

std::vector<double> algoperf_scores(std::span<const Contender> contenders) {
  std::vector<double> scores;
  for (const std::vector<double>& solved : performance_profiles(contenders)) {
    double area = 0;
    for (std::size_t i = 0; i + 1 < solved.size(); ++i) area += kWidth * (solved[i] + solved[i + 1]) / 2;
    scores.push_back(area / (kLast - kFirst));
  }
  return scores;
}

}  // namespace tuner::report
