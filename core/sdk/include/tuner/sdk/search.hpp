// What searchers and pruners see of a study, as thin views on the arrays of abi_search.h: space, configurations,
// observations, setup. A view is as valid as what it looks at: the space and the directions until the plugin's
// destructor, all else during one call.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tuner/sdk/call.hpp"
#include "tuner/sdk/metadata.hpp"

namespace tuner::inline sdk {

namespace detail {

template <class T>
const T& strided(const T* first, std::size_t stride, std::size_t index) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + index * stride);
}

// A sequence of views, made from the structs of an array.
template <class View, class Source>
class Sequence {
 public:
  Sequence(const Source* first, std::size_t size, std::size_t stride, std::size_t dimensions)
      : first_(first), size_(size), stride_(stride), dimensions_(dimensions) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  View operator[](std::size_t index) const { return View(strided(first_, stride_, index), dimensions_); }

  struct Iterator {
    const Sequence* sequence;
    std::size_t index;
    View operator*() const { return (*sequence)[index]; }
    Iterator& operator++() {
      ++index;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index != other.index; }
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }

 private:
  const Source* first_;
  std::size_t size_, stride_, dimensions_;
};

}  // namespace detail

// One search parameter.
class Dimension {
 public:
  explicit Dimension(const tuner_dimension& raw, std::size_t = 0) : raw_(&raw) {}

  std::string_view name() const { return raw_->name; }
  bool is_choice() const { return raw_->type == TUNER_DIMENSION_CHOICE; }
  bool is_integer() const { return raw_->type == TUNER_DIMENSION_INTEGER; }
  bool is_ordered() const { return (raw_->flags & TUNER_DIMENSION_ORDERED) != 0; }
  bool is_normal() const { return raw_->distribution == TUNER_DISTRIBUTION_NORMAL; }
  std::uint32_t scale() const { return raw_->scale; }  // TUNER_SCALE_...
  double low() const { return raw_->low; }
  double high() const { return raw_->high; }
  double step() const { return raw_->step; }  // 0: every value
  double mu() const { return raw_->mu; }      // of a normal distribution, on the scale
  double sigma() const { return raw_->sigma; }
  std::size_t choice_count() const { return raw_->n_choices; }
  // Of the choices; empty where all are alike.
  std::span<const double> probabilities() const {
    return raw_->probabilities == nullptr ? std::span<const double>() : std::span(raw_->probabilities, raw_->n_choices);
  }
  // NaN where a choice is no number; empty where none is.
  std::span<const double> choice_values() const {
    return raw_->choice_values == nullptr ? std::span<const double>() : std::span(raw_->choice_values, raw_->n_choices);
  }
  std::string_view choice_text(std::size_t choice) const { return raw_->choice_texts[choice]; }
  // Index of the dimension that decides whether this one is active, or -1.
  std::int32_t parent() const { return raw_->parent; }
  std::span<const std::uint32_t> active_choices() const { return {raw_->active_choices, raw_->n_active_choices}; }

  // The value at the share u in [0, 1) of the range, on its scale and its steps; of a choice, one of equal shares.
  double value_at(double u) const {
    if (is_choice()) return std::min(std::floor(u * choice_count()), choice_count() - 1.0);
    const double reach = step() > 0 && scale() == TUNER_SCALE_LINEAR ? step() / 2 : 0;
    const double x = back(there(low() - reach) + u * (there(high() + reach) - there(low() - reach)));
    const double most = std::floor((high() - low()) / (step() > 0 ? step() : 1) + 1e-9);
    if (step() > 0) return low() + std::clamp(std::round((x - low()) / step()), 0.0, most) * step();
    return std::clamp(x, low(), high());
  }
  // The share of the range that lies below x: the way back, but for steps and choices.
  double share_of(double x) const {
    if (is_choice()) return (x + 0.5) / choice_count();
    return high() > low() ? (there(x) - there(low())) / (there(high()) - there(low())) : 0.5;
  }
  const tuner_dimension& raw() const { return *raw_; }

 private:
  // To the scale on which the range is even, and back.
  double there(double x) const {
    if (scale() == TUNER_SCALE_LOG) return std::log(x);
    return scale() == TUNER_SCALE_LOG1M ? std::log1p(-x) : x;
  }
  double back(double y) const {
    if (scale() == TUNER_SCALE_LOG) return std::exp(y);
    return scale() == TUNER_SCALE_LOG1M ? -std::expm1(y) : y;
  }
  const tuner_dimension* raw_;
};

