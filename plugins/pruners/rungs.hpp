// Rungs and brackets of successive halving, counted in integers: floor(log(243) / log(3)) is 4 in floating point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tuner/pruner.hpp"

namespace pruners {

inline constexpr std::int64_t kNever = INT64_MAX;

// first eta^k, or kNever where that is too large for a step. Requires first >= 1, eta >= 2.
[[nodiscard]] std::int64_t rung_step(std::int64_t first, std::int64_t eta, std::size_t k);

// How many of the rungs first eta^k, k = 0, 1, ..., are at most `most`.
[[nodiscard]] std::size_t rungs_up_to(std::int64_t most, std::int64_t first, std::int64_t eta);

// The shares of the trials that Hyperband gives its brackets: bracket b of n has ceil(n eta^k / (k + 1)), k = n - 1 -
// b.
[[nodiscard]] std::vector<std::uint64_t> hyperband_shares(std::size_t brackets, std::int64_t eta);

// The bracket where `place`, taken modulo the sum of all shares, lies.
[[nodiscard]] std::size_t bracket_at(std::uint64_t place, const std::vector<std::uint64_t>& shares);

// CRC-32 of "PREFIX_NUMBER", which scatters trials over brackets.
[[nodiscard]] std::uint32_t scattered(const char* prefix, std::uint64_t number);

// The step of the first rung by option `min_steps`, where 0 is a hundredth of a trial. Throws Invalid where no rung
// would stop a trial.
[[nodiscard]] std::int64_t first_rung(const tuner::SearchSetup& setup, std::size_t min_steps);

// The losses that trials left at a rung, less being better.
class Rung {
 public:
  void add(double loss);
  [[nodiscard]] std::size_t size() const { return losses_.size(); }
  [[nodiscard]] double at(std::size_t rank) const { return losses_[rank]; }  // 0: the best
  // How many losses are below this one, and 1.
  [[nodiscard]] std::size_t rank_of(double loss) const;

 private:
  std::vector<double> losses_;  // sorted
};

// How a loss compares with the others at a rung.
struct Standing {
  std::int64_t step = 0;                    // of the rung
  std::size_t rank = 1, count = 1;          // from 1, equal losses having one rank; of so many
  std::size_t passing = 0;                  // the best so many go on, and what equals the last of them
  double value = 0;                         // as measured
  std::optional<double> last_passing = {};  // the value of the last that goes on
};
// sign: makes a loss a value.
[[nodiscard]] Standing standing_at(std::int64_t step, const Rung& rung, double loss, std::size_t passing, double sign);
// For people, who are shown what was logged last.
void say(const tuner::Host& host, const Standing& standing);
inline constexpr const char* kNanText = "its value at the rung at step %lld is NaN";

// Where a trial is among the rungs.
struct Place {
  std::size_t passed = 0;      // rungs
  std::optional<double> left;  // its loss at the next one, where it was stopped there
};

// One bracket of successive halving.
class Halving {
 public:
  // end: the step at which trials end, 0 where it is not known. bootstrap: this many trials end at a rung, whatever
  // their values, before one may pass.
  // sign: makes less of a value be better.
  Halving(std::int64_t first, std::int64_t eta, std::int64_t bootstrap, std::int64_t end, double sign);

  // A report may reach several rungs. One at the end of the trial is
  // not judged, which would save nothing. A trial that goes on though it was stopped, since its host is patient, is
  // judged again by what it left at the rung.
  tuner::Decision judge(Place& place, const tuner::Report& report);

 private:
  std::int64_t first_, eta_, bootstrap_, end_;
  double sign_;
  std::vector<Rung> rungs_;
};

}  // namespace pruners
