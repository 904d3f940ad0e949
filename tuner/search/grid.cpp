// Every configuration of a space once: file order, the last key fastest.
#include "tuner/search/grid.hpp"

#include "tuner/error.hpp"

namespace tuner::search {

namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 32;  // a trial's number has 32 bits in the random streams

}  // namespace

Grid::Grid(const Space& space, int search_version, std::uint32_t repeats)
    : Searcher(repeats), space_(space), children_(space.dimensions.size()) {
  if (grid_size(space) > kMost / repeats)
    throw Error(Message::config_impossible, "the grid has more than 4294967296 configurations",
                "take fewer values, or method: random");
  for (std::size_t i = 0; i < space.dimensions.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    values_.push_back(grid_values(dimension, search_version));
    if (const auto* branches = std::get_if<Branches>(&dimension.domain)) children_[i].resize(branches->labels.size());
    if (dimension.parent)
      children_[*dimension.parent][dimension.branch].push_back(i);
    else
      roots_.push_back(i);
  }
  size_ = product(roots_);
}

std::uint64_t Grid::product(const std::vector<std::size_t>& dimensions) const {
  std::uint64_t size = 1;
  for (const std::size_t i : dimensions) size *= count(i);
  return size;
}

// Configurations of one dimension with everything inside of it.
std::uint64_t Grid::count(std::size_t dimension) const {
  if (children_[dimension].empty()) return values_[dimension].size();
  std::uint64_t size = 0;
  for (const auto& inside : children_[dimension]) size += product(inside);
  return size;
}

void Grid::place(const std::vector<std::size_t>& dimensions, std::uint64_t index, Configuration& configuration) const {
  for (auto it = dimensions.rbegin(); it != dimensions.rend(); ++it) {
    const std::uint64_t size = count(*it);
    std::uint64_t own = index % size;
    index /= size;
    if (children_[*it].empty()) {
      configuration[*it] = values_[*it][own];
      continue;
    }
    for (std::size_t branch = 0; branch < children_[*it].size(); ++branch) {
      const std::uint64_t inside = product(children_[*it][branch]);
      if (own < inside) {
        configuration[*it] = values_[*it][branch];
        place(children_[*it][branch], own, configuration);
        break;
      }
      own -= inside;
    }
  }
}

Configuration Grid::propose(std::uint64_t proposal, std::span<const Configuration>) const {
  Configuration configuration(space_.dimensions.size());
  place(roots_, proposal, configuration);
  return configuration;
}

}  // namespace tuner::search
