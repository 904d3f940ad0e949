#include "mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "squares.hpp"

namespace searchers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLogRootTwoPi = 0.91893853320467274178;
constexpr std::size_t kBlock = 128;    // kernels whose sums stay in the nearest cache
constexpr double kNegligible = -45;    // exp of it is nothing beside 1
constexpr std::size_t kYoungest = 25;  // observations of full weight

bool is_continuous(const Axis& axis) { return !axis.choice && axis.step <= 0; }

// log(sum of exp(terms)).
double log_sum(const double* terms, std::size_t n) {
  const double largest = *std::max_element(terms, terms + n);
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k)
    if (terms[k] - largest > kNegligible) sum += std::exp(terms[k] - largest);
  return largest + std::log(sum);
}

}  // namespace

std::vector<double> kernel_weights(std::size_t n, double prior_weight) {
  std::vector<double> weights(n + 1, 1.0);
  if (n > kYoungest) {
    const std::size_t older = n - kYoungest;
    const double first = 1 / static_cast<double>(n);
    // One older observation has the first weight of the ramp.
    const double rise = older > 1 ? (1 - first) / static_cast<double>(older - 1) : 0;
    for (std::size_t i = 0; i < older; ++i) weights[i] = first + rise * static_cast<double>(i);
  }
  weights[n] = prior_weight;
  double sum = 0;
  for (const double weight : weights) sum += weight;
  for (double& weight : weights) weight /= sum;
  return weights;
}

Mixture::Mixture(const Axes& axes, std::vector<std::uint32_t> part, std::size_t observations, double prior_weight)
    : n_(observations), stride_((observations + 8) / 8 * 8), prior_weight_(prior_weight) {
  weights_ = kernel_weights(n_, prior_weight);
  log_weights_.reserve(weights_.size());
  for (const double weight : weights_) log_weights_.push_back(std::log(weight));
  columns_.resize(part.size());
  for (std::size_t a = 0; a < part.size(); ++a) columns_[a].axis = &axes[part[a]];
}

void Mixture::shape(Column& column, const KernelPlace& at, double sigma) const {
  const Axis& axis = *column.axis;
  KernelShape local;
  KernelShape& kept = at.shape != nullptr ? *at.shape : local;
  if (kept.sigma != sigma) {
    kept.sigma = sigma;
    kept.scale = 1 / (sigma * std::numbers::sqrt2);
    kept.log_mass = log_normal_mass((axis.least - at.mu) / sigma, (axis.most - at.mu) / sigma);
    kept.log_norm = std::log(sigma) + kLogRootTwoPi + kept.log_mass;
  }
  column.mu[at.kernel] = at.mu;
  column.scale[at.kernel] = kept.scale;
  column.shapes[at.kernel] = kept;
}

void Mixture::set_prior(Column& column) const {
  const Axis& axis = *column.axis;
  const double middle = (axis.least + axis.most) / 2;
  const KernelPlace prior{axis.normal ? axis.mu : middle, static_cast<std::uint32_t>(n_)};
  shape(column, prior, axis.normal ? axis.sigma : axis.width());
}

void Mixture::place(std::size_t a, std::span<const KernelPlace> sorted) {
  Column& column = columns_[a];
  const Axis& axis = *column.axis;
  column.mu.assign(stride_, 0.0);
  column.scale.assign(stride_, 0.0);
  column.shapes.resize(n_ + 1);
  const double widest = axis.width();
  const double narrowest = widest / std::min(100.0, static_cast<double>(n_) + 2);
  for (std::size_t i = 0; i < n_; ++i) {
    const double left = sorted[i].mu - (i > 0 ? sorted[i - 1].mu : axis.least);
    const double right = (i + 1 < n_ ? sorted[i + 1].mu : axis.most) - sorted[i].mu;
    double sigma = std::max(left, right);
    if (n_ >= 2 && i == 0) sigma = right;
    if (n_ >= 2 && i + 1 == n_) sigma = left;
    shape(column, sorted[i], std::clamp(sigma, narrowest, widest));
  }
  set_prior(column);
  if (axis.step > 0) classify(column, sorted);
}

void Mixture::classify(Column& column, std::span<const KernelPlace> sorted) const {
  column.classes.resize(n_ + 1);
  column.representatives.clear();
  for (const KernelPlace& at : sorted) {
    // Among equal places three widths are possible: of the first, the last and those between.
    bool found = false;
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, column.representatives.size()); ++back) {
      const std::size_t candidate = column.representatives.size() - back;
      const std::uint32_t other = column.representatives[candidate];
      if (column.mu[other] != at.mu || column.shapes[other].sigma != column.shapes[at.kernel].sigma) continue;
      column.classes[at.kernel] = static_cast<std::uint32_t>(candidate);
      found = true;
      break;
    }
    if (found) continue;
    column.classes[at.kernel] = static_cast<std::uint32_t>(column.representatives.size());
    column.representatives.push_back(at.kernel);
  }
  column.classes[n_] = static_cast<std::uint32_t>(column.representatives.size());
  column.representatives.push_back(static_cast<std::uint32_t>(n_));
}

void Mixture::place(std::size_t a, std::span<const std::uint32_t> choices) {
  columns_[a].chosen.assign(choices.begin(), choices.end());
}

