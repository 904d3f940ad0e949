#pragma once

#include <vector>

#include "tuner/search/searcher.hpp"

namespace tuner::search {

// Mixed radix over the dimensions; a one_of counts the configurations of its branches one after another.
class Grid : public Searcher {
 public:
  explicit Grid(const Space& space, int search_version = kSearchVersion, std::uint32_t repeats = 1);
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  [[nodiscard]] Configuration propose(std::uint64_t proposal, std::span<const Configuration> = {}) const override;

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

}  // namespace tuner::search
