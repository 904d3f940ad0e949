#pragma once

#include <vector>

#include "tuner/search/searcher.hpp"

namespace tuner::search {

// Mixed radix over the dimensions; a one_of counts the configurations of its branches one after another.
class Grid : public Searcher {
 public:
  explicit Grid(const Space& space, int search_version = kSearchVersion, std::uint32_t repeats = 1);
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] Configuration propose(std::uint64_t proposal, std::span<const PendingProposal> = {}) const override;
  // Is it one of its configurations? Requires: one of a space that differs in the domains of dimensions alone.
  [[nodiscard]] bool has(const Configuration& configuration) const;

 private:
  [[nodiscard]] std::uint64_t product(const std::vector<std::size_t>& dimensions) const;
  [[nodiscard]] std::uint64_t count(std::size_t dimension) const;
  void place(const std::vector<std::size_t>& dimensions, std::uint64_t index, Configuration& configuration) const;

  const Space& space_;
  std::vector<std::vector<Value>> values_;
  std::vector<std::size_t> roots_;
  std::vector<std::vector<std::vector<std::size_t>>> children_;  // [dimension][branch]
  std::uint64_t size_;
};

// A grid that grew: the configurations that it had keep their numbers, and those of each later space that are new in it
// follow in its order.
class GrownGrid : public Searcher {
 public:
  // spaces: oldest first, each a has_grid_of() the one before; at least one. They must outlive it.
  GrownGrid(const std::vector<const Space*>& spaces, int search_version, std::uint32_t repeats);
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return *grids_.front().size() + places_.size(); }
  [[nodiscard]] Configuration propose(std::uint64_t proposal, std::span<const PendingProposal> = {}) const override;

 private:
  struct Place {
    std::uint32_t grid, configuration;
  };
  std::vector<Grid> grids_;
  std::vector<Place> places_;  // of what the first grid does not have
};

// Has the grid over `space` all configurations of the one over `earlier`? Requires: the two differ in the domains of
// dimensions alone.
[[nodiscard]] bool has_grid_of(const Space& space, const Space& earlier, int search_version);

// Method grid. The plan must outlive it.
[[nodiscard]] std::unique_ptr<Searcher> make_grid(const StudyPlan& plan);

}  // namespace tuner::search
