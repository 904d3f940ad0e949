// The tree-structured Parzen estimator (TPE). tpe.cpp makes a plugin of it, and says what it computes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "axis.hpp"
#include "draws.hpp"
#include "mixture.hpp"
#include "nondominated.hpp"
#include "tuner/sdk/search.hpp"

namespace searchers {

struct TpeOptions {
  std::size_t startup = 10;
  std::size_t candidates = 24;
  bool multivariate = true;
  bool group = false;
  bool constant_liar = true;
  double prior_weight = 1;
  // For tests. Among equal places the outer two get the gaps to the neighbors: this puts them into another order than
  // that of their age.
  void (*reorder)(std::vector<KernelPlace>& sorted) = nullptr;
};

// Observations that count as good, of n: the tenth part, at most 25.
[[nodiscard]] std::size_t tpe_gamma(std::size_t n);
// The same with several goals: the tenth part.
[[nodiscard]] std::size_t tpe_gamma_of_several(std::size_t n);

// What is kept of an observation.
struct TpeRow {
  // Kinds of evidence, the best first. What failed is evidence against its place, and never good.
  enum class Kind : std::uint8_t { measured, pruned, infeasible, failed };
  Kind kind = Kind::failed;
  double first = 0, second = 0;  // by these within a kind, less is better
  Costs costs = {};              // of a measured one, where there are several goals
  std::vector<double> places;    // on the axes; NaN: inactive
};

class Tpe {
 public:
  Tpe(const tuner::SearchSetup& setup, const TpeOptions& options);

  void observe(const tuner::Observation& observation);

  // True while proposals are drawn from the prior.
  [[nodiscard]] bool starts() const { return finished_ < options_.startup; }
  // Fills in what is FREE. `draws` is used in the order: for every part of the space a kernel for each candidate, then
  // for each choice one for each candidate, then the same for the ranges.
  template <Draws D>
  void propose(std::span<double> values, std::span<std::uint8_t> states, const tuner::Configurations& pending,
               D& draws) const;

  [[nodiscard]] const Axes& axes() const { return axes_; }

 private:
  using Part = std::vector<std::uint32_t>;
  static constexpr std::size_t kMostAbove = 1000;  // kernels of the density of the others
  static constexpr std::size_t kMostBelow = 25;    // of the good ones
  static constexpr std::size_t kWindow = kMostAbove + kMostBelow;
  static constexpr std::uint32_t kPending = 1u << 31;
  static constexpr std::uint32_t kNobody = UINT32_MAX;

  // The observations of a set, by age: indices of rows, and places of what is pending.
  struct Set {
    std::vector<std::uint32_t> rows;
    std::vector<std::vector<double>> pending;
    std::vector<std::uint64_t> proposals;  // of what is pending
    // Their kernels in a mixture, by age. In the density of the others a row keeps its number as long as it is there.
    std::vector<std::uint32_t> kernels;
    std::size_t numbers = 0;
    std::vector<std::uint8_t> member;  // of the rows of the window

    [[nodiscard]] std::size_t size() const { return kernels.size(); }
    // Kernel i's age: of a row its number; what is pending is younger.
    [[nodiscard]] std::uint32_t age(std::size_t i) const {
      if (i < rows.size()) return rows[i];
      return kPending | static_cast<std::uint32_t>(proposals[i - rows.size()] & (kPending / 2 - 1));
    }
  };
  struct Split {
    Set below, above;
  };
  // Places of the rows of the window on one axis, in increasing order.
  using Sorted = std::vector<std::pair<double, std::uint32_t>>;

  void make_parts();
  [[nodiscard]] TpeRow row_of(const tuner::Observation& observation) const;
  [[nodiscard]] std::vector<double> places_of(const tuner::Configuration& configuration) const;
  void sort_window(std::uint32_t axis) const;
  void enter_window(std::uint32_t axis, std::uint32_t row) const;
  void rank(std::uint32_t row);
  [[nodiscard]] bool better(std::uint32_t a, std::uint32_t b) const;
  [[nodiscard]] Split split(const tuner::Configurations& pending) const;
  // The rows of the density of good ones, by age.
  [[nodiscard]] std::vector<std::uint32_t> good_rows() const;
  [[nodiscard]] std::vector<std::uint32_t> good_of_several() const;
  void number_pending(Set& set) const;
  [[nodiscard]] Set of_part(const Set& set, const Part& part, bool above) const;
  void fill(Mixture& mixture, const Set& set, const Part& part) const;
  void fill_above(std::size_t number, const Set& set, const Part& part) const;
  void fill_axis(Mixture& mixture, const Set& set, std::size_t a, std::uint32_t axis, bool above) const;
  void sort_places(const Set& set, std::uint32_t axis, bool above) const;
  // The candidate with the greatest ratio of the densities.
  [[nodiscard]] std::size_t best_candidate(Mixture& below, Mixture& above, std::span<const double> candidates) const;
  template <Draws D>
  void propose_part(std::size_t part, const Split& split, std::span<double> values, std::span<std::uint8_t> states,
                    D& draws) const;
  template <Draws D>
  [[nodiscard]] std::vector<double> draw_candidates(const Part& part, Mixture& below,
                                                    std::span<const double> given_values,
                                                    std::span<const std::uint8_t> given, D& draws) const;

