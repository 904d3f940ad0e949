// Successive halving by promotion: a trial pauses at a rung, and goes on once it belongs to the best there.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "rungs.hpp"
#include "tuner/pruner.hpp"

namespace pruners {

// One bracket of ASHA.
class Promotion {
 public:
  // end: the step at which trials end. sign: makes less of a value be better.
  Promotion(std::int64_t first, std::int64_t eta, std::int64_t end, double sign);

  tuner::Decision judge(const tuner::Report& report);
  // The trial has paused, or ended.
  void paused(std::uint64_t trial);
  void ended(std::uint64_t trial);
  // The best paused trial of the highest rung that has one to promote.
  tuner::Reviewed review(const tuner::Review& review);

 private:
  struct Trial {
    std::size_t passed = 0;  // rungs
    double left = 0;         // its loss at the next one, where it pauses
    std::int64_t step = 0;   // where it has paused: may lie beyond further rungs
  };
  struct Level {
    Rung rung;
    std::set<std::pair<double, std::uint64_t>> paused;  // loss and trial
  };
  // How many of those at a level go on.
  [[nodiscard]] std::size_t passing(const Level& level) const;
  [[nodiscard]] Standing standing(std::size_t level, double loss) const;

  std::int64_t first_, eta_, end_;
  double sign_;
  std::vector<Level> levels_;
  std::map<std::uint64_t, Trial> trials_;  // that have not ended
};

}  // namespace pruners
