#include "tuner/lr_range/lanczos.hpp"

#include <tuner/abi.h>
#include <tuner/abi_random.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "linear_algebra/decompositions.hpp"
#include "linear_algebra/products.hpp"

namespace tuner::lr_range {

namespace {

using Vector = std::vector<double>;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t kChunk = 2048;  // of long vectors, which stays in the first cache

// Scaled by a power of two: neither overflows nor vanishes where the norm itself does not.
double norm(std::span<const double> v) {
  double largest = 0;
  for (const double x : v)
    if (!(std::abs(x) <= largest)) largest = std::abs(x);  // NaN stays
  if (largest == 0 || !std::isfinite(largest)) return largest;
  const double scale = std::ldexp(1.0, -std::max(std::ilogb(largest), -1000));
  double sum = 0;
  for (const double x : v) sum += (scale * x) * (scale * x);
  return std::sqrt(sum) / scale;
}

Vector random_unit(std::size_t dimension, std::uint64_t seed) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = seed;
  Vector v(dimension);
  for (double& x : v) x = tuner_rng_next_normal(&rng);
  const double length = norm(v);
  for (double& x : v) x /= length;
  return v;
}

// An orthonormal basis, the operator within it, and how far it leads out of it: A basis = basis projected + rest
// e_last'.
class Subspace {
 public:
  Subspace(const SymmetricProduct& product, Vector start, std::size_t most)
      : product_(product),
        n_(start.size()),
        most_(most),
        basis_(n_ * most),
        projected_(most * most),
        next_(std::move(start)),
        values_(most),
        vectors_(most * most) {}

  // Takes the next direction into the basis. False: its product is not finite.
  bool expand() {
    Vector image(n_);
    product_(next_, image);
    if (!std::ranges::all_of(image, [](double x) { return std::isfinite(x); })) return false;
    std::ranges::copy(next_, row(size_++));
    // Twice is enough (Parlett, Kahan): what cancellation left of the basis in the first pass goes in the second.
    Vector shares = take_shares(image);
    const Vector left = take_shares(image);
    double squares = 0;
    for (std::size_t k = 0; k < size_; ++k) {
      shares[k] += left[k];
      projected_[k * most_ + size_ - 1] = shares[k];
      projected_[(size_ - 1) * most_ + k] = shares[k];
      squares += shares[k] * shares[k];
    }
    rest_ = norm(image);
    scale_ = std::max(scale_, std::hypot(std::sqrt(squares), rest_));
    // Less than rounding is no direction: the basis is invariant.
    if (rest_ <= 8 * kEpsilon * scale_) rest_ = 0;
    for (std::size_t i = 0; rest_ > 0 && i < n_; ++i) next_[i] = image[i] / rest_;
    return true;
  }

  void solve() {
    Vector a(size_ * size_);
    for (std::size_t k = 0; k < size_; ++k) std::copy_n(projected_.data() + k * most_, size_, a.data() + k * size_);
    if (!linear_algebra::symmetric_eigenvectors(size_, a.data(), values_.data(), vectors_.data()))
      throw std::runtime_error("an eigendecomposition did not converge");
  }
  // Of the i-th largest Ritz pair.
  [[nodiscard]] double value(std::size_t i) const { return values_[size_ - 1 - i]; }
  [[nodiscard]] double residual(std::size_t i) const { return std::abs(rest_ * vectors_[(size_ - i) * size_ - 1]); }
  [[nodiscard]] double rounding() const { return 32 * kEpsilon * scale_; }

