#include "embedding_losses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tuner::objectives {

template <class T>
EmbeddingLosses<T>::EmbeddingLosses(EmbeddingSettings settings, std::ptrdiff_t outputs)
    : settings_(settings), outputs_(static_cast<std::size_t>(outputs)) {}

// action(first, piece)
template <class T>
template <class Action>
void EmbeddingLosses<T>::for_pieces(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, Action&& action) {
  const auto all = static_cast<std::size_t>(n), size = static_cast<std::size_t>(settings_.pair_batch);
  for (std::size_t first = 0; first < all; first += size)
    action(first, Piece{z + first * outputs_, {labels + first, std::min(size, all - first)}});
}

// Differences first: |z_i|^2 + |z_j|^2 - 2 z_i z_j would cancel where samples are near each other.
template <class T>
bool EmbeddingLosses<T>::measure(const Piece& piece) {
  const std::size_t n = piece.size();
  squares_.assign(n * n, 0.0);
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      double square = 0;
      for (std::size_t k = 0; k < outputs_; ++k) {
        const double difference =
            static_cast<double>(piece.z[i * outputs_ + k]) - static_cast<double>(piece.z[j * outputs_ + k]);
        square += difference * difference;
      }
      squares_[i * n + j] = squares_[j * n + i] = square;
      finite = finite && std::isfinite(square);
    }
  return finite;
}

template <class T>
typename EmbeddingLosses<T>::Sum EmbeddingLosses<T>::sum(const Piece& piece) {
  if (!measure(piece)) return {.loss = std::numeric_limits<double>::quiet_NaN(), .terms = 1, .finite = false};
  factors_.assign(piece.size() * piece.size(), 0.0);
  return settings_.kind == EmbeddingLossKind::contrastive ? contrastive(piece) : triplet(piece);
}

// Of 1/2 d^2 the derivative by z_i is z_i - z_j, of 1/2 (margin - d)^2 it is (1 - margin / d) (z_i - z_j).
template <class T>
typename EmbeddingLosses<T>::Sum EmbeddingLosses<T>::contrastive(const Piece& piece) {
  const std::size_t n = piece.size();
  Sum sum{.terms = 0.5 * static_cast<double>(n) * (static_cast<double>(n) - 1)};
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      const double square = squares_[i * n + j];
      double factor = 0;
      if (piece.labels[i] == piece.labels[j]) {
        sum.loss += 0.5 * square;
        factor = 1;
      } else if (const double d = std::sqrt(square), gap = settings_.margin - d; gap > 0) {
        sum.loss += 0.5 * gap * gap;
        factor = d > 0 ? -gap / d : 0;
      }
      factors_[i * n + j] = factors_[j * n + i] = factor;
    }
  return sum;
}

template <class T>
typename EmbeddingLosses<T>::Sum EmbeddingLosses<T>::triplet(const Piece& piece) {
  Sum sum;
  for (std::size_t a = 0; a < piece.size(); ++a) anchor(piece, a, sum);
  return sum;
}

// All triplets of an anchor a, without counting them one by one: with its P positives sorted by their distances, a
// negative n has a loss with those from the k-th on, k the first with d_an^2 < d_ap^2 + margin. Its sum of losses is
//   sum_{p >= k} d_ap^2 + (P - k) (margin - d_an^2)
// The factor of a pair is twice the number of triplets with a loss that it is in, negative for an unequal pair.
template <class T>
void EmbeddingLosses<T>::anchor(const Piece& piece, std::size_t a, Sum& sum) {
  const std::size_t n = piece.size();
  const double* squares = squares_.data() + a * n;
  const auto add_factor = [&](std::size_t j, double factor) {
    factors_[a * n + j] += factor;
    factors_[j * n + a] += factor;
  };
  positives_.clear();
  for (std::size_t j = 0; j < n; ++j)
    if (j != a && piece.labels[j] == piece.labels[a]) positives_.push_back({squares[j], j});
  std::ranges::sort(positives_, [](const Positive& one, const Positive& other) {
    return one.square != other.square ? one.square < other.square : one.index < other.index;
  });
  const std::size_t count = positives_.size();
  far_.assign(count + 1, 0.0);  // sums of the squares from each on
  for (std::size_t p = count; p-- > 0;) far_[p] = far_[p + 1] + positives_[p].square;
  starts_.assign(count + 1, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    if (piece.labels[j] == piece.labels[a]) continue;
    sum.terms += static_cast<double>(count);
    const auto first = std::ranges::partition_point(
        positives_, [&](const Positive& p) { return !(squares[j] < p.square + settings_.margin); });
    const auto k = static_cast<std::size_t>(first - positives_.begin());
    const auto active = static_cast<double>(count - k);
    sum.loss += std::max(0.0, far_[k] + active * (settings_.margin - squares[j]));
    starts_[k] += 1;
    add_factor(j, -2 * active);
  }
  double active = 0;
  for (std::size_t p = 0; p < count; ++p) {
    active += starts_[p];
    add_factor(positives_[p].index, 2 * active);
  }
}

