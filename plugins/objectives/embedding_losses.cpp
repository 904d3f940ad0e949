#include "embedding_losses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tuner::objectives {

template <class T>
EmbeddingLosses<T>::EmbeddingLosses(EmbeddingSettings settings, std::ptrdiff_t outputs)
    : settings_(settings), outputs_(static_cast<std::size_t>(outputs)) {}

// action(first, labels)
template <class T>
template <class Action>
void EmbeddingLosses<T>::for_pieces(const std::uint32_t* labels, std::ptrdiff_t n, Action&& action) {
  const auto all = static_cast<std::size_t>(n), size = static_cast<std::size_t>(settings_.pair_batch);
  for (std::size_t first = 0; first < all; first += size)
    action(first, Labels(labels + first, std::min(size, all - first)));
}

// Differences first: |z_i|^2 + |z_j|^2 - 2 z_i z_j would cancel where samples are near each other.
template <class T>
bool EmbeddingLosses<T>::measure(const T* z, std::size_t n) {
  z_.assign(z, z + n * outputs_);
  squares_.assign(n * n, 0.0);
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      double square = 0;
      for (std::size_t k = 0; k < outputs_; ++k) {
        const double difference = z_[i * outputs_ + k] - z_[j * outputs_ + k];
        square += difference * difference;
      }
      squares_[i * n + j] = squares_[j * n + i] = square;
      finite = finite && std::isfinite(square);
    }
  return finite;
}

// row(i), for every sample whose pairs and triplets have been added and have their factors.
template <class T>
template <class Row>
typename EmbeddingLosses<T>::Sum EmbeddingLosses<T>::sum(const T* z, Labels labels, Row&& row) {
  if (!measure(z, labels.size()))
    return {.loss = std::numeric_limits<double>::quiet_NaN(), .terms = 1, .finite = false};
  derivatives_.assign(labels.size() * outputs_, 0.0);
  Sum sum;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    factors_.assign(labels.size(), 0.0);
    if (settings_.kind == EmbeddingLossKind::contrastive)
      add_pairs(labels, i, sum);
    else
      add_triplets(labels, i, sum);
    row(i);
  }
  return sum;
}

// With the samples behind i. Of 1/2 d^2 the derivative by z_i is z_i - z_j, of 1/2 (margin - d)^2 it is
// (1 - margin / d) (z_i - z_j).
template <class T>
void EmbeddingLosses<T>::add_pairs(Labels labels, std::size_t i, Sum& sum) {
  const std::size_t n = labels.size();
  sum.terms += static_cast<double>(n - i - 1);
  for (std::size_t j = i + 1; j < n; ++j) {
    const double square = squares_[i * n + j];
    if (labels[i] == labels[j]) {
      sum.loss += 0.5 * square;
      factors_[j] = 1;
    } else if (const double d = std::sqrt(square), gap = settings_.margin - d; gap > 0) {
      sum.loss += 0.5 * gap * gap;
      factors_[j] = d > 0 ? -gap / d : 0;
    }
  }
}

// All triplets of an anchor a, without going through them one by one: with its P positives sorted by their distances, a
// negative n has a loss with those from the k-th on, k the first with d_an^2 < d_ap^2 + margin. Its sum of losses is
//   sum_{p >= k} d_ap^2 + (P - k) (margin - d_an^2)
// A factor is twice the number of triplets with a loss that the pair is in, negative for an unequal pair.
template <class T>
void EmbeddingLosses<T>::add_triplets(Labels labels, std::size_t a, Sum& sum) {
  const double* squares = squares_.data() + a * labels.size();
  positives_.clear();
  for (std::size_t j = 0; j < labels.size(); ++j)
    if (j != a && labels[j] == labels[a]) positives_.push_back({squares[j], j});
  std::ranges::sort(positives_, [](const Positive& one, const Positive& other) {
    return one.square != other.square ? one.square < other.square : one.index < other.index;
  });
  const std::size_t count = positives_.size();
  far_.assign(count + 1, 0.0);
  for (std::size_t p = count; p-- > 0;) far_[p] = far_[p + 1] + positives_[p].square;
  starts_.assign(count + 1, 0.0);
  for (std::size_t j = 0; j < labels.size(); ++j) {
    if (labels[j] == labels[a]) continue;
    sum.terms += static_cast<double>(count);
    const auto first = std::ranges::partition_point(
        positives_, [&](const Positive& p) { return !(squares[j] < p.square + settings_.margin); });
    const auto k = static_cast<std::size_t>(first - positives_.begin());
    const auto active = static_cast<double>(count - k);
    sum.loss += std::max(0.0, far_[k] + active * (settings_.margin - squares[j]));
    starts_[k] += 1;
    factors_[j] = -2 * active;
  }
  double active = 0;
  for (std::size_t p = 0; p < count; ++p) {
    active += starts_[p];
    factors_[positives_[p].index] = 2 * active;
  }
}

