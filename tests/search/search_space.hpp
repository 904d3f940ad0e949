// Spaces, options, observations and streams for the tests of searchers, as the host would make them.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "tuner/abi.h"

namespace search_tests {

class TestSpace {
 public:
  TestSpace& real(const char* name, double low, double high, std::uint32_t scale = TUNER_SCALE_LINEAR,
                  double step = 0) {
    return add(name, TUNER_DIMENSION_REAL, low, high, scale, step);
  }
  TestSpace& integer(const char* name, double low, double high, std::uint32_t scale = TUNER_SCALE_LINEAR,
                     double step = 1) {
    return add(name, TUNER_DIMENSION_INTEGER, low, high, scale, step);
  }
  TestSpace& normal(const char* name, double mu, double sigma, double low, double high) {
    add(name, TUNER_DIMENSION_REAL, low, high, TUNER_SCALE_LINEAR, 0);
    dimensions_.back().distribution = TUNER_DISTRIBUTION_NORMAL;
    dimensions_.back().mu = mu;
    dimensions_.back().sigma = sigma;
    return *this;
  }
  TestSpace& choice(const char* name, std::uint32_t n, std::vector<double> probabilities = {}) {
    add(name, TUNER_DIMENSION_CHOICE, 0, 0, TUNER_SCALE_LINEAR, 0);
    tuner_dimension& d = dimensions_.back();
    d.n_choices = n;
    texts_.emplace_back(n, "choice");
    d.choice_texts = texts_.back().data();
    if (!probabilities.empty()) {
      lists_.push_back(std::move(probabilities));
      d.probabilities = lists_.back().data();
    }
    return *this;
  }
  // The last dimension is active where dimension `parent` has one of the choices.
  TestSpace& under(std::int32_t parent, std::vector<std::uint32_t> choices) {
    active_.push_back(std::move(choices));
    dimensions_.back().parent = parent;
    dimensions_.back().n_active_choices = static_cast<std::uint32_t>(active_.back().size());
    dimensions_.back().active_choices = active_.back().data();
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return dimensions_.size(); }
  [[nodiscard]] const tuner_dimension& operator[](std::size_t i) const { return dimensions_[i]; }
  // As long as nothing is added.
  [[nodiscard]] const tuner_space* raw() {
    space_.struct_size = sizeof space_;
    space_.n_dimensions = static_cast<std::uint32_t>(dimensions_.size());
    space_.dimension_stride = sizeof(tuner_dimension);
    space_.dimensions = dimensions_.data();
    return &space_;
  }
  [[nodiscard]] bool is_active(std::size_t i, const std::vector<double>& values) const {
    const tuner_dimension& d = dimensions_[i];
    if (d.parent < 0) return true;
    if (!is_active(static_cast<std::size_t>(d.parent), values)) return false;
    for (std::uint32_t k = 0; k < d.n_active_choices; ++k)
      if (d.active_choices[k] == values[static_cast<std::size_t>(d.parent)]) return true;
    return false;
  }

 private:
  TestSpace& add(const char* name, std::uint32_t type, double low, double high, std::uint32_t scale, double step) {
    tuner_dimension d{};
    d.struct_size = sizeof d;
    d.type = type;
    d.name = name;
    d.low = low;
    d.high = high;
    d.scale = scale;
    d.step = step;
    d.parent = -1;
    dimensions_.push_back(d);
    return *this;
  }
  std::vector<tuner_dimension> dimensions_;
  std::deque<std::vector<const char*>> texts_;
  std::deque<std::vector<double>> lists_;
  std::deque<std::vector<std::uint32_t>> active_;
  tuner_space space_{};
};

// A configuration that owns its values.
struct Assignment {
  std::uint64_t proposal = 0;
  std::vector<double> values;
  std::vector<std::uint8_t> states;
  [[nodiscard]] tuner_configuration raw() const {
    tuner_configuration c{};
    c.struct_size = sizeof c;
    c.proposal = proposal;
    c.values = values.data();
    c.states = states.data();
    return c;
  }
};

// An assignment and what came of it.
struct Result {
  Assignment assignment;
  double value = 0;
  std::uint32_t outcome = TUNER_OUTCOME_COMPLETED;
  std::int64_t last_step = 100;
  std::vector<double> constraints = {};
  std::vector<double> further = {};  // values of the goals after the first
};

// The observation of a result, as long as this lives.
struct ObservationOf {
  explicit ObservationOf(const Result& result) : configuration(result.assignment.raw()), values{result.value} {
    values.insert(values.end(), result.further.begin(), result.further.end());
    raw.struct_size = sizeof raw;
    raw.outcome = result.outcome;
    raw.configuration = &configuration;
    raw.last_step = result.last_step;
    raw.budget = 100;
    raw.values = values.data();
    raw.n_values = result.outcome == TUNER_OUTCOME_FAILED ? 0 : static_cast<std::uint32_t>(values.size());
    raw.constraints = result.constraints.data();
    raw.n_constraints = static_cast<std::uint32_t>(result.constraints.size());
    raw.replicates = 1;
    raw.mean = result.value;
    raw.standard_deviation = std::numeric_limits<double>::quiet_NaN();
  }
  ObservationOf(const ObservationOf&) = delete;
  ObservationOf& operator=(const ObservationOf&) = delete;
  tuner_configuration configuration;
  std::vector<double> values;
  tuner_observation raw{};
};

// The host's services: none is needed.
inline const tuner_host* no_host() {
  static tuner_host host = [] {
    tuner_host h{};
    h.struct_size = sizeof h;
    h.abi_minor = TUNER_ABI_MINOR;
    h.log = [](void*, std::uint32_t, const char*) {};
    h.should_stop = [](void*) -> std::int32_t { return 0; };
    return h;
  }();
  return &host;
}

}  // namespace search_tests
