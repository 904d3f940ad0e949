// Problems of More, Garbow, Hillstrom 1981 (ACM TOMS 7, pages 17-41) that are systems of equations in any number of
// variables. See least_squares.hpp for what a problem is.
#pragma once

#include "least_squares.hpp"

namespace tuner::objectives::mgh {

struct BrownAlmostLinear {
  static constexpr Info info{
      .id = "brown_almost_linear",
      .name = "Brown's almost linear function",
      .doc = "linear equations and one product; any dimension",
      .details =
          "f_i = x_i + sum over j of x_j - (n + 1),  i = 1 ... n - 1;  f_n = (product of all x_j) - 1;\n"
          "f = sum f_i^2. Default start (0.5, ..., 0.5); minimum 0 at (1, ..., 1), local one 1 at (0, ..., 0, n + 1).\n"
          "One evaluation takes n^2 operations.",
      .reference = "Brown 1969; More, Garbow, Hillstrom 1981 (TOMS 7), problem 27"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e4)};
  static constexpr double minimisers[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static double start(std::size_t, std::size_t) { return 0.5; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    S total = 0;
    for (std::size_t j = 0; j < size.n; ++j) total += x[j];
    for (std::size_t i = 0; i + 1 < size.n; ++i) {
      sum.residual(x[i] + total - static_cast<double>(size.n + 1));
      for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, 1);
      sum.slope(i, 1);
    }
    // after[j]: the product of those behind j. No division: one of them may be 0.
    std::vector<S> after(size.n, S(1.0));
    for (std::size_t j = size.n - 1; j > 0; --j) after[j - 1] = after[j] * x[j];
    sum.residual(after[0] * x[0] - 1);
    S before = 1;
    for (std::size_t j = 0; j < size.n; ++j) {
      sum.slope(j, before * after[j]);
      before *= x[j];
    }
  }
};

// x_j = t (t - 1), t = j / (n + 1): where problems 28 and 29 start.
inline double boundary_start(std::size_t i, std::size_t n) {
  const double t = static_cast<double>(i + 1) / static_cast<double>(n + 1);
  return t * (t - 1);
}
// The solution of both for dim 10. Problem 29 is problem 28 times the inverse of its matrix of differences.
inline constexpr double kBoundarySolution[] = {
    -0.04316498251876487, -0.08157715653538689, -0.11448571438052929, -0.14097357686259668, -0.1599086961819831,
    -0.16987720231277492, -0.16908998378120835, -0.15524953522183182, -0.125355891678935,   -0.07541653368589209};

struct DiscreteBoundaryValue {
  static constexpr Info info{
      .id = "discrete_boundary_value",
      .name = "Discrete boundary value function",
      .doc = "a differential equation in differences, condition number about dim^4; any dimension",
      .details =
          "f_i = 2 x_i - x_(i-1) - x_(i+1) + h^2 (x_i + t_i + 1)^3 / 2,  h = 1 / (n + 1), t_i = i h,\n"
          "x_0 = x_(n+1) = 0;  f = sum f_i^2. Default start x_j = t_j (t_j - 1); minimum 0.",
      .reference = "More, Cosnard 1979; More, Garbow, Hillstrom 1981 (TOMS 7), problem 28"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e7)};
  static constexpr Known known{.minimum = 0, .minimisers = kBoundarySolution, .dimension = 10};
  static double start(std::size_t i, std::size_t n) { return boundary_start(i, n); }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double h = 1 / static_cast<double>(size.n + 1);
    for (std::size_t i = 0; i < size.n; ++i) {
      const S inner = x[i] + (static_cast<double>(i + 1) * h + 1);
      S f = 2 * x[i] + h * h / 2 * inner * inner * inner;
      if (i > 0) f -= x[i - 1];
      if (i + 1 < size.n) f -= x[i + 1];
      sum.residual(f);
      sum.slope(i, 2 + 1.5 * h * h * inner * inner);
      if (i > 0) sum.slope(i - 1, -1);
      if (i + 1 < size.n) sum.slope(i + 1, -1);
    }
  }
};

