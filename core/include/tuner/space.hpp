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

// How a random search draws a range. uniform: evenly on its scale. normal, log_normal: mu and sigma are mean and
// standard deviation of x, of ln x. beta: on [0, 1], with the density x^(alpha - 1) (1 - x)^(beta - 1) / B(alpha,
// beta).
enum class Distribution { uniform, normal, log_normal, beta };
inline constexpr const char* kDistributions[] = {"uniform", "normal", "log_normal", "beta"};

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
  // min and max cut every other distribution than uniform, and are infinite where nothing cuts it. Its scale is linear,
  // and it has no count. With a step and without a min the values are the multiples of the step.
  Distribution distribution = Distribution::uniform;
  double mu = 0, sigma = 1, alpha = 1, beta = 1;
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
  // Of the values or branches in a random search, by index; they add up to 1 but for rounding. Empty: all alike.
  std::vector<double> probabilities = {};
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
