#include "mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "squares.hpp"

namespace searchers {
namespace {

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

double Mixture::Column::sigma(std::size_t kernel) const { return 1 / (scale[kernel] * std::numbers::sqrt2); }

void Mixture::reset(const Axes& axes, std::span<const std::uint32_t> part, std::size_t observations,
                    double prior_weight) {
  n_ = observations;
  stride_ = (observations + 8) / 8 * 8;
  prior_weight_ = prior_weight;
  weights_ = kernel_weights(n_, prior_weight);
  log_weights_.resize(n_ + 1);
  for (std::size_t k = 0; k <= n_; ++k) log_weights_[k] = std::log(weights_[k]);
  offsets_ = log_weights_;
  column_count_ = part.size();
  if (columns_.size() < part.size()) columns_.resize(part.size());
  for (std::size_t a = 0; a < part.size(); ++a) columns_[a].axis = &axes[part[a]];
}

void Mixture::compute(const Axis& axis, double mu, double sigma, KernelShape& shape) {
  shape.mu = mu;
  shape.sigma = sigma;
  shape.scale = 1 / (sigma * std::numbers::sqrt2);
  shape.log_mass = log_normal_mass((axis.least - mu) / sigma, (axis.most - mu) / sigma);
  shape.log_norm = std::log(sigma) + kLogRootTwoPi + shape.log_mass;
}

inline void Mixture::set(Column& column, const KernelPlace& at, double sigma) {
  KernelShape local;
  KernelShape& kept = at.shape != nullptr ? *at.shape : local;
  if (kept.sigma != sigma || kept.mu != at.mu) compute(*column.axis, at.mu, sigma, kept);
  column.mu[at.kernel] = at.mu;
  column.scale[at.kernel] = kept.scale;
  if (column.axis->step > 0)
    set_class(column, at.kernel, kept);
  else
    offsets_[at.kernel] -= kept.log_norm;
}

// Among equal places, which follow each other, three widths are possible: of the first, the last and those between.
void Mixture::set_class(Column& column, std::uint32_t kernel, const KernelShape& shape) const {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, column.class_shapes.size()); ++back) {
    const std::size_t candidate = column.class_shapes.size() - back;
    const KernelShape& other = column.class_shapes[candidate];
    if (other.mu != shape.mu || other.sigma != shape.sigma) continue;
    column.classes[kernel] = static_cast<std::uint32_t>(candidate);
    return;
  }
  column.classes[kernel] = static_cast<std::uint32_t>(column.class_shapes.size());
  column.class_shapes.push_back(shape);
}

void Mixture::set_prior(Column& column) {
  const Axis& axis = *column.axis;
  const double middle = (axis.least + axis.most) / 2;
  const KernelPlace prior{axis.normal ? axis.mu : middle, static_cast<std::uint32_t>(n_)};
  set(column, prior, axis.normal ? axis.sigma : axis.width());
}