  Axes axes_;
  TpeOptions options_;
  std::vector<double> signs_;  // of the goals
  std::vector<Part> parts_;
  std::vector<TpeRow> rows_;
  std::unordered_map<std::uint64_t, std::uint32_t> row_of_proposal_;
  std::vector<std::uint32_t> best_;  // at most kMostBelow rows that did not fail, the best first
  std::size_t finished_ = 0;         // rows that did not fail
  std::uint32_t window_ = 0;         // the first of the newest kWindow rows
  // What is computed anew only where it changed. No answer depends on it.
  struct Kernels {
    std::vector<std::uint32_t> numbers;
    std::vector<std::uint32_t> age;  // by number; kNobody where there is none
  };
  struct Workspace {
    std::vector<Sorted> window;  // by axis, over the rows before `entered`, without those that are too old
    std::vector<std::uint32_t> entered;
    std::vector<KernelPlace> sorted;
    std::vector<Mixture> below, above;  // by part
    std::vector<Kernels> kernels;       // by part: those of the mixture `above`
    Kernels next;
    std::vector<std::uint32_t> removed, added;  // numbers; of what came its place in the set
    std::vector<KernelPlace> removed_places, added_places;
  };
  // Which kernels come and go where `set` follows the set before it.
  void compare(const Mixture& above, const Kernels& before, const Set& set, const Part& part) const;
  [[nodiscard]] double place_in(const Set& set, std::size_t i, std::uint32_t axis) const {
    return i < set.rows.size() ? rows_[set.rows[i]].places[axis] : set.pending[i - set.rows.size()][axis];
  }
  mutable Workspace work_;
};

template <Draws D>
void Tpe::propose(std::span<double> values, std::span<std::uint8_t> states, const tuner::Configurations& pending,
                  D& draws) const {
  const bool learned = !starts();
  Split sets;
  if (learned) sets = split(pending);
  for (std::size_t number = 0; number < parts_.size(); ++number) {
    const Part& part = parts_[number];
    if (!axes_.is_active(part[0], values, states)) {
      for (const std::uint32_t axis : part) states[axis] = TUNER_VALUE_INACTIVE;
    } else if (learned) {
      propose_part(number, sets, values, states, draws);
    } else {
      for (const std::uint32_t axis : part)
        if (states[axis] != TUNER_VALUE_FIXED) values[axis] = axes_[axis].quantile(draws.uniform());
    }
  }
}

template <Draws D>
void Tpe::propose_part(std::size_t number, const Split& split, std::span<double> values, std::span<std::uint8_t> states,
                       D& draws) const {
  // A range or a list of one value takes no part in the densities.
  Part open;
  std::vector<double> given_values;
  std::vector<std::uint8_t> given;
  for (const std::uint32_t axis : parts_[number]) {
    const Axis& a = axes_[axis];
    const bool fixed = states[axis] == TUNER_VALUE_FIXED;
    if (a.low >= a.high) {
      if (!fixed) values[axis] = a.low;
      continue;
    }
    open.push_back(axis);
    given.push_back(fixed ? 1 : 0);
    const double value = fixed ? values[axis] : a.low;
    given_values.push_back(a.choice || a.step > 0 ? value : a.place(value));
  }
  if (std::ranges::count(given, 1) == static_cast<std::ptrdiff_t>(open.size())) return;
  Mixture& below = work_.below[number];
  Mixture& above = work_.above[number];
  fill(below, of_part(split.below, open, false), open);
  fill_above(number, of_part(split.above, open, true), open);
  const std::vector<double> candidates = draw_candidates(open, below, given_values, given, draws);
  const std::size_t best = best_candidate(below, above, candidates);
  for (std::size_t a = 0; a < open.size(); ++a) {
    if (given[a] != 0) continue;
    const double found = candidates[a * options_.candidates + best];
    const Axis& axis = axes_[open[a]];
    values[open[a]] = axis.choice || axis.step > 0 ? found : axis.value(found);
  }
}

// candidates[a * count + c]: places of continuous axes, values of the others.
template <Draws D>
std::vector<double> Tpe::draw_candidates(const Part& part, Mixture& below, std::span<const double> given_values,
                                         std::span<const std::uint8_t> given, D& draws) const {
  const std::size_t count = options_.candidates;
  const bool conditional = std::ranges::find(given, 1) != given.end();
  std::vector<double> cumulative = conditional ? below.conditional_weights(given_values, given) : below.weights();
  for (std::size_t k = 1; k < cumulative.size(); ++k) cumulative[k] += cumulative[k - 1];
  std::vector<std::size_t> kernels(count);
  for (std::size_t& kernel : kernels) {
    const auto at = std::ranges::upper_bound(cumulative, draws.uniform() * cumulative.back());
    kernel = std::min(static_cast<std::size_t>(at - cumulative.begin()), cumulative.size() - 1);
  }
  std::vector<double> candidates(part.size() * count);
  for (const bool choices : {true, false}) {
    for (std::size_t a = 0; a < part.size(); ++a) {
      const Axis& axis = axes_[part[a]];
      if (axis.choice != choices) continue;
      double* row = candidates.data() + a * count;
      for (std::size_t c = 0; c < count; ++c) {
        if (given[a] != 0) {
          row[c] = given_values[a];
          continue;
        }
        const double place = below.quantile(a, kernels[c], draws.uniform());
        row[c] = !choices && axis.step > 0 ? axis.value(place) : place;
      }
    }
  }
  return candidates;
}

}  // namespace searchers
