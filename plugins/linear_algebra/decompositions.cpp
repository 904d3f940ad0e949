#include "decompositions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "buffer.hpp"
#include "dispatch.hpp"
#include "products.hpp"
#include "reflectors.hpp"

namespace tuner::linear_algebra {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t kIterations = 30;    // for an eigenvalue, in the mean
constexpr std::size_t kRotations = 32768;  // that are collected before they are applied: they stay in the second cache
constexpr std::size_t kPanel = 32, kFactorBlock = 64;

struct Tridiagonal {
  std::vector<double> diagonal, below;  // below[i] couples i and i + 1; its last value is 0
};

// a = Q T Q': T is returned, and v_k of Q = H_0 H_1 ... is left in row k of a from k + 1 on.
//   p = tau A v,  w = p - tau / 2 (p'v) v,  A -= v w' + w v'
// The update of A by one reflection and its product with the next one's v are one pass over A, above its diagonal.
Tridiagonal reduce(std::size_t n, double* a, std::vector<double>& taus) {
  Tridiagonal t{std::vector<double>(n), std::vector<double>(n)};
  taus.assign(n, 0.0);
  std::vector<double> v(n), w(n), p(n);  // at the columns of a; v and w: of the reflection before
  const EigenKernels& kernel = kernels(Rounding::separate).eigen;
  for (std::size_t k = 0; k + 1 < n; ++k) {
    double* const row = a + k * n;
    for (std::size_t j = k; j < n; ++j) row[j] -= v[k] * w[j] + w[k] * v[j];
    t.diagonal[k] = row[k];
    const std::size_t first = k + 1, size = n - first;
    const Reflection turn = reflect(row + first, size);
    taus[k] = turn.tau;
    t.below[k] = turn.beta;
    std::fill(p.begin(), p.end(), 0.0);
    kernel.update_and_multiply(a + first * n + first, n, size, v.data() + first, w.data() + first, row + first,
                               p.data() + first);
    std::copy(row + first, row + n, v.begin() + static_cast<std::ptrdiff_t>(first));
    for (std::size_t j = first; j < n; ++j) p[j] *= turn.tau;
    const double share = turn.tau / 2 * dot(p.data() + first, v.data() + first, size);
    for (std::size_t j = first; j < n; ++j) w[j] = p[j] - share * v[j];
  }
  const double rest = 2 * v[n - 1] * w[n - 1];
  t.diagonal[n - 1] = n > 1 ? a[n * n - 1] - rest : a[0];
  return t;
}

// Rotations of neighboring rows, collected and applied to all columns at once.
class Rotations {
 public:
  Rotations(std::size_t n, double* rows) : n_(n), rows_(rows), workspace_(n * 64) {
    values_.reserve(2 * (kRotations + n));
  }
  void begin() { start_ = values_.size(); }
  void add(double cosine, double sine) {
    values_.push_back(cosine);
    values_.push_back(sine);
  }
  // The sweep's first rotation turned row `top` and the next.
  void end(std::size_t top) {
    const std::size_t count = (values_.size() - start_) / 2;
    if (count > 0) sweeps_.push_back({top + 1 - count, count, values_.data() + start_});
    if (values_.size() >= 2 * kRotations) apply();
  }
  void apply() {
    kernels(Rounding::separate).eigen.rotate_rows(rows_, n_, n_, n_, sweeps_.data(), sweeps_.size(), workspace_.data());
    sweeps_.clear();
    values_.clear();
  }

 private:
  std::size_t n_, start_ = 0;
  double* rows_;
  std::vector<double> workspace_, values_;
  std::vector<RotationSweep> sweeps_;
};

// One sweep over l..m of T - shift I = Q L, T = L Q + shift I, from the bottom up.
void sweep(Tridiagonal& t, std::size_t l, std::size_t m, Rotations& rotations) {
  std::vector<double>&d = t.diagonal, &e = t.below;
  const double half = (d[l + 1] - d[l]) / (2 * e[l]), root = std::sqrt(half * half + 1);
  double g = d[m] - d[l] + e[l] / (half + (half < 0 ? -root : root));
  double c = 1, s = 1, p = 0;
  rotations.begin();
  for (std::size_t i = m; i-- > l;) {
    const double f = s * e[i], b = c * e[i], r = std::sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r == 0) {  // T falls apart here
      d[i + 1] -= p;
      e[m] = 0;
      return rotations.end(m - 1);
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const double q = (d[i] - g) * s + 2 * c * b;
    p = s * q;
    d[i + 1] = g + p;
    g = c * q - b;
    rotations.add(c, s);
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
  rotations.end(m - 1);
}

// The iteration finds the eigenvalues from the top down, quickly where the small ones are there.
void put_small_first(Tridiagonal& t, std::size_t n, double* rows) {
  if (std::abs(t.diagonal.front()) <= std::abs(t.diagonal.back())) return;
  std::reverse(t.diagonal.begin(), t.diagonal.end());
  std::reverse(t.below.begin(), t.below.end() - 1);
  for (std::size_t i = 0; i < n / 2; ++i) std::swap_ranges(rows + i * n, rows + (i + 1) * n, rows + (n - 1 - i) * n);
}

// Diagonalizes T, whose largest values are about 1, and turns `rows` along.
bool diagonalize(Tridiagonal& t, std::size_t n, double* rows) {
  put_small_first(t, n, rows);
  Rotations rotations(n, rows);
  std::size_t left = kIterations * n;
  for (std::size_t l = 0; l < n; ++l)
    for (;;) {
      std::size_t m = l;
      for (; m + 1 < n; ++m) {
        const double coupling = std::abs(t.below[m]);
        const double around = std::abs(t.diagonal[m]) + std::abs(t.diagonal[m + 1]);
        if (coupling <= kEpsilon * std::max(around, 0x1p-6)) break;
      }
      if (m == l) break;
      if (left-- == 0) return false;
      sweep(t, l, m, rotations);
    }
  rotations.apply();
  return true;
}

}  // namespace

bool symmetric_eigenvectors(std::size_t n, double* a, double* values, double* vectors) {
  if (n == 0) return true;
  double largest = 0;
  for (std::size_t i = 0; i < n * n; ++i) {
    if (!std::isfinite(a[i])) return false;
    largest = std::max(largest, std::abs(a[i]));
  }
  // By a power of two, which changes no digit: nothing overflows, and what is small is so beside 1.
  const int exponent = largest > 0 ? std::ilogb(largest) : 0;
  const double half = std::ldexp(1.0, -exponent / 2), other_half = std::ldexp(1.0, -exponent + exponent / 2);
  for (std::size_t i = 0; i < n * n; ++i) a[i] = a[i] * half * other_half;
  std::vector<double> taus;
  Tridiagonal t = reduce(n, a, taus);
  Buffer<double> rows(n * n);
  transposed_product(a, n, n - 1, 1, taus.data(), rows.data());
  if (!diagonalize(t, n, rows.data())) return false;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return t.diagonal[i] < t.diagonal[j]; });
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = std::ldexp(t.diagonal[order[i]], exponent);
    std::copy_n(rows.data() + order[i] * n, n, vectors + i * n);
  }
  return true;
}