class SearchSpace : public detail::Sequence<Dimension, tuner_dimension> {
 public:
  explicit SearchSpace(const tuner_space* space)
      : Sequence(space->dimensions, space->n_dimensions, space->dimension_stride, 0) {}
};

// One assignment of the space. The value of an inactive dimension means nothing; that of a choice is its index.
class Configuration {
 public:
  Configuration(const tuner_configuration& raw, std::size_t dimensions) : raw_(&raw), dimensions_(dimensions) {}

  std::uint64_t proposal() const { return raw_->proposal; }
  std::size_t size() const { return dimensions_; }
  double operator[](std::size_t dimension) const { return raw_->values[dimension]; }
  bool is_active(std::size_t dimension) const { return raw_->states[dimension] != TUNER_VALUE_INACTIVE; }
  bool is_fixed(std::size_t dimension) const { return raw_->states[dimension] == TUNER_VALUE_FIXED; }
  std::span<const double> values() const { return {raw_->values, dimensions_}; }
  std::span<const std::uint8_t> states() const { return {raw_->states, dimensions_}; }

 private:
  const tuner_configuration* raw_;
  std::size_t dimensions_;
};

using Configurations = detail::Sequence<Configuration, tuner_configuration>;

// What became of a configuration. Nothing is made up: what was not measured is missing or NaN.
class Observation {
 public:
  Observation(const tuner_observation& raw, std::size_t dimensions) : raw_(&raw), dimensions_(dimensions) {}

  std::uint32_t outcome() const { return raw_->outcome; }  // TUNER_OUTCOME_...
  Configuration configuration() const { return {*raw_->configuration, dimensions_}; }
  std::int64_t last_step() const { return raw_->last_step; }
  std::int64_t budget() const { return raw_->budget; }
  std::span<const double> values() const { return {raw_->values, raw_->n_values}; }
  std::span<const double> constraints() const { return {raw_->constraints, raw_->n_constraints}; }
  std::uint32_t replicates() const { return raw_->replicates; }
  double mean() const { return raw_->mean; }
  double standard_deviation() const { return raw_->standard_deviation; }

 private:
  const tuner_observation* raw_;
  std::size_t dimensions_;
};

using Observations = detail::Sequence<Observation, tuner_observation>;

// What create() is given.
class SearchSetup {
 public:
  explicit SearchSetup(const tuner_search_create_args* args) : args_(args), options_(args->options) {}

  const Options& options() const { return options_; }
  SearchSpace space() const { return SearchSpace(args_->space); }
  std::size_t goal_count() const { return args_->n_goals; }
  bool minimizes(std::size_t goal = 0) const { return args_->directions[goal] == TUNER_MINIMIZE; }
  std::int64_t trials() const { return args_->trials; }  // -1 unknown
  std::int64_t lag() const { return args_->lag; }
  std::int64_t least_budget() const { return args_->least_budget; }
  std::int64_t most_budget() const { return args_->most_budget; }
  Host host() const { return Host(args_->host); }

 private:
  const tuner_search_create_args* args_;
  Options options_;
};

namespace detail {

template <class P>
std::int32_t search_create_thunk(const tuner_search_create_args* args, void** state) noexcept {
  return guarded(args->error, [&] { *state = new P(SearchSetup(args)); });
}
template <class P>
void search_destroy_thunk(void* state) noexcept {
  delete static_cast<P*>(state);
}

// The plugin and the number of dimensions, which the arguments of later calls do not repeat.
template <class P>
struct SearchState : P {
  explicit SearchState(const SearchSetup& setup) : P(setup), dimensions(setup.space().size()) {}
  std::size_t dimensions;
};

template <class P>
std::int32_t search_observe_thunk(void* state, const tuner_observe_args* args) noexcept {
  return guarded(args->error, [&] {
    auto& plugin = *static_cast<SearchState<P>*>(state);
    const Observations all(args->observations, args->n_observations, args->observation_stride, plugin.dimensions);
    for (const Observation observation : all) plugin.observe(observation);
  });
}

}  // namespace detail
}  // namespace tuner::inline sdk