void Mixture::place(std::size_t a, std::span<const KernelPlace> sorted) {
  Column& column = columns_[a];
  const Axis& axis = *column.axis;
  column.mu.resize(stride_);
  column.scale.resize(stride_);
  // What fills the last vector adds nothing.
  std::fill(column.mu.begin() + static_cast<std::ptrdiff_t>(n_), column.mu.end(), 0.0);
  std::fill(column.scale.begin() + static_cast<std::ptrdiff_t>(n_), column.scale.end(), 0.0);
  column.class_shapes.clear();
  if (axis.step > 0) column.classes.resize(n_ + 1);
  const double widest = axis.width();
  const double narrowest = widest / std::min(100.0, static_cast<double>(n_) + 2);
  double left = n_ > 0 ? sorted[0].mu - axis.least : 0;
  for (std::size_t i = 0; i < n_; ++i) {
    const double right = (i + 1 < n_ ? sorted[i + 1].mu : axis.most) - sorted[i].mu;
    double sigma = std::max(left, right);
    if (n_ >= 2 && i == 0) sigma = right;
    if (n_ >= 2 && i + 1 == n_) sigma = left;
    set(column, sorted[i], std::clamp(sigma, narrowest, widest));
    left = right;
  }
  set_prior(column);
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

void Mixture::add_stepped(const Column& column, const double* x, std::size_t count) {
  const Axis& axis = *column.axis;
  masses_.resize(column.class_shapes.size());
  for (std::size_t c = 0; c < count; ++c) {
    // Candidates often agree in a stepped value: the first has done the work for the others.
    if (std::find(x, x + c, x[c]) != x + c) continue;
    const double low = std::max(axis.cell_low(x[c]), axis.least);
    const double high = std::min(axis.cell_high(x[c]), axis.most);
    for (std::size_t i = 0; i < masses_.size(); ++i) {
      const KernelShape& kernel = column.class_shapes[i];
      masses_[i] =
          log_normal_mass((low - kernel.mu) / kernel.sigma, (high - kernel.mu) / kernel.sigma) - kernel.log_mass;
    }
    for (std::size_t other = c; other < count; ++other) {
      if (x[other] != x[c]) continue;
      for (std::size_t k = 0; k <= n_; ++k) sums_[other * stride_ + k] += masses_[column.classes[k]];
    }
  }
}

void Mixture::add_choice(const Column& column, const double* x, std::size_t count) {
  const double share = prior_weight_ / static_cast<double>(n_ + 1);
  const double sum = 1 + share * static_cast<double>(column.axis->choices);
  const double hit = std::log((1 + share) / sum);
  const double miss = std::log(share / sum);
  for (std::size_t c = 0; c < count; ++c) {
    const auto choice = static_cast<std::uint32_t>(x[c]);
    double* row = sums_.data() + c * stride_;
    for (std::size_t k = 0; k < n_; ++k) row[k] += column.chosen[k] == choice ? hit : miss;
    row[n_] += std::log(column.axis->probabilities[choice]);
  }
}

void Mixture::add_discrete(std::span<const double> values, std::size_t count, std::span<const std::uint8_t> used) {
  for (std::size_t a = 0; a < column_count_; ++a) {
    const Column& column = columns_[a];
    if (is_continuous(*column.axis) || (!used.empty() && used[a] == 0)) continue;
    const double* x = values.data() + a * count;
    if (column.axis->choice)
      add_choice(column, x, count);
    else
      add_stepped(column, x, count);
  }
}

std::vector<double> Mixture::conditional_weights(std::span<const double> values, std::span<const std::uint8_t> given) {
  sums_.assign(stride_, 0.0);
  std::ranges::copy(log_weights_, sums_.begin());
  for (std::size_t a = 0; a < column_count_; ++a) {
    const Column& column = columns_[a];
    const Axis& axis = *column.axis;
    if (given[a] == 0 || !is_continuous(axis)) continue;
    for (std::size_t k = 0; k <= n_; ++k) {
      const double sigma = column.sigma(k);
      const double mass = log_normal_mass((axis.least - column.mu[k]) / sigma, (axis.most - column.mu[k]) / sigma);
      sums_[k] -= std::log(sigma) + mass;
    }
    subtract_squares(sums_.data(), column.mu.data(), column.scale.data(), stride_, values[a]);
  }
  add_discrete(values, 1, given);
  std::vector<double> weights(sums_.begin(), sums_.begin() + static_cast<std::ptrdiff_t>(n_ + 1));
  const double total = log_sum(weights.data(), weights.size());
  if (!std::isfinite(total)) return weights_;
  for (double& weight : weights) weight = std::exp(weight - total);
  return weights;
}

void Mixture::log_density(std::span<const double> values, std::size_t count, std::span<double> out) {
  sums_.resize(count * stride_);
  for (std::size_t c = 0; c < count; ++c)
    std::ranges::copy(offsets_, sums_.begin() + static_cast<std::ptrdiff_t>(c * stride_));
  for (std::size_t first = 0; first < stride_; first += kBlock) {
    const std::size_t size = std::min(kBlock, stride_ - first);
    for (std::size_t a = 0; a < column_count_; ++a) {
      const Column& column = columns_[a];
      if (!is_continuous(*column.axis)) continue;
      for (std::size_t c = 0; c < count; ++c)
        subtract_squares(sums_.data() + c * stride_ + first, column.mu.data() + first, column.scale.data() + first,
                         size, values[a * count + c]);
    }
  }
  add_discrete(values, count, {});
  for (std::size_t c = 0; c < count; ++c) out[c] = log_sum(sums_.data() + c * stride_, n_ + 1);
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
  const double sigma = column.sigma(kernel);
  const double mu = column.mu[kernel];
  return mu + sigma * truncated_quantile(u, (axis.least - mu) / sigma, (axis.most - mu) / sigma);
}

}  // namespace searchers
