#include "tuner/lr_range/lanczos.hpp"

#include <tuner/abi.h>
#include <tuner/abi_random.h>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace tuner::lr_range {

namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Index = Eigen::Index;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

Vector random_unit(Index dimension, std::uint64_t seed) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = seed;
  Vector v(dimension);
  for (double& x : v) x = tuner_rng_next_normal(&rng);
  return v.normalized();
}

// An orthonormal basis, the operator within it, and how far it leads out of it: A basis = basis projected + rest
// e_last'.
class Subspace {
 public:
  Subspace(const SymmetricProduct& product, Vector start, Index most)
      : product_(product), basis_(start.size(), most), projected_(Matrix::Zero(most, most)), next_(std::move(start)) {}

  // Takes the next direction into the basis. False: its product is not finite.
  bool expand() {
    Vector image(next_.size());
    product_({next_.data(), static_cast<std::size_t>(next_.size())},
             {image.data(), static_cast<std::size_t>(image.size())});
    if (!image.allFinite()) return false;
    basis_.col(size_++) = next_;
    const auto basis = basis_.leftCols(size_);
    // Twice is enough (Parlett, Kahan): what cancellation left of the basis in the first pass goes in the second.
    Vector shares = basis.transpose() * image;
    image.noalias() -= basis * shares;
    const Vector left = basis.transpose() * image;
    image.noalias() -= basis * left;
    shares += left;
    projected_.col(size_ - 1).head(size_) = shares;
    projected_.row(size_ - 1).head(size_) = shares.transpose();
    scale_ = std::max(scale_, std::hypot(shares.norm(), image.norm()));
    rest_ = image.norm();
    // Less than rounding is no direction: the basis is invariant.
    if (rest_ <= 8 * kEpsilon * scale_) rest_ = 0;
    if (rest_ > 0) next_ = image / rest_;
    return true;
  }

  void solve() {
    solver_.compute(projected_.topLeftCorner(size_, size_));
    values_ = solver_.eigenvalues();
  }
  // Of the i-th largest Ritz pair.
  [[nodiscard]] double value(Index i) const { return values_[size_ - 1 - i]; }
  [[nodiscard]] double residual(Index i) const {
    return std::abs(rest_ * solver_.eigenvectors()(size_ - 1, size_ - 1 - i));
  }
  [[nodiscard]] double rounding() const { return 32 * kEpsilon * scale_; }

  // Keeps the Ritz vectors of the largest values alone. Their images lead out of them along `next`, whose product, when
  // it is taken, fills the row of its shares.
  void restart(Index kept) {
    const Matrix vectors = solver_.eigenvectors().rightCols(kept);
    const Vector values = values_.tail(kept);
    basis_.leftCols(kept) = (basis_.leftCols(size_) * vectors).eval();
    projected_.setZero();
    projected_.diagonal().head(kept) = values;
    size_ = kept;
  }

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] bool full() const { return size_ == basis_.cols(); }
  [[nodiscard]] bool invariant() const { return rest_ == 0; }

 private:
  const SymmetricProduct& product_;
  Matrix basis_, projected_;
  Vector next_, values_;
  Eigen::SelfAdjointEigenSolver<Matrix> solver_;
  Index size_ = 0;
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
  const auto n = static_cast<Index>(dimension);
  const Index most = std::min<Index>(n, options.vectors);
  Subspace space(product, random_unit(n, options.seed), most);
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
    if (space.full()) space.restart(std::max<Index>(1, most / 3));
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
  const auto norm = [](std::span<const double> a) {
    return Eigen::Map<const Vector>(a.data(), static_cast<Index>(a.size())).stableNorm();
  };
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