struct DiscreteIntegralEquation {
  static constexpr Info info{
      .id = "discrete_integral_equation",
      .name = "Discrete integral equation function",
      .doc = "a well-conditioned integral equation, dense; any dimension",
      .details =
          "f_i = x_i + h/2 [(1 - t_i) sum over j <= i of t_j c_j + t_i sum over j > i of (1 - t_j) c_j],\n"
          "c_j = (x_j + t_j + 1)^3,  h = 1 / (n + 1), t_i = i h;  f = sum f_i^2. Default start\n"
          "x_j = t_j (t_j - 1); minimum 0. One evaluation takes n^2 operations.",
      .reference = "More, Cosnard 1979; More, Garbow, Hillstrom 1981 (TOMS 7), problem 29"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e4)};
  static constexpr Known known{.minimum = 0, .minimisers = kBoundarySolution, .dimension = 10};
  static double start(std::size_t i, std::size_t n) { return boundary_start(i, n); }

  // How much c_j weighs in f_i.
  static double kernel(std::size_t i, std::size_t j, double h) {
    const double t_i = static_cast<double>(i + 1) * h;
    const double t_j = static_cast<double>(j + 1) * h;
    return h / 2 * (j <= i ? (1 - t_i) * t_j : t_i * (1 - t_j));
  }
  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double h = 1 / static_cast<double>(size.n + 1);
    std::vector<S> inner(size.n);
    for (std::size_t j = 0; j < size.n; ++j) inner[j] = x[j] + (static_cast<double>(j + 1) * h + 1);
    for (std::size_t i = 0; i < size.n; ++i) {
      S f = x[i];
      for (std::size_t j = 0; j < size.n; ++j) f += kernel(i, j, h) * inner[j] * inner[j] * inner[j];
      sum.residual(f);
      for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, 3 * kernel(i, j, h) * inner[j] * inner[j]);
      sum.slope(i, 1);
    }
  }
};

struct BroydenTridiagonal {
  static constexpr Info info{.id = "broyden_tridiagonal",
                             .name = "Broyden's tridiagonal function",
                             .doc = "quadratic equations, each with its neighbors; any dimension",
                             .details =
                                 "f_i = (3 - 2 x_i) x_i - x_(i-1) - 2 x_(i+1) + 1,  x_0 = x_(n+1) = 0;  f = sum f_i^2\n"
                                 "Default start (-1, ..., -1); minimum 0.",
                             .reference = "Broyden 1965; More, Garbow, Hillstrom 1981 (TOMS 7), problem 30"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e7)};
  static constexpr double minimisers[] = {
      -0.5707221320112248, -0.681806949984275,  -0.7022100760176601, -0.7055106298950804, -0.7049061557287437,
      -0.7014966070298512, -0.6918893223547983, -0.6657965144058537, -0.5960351090263657, -0.4164122575286934};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static double start(std::size_t, std::size_t) { return -1; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 0; i < size.n; ++i) {
      S f = (3 - 2 * x[i]) * x[i] + 1;
      if (i > 0) f -= x[i - 1];
      if (i + 1 < size.n) f -= 2 * x[i + 1];
      sum.residual(f);
      sum.slope(i, 3 - 4 * x[i]);
      if (i > 0) sum.slope(i - 1, -1);
      if (i + 1 < size.n) sum.slope(i + 1, -2);
    }
  }
};

struct BroydenBanded {
  static constexpr Info info{
      .id = "broyden_banded",
      .name = "Broyden's banded function",
      .doc = "cubic equations, each with five variables before it and one behind; any dimension",
      .details =
          "f_i = x_i (2 + 5 x_i^2) + 1 - sum of x_j (1 + x_j) over j from i - 5 to i + 1 but i;  f = sum f_i^2\n"
          "Default start (-1, ..., -1); minimum 0.",
      .reference = "Broyden 1971; More, Garbow, Hillstrom 1981 (TOMS 7), problem 31"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e7)};
  static constexpr double minimisers[] = {
      -0.4283028635872503, -0.47659642435629024, -0.5196524636468617, -0.5580993248321809, -0.5925061568294574,
      -0.624503682199468,  -0.6232394714405911,  -0.6213938417965735, -0.6204535966590874, -0.5864692707204351};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static double start(std::size_t, std::size_t) { return -1; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (std::size_t i = 0; i < size.n; ++i) {
      const std::size_t first = i > 5 ? i - 5 : 0;
      const std::size_t end = std::min(size.n, i + 2);
      S f = x[i] * (2 + 5 * x[i] * x[i]) + 1;
      for (std::size_t j = first; j < end; ++j)
        if (j != i) f -= x[j] * (1 + x[j]);
      sum.residual(f);
      sum.slope(i, 2 + 15 * x[i] * x[i]);
      for (std::size_t j = first; j < end; ++j)
        if (j != i) sum.slope(j, -(1 + 2 * x[j]));
    }
  }
};

