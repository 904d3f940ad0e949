// The density of a set of configurations: one kernel at each of them and one for the prior, as the tree-structured
// Parzen estimator has it. A kernel is a product over the axes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "axis.hpp"

namespace searchers {

// Weights of n observations, oldest first, and of the prior behind them; they add up to 1. Fewer than 25 observations
// have weight 1 each before they are normalized, of more the newest 25, and the others rise evenly from 1/n to 1; all 1
// where not by_age.
[[nodiscard]] std::vector<double> kernel_weights(std::size_t n, double prior_weight = 1, bool by_age = true);

// Where a kernel stands on an axis.
struct KernelPlace {
  double mu = 0;
  std::uint32_t kernel = 0;
  std::uint32_t age = 0;  // of equal places the one with less stands first
};

// A mixture over some axes of a space. Every observation has a kernel, named by a number; the prior has the last
// number. Numbers without an observation have weight 0.
class Mixture {
 public:
  // Begins a mixture over the axes of `part`, none of them of width 0. by_age: the kernels of the observations, oldest
  // first, all below `numbers`. What was computed for a kernel before is used again where it has not changed, so that
  // an observation should keep its number from mixture to mixture.
  void reset(const Axes& axes, std::span<const std::uint32_t> part, std::span<const std::uint32_t> by_age,
             std::size_t numbers, double prior_weight = 1, bool weigh_by_age = true);

  // Places the observations on axis number a of the part: a range's, in increasing order; a choice's, by age: the
  // indices of the choices.
  //   sigma = the larger gap to the neighbors, where low and high are neighbors too; of two and more observations
  //   the first has only its right gap, the last only its left one; cut to [width / min(100, n + 2), width].
  // Source: Optuna 5. Its older versions, and Bergstra et al. 2011, differ in the ends.
  void place(std::size_t a, std::span<const KernelPlace> sorted);
  // The same for a range without a step where this mixture was of nearly the same observations before: without those
  // of `removed`, whose mu is not read, and with those of `added`. Then the neighbors of these alone are computed.
  // Requires can_update() before reset(), and can_update() now.
  void update(std::size_t a, std::span<const KernelPlace> removed, std::span<const KernelPlace> added);
  // The least width of a kernel does not change any more with their number.
  [[nodiscard]] bool can_update() const { return n_ + 2 >= kMostParts; }
  void choose(std::size_t a, std::span<const std::uint32_t> by_age, std::span<const std::uint32_t> choices);

  [[nodiscard]] std::size_t kernel_count() const { return weights_.size(); }
  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  // The weights times the density of the kernels at given values of some axes: those of the mixture of the other axes
  // under that condition. values: one for each axis of the part; given: which of them count.
  [[nodiscard]] std::vector<double> conditional_weights(std::span<const double> values,
                                                        std::span<const std::uint8_t> given);

  // log of the density at `count` places: values[a * count + c] is place c on axis a; a stepped axis takes the value
  // itself. Of the stepped axes the mass of the value's cell.
  void log_density(std::span<const double> values, std::size_t count, std::span<double> out);

  // The place with share u of the kernel's mass below it on axis number a: of a choice its index.
  [[nodiscard]] double quantile(std::size_t a, std::size_t kernel, double u) const;

  // For tests.
  [[nodiscard]] double mu(std::size_t a, std::size_t kernel) const { return columns_[a].mu[kernel]; }
  [[nodiscard]] double sigma(std::size_t a, std::size_t kernel) const { return columns_[a].sigma[kernel]; }
  [[nodiscard]] double probability(std::size_t a, std::size_t kernel, std::size_t choice) const;

 private:
  static constexpr std::size_t kMostParts = 100;  // of the width of a range: a kernel has at least one of them

  // What the mixture keeps for one axis, by kernel.
  struct Column {
    const Axis* axis = nullptr;
    std::vector<KernelPlace> sorted;  // of a range without a step
    std::vector<double> mu;
    std::vector<double> sigma;
    std::vector<double> scale;     // 1 / (sigma sqrt 2)
    std::vector<double> log_mass;  // of [least, most]
    std::vector<double> log_norm;  // log(sigma sqrt(2 pi)) + log_mass
    std::vector<double> under;     // mass below `least`
    std::vector<double> over;      // mass above `most`
    // Of stepped ranges. Kernels alike share one class, so that a cell's mass is computed once for all of them.
    std::vector<std::uint32_t> classes;
    std::vector<std::uint32_t> members;  // one of each class
    std::vector<std::uint32_t> chosen;   // of choices
    void compute(std::size_t kernel, double mu, double sigma);
    void classify(std::uint32_t kernel);
  };
  void make_room(Column& column) const;
  void set(Column& column, const KernelPlace& at, double sigma);
  void set_prior(Column& column);
  // Gives number i of `sorted` its width.
  void set_width(Column& column, std::span<const KernelPlace> sorted, std::size_t i);
  void normalize();
  void add_stepped(const Column& column, const double* x, std::size_t count);
  void add_choice(const Column& column, const double* x, std::size_t count);
  void add_discrete(std::span<const double> values, std::size_t count, std::span<const std::uint8_t> used);

  std::size_t n_ = 0;       // observations
  std::size_t prior_ = 0;   // the prior's number: that of the numbers of observations
  std::size_t stride_ = 0;  // of a row of sums: all numbers, rounded up to whole vectors
  double prior_weight_ = 1;
  std::vector<double> weights_;
  std::vector<double> log_weights_;
  // What the ranges without a step are normalized by: the sum of log_norm. It is added up again where one changed.
  std::vector<double> norms_;
  std::vector<std::uint8_t> is_stale_;
  std::vector<std::uint32_t> stale_;
  std::vector<double> offsets_;  // log weights minus norms
  std::vector<KernelPlace> gaps_;
  std::vector<Column> columns_;
  std::size_t column_count_ = 0;
  std::vector<double> sums_;
  std::vector<double> masses_;
};

}  // namespace searchers
