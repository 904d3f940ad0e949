// Householder reflections, and many of them applied at once.
#pragma once

#include <cstddef>

#include "buffer.hpp"

namespace tuner::linear_algebra {

// H = I - tau v v' turns x into (beta, 0, ...). v, whose first value is 1, takes the place of x; tau is 0 where nothing
// needs turning. beta's sign is opposite to that of x_0, so that nothing cancels.
struct Reflection {
  double tau, beta;
};
[[nodiscard]] Reflection reflect(double* x, std::size_t n);

// H_0 H_1 ... H_(count-1) = I - V T V', where v_i stands in row i of `rows` from `first` + i on and is 0 before. On
// matrices of `n` columns.
// Source: Schreiber, Van Loan 1989.
class BlockReflector {
 public:
  BlockReflector(const double* rows, std::size_t row_step, std::size_t first, std::size_t count, std::size_t n,
                 const double* taus);
  // x = x (H_0 H_1 ...), or x (... H_1 H_0) where reversed, for `height` rows x of the columns from first() on.
  void apply(double* x, std::size_t height, std::size_t row_step, bool reversed) const;
  [[nodiscard]] std::size_t first() const { return first_; }

 private:
  std::size_t first_, count_, n_;
  Buffer<double> v_, t_;  // count x (n - first), count x count
};

// q = (H_0 H_1 ... H_(count-1))', n x n, where v_i stands in row i from i + offset on.
void transposed_product(const double* rows, std::size_t n, std::size_t count, std::size_t offset, const double* taus,
                        double* q);

}  // namespace tuner::linear_algebra