template <class T>
double EmbeddingLosses<T>::hits(const Piece& piece) const {
  const std::size_t n = piece.size();
  double hits = 0;
  for (std::size_t i = 0; i < n && n > 1; ++i) {
    std::size_t nearest = i == 0 ? 1 : 0;
    for (std::size_t j = nearest + 1; j < n; ++j)
      if (j != i && squares_[i * n + j] < squares_[i * n + nearest]) nearest = j;
    hits += piece.labels[nearest] == piece.labels[i] ? 1 : 0;
  }
  return hits;
}

// derivatives_i += sum_j factor_ij (values_i - values_j)
template <class T>
void EmbeddingLosses<T>::add_differences(const T* values, std::size_t n, const std::vector<double>& factors) {
  for (std::size_t i = 0; i < n; ++i) {
    double* out = derivatives_.data() + i * outputs_;
    const T* one = values + i * outputs_;
    for (std::size_t j = 0; j < n; ++j) {
      const double factor = factors[i * n + j];
      if (factor == 0) continue;
      const T* other = values + j * outputs_;
      for (std::size_t k = 0; k < outputs_; ++k)
        out[k] += factor * (static_cast<double>(one[k]) - static_cast<double>(other[k]));
    }
  }
}

// The factors become their derivatives along z_rate: 0, and margin (z_i - z_j) (z_i' - z_j') / d^3 of contrastive's
// unequal pairs with a loss, which are those with a negative factor.
template <class T>
void EmbeddingLosses<T>::bend(const Piece& piece, const T* z_rate) {
  const std::size_t n = piece.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      double rate = 0;
      if (factors_[i * n + j] < 0 && settings_.kind == EmbeddingLossKind::contrastive) {
        for (std::size_t k = 0; k < outputs_; ++k) {
          const std::size_t one = i * outputs_ + k, other = j * outputs_ + k;
          rate += (static_cast<double>(piece.z[one]) - static_cast<double>(piece.z[other])) *
                  (static_cast<double>(z_rate[one]) - static_cast<double>(z_rate[other]));
        }
        const double square = squares_[i * n + j];
        rate = settings_.margin * (rate / square) / std::sqrt(square);
      }
      factors_[i * n + j] = factors_[j * n + i] = rate;
    }
}

// The piece counts as its samples, of a mean over terms.
template <class T>
void EmbeddingLosses<T>::store(const Piece& piece, const Sum& sum, T weight, T* out) const {
  const double scale = sum.terms == 0 ? 0 : static_cast<double>(weight) * static_cast<double>(piece.size()) / sum.terms;
  for (std::size_t i = 0; i < piece.size() * outputs_; ++i)
    out[i] = sum.finite ? static_cast<T>(scale * derivatives_[i]) : std::numeric_limits<T>::quiet_NaN();
}

template <class T>
BatchResult EmbeddingLosses<T>::evaluate(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, bool /*training*/,
                                         bool with_delta, T weight, T* delta) {
  BatchResult result;
  for_pieces(z, labels, n, [&](std::size_t first, const Piece& piece) {
    const Sum sums = sum(piece);
    if (sums.terms > 0) result.loss += static_cast<double>(piece.size()) * sums.loss / sums.terms;
    if (sums.finite) result.accuracy += hits(piece);
    if (!with_delta) return;
    derivatives_.assign(piece.size() * outputs_, 0.0);
    if (sums.finite) add_differences(piece.z, piece.size(), factors_);
    store(piece, sums, weight, delta + first * outputs_);
  });
  return result;
}

template <class T>
void EmbeddingLosses<T>::rates(const T* z, const T* z_rate, const std::uint32_t* labels, std::ptrdiff_t n, T weight,
                               T* delta_rate) {
  for_pieces(z, labels, n, [&](std::size_t first, const Piece& piece) {
    const T* rate = z_rate + first * outputs_;
    const Sum sums = sum(piece);
    derivatives_.assign(piece.size() * outputs_, 0.0);
    if (sums.finite) {
      add_differences(rate, piece.size(), factors_);
      bend(piece, rate);
      add_differences(piece.z, piece.size(), factors_);
    }
    store(piece, sums, weight, delta_rate + first * outputs_);
  });
}

template class EmbeddingLosses<float>;
template class EmbeddingLosses<double>;

}  // namespace tuner::objectives
