// The largest eigenvalue of a symmetric operator that is known by its products with vectors, as a Hessian is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace tuner::lr_range {

// product = A v. The vectors do not overlap; the function is called on one thread.
using SymmetricProduct = std::function<void(std::span<const double> v, std::span<double> product)>;
// gradient at x.
using GradientAt = std::function<void(std::span<const double> x, std::span<double> gradient)>;

struct LanczosOptions {
  double tolerance = 1e-6;  // of the residual, relative to the value
  std::int64_t most_products = 2000;
  std::int64_t vectors = 64;  // kept at a time, of the operator's dimension; 8 to 64
  std::uint64_t seed = 1;     // of the start vector, of normal numbers
};

struct LanczosResult {
  double value = 0;     // the largest (algebraic) eigenvalue; NaN where a product was not finite
  double residual = 0;  // |A u - value u| for the unit vector u found: some eigenvalue is that near
  // min(residual, residual^2 / gap), with the gap to the next Ritz value less its own residual: the error of `value`,
  // if it is the eigenvalue next to it. It is always too low rather than too high, up to rounding.
  double error = 0;
  std::int64_t products = 0;
  bool converged = false;       // residual <= tolerance |value|, or at the level of rounding
  std::vector<double> history;  // the estimate after each product
};

// Lanczos with full reorthogonalisation (twice), restarted with a third of the Ritz vectors when `vectors` are reached.
// The residual decides, although the value's own error is near its square: an unresolved pair of eigenvalues looks to
// the gap like a single one. A tolerance of 1e-6 therefore gives most values to 1e-10; where products are inexact
// (differences of float32 gradients), ask for about 1e-2. An invariant subspace ends the search; a random start has a
// share in every eigenvector, so that it holds the largest. Requires: dimension >= 1. Source: Wu, Simon 2000,
// "Thick-restart Lanczos method for large symmetric eigenvalue problems"; the bound residual^2 / gap: Parlett 1998,
// theorem 11.7.1. Cost: `products` products, 4 vectors n flops for each, vectors + 2 vectors of memory. Errors: what
// the product throws.
[[nodiscard]] LanczosResult largest_eigenvalue(const SymmetricProduct& product, std::size_t dimension,
                                               const LanczosOptions& options = {});

// The product with P^-1/2 A P^-1/2 for a diagonal P > 0 (for Adam: sqrt(v) + eps), whose size the dimension is.
[[nodiscard]] SymmetricProduct preconditioned(SymmetricProduct product, std::span<const double> diagonal);

// Products with a Hessian from gradients: H v = (g(x + h v) - g(x - h v)) / 2h + O(h^2).
//
// The truncation error grows as h^2, that of rounding as eps / h, so that h |v| = eps^(1/3) (1 + |x|) is near the best
// for a third derivative of the size of the second over |x|, where eps is the resolution of the *gradients* (and of the
// parameters, if these are rounded on the way): 2^-52 for double, 2^-23 for float32. Relative errors to expect: 1e-10
// and 1e-4. On a quadratic there is no truncation error, and a larger step is better.
inline constexpr double kDoubleResolution = 0x1p-52, kFloatResolution = 0x1p-23;
[[nodiscard]] double central_difference_step(std::span<const double> x, std::span<const double> v, double resolution);
// A v of zeros gives zeros, without a gradient. Cost: two gradients, two vectors.
void central_difference_product(const GradientAt& gradient, std::span<const double> x, std::span<const double> v,
                                double h, std::span<double> product);

}  // namespace tuner::lr_range