template <class T>
double EmbeddingLosses<T>::hits(Labels labels) const {
  const std::size_t n = labels.size();
  double hits = 0;
  for (std::size_t i = 0; i < n && n > 1; ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    for (std::size_t j = nearest + 1; j < n; ++j)
      if (j != i && squares_[i * n + j] < squares_[i * n + nearest]) nearest = j;
    hits += labels[nearest] == labels[i] ? 1 : 0;
  }
  return hits;
}

template <class T>
void EmbeddingLosses<T>::add_differences(const std::vector<double>& values, std::size_t i) {
  const double* const one = values.data() + i * outputs_;
  double* const out = derivatives_.data() + i * outputs_;
  for (std::size_t j = 0; j < factors_.size(); ++j) {
    const double factor = factors_[j];
    if (factor == 0) continue;
    const double* const other = values.data() + j * outputs_;
    double* const other_out = derivatives_.data() + j * outputs_;
    for (std::size_t k = 0; k < outputs_; ++k) {
      const double term = factor * (one[k] - other[k]);
      out[k] += term;
      other_out[k] -= term;
    }
  }
}

// The factors become their derivatives along z_rate: 0, and margin (z_i - z_j) (z_i' - z_j') / d^3 of contrastive's
// unequal pairs with a loss, which are those with a negative factor.
template <class T>
void EmbeddingLosses<T>::bend_factors(std::size_t i) {
  const std::size_t n = factors_.size();
  for (std::size_t j = 0; j < n; ++j) {
    double rate = 0;
    if (factors_[j] < 0 && settings_.kind == EmbeddingLossKind::contrastive) {
      for (std::size_t k = 0; k < outputs_; ++k)
        rate += (z_[i * outputs_ + k] - z_[j * outputs_ + k]) * (z_rate_[i * outputs_ + k] - z_rate_[j * outputs_ + k]);
      rate = settings_.margin * (rate / squares_[i * n + j]) / std::sqrt(squares_[i * n + j]);
    }
    factors_[j] = rate;
  }
}

// The piece counts as its n samples, of a mean over terms.
template <class T>
void EmbeddingLosses<T>::store(const Sum& sum, std::size_t n, T weight, T* out) const {
  const double scale = sum.terms == 0 ? 0 : static_cast<double>(weight) * static_cast<double>(n) / sum.terms;
  for (std::size_t i = 0; i < n * outputs_; ++i)
    out[i] = sum.finite ? static_cast<T>(scale * derivatives_[i]) : std::numeric_limits<T>::quiet_NaN();
}

template <class T>
BatchResult EmbeddingLosses<T>::evaluate(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, bool /*training*/,
                                         bool with_delta, T weight, T* delta) {
  BatchResult result;
  for_pieces(labels, n, [&](std::size_t first, Labels piece) {
    const Sum sums = sum(z + first * outputs_, piece, [&](std::size_t i) {
      if (with_delta) add_differences(z_, i);
    });
    if (sums.terms > 0) result.loss += static_cast<double>(piece.size()) * sums.loss / sums.terms;
    if (sums.finite) result.accuracy += hits(piece);
    if (with_delta) store(sums, piece.size(), weight, delta + first * outputs_);
  });
  return result;
}

template <class T>
void EmbeddingLosses<T>::rates(const T* z, const T* z_rate, const std::uint32_t* labels, std::ptrdiff_t n, T weight,
                               T* delta_rate) {
  for_pieces(labels, n, [&](std::size_t first, Labels piece) {
    const T* const rate = z_rate + first * outputs_;
    z_rate_.assign(rate, rate + piece.size() * outputs_);
    const Sum sums = sum(z + first * outputs_, piece, [&](std::size_t i) {
      add_differences(z_rate_, i);
      bend_factors(i);
      add_differences(z_, i);
    });
    store(sums, piece.size(), weight, delta_rate + first * outputs_);
  });
}

template class EmbeddingLosses<float>;
template class EmbeddingLosses<double>;

}  // namespace tuner::objectives
