// Searchers propose the points of a study's trials.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tuner/grid.hpp"
#include "tuner/plan.hpp"

namespace tuner::search {

class Searcher {
 public:
  virtual ~Searcher() = default;
  // How many trials there are; nothing where the search has no end of its own.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  // The point of trial `number`: a function of plan, seed and number alone, so that any trial can be made again, in any
  // order, on any number of workers.
  [[nodiscard]] virtual Point propose(std::uint64_t number) const = 0;
};

// By plan.method: grid, random, or single (a grid of one point). The plan must outlive it.
// Errors: config.impossible for a grid that cannot be counted.
[[nodiscard]] std::unique_ptr<Searcher> make_searcher(const StudyPlan& plan);

// The value of a dimension for u in [0, 1).
[[nodiscard]] Value random_value(const Dimension& dimension, double u);

}  // namespace tuner::search
