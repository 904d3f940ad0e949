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
  // How many configurations there are; nothing where the search has no end of its own.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
  // The point of trial `number`: a function of plan, seed and number, so that any trial can be made again, in any
  // order, on any number of workers; for a search that learns also of the results that it has observed. Requires:
  // ready(number).
  [[nodiscard]] virtual Point propose(std::uint64_t number) const = 0;

  // Do points depend on results? Then observe() hears of every trial that has finished, earlier runs' first, and
  // ready() says whether enough is known to propose a trial.
  [[nodiscard]] virtual bool learns() const { return false; }
  [[nodiscard]] virtual bool ready(std::uint64_t) const { return true; }
  virtual void observe(std::uint64_t, const TrialResult&) {}
};

// Method random. The plan must outlive it.
[[nodiscard]] std::unique_ptr<Searcher> make_random(const StudyPlan& plan);

// The value of a dimension for u in [0, 1).
[[nodiscard]] Value random_value(const Dimension& dimension, double u, int search_version = kSearchVersion);

}  // namespace tuner::search
