#include "mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "squares.hpp"

namespace searchers {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;
constexpr std::size_t kBlock = 128;    // kernels whose sums stay in the nearest cache
constexpr std::size_t kYoungest = 25;  // observations of full weight

bool is_continuous(const Axis& axis) { return !axis.choice && axis.step <= 0; }

// Of equal places the older first.
bool stands_before(const KernelPlace& a, const KernelPlace& b) { return a.mu != b.mu ? a.mu < b.mu : a.age < b.age; }

double largest_of(const double* terms, std::size_t n) {
  constexpr std::size_t kLanes = 8;
  if (n < kLanes) return *std::max_element(terms, terms + n);
  double lanes[kLanes];
  std::copy(terms, terms + kLanes, lanes);
  std::size_t k = kLanes;
  for (; k + kLanes <= n; k += kLanes)
    for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = terms[k + i] > lanes[i] ? terms[k + i] : lanes[i];
  for (; k < n; ++k) lanes[0] = std::max(lanes[0], terms[k]);
  return *std::max_element(lanes, lanes + kLanes);
}

// log(sum of exp(terms)).
double log_sum(const double* terms, std::size_t n) {
  const double largest = largest_of(terms, n);
  if (!std::isfinite(largest)) return largest;
  const std::size_t whole = n / 8 * 8;
  double sum = sum_exp(terms, whole, largest);
  for (std::size_t k = whole; k < n; ++k) sum += std::exp(terms[k] - largest);
  return largest + std::log(sum);
}

}  // namespace

std::vector<double> kernel_weights(std::size_t n, double prior_weight, bool by_age) {
  std::vector<double> weights(n + 1, 1.0);
  if (by_age && n > kYoungest) {
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

void Mixture::reset(const Axes& axes, std::span<const std::uint32_t> part, std::span<const std::uint32_t> by_age,
                    std::size_t numbers, double prior_weight, bool weigh_by_age) {
  n_ = by_age.size();
  prior_ = numbers;
  stride_ = (numbers + 8) / 8 * 8;
  prior_weight_ = prior_weight;
  const std::vector<double> weights = kernel_weights(n_, prior_weight, weigh_by_age);
  weights_.assign(prior_ + 1, 0);
  log_weights_.assign(stride_, -std::numeric_limits<double>::infinity());
  const auto weigh = [&](std::size_t kernel, double weight) {
    weights_[kernel] = weight;
    log_weights_[kernel] = std::log(weight);
  };
  for (std::size_t i = 0; i < n_; ++i) weigh(by_age[i], weights[i]);
  weigh(prior_, weights[n_]);
  norms_.resize(std::max(norms_.size(), stride_), 0.0);
  is_stale_.resize(norms_.size(), 0);
  column_count_ = part.size();
  if (columns_.size() < part.size()) columns_.resize(part.size());
  for (std::size_t a = 0; a < part.size(); ++a) columns_[a].axis = &axes[part[a]];
}

void Mixture::Column::compute(std::size_t kernel, double new_mu, double new_sigma) {
  mu[kernel] = new_mu;
  sigma[kernel] = new_sigma;
  scale[kernel] = 1 / (new_sigma * std::numbers::sqrt2);
  const double a = (axis->least - new_mu) / new_sigma;
  const double b = (axis->most - new_mu) / new_sigma;
  under[kernel] = normal_below(a);
  over[kernel] = normal_below(-b);
  log_mass[kernel] = a <= 0 && b >= 0 ? std::log1p(-under[kernel] - over[kernel]) : log_normal_mass(a, b);
  log_norm[kernel] = std::log(new_sigma) + kLogRootTwoPi + log_mass[kernel];
}

// Among equal places, which follow each other, three widths are possible: of the first, the last and those between.
void Mixture::Column::classify(std::uint32_t kernel) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, members.size()); ++back) {
    const std::size_t candidate = members.size() - back;
    const std::uint32_t other = members[candidate];
    if (mu[other] != mu[kernel] || sigma[other] != sigma[kernel]) continue;
    classes[kernel] = static_cast<std::uint32_t>(candidate);
    return;
  }
  classes[kernel] = static_cast<std::uint32_t>(members.size());
  members.push_back(kernel);
}