// The columns of m are the rows of its transpose.
void orthogonal_factor(std::size_t n, double* m, double* q) {
  std::vector<double> taus(n), signs(n);
  Buffer<double> transposed(n * n);
  for (std::size_t begin = 0; begin < n; begin += kPanel) {
    const std::size_t end = std::min(n, begin + kPanel);
    for (std::size_t k = begin; k < end; ++k) {
      double* const v = m + k * n + k;
      const Reflection turn = reflect(v, n - k);
      taus[k] = turn.tau;
      signs[k] = turn.beta < 0 ? -1 : 1;
      for (std::size_t row = k + 1; row < end; ++row) {
        double* const x = m + row * n + k;
        const double share = turn.tau * dot(x, v, n - k);
        for (std::size_t j = 0; j < n - k; ++j) x[j] -= share * v[j];
      }
    }
    if (end == n) break;
    const BlockReflector block(m + begin * n, n, begin, end - begin, n, taus.data() + begin);
    block.apply(m + end * n + begin, n - end, n, false);
  }
  transposed_product(m, n, n, 0, taus.data(), transposed.data());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) q[i * n + j] = signs[j] * transposed[j * n + i];
}

namespace {

// Of `size` rows from the diagonal on. False: a pivot is not positive.
bool factor_block(double* a, std::size_t step, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) {
    double* const row = a + j * step;
    const double pivot = row[j] - dot(row, row, j);
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    row[j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < size; ++i) a[i * step + j] = (a[i * step + j] - dot(a + i * step, row, j)) / row[j];
  }
  return true;
}

// The inverse of a lower triangle, with zeros above.
std::vector<double> inverse_of(const double* l, std::size_t step, std::size_t size) {
  std::vector<double> inverse(size * size);
  for (std::size_t j = 0; j < size; ++j) {
    inverse[j * size + j] = 1 / l[j * step + j];
    for (std::size_t i = j + 1; i < size; ++i) {
      double sum = 0;
      for (std::size_t k = j; k < i; ++k) sum += l[i * step + k] * inverse[k * size + j];
      inverse[i * size + j] = -sum / l[i * step + i];
    }
  }
  return inverse;
}

}  // namespace

// By columns of blocks:  A_ij -= L_i L_j',  A_jj = L_jj L_jj',  L_ij = A_ij L_jj^-T
bool cholesky(std::size_t n, double* a) {
  Buffer<double> panel(n * std::min(n, kFactorBlock));
  for (std::size_t j = 0; j < n; j += kFactorBlock) {
    const std::size_t size = std::min(kFactorBlock, n - j), end = j + size;
    if (j > 0) {
      multiply(Rounding::separate, by_rows<double>(a + j * n, n - j, j, n),
               by_rows<double>(a + j * n, size, j, n).transposed(), into(panel.data(), size));
      for (std::size_t i = j; i < n; ++i)
        for (std::size_t k = 0; k < size; ++k) a[i * n + j + k] -= panel[(i - j) * size + k];
    }
    if (!factor_block(a + j * n + j, n, size)) return false;
    if (end == n) return true;
    const std::vector<double> inverse = inverse_of(a + j * n + j, n, size);
    multiply(Rounding::separate, by_rows<double>(a + end * n + j, n - end, size, n),
             by_rows(inverse.data(), size, size).transposed(), into(panel.data(), size));
    for (std::size_t i = end; i < n; ++i) std::copy_n(panel.data() + (i - end) * size, size, a + i * n + j);
  }
  return true;
}

void cholesky_solve(std::size_t n, const double* l, std::span<double> x) {
  for (std::size_t i = 0; i < n; ++i) x[i] = (x[i] - dot(l + i * n, x.data(), i)) / l[i * n + i];
  for (std::size_t i = n; i-- > 0;) {
    x[i] /= l[i * n + i];
    for (std::size_t k = 0; k < i; ++k) x[k] -= x[i] * l[i * n + k];
  }
}

}  // namespace tuner::linear_algebra
