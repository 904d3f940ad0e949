// The search space: the dimensions of a sweep, in the order of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tuner/value.hpp"

namespace tuner {

// How configurations follow from a plan. A study keeps the version that it began with:
//   1  grids round every operation in binary (0.30000000000000004); a random search may draw a configuration again
//   2  grids take the decimals that are meant; a random search draws every configuration at most once
//   3  a method that repeats a configuration of its own accord makes replicates of it
inline constexpr int kSearchVersion = 3;

enum class Scale { linear, log, log1m };  // in the order of TUNER_SCALE_...
inline constexpr const char* kScales[] = {"linear", "log", "log1m"};

// A range whose ends another study finds: {from: STUDY, factor: 10} takes the value that it recommends, divided and
// multiplied by the factor.
struct RangeSource {
  std::string study;  // the kind of study
  double factor = 10;
};

// min and max are included. With a step the values are min, min + step, ... up to max. count: how many values a grid
// takes, evenly spaced on the scale, ends included (1: min alone).
struct Range {
  double min = 0, max = 0;
  Scale scale = Scale::linear;
  std::optional<double> step;
  std::optional<std::int64_t> count;
  bool integer = false;
  std::optional<RangeSource> source = {};  // until that study has run, min and max are where it looks
};
// The labels of a one_of.
struct Branches {
  std::vector<std::string> labels;
};
using Values = std::vector<Value>;

struct Dimension {
  std::string name;  // "training.batch_size", "optimizer", "optimizer.adamw.lr"
  std::variant<Values, Range, Branches> domain;
  // Inside a one_of: active only where dimension `parent` (earlier in the space) took branch number `branch`.
  std::optional<std::size_t> parent;
  std::size_t branch = 0;
};

// Parents stand before their children, and a parent's children before the next dimension outside of it.
struct Space {
  std::vector<Dimension> dimensions;
};

// One value for every dimension of a space, by index; nothing where the dimension is inactive. A one_of has its label.
using Configuration = std::vector<std::optional<Value>>;

// One trial of a study: replicate r of a configuration. number is what people type.
struct TrialId {
  std::uint64_t number = 0, configuration = 0;
  std::uint32_t replicate = 0;
  bool operator==(const TrialId&) const = default;
};
// That of a study without repeats, whose trials have the numbers of their configurations.
[[nodiscard]] constexpr TrialId only_replicate(std::uint64_t number) { return {number, number, 0}; }

// The active dimensions by name, in order: what a trial stores.
using Parameters = std::vector<std::pair<std::string, Value>>;
[[nodiscard]] Parameters parameters_of(const Space& space, const Configuration& configuration);

// Number of branch that `label` names.
[[nodiscard]] std::size_t branch_of(const Branches& branches, const Value& label);
// Active in this configuration? Its parent must come first.
[[nodiscard]] bool is_active(const Space& space, const Configuration& configuration, std::size_t dimension);

}  // namespace tuner