void Mixture::make_room(Column& column) const {
  if (column.mu.size() >= stride_) return;
  for (auto* list :
       {&column.mu, &column.sigma, &column.scale, &column.log_mass, &column.log_norm, &column.under, &column.over})
    list->resize(stride_, 0.0);
}

inline void Mixture::set(Column& column, const KernelPlace& at, double sigma) {
  if (column.sigma[at.kernel] != sigma || column.mu[at.kernel] != at.mu) {
    column.compute(at.kernel, at.mu, sigma);
    if (is_stale_[at.kernel] == 0) stale_.push_back(at.kernel);
    is_stale_[at.kernel] = 1;
  }
  if (column.axis->step > 0) column.classify(at.kernel);
}

void Mixture::set_prior(Column& column) {
  const Axis& axis = *column.axis;
  const double middle = (axis.least + axis.most) / 2;
  const auto number = static_cast<std::uint32_t>(prior_);
  set(column, {axis.normal ? axis.mu : middle, number, number}, axis.normal ? axis.sigma : axis.width());
}

inline void Mixture::set_width(Column& column, std::span<const KernelPlace> sorted, std::size_t i) {
  const Axis& axis = *column.axis;
  const bool is_first = i == 0;
  const bool is_last = i + 1 == sorted.size();
  const double mu = sorted[i].mu;
  const double left = mu - (is_first ? axis.least : sorted[i - 1].mu);
  const double right = (is_last ? axis.most : sorted[i + 1].mu) - mu;
  double sigma = std::max(left, right);
  if (sorted.size() >= 2 && is_first) sigma = right;
  if (sorted.size() >= 2 && is_last) sigma = left;
  const double widest = axis.width();
  const double parts = std::min(static_cast<double>(kMostParts), static_cast<double>(sorted.size()) + 2);
  set(column, sorted[i], std::clamp(sigma, widest / parts, widest));
}

void Mixture::place(std::size_t a, std::span<const KernelPlace> sorted) {
  Column& column = columns_[a];
  make_room(column);
  column.members.clear();
  if (column.axis->step > 0)
    column.classes.assign(stride_, 0);
  else
    column.sorted.assign(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) set_width(column, sorted, i);
  set_prior(column);
}

void Mixture::update(std::size_t a, std::span<const KernelPlace> removed, std::span<const KernelPlace> added) {
  Column& column = columns_[a];
  make_room(column);
  std::vector<KernelPlace>& sorted = column.sorted;
  gaps_.clear();
  for (KernelPlace gone : removed) {
    gone.mu = column.mu[gone.kernel];
    sorted.erase(std::ranges::lower_bound(sorted, gone, stands_before));
    gaps_.push_back(gone);
  }
  for (const KernelPlace& come : added) sorted.insert(std::ranges::lower_bound(sorted, come, stands_before), come);
  // Whose neighbor came or went.
  const auto place_of = [&](const KernelPlace& at) {
    return static_cast<std::size_t>(std::ranges::lower_bound(sorted, at, stands_before) - sorted.begin());
  };
  for (const KernelPlace& gone : gaps_) {
    const std::size_t i = place_of(gone);
    if (i > 0) set_width(column, sorted, i - 1);
    if (i < sorted.size()) set_width(column, sorted, i);
  }
  for (const KernelPlace& come : added) {
    const std::size_t i = place_of(come);
    if (i > 0) set_width(column, sorted, i - 1);
    set_width(column, sorted, i);
    if (i + 1 < sorted.size()) set_width(column, sorted, i + 1);
  }
  set_prior(column);
}

// Norms are added up in the order of the axes, so that they are the same however the mixture came about.
void Mixture::normalize() {
  for (const std::uint32_t kernel : stale_) {
    double sum = 0;
    for (std::size_t a = 0; a < column_count_; ++a)
      if (is_continuous(*columns_[a].axis)) sum += columns_[a].log_norm[kernel];
    norms_[kernel] = sum;
    is_stale_[kernel] = 0;
  }
  stale_.clear();
  offsets_.resize(stride_);
  for (std::size_t k = 0; k < stride_; ++k) offsets_[k] = log_weights_[k] - norms_[k];
}

