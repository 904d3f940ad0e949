// Losses of embeddings, which are the last layer's outputs z: near each other for equal labels, apart for others.
//
//   d_ij = |z_i - z_j|; z is taken as it is, not brought to length 1
//   contrastive  mean over pairs i < j of  1/2 d_ij^2                       where the labels are equal,
//                                          1/2 max(0, margin - d_ij)^2      where they differ
//   triplet      mean over all triplets (a, p, n) of  max(0, d_ap^2 - d_an^2 + margin),
//                a and p two samples of one label, n a sample of another
//
// Pairs and triplets are formed within pieces of pair_batch consecutive samples, so that memory and time are bounded;
// the last piece may be smaller. The loss of a batch is the mean of its pieces', each weighted by its samples. A piece
// without pairs or triplets counts 0. One with a distance that is not finite has the loss and derivatives NaN.
//
// The mean is over all triplets, also those whose loss is 0. A mean over those with a loss (Hermans, "batch hard and
// non-zero") jumps where one more triplet gets a loss: it would have no gradient there, and could rise while every
// triplet gets better.
// Where unequal labels have d = 0 the derivative does not exist; 0 stands for it, as in PyTorch. At max(0, 0), too, it
// is 0.
// Source: contrastive: Hadsell, Chopra, LeCun 2006, eq. 4. triplet: Schroff, Kalenichenko, Philbin 2015, eq. 3, over
// all triplets as in Hermans, Beyer, Leibe 2017, eq. 6 ("batch all").
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "losses.hpp"

namespace tuner::objectives {

enum class EmbeddingLossKind : std::uint32_t { contrastive, triplet };

struct EmbeddingSettings {
  EmbeddingLossKind kind = EmbeddingLossKind::contrastive;
  double margin = 1;
  std::int64_t pair_batch = 256;
};

// Called as Losses. Sums and derivatives are computed in double precision and are the same bits for the same z.
// Cost for a piece of m samples: m^2 doubles; time m^2 (outputs + log m).
// Threads: one at a time.
template <class T>
class EmbeddingLosses {
 public:
  EmbeddingLosses(EmbeddingSettings settings, std::ptrdiff_t outputs);

  // Sums over n samples: each piece's loss times its samples. accuracy: samples whose nearest other sample of the piece
  // (the first one of several) has their label. delta, as large as z, becomes weight times the derivative of the loss
  // by z with with_delta, and is left alone without. Training or not makes no difference.
  BatchResult evaluate(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, bool training, bool with_delta,
                       T weight, T* delta);

  // delta_rate = derivative of delta along z_rate.
  void rates(const T* z, const T* z_rate, const std::uint32_t* labels, std::ptrdiff_t n, T weight, T* delta_rate);

 private:
  using Labels = std::span<const std::uint32_t>;
  // The number of a sum's terms, and whether all distances are finite.
  struct Sum {
    double loss = 0;
    double terms = 0;
    bool finite = true;
  };
  template <class Action>
  void for_pieces(const std::uint32_t* labels, std::ptrdiff_t n, Action&& action);
  template <class Row>
  Sum sum(const T* z, Labels labels, Row&& row);
  bool measure(const T* z, std::size_t n);
  void add_pairs(Labels labels, std::size_t i, Sum& sum);
  void add_triplets(Labels labels, std::size_t a, Sum& sum);
  [[nodiscard]] double hits(Labels labels) const;
  void add_differences(const std::vector<double>& values, std::size_t i);
  void bend_factors(std::size_t i);
  void store(const Sum& sum, std::size_t n, T weight, T* out) const;

  EmbeddingSettings settings_;
  std::size_t outputs_;
  // Of a piece: its outputs, their rates, d^2 of all pairs, and the derivatives by the outputs of a sum of losses.
  std::vector<double> z_, z_rate_, squares_, derivatives_;
  // Of one sample i and each other j: the part of the sum that i begins has the derivative by z_i of
  // sum_j factor_j (z_i - z_j), and by z_j the negative of its term.
  std::vector<double> factors_;
  // Of one anchor: the samples of its label from near to far, the sum of their d^2 from each on, and how many of the
  // other samples have their first loss with each.
  struct Positive {
    double square;
    std::size_t index;
  };
  std::vector<Positive> positives_;
  std::vector<double> far_, starts_;
};

extern template class EmbeddingLosses<float>;
extern template class EmbeddingLosses<double>;

}  // namespace tuner::objectives