  // Keeps the Ritz vectors of the largest values alone. Their images lead out of them along `next`, whose product, when
  // it is taken, fills the row of its shares.
  void restart(std::size_t kept) {
    const auto vectors = linear_algebra::by_rows<double>(vectors_.data() + (size_ - kept) * size_, kept, size_);
    Vector turned(kept * kChunk);
    for (std::size_t first = 0; first < n_; first += kChunk) {
      const std::size_t width = std::min(kChunk, n_ - first);
      linear_algebra::multiply(linear_algebra::Rounding::separate, vectors,
                               linear_algebra::by_rows<double>(basis_.data() + first, size_, width, n_),
                               linear_algebra::into(turned.data(), width));
      for (std::size_t k = 0; k < kept; ++k) std::copy_n(turned.data() + k * width, width, row(k) + first);
    }
    std::ranges::fill(projected_, 0.0);
    for (std::size_t k = 0; k < kept; ++k) projected_[k * most_ + k] = values_[size_ - kept + k];
    size_ = kept;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool full() const { return size_ == most_; }
  [[nodiscard]] bool invariant() const { return rest_ == 0; }

 private:
  double* row(std::size_t k) { return basis_.data() + k * n_; }

  // image' basis, which is taken out of the image.
  Vector take_shares(Vector& image) {
    Vector shares(size_);
    for (std::size_t k = 0; k < size_; ++k) shares[k] = linear_algebra::dot(row(k), image.data(), n_);
    for (std::size_t first = 0; first < n_; first += kChunk)
      for (std::size_t k = 0; k < size_; ++k) {
        const double* const direction = row(k);
        for (std::size_t i = first; i < std::min(n_, first + kChunk); ++i) image[i] -= shares[k] * direction[i];
      }
    return shares;
  }

  const SymmetricProduct& product_;
  std::size_t n_, most_;
  Vector basis_, projected_, next_;  // basis: a vector after another; projected: `most` values a row
  Vector values_, vectors_;          // ascending; the Ritz vectors' shares, size() values a row
  std::size_t size_ = 0;
  double rest_ = 0, scale_ = 0;
};

double error_bound(const Subspace& space) {
  const double residual = space.residual(0);
  if (space.size() < 2) return residual;
  const double gap = space.value(0) - space.value(1) - space.residual(1);
  return gap > residual ? residual * residual / gap : residual;
}

}  // namespace

LanczosResult largest_eigenvalue(const SymmetricProduct& product, std::size_t dimension,
                                 const LanczosOptions& options) {
  assert(dimension >= 1 && options.vectors >= 8 && options.vectors <= 64);
  const std::size_t most = std::min(dimension, static_cast<std::size_t>(options.vectors));
  Subspace space(product, random_unit(dimension, options.seed), most);
  LanczosResult result;
  result.residual = result.error = std::numeric_limits<double>::infinity();
  while (result.products < options.most_products) {
    const bool finite = space.expand();
    ++result.products;
    if (!finite) {
      result.value = std::numeric_limits<double>::quiet_NaN();
      return result;
    }
    space.solve();
    result.value = space.value(0);
    result.residual = space.residual(0);
    result.error = error_bound(space);
    result.history.push_back(result.value);
    result.converged = result.residual <= std::max(options.tolerance * std::abs(result.value), space.rounding());
    // A first vector that happens to be an eigenvector's neighbor proves little: the subspace has one dimension.
    if ((result.converged && space.size() > 1) || space.invariant()) break;
    if (space.full()) space.restart(std::max<std::size_t>(1, most / 3));
  }
  return result;
}

SymmetricProduct preconditioned(SymmetricProduct product, std::span<const double> diagonal) {
  std::vector<double> scale(diagonal.size());
  std::ranges::transform(diagonal, scale.begin(), [](double p) { return 1 / std::sqrt(p); });
  return [product = std::move(product), scale = std::move(scale), scaled = std::vector<double>(diagonal.size())](
             std::span<const double> v, std::span<double> result) mutable {
    for (std::size_t i = 0; i < scale.size(); ++i) scaled[i] = scale[i] * v[i];
    product(scaled, result);
    for (std::size_t i = 0; i < scale.size(); ++i) result[i] *= scale[i];
  };
}

double central_difference_step(std::span<const double> x, std::span<const double> v, double resolution) {
  const double length = norm(v);
  return length > 0 ? std::cbrt(resolution) * (1 + norm(x)) / length : 0;
}

void central_difference_product(const GradientAt& gradient, std::span<const double> x, std::span<const double> v,
                                double h, std::span<double> product) {
  if (std::ranges::all_of(v, [](double value) { return value == 0; })) {
    std::ranges::fill(product, 0.0);
    return;
  }
  std::vector<double> moved(x.size()), behind(x.size());
  const auto gradient_at = [&](double step, std::span<double> result) {
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] = x[i] + step * v[i];
    gradient(moved, result);
  };
  gradient_at(h, product);
  gradient_at(-h, behind);
  for (std::size_t i = 0; i < x.size(); ++i) product[i] = (product[i] - behind[i]) / (2 * h);
}

}  // namespace tuner::lr_range
