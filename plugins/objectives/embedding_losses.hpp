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
// Cost for a piece of m samples: m^2 doubles twice; time m^2 (outputs + log m).
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
  struct Piece {
    const T* z;
    std::span<const std::uint32_t> labels;
    [[nodiscard]] std::size_t size() const { return labels.size(); }
  };
  // Sums, the number of their terms, and whether all distances are finite. The derivative by z_i of the sum is
  // sum_j factor_ij (z_i - z_j).
  struct Sum {
    double loss = 0;
    double terms = 0;
    bool finite = true;
  };
  template <class Action>
  void for_pieces(const T* z, const std::uint32_t* labels, std::ptrdiff_t n, Action&& action);
  Sum sum(const Piece& piece);
  bool measure(const Piece& piece);
  Sum contrastive(const Piece& piece);
  Sum triplet(const Piece& piece);
  void anchor(const Piece& piece, std::size_t a, Sum& sum);
  [[nodiscard]] double hits(const Piece& piece) const;
  void add_differences(const T* values, std::size_t n, const std::vector<double>& factors);
  void bend(const Piece& piece, const T* z_rate);
  void store(const Piece& piece, const Sum& sum, T weight, T* out) const;

  EmbeddingSettings settings_;
  std::size_t outputs_;
  std::vector<double> squares_, factors_;  // of every pair: d^2, and the factor of z_i - z_j
  std::vector<double> derivatives_;        // by the outputs of the piece
  // Of one anchor: the samples of its label from near to far, and how many triplets with a loss each begins.
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
