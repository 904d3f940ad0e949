#include "reflectors.hpp"

#include <algorithm>
#include <cmath>

#include "products.hpp"

namespace tuner::linear_algebra {
namespace {

constexpr std::size_t kBlock = 32;  // reflections that are applied together

}  // namespace

// With sigma = |x_1, x_2, ...|^2:  beta = -sign(x_0) sqrt(x_0^2 + sigma),  v = x / (x_0 - beta) with 1 in front,
// tau = (beta - x_0) / beta
Reflection reflect(double* x, std::size_t n) {
  const double first = x[0];
  x[0] = 1;
  // Scaled, so that squares neither overflow nor vanish.
  double largest = 0;
  for (std::size_t i = 1; i < n; ++i) largest = std::max(largest, std::abs(x[i]));
  if (largest == 0) return {0, first};
  largest = std::max(largest, std::abs(first));
  const double scale = std::ldexp(1.0, -std::ilogb(largest));
  double sigma = 0;
  for (std::size_t i = 1; i < n; ++i) sigma += scale * x[i] * (scale * x[i]);
  const double length = std::sqrt(scale * first * (scale * first) + sigma) / scale;
  const double beta = first > 0 ? -length : length;
  for (std::size_t i = 1; i < n; ++i) x[i] /= first - beta;
  return {(beta - first) / beta, beta};
}

// T is upper triangular:  t_jj = tau_j,  t_(0..j-1, j) = -tau_j T (v_0 .. v_(j-1))' v_j
BlockReflector::BlockReflector(const double* rows, std::size_t row_step, std::size_t first, std::size_t count,
                               std::size_t n, const double* taus)
    : first_(first), count_(count), n_(n - first), v_(count * n_), t_(count * count) {
  for (std::size_t i = 0; i < count; ++i) {
    std::fill_n(v_.data() + i * n_, i, 0.0);
    std::copy(rows + i * row_step + first + i, rows + i * row_step + n, v_.data() + i * n_ + i);
  }
  std::fill_n(t_.data(), count * count, 0.0);
  Buffer<double> products(count * count);
  const Matrix<double> v = by_rows<double>(v_.data(), count, n_);
  multiply_symmetric(Rounding::separate, v, v.transposed(), products.data(), count);
  for (std::size_t j = 0; j < count; ++j) {
    t_[j * count + j] = taus[j];
    for (std::size_t i = 0; i < j; ++i) {
      double sum = 0;
      for (std::size_t k = i; k < j; ++k) sum += t_[i * count + k] * products[k * count + j];
      t_[i * count + j] = -taus[j] * sum;
    }
  }
}

// x (I - V T V') = x - ((x V) T) V', and T' for T in the other order
void BlockReflector::apply(double* x, std::size_t height, std::size_t row_step, bool reversed) const {
  Buffer<double> shares(height * count_), turned(height * count_);
  const Matrix<double> v = by_rows<double>(v_.data(), count_, n_), t = by_rows<double>(t_.data(), count_, count_);
  multiply(Rounding::separate, by_rows<double>(x, height, n_, row_step), v.transposed(), into(shares.data(), count_));
  multiply(Rounding::separate, by_rows<double>(shares.data(), height, count_), reversed ? t.transposed() : t,
           into(turned.data(), count_));
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = -turned[i];
  multiply(Rounding::separate, by_rows<double>(turned.data(), height, count_), v, added_to(x, row_step));
}

// From the last block to the first: what stands before a block's first column is still the identity.
void transposed_product(const double* rows, std::size_t n, std::size_t count, std::size_t offset, const double* taus,
                        double* q) {
  std::fill(q, q + n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) q[i * n + i] = 1;
  for (std::size_t end = count; end > 0;) {
    const std::size_t begin = (end - 1) / kBlock * kBlock, first = begin + offset;
    const BlockReflector block(rows + begin * n, n, first, end - begin, n, taus + begin);
    block.apply(q + first * n + first, n - first, n, true);
    end = begin;
  }
}

}  // namespace tuner::linear_algebra
