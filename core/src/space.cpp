#include "tuner/space.hpp"

#include <algorithm>

namespace tuner {

std::size_t branch_of(const Branches& branches, const Value& label) {
  const auto& text = std::get<std::string>(label);
  return static_cast<std::size_t>(std::ranges::find(branches.labels, text) - branches.labels.begin());
}

bool is_active(const Space& space, const Configuration& configuration, std::size_t dimension) {
  const Dimension& d = space.dimensions[dimension];
  if (!d.parent) return true;
  const auto& chosen = configuration[*d.parent];
  return chosen && branch_of(std::get<Branches>(space.dimensions[*d.parent].domain), *chosen) == d.branch;
}

Parameters parameters_of(const Space& space, const Configuration& configuration) {
  Parameters parameters;
  for (std::size_t i = 0; i < configuration.size(); ++i)
    if (configuration[i]) parameters.emplace_back(space.dimensions[i].name, *configuration[i]);
  return parameters;
}

}  // namespace tuner