void Mixture::choose(std::size_t a, std::span<const std::uint32_t> by_age, std::span<const std::uint32_t> choices) {
  Column& column = columns_[a];
  column.chosen.assign(prior_ + 1, 0);
  for (std::size_t i = 0; i < n_; ++i) column.chosen[by_age[i]] = choices[i];
}

double Mixture::probability(std::size_t a, std::size_t kernel, std::size_t choice) const {
  const Column& column = columns_[a];
  if (kernel == prior_) return column.axis->probabilities[choice];
  // Every choice has the prior's weight, spread over the kernels; the chosen one has 1 more.
  const double share = prior_weight_ / static_cast<double>(n_ + 1);
  const double sum = 1 + share * static_cast<double>(column.axis->choices);
  return (share + (column.chosen[kernel] == choice ? 1 : 0)) / sum;
}

void Mixture::add_stepped(const Column& column, const double* x, std::size_t count) {
  const Axis& axis = *column.axis;
  masses_.resize(column.members.size());
  for (std::size_t c = 0; c < count; ++c) {
    // Candidates often agree in a stepped value: the first has done the work for the others.
    if (std::find(x, x + c, x[c]) != x + c) continue;
    const double low = std::max(axis.cell_low(x[c]), axis.least);
    const double high = std::min(axis.cell_high(x[c]), axis.most);
    for (std::size_t i = 0; i < masses_.size(); ++i) {
      const std::uint32_t k = column.members[i];
      const double sigma = column.sigma[k];
      masses_[i] = log_normal_mass((low - column.mu[k]) / sigma, (high - column.mu[k]) / sigma) - column.log_mass[k];
    }
    for (std::size_t other = c; other < count; ++other) {
      if (x[other] != x[c]) continue;
      for (std::size_t k = 0; k <= prior_; ++k) sums_[other * stride_ + k] += masses_[column.classes[k]];
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
    for (std::size_t k = 0; k < prior_; ++k) row[k] += column.chosen[k] == choice ? hit : miss;
    row[prior_] += std::log(column.axis->probabilities[choice]);
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
  sums_ = log_weights_;
  for (std::size_t a = 0; a < column_count_; ++a) {
    const Column& column = columns_[a];
    if (given[a] == 0 || !is_continuous(*column.axis)) continue;
    for (std::size_t k = 0; k <= prior_; ++k) sums_[k] -= column.log_norm[k];
    subtract_squares(sums_.data(), stride_, column.mu.data(), column.scale.data(), stride_, &values[a], 1);
  }
  add_discrete(values, 1, given);
  std::vector<double> weights(sums_.begin(), sums_.begin() + static_cast<std::ptrdiff_t>(prior_ + 1));
  const double total = log_sum(weights.data(), weights.size());
  if (!std::isfinite(total)) return weights_;
  for (double& weight : weights) weight = std::exp(weight - total);
  return weights;
}

void Mixture::log_density(std::span<const double> values, std::size_t count, std::span<double> out) {
  normalize();
  sums_.resize(count * stride_);
  for (std::size_t c = 0; c < count; ++c)
    std::ranges::copy(offsets_, sums_.begin() + static_cast<std::ptrdiff_t>(c * stride_));
  for (std::size_t first = 0; first < stride_; first += kBlock) {
    const std::size_t size = std::min(kBlock, stride_ - first);
    for (std::size_t a = 0; a < column_count_; ++a) {
      const Column& column = columns_[a];
      if (!is_continuous(*column.axis)) continue;
      subtract_squares(sums_.data() + first, stride_, column.mu.data() + first, column.scale.data() + first, size,
                       values.data() + a * count, count);
    }
  }
  add_discrete(values, count, {});
  for (std::size_t c = 0; c < count; ++c) out[c] = log_sum(sums_.data() + c * stride_, prior_ + 1);
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
  const double sigma = column.sigma[kernel];
  const double mu = column.mu[kernel];
  const double least = (axis.least - mu) / sigma;
  const double most = (axis.most - mu) / sigma;
  if (least > 0 || most < 0) return mu + sigma * truncated_quantile(u, least, most);
  return mu + sigma * truncated_quantile(u, least, most, column.under[kernel], column.over[kernel]);
}

}  // namespace searchers
