// Every configuration of a space once: file order, the last key fastest.
#include "tuner/search/grid.hpp"

#include <algorithm>

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

Configuration Grid::propose(std::uint64_t proposal, std::span<const PendingProposal>) const {
  Configuration configuration(space_.dimensions.size());
  place(roots_, proposal, configuration);
  return configuration;
}

bool Grid::has(const Configuration& configuration) const {
  for (std::size_t i = 0; i < configuration.size(); ++i)
    if (configuration[i] && std::ranges::find(values_[i], *configuration[i]) == values_[i].end()) return false;
  return true;
}

GrownGrid::GrownGrid(const std::vector<const Space*>& spaces, int search_version, std::uint32_t repeats)
    : Searcher(repeats) {
  for (const Space* space : spaces) grids_.emplace_back(*space, search_version, repeats);
  for (std::uint32_t grid = 1; grid < grids_.size(); ++grid)
    for (std::uint32_t i = 0; i < grids_[grid].size(); ++i)
      if (!grids_[grid - 1].has(grids_[grid].propose(i))) places_.push_back({grid, i});
}

Configuration GrownGrid::propose(std::uint64_t proposal, std::span<const PendingProposal>) const {
  const std::uint64_t first = *grids_.front().size();
  if (proposal < first) return grids_.front().propose(proposal);
  const Place& place = places_.at(proposal - first);
  return grids_[place.grid].propose(place.configuration);
}

bool has_grid_of(const Space& space, const Space& earlier, int search_version) {
  for (std::size_t i = 0; i < earlier.dimensions.size(); ++i) {
    const std::vector<Value> values = grid_values(space.dimensions[i], search_version);
    for (const Value& value : grid_values(earlier.dimensions[i], search_version))
      if (std::ranges::find(values, value) == values.end()) return false;
  }
  return true;
}

std::unique_ptr<Searcher> make_grid(const StudyPlan& plan) {
  if (plan.grown_from.empty()) return std::make_unique<Grid>(plan.space, plan.search_version, plan.repeats.count);
  std::vector<const Space*> spaces;
  for (const Space& earlier : plan.grown_from) spaces.push_back(&earlier);
  spaces.push_back(&plan.space);
  return std::make_unique<GrownGrid>(spaces, plan.search_version, plan.repeats.count);
}

}  // namespace tuner::search
