#include "tuner/report/performance_profile.hpp"

#include <algorithm>
#include <cmath>

namespace tuner::report {

std::vector<double> algoperf_scores(std::span<const Contender> contenders) {
  constexpr int kPoints = 100;
  constexpr double kFirst = 1, kLast = 4;
  if (contenders.empty()) return {};
  const std::size_t problems = contenders.front().costs.size();
  std::vector<double> best(problems, HUGE_VAL);
  for (const Contender& contender : contenders)
    for (std::size_t p = 0; p < problems; ++p) best[p] = std::min(best[p], contender.costs[p]);
  std::vector<double> scores;
  for (const Contender& contender : contenders) {
    const auto solved = [&](double tau) {
      int count = 0;
      for (std::size_t p = 0; p < problems; ++p)
        if (std::isfinite(contender.costs[p]) && contender.costs[p] / best[p] <= tau) ++count;
      return problems == 0 ? 0.0 : count / static_cast<double>(problems);
    };
    const double width = (kLast - kFirst) / (kPoints - 1);
    double area = 0;
    for (int i = 0; i + 1 < kPoints; ++i)
      area += width * (solved(kFirst + width * i) + solved(kFirst + width * (i + 1))) / 2;
    scores.push_back(area / (kLast - kFirst));
  }
  return scores;
}

}  // namespace tuner::report