struct LinearFullRank {
  static constexpr Info info{
      .id = "linear_full_rank",
      .name = "Linear function of full rank",
      .doc = "linear least squares, solved by one Newton step; any dimension",
      .details =
          "f_i = x_i - (2 / m) sum over j of x_j - 1 for i <= n, without x_i behind;  f = sum f_i^2,\n"
          "m: residuals. Default start (1, ..., 1); minimum m - n at (-1, ..., -1). One evaluation takes m n\n"
          "operations.",
      .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 32"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e4), kResidualsFromDim};
  static constexpr double minimisers[] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static void check_size(Size size) { check_enough_residuals(size); }
  static double start(std::size_t, std::size_t) { return 1; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double weight = 2 / static_cast<double>(size.m);
    S total = 0;
    for (std::size_t j = 0; j < size.n; ++j) total += x[j];
    for (std::size_t i = 0; i < size.m; ++i) {
      sum.residual((i < size.n ? x[i] : S(0.0)) - weight * total - 1);
      for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, -weight);
      if (i < size.n) sum.slope(i, 1);
    }
  }
};

struct LinearRank1 {
  static constexpr Info info{
      .id = "linear_rank_1",
      .name = "Linear function of rank 1",
      .doc = "linear least squares, a whole plane of minima; any dimension",
      .details =
          "f_i = i (sum over j of j x_j) - 1;  f = sum f_i^2 over i = 1 ... m, m: residuals. Default start\n"
          "(1, ..., 1); minimum m (m - 1) / (2 (2 m + 1)) wherever sum j x_j = 3 / (2 m + 1). One evaluation\n"
          "takes m n operations.",
      .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 33"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e4), kResidualsFromDim};
  static constexpr double minimisers[] = {1.0 / 7, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  static constexpr Known known{.minimum = 15.0 / 7, .minimisers = minimisers, .dimension = 10};
  static void check_size(Size size) { check_enough_residuals(size); }
  static double start(std::size_t, std::size_t) { return 1; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    S weighted = 0;
    for (std::size_t j = 0; j < size.n; ++j) weighted += static_cast<double>(j + 1) * x[j];
    for (std::size_t i = 1; i <= size.m; ++i) {
      const auto factor = static_cast<double>(i);
      sum.residual(factor * weighted - 1);
      for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, factor * static_cast<double>(j + 1));
    }
  }
};

struct LinearRank1Zero {
  static constexpr Info info{
      .id = "linear_rank_1_zero",
      .name = "Linear function of rank 1 with zero columns and rows",
      .doc = "linear least squares where the first and last variable do not matter; any dimension",
      .details =
          "f_1 = f_m = -1,  f_i = (i - 1) (sum over j = 2 ... n - 1 of j x_j) - 1;  f = sum f_i^2, m: residuals.\n"
          "Default start (1, ..., 1); minimum (m^2 + 3 m - 6) / (2 (2 m - 3)) wherever that sum is\n"
          "3 / (2 m - 3). One evaluation takes m n operations.",
      .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 34"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 3, 1e4), kResidualsFromDim};
  static constexpr double minimisers[] = {0, 1.5 / 17, 0, 0, 0, 0, 0, 0, 0, 0};
  static constexpr Known known{.minimum = 62.0 / 17, .minimisers = minimisers, .dimension = 10};
  static void check_size(Size size) { check_enough_residuals(size); }
  static double start(std::size_t, std::size_t) { return 1; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    S weighted = 0;
    for (std::size_t j = 1; j + 1 < size.n; ++j) weighted += static_cast<double>(j + 1) * x[j];
    for (std::size_t i = 0; i < size.m; ++i) {
      const double factor = i + 1 < size.m ? static_cast<double>(i) : 0.0;
      sum.residual(factor * weighted - 1);
      for (std::size_t j = 1; j + 1 < size.n; ++j) sum.slope(j, factor * static_cast<double>(j + 1));
    }
  }
};

}  // namespace tuner::objectives::mgh
