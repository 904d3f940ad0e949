// A search space and its configurations as searchers and pruners that are plugins see them: see abi_search.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tuner/abi.h"
#include "tuner/space.hpp"

namespace tuner::search {

// One number for every dimension of the space, of a choice its index, and its TUNER_VALUE_....
struct Row {
  std::vector<double> values;
  std::vector<std::uint8_t> states;
  bool operator==(const Row&) const = default;
};
template <class Archive>
void serialize(Archive& archive, Row& row) {
  archive(row.values, row.states);
}

// A normal distribution that nothing cuts is cut at six standard deviations. What has a beta distribution crosses as
// the share of the distribution that lies below it, which is uniform.
class PluginSpace {
 public:
  // The space must outlive it.
  explicit PluginSpace(const Space& space);
  PluginSpace(const PluginSpace&) = delete;
  PluginSpace& operator=(const PluginSpace&) = delete;

  [[nodiscard]] const tuner_space* abi() const { return &abi_; }
  [[nodiscard]] std::size_t size() const { return dimensions_.size(); }
  // `state` is that of all active values.
  [[nodiscard]] Row row_of(const Configuration& configuration, std::uint8_t state = TUNER_VALUE_FREE) const;
  // Errors: plugin.bad_proposal, which says of which dimension, what it has, and what is legal. `who` names the plugin
  // and the proposal.
  [[nodiscard]] Configuration configuration_of(const Row& row, const std::string& who) const;

 private:
  void add_range(tuner_dimension& dimension, const Range& range);
  void add_choices(tuner_dimension& dimension, const std::vector<Value>& values);
  [[nodiscard]] Value value_of(std::size_t index, double x, const std::string& who) const;

  const Space& space_;
  std::vector<tuner_dimension> dimensions_;
  std::vector<std::vector<double>> choice_values_;
  std::vector<std::vector<std::string>> texts_;
  std::vector<std::vector<const char*>> text_pointers_;
  std::vector<std::uint32_t> active_choices_;  // by dimension: the one branch under which it is active
  tuner_space abi_{};
};

}  // namespace tuner::search