double Mixture::probability(std::size_t a, std::size_t kernel, std::size_t choice) const {
  const Column& column = columns_[a];
  if (kernel == n_) return column.axis->probabilities[choice];
  // Every choice has the prior's weight, spread over the kernels; the chosen one has 1 more.
  const double share = prior_weight_ / static_cast<double>(n_ + 1);
  const double sum = 1 + share * static_cast<double>(column.axis->choices);
  return (share + (column.chosen[kernel] == choice ? 1 : 0)) / sum;
}

void Mixture::add_stepped(const Column& column, const double* x, std::size_t count, double* sums) const {
  const Axis& axis = *column.axis;
  std::vector<double> masses(column.representatives.size());
  std::vector<std::uint8_t> done(count, 0);
  for (std::size_t c = 0; c < count; ++c) {
    if (done[c] != 0) continue;
    const double low = std::max(axis.cell_low(x[c]), axis.least);
    const double high = std::min(axis.cell_high(x[c]), axis.most);
    for (std::size_t i = 0; i < masses.size(); ++i) {
      const std::uint32_t k = column.representatives[i];
      const KernelShape& kernel = column.shapes[k];
      masses[i] =
          log_normal_mass((low - column.mu[k]) / kernel.sigma, (high - column.mu[k]) / kernel.sigma) - kernel.log_mass;
    }
    // Candidates often agree in a stepped value.
    for (std::size_t other = c; other < count; ++other) {
      if (x[other] != x[c]) continue;
      done[other] = 1;
      for (std::size_t k = 0; k <= n_; ++k) sums[other * stride_ + k] += masses[column.classes[k]];
    }
  }
}

void Mixture::add_choice(const Column& column, const double* x, std::size_t count, double* sums) const {
  const double share = prior_weight_ / static_cast<double>(n_ + 1);
  const double sum = 1 + share * static_cast<double>(column.axis->choices);
  const double hit = std::log((1 + share) / sum);
  const double miss = std::log(share / sum);
  for (std::size_t c = 0; c < count; ++c) {
    const auto choice = static_cast<std::uint32_t>(x[c]);
    double* row = sums + c * stride_;
    for (std::size_t k = 0; k < n_; ++k) row[k] += column.chosen[k] == choice ? hit : miss;
    row[n_] += std::log(column.axis->probabilities[choice]);
  }
}

std::vector<double> Mixture::terms(std::span<const double> values, std::size_t count,
                                   std::span<const std::uint8_t> used) const {
  std::vector<const Column*> continuous;
  std::vector<const double*> places;
  std::vector<double> offsets = log_weights_;
  for (std::size_t a = 0; a < columns_.size(); ++a) {
    if (used[a] == 0 || !is_continuous(*columns_[a].axis)) continue;
    continuous.push_back(&columns_[a]);
    places.push_back(values.data() + a * count);
    for (std::size_t k = 0; k <= n_; ++k) offsets[k] -= columns_[a].shapes[k].log_norm;
  }
  std::vector<double> sums(count * stride_);
  for (std::size_t c = 0; c < count; ++c) std::ranges::copy(offsets, sums.begin() + static_cast<long>(c * stride_));
  for (std::size_t first = 0; first < stride_; first += kBlock) {
    const std::size_t size = std::min(kBlock, stride_ - first);
    for (std::size_t a = 0; a < continuous.size(); ++a)
      for (std::size_t c = 0; c < count; ++c)
        subtract_squares(sums.data() + c * stride_ + first, continuous[a]->mu.data() + first,
                         continuous[a]->scale.data() + first, size, places[a][c]);
  }
  for (std::size_t a = 0; a < columns_.size(); ++a) {
    if (used[a] == 0) continue;
    const Column& column = columns_[a];
    if (column.axis->choice) add_choice(column, values.data() + a * count, count, sums.data());
    if (column.axis->step > 0 && !column.axis->choice)
      add_stepped(column, values.data() + a * count, count, sums.data());
  }
  return sums;
}

std::vector<double> Mixture::conditional_weights(std::span<const double> values,
                                                 std::span<const std::uint8_t> given) const {
  std::vector<double> weights = terms(values, 1, given);
  weights.resize(n_ + 1);
  const double total = log_sum(weights.data(), weights.size());
  if (!std::isfinite(total)) return weights_;
  for (double& weight : weights) weight = std::exp(weight - total);
  return weights;
}

void Mixture::log_density(std::span<const double> values, std::size_t count, std::span<double> out) const {
  const std::vector<std::uint8_t> all(columns_.size(), 1);
  const std::vector<double> sums = terms(values, count, all);
  for (std::size_t c = 0; c < count; ++c) out[c] = log_sum(sums.data() + c * stride_, n_ + 1);
}

double Mixture::quantile(std::size_t a, std::size_t kernel, double u) const {
  const Column& column = columns_[a];
  const Axis& axis = *column.axis;
  if (axis.choice) {
    // The number of choices whose cumulative probability is below u.
    double sum = 0;
    for (std::size_t i = 0; i + 1 < axis.choices; ++i) {
      sum += probability(a, kernel, i);
      if (!(sum < u)) return static_cast<double>(i);
    }
    return static_cast<double>(axis.choices - 1);
  }
  const double sigma = column.shapes[kernel].sigma;
  const double mu = column.mu[kernel];
  return mu + sigma * truncated_quantile(u, (axis.least - mu) / sigma, (axis.most - mu) / sigma);
}

}  // namespace searchers
