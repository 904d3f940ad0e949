// Which configurations of a space have been taken, for searches that run each at most once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>

#include "tuner/search/grid.hpp"
#include "tuner/space.hpp"

namespace tuner::search {

class Taken {
 public:
  // The space must outlive it.
  explicit Taken(const Space& space);

  // How many configurations there are; nothing where they cannot be counted, or are so many that no study ends them.
  [[nodiscard]] std::optional<std::uint64_t> count() const { return count_; }

  // Do searches that draw at random meet a configuration again? Not where every one of them has a value of a real range
  // without a step.
  [[nodiscard]] bool can_repeat() const { return can_repeat_; }

  [[nodiscard]] bool has(const Configuration& configuration) const;
  // True the first time.
  bool add(const Configuration& configuration);

  // Takes the next free one of the grid of all, counted from the share u in [0, 1) of it on: its number in the grid.
  // Requires: count(), and not all are taken.
  [[nodiscard]] std::uint64_t take_free(double u);
  // Configuration `place` of the grid of all.
  [[nodiscard]] Configuration at(std::uint64_t place) const;

 private:
  // What is different for different configurations.
  [[nodiscard]] std::string key_of(const Configuration& configuration, bool& is_countable) const;
  [[nodiscard]] const Grid& grid() const;

  const Space& space_;
  bool can_repeat_;
  std::optional<std::uint64_t> count_;
  std::unordered_set<std::string> taken_;
  // Of those with a value of a real range, which are many and seldom met again: hashes. That two have the same is as
  // good as impossible, and costs no more than a proposal.
  std::unordered_set<std::uint64_t> hashes_;
  mutable Space stepped_;
  mutable std::optional<Grid> grid_;  // of all configurations
};

}  // namespace tuner::search
