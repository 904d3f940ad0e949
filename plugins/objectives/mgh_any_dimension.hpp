// Problems of More, Garbow, Hillstrom 1981 (ACM TOMS 7, pages 17-41) with any number of variables that are not systems
// of equations, mgh_systems.hpp. See least_squares.hpp for what a problem is.
#pragma once

#include "least_squares.hpp"

namespace tuner::objectives::mgh {

using std::cos, std::exp, std::sin;

struct Watson {
  static constexpr Info info{
      .id = "watson",
      .name = "Watson's function",
      .doc = "a differential equation by a polynomial of dim coefficients, ill-conditioned; 2 to 31 dimensions",
      .details =
          "f_i = sum over j > 1 of (j - 1) x_j t^(j-2) - (sum over j of x_j t^(j-1))^2 - 1,  t = i / 29,\n"
          "i = 1 ... 29;  f_30 = x1,  f_31 = x2 - x1^2 - 1;  f = sum f_i^2. Default start at the origin, where\n"
          "f = 30; minimum 2.28767e-3 for dim 6, 1.39976e-6 for 9, 4.72238e-10 for 12.",
      .reference = "Kowalik, Osborne 1968; More, Garbow, Hillstrom 1981 (TOMS 7), problem 20"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(6, 2, 31)};
  static constexpr double minimisers[] = {-0.015725086401458456, 1.0124348693691099,  -0.2329916259567377,
                                          1.2604300877996084,    -1.5137289227222797, 0.9929964324311346};
  static constexpr Known known{.minimum = 0.0022876700535524363, .minimisers = minimisers, .dimension = 6};
  static double start(std::size_t, std::size_t) { return 0; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    for (int i = 1; i <= 29; ++i) {
      const double t = i / 29.0;
      S value = 0;
      S derivative = 0;
      double power = 1;  // t^j
      for (std::size_t j = 0; j < size.n; ++j) {
        value += power * x[j];
        derivative += static_cast<double>(j) * power / t * x[j];
        power *= t;
      }
      sum.residual(derivative - value * value - 1);
      power = 1;
      for (std::size_t j = 0; j < size.n; ++j) {
        sum.slope(j, static_cast<double>(j) * power / t - 2 * power * value);
        power *= t;
      }
    }
    sum.residual(x[0]);
    sum.slope(0, 1);
    sum.residual(x[1] - x[0] * x[0] - 1);
    sum.slope(0, -2 * x[0]);
    sum.slope(1, 1);
  }
};

struct Penalty1 {
  static constexpr Info info{
      .id = "penalty_1",
      .name = "Penalty function I",
      .doc = "a weak pull towards (1, ..., 1) within a steep sphere; any dimension",
      .details =
          "f = 10^-5 sum (x_j - 1)^2 + (sum x_j^2 - 1/4)^2\n"
          "Default start (1, 2, ..., dim); minimum 2.24998e-5 for dim 4, 7.08765e-5 for dim 10.",
      .reference = "Gill, Murray, Pitfield 1972; More, Garbow, Hillstrom 1981 (TOMS 7), problem 23"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(4, 1, 1e7)};
  static constexpr double minimisers[] = {0.2500074995875379, 0.2500074995875379, 0.2500074995875379,
                                          0.2500074995875379};
  static constexpr Known known{.minimum = 2.2499775008999372e-05, .minimisers = minimisers, .dimension = 4};
  static double start(std::size_t i, std::size_t) { return static_cast<double>(i + 1); }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double weight = std::sqrt(1e-5);
    S square = 0;
    for (std::size_t j = 0; j < size.n; ++j) {
      sum.residual(weight * (x[j] - 1));
      sum.slope(j, weight);
      square += x[j] * x[j];
    }
    sum.residual(square - 0.25);
    for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, 2 * x[j]);
  }
};

struct Penalty2 {
  static constexpr Info info{
      .id = "penalty_2",
      .name = "Penalty function II",
      .doc = "weak exponential terms within a steep ellipsoid; any dimension",
      .details =
          "f = (x1 - 0.2)^2 + 10^-5 sum over j > 1 of (exp(x_j / 10) + exp(x_(j-1) / 10) - y_j)^2\n"
          "    + 10^-5 sum over j > 1 of (exp(x_j / 10) - exp(-1 / 10))^2 + (sum (n - j + 1) x_j^2 - 1)^2,\n"
          "y_j = exp(j / 10) + exp((j - 1) / 10). Default start (0.5, ..., 0.5); minimum 9.37629e-6 for dim 4,\n"
          "2.93661e-4 for dim 10.",
      .reference = "Gill, Murray, Pitfield 1972; More, Garbow, Hillstrom 1981 (TOMS 7), problem 24"};
  static constexpr std::size_t kDimension = 0;
  // y overflows from dim 7097 on.
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(4, 1, 1000)};
  static constexpr double minimisers[] = {0.1999993333503804, 0.19131670099277245, 0.48010148533262315,
                                          0.5188454043902005};
  static constexpr Known known{.minimum = 9.376293007355442e-06, .minimisers = minimisers, .dimension = 4};
  static double start(std::size_t, std::size_t) { return 0.5; }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double weight = std::sqrt(1e-5);
    sum.residual(x[0] - 0.2);
    sum.slope(0, 1);
    S before = exp(x[0] / 10);
    for (std::size_t j = 1; j < size.n; ++j) {
      const auto number = static_cast<double>(j + 1);
      const S power = exp(x[j] / 10);
      sum.residual(weight * (power + before - (std::exp(number / 10) + std::exp((number - 1) / 10))));
      sum.slope(j, weight * power / 10);
      sum.slope(j - 1, weight * before / 10);
      sum.residual(weight * (power - std::exp(-0.1)));
      sum.slope(j, weight * power / 10);
      before = power;
    }
    S square = 0;
    for (std::size_t j = 0; j < size.n; ++j) square += static_cast<double>(size.n - j) * x[j] * x[j];
    sum.residual(square - 1);
    for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, 2 * static_cast<double>(size.n - j) * x[j]);
  }
};

struct VariablyDimensioned {
  static constexpr Info info{.id = "variably_dimensioned",
                             .name = "Variably dimensioned function",
                             .doc = "a sphere and a steep power of one sum; any dimension",
                             .details =
                                 "f = sum (x_j - 1)^2 + s^2 + s^4,  s = sum j (x_j - 1)\n"
                                 "Default start x_j = 1 - j / dim; minimum 0 at (1, ..., 1).",
                             .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 25"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e7)};
  static constexpr double minimisers[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static double start(std::size_t i, std::size_t n) { return 1 - static_cast<double>(i + 1) / static_cast<double>(n); }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    S weighted = 0;
    for (std::size_t j = 0; j < size.n; ++j) {
      sum.residual(x[j] - 1);
      sum.slope(j, 1);
      weighted += static_cast<double>(j + 1) * (x[j] - 1);
    }
    sum.residual(weighted);
    for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, static_cast<double>(j + 1));
    sum.residual(weighted * weighted);
    for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, 2 * static_cast<double>(j + 1) * weighted);
  }
};

struct Trigonometric {
  static constexpr Info info{
      .id = "trigonometric",
      .name = "Trigonometric function",
      .doc = "many local minima near the start; any dimension",
      .details =
          "f_i = n - sum over j of cos x_j + i (1 - cos x_i) - sin x_i,  i = 1 ... n;  f = sum f_i^2\n"
          "Default start (1/n, ..., 1/n); minimum 0 at the origin, but descent from the start often ends at a\n"
          "local minimum, 2.79506e-5 for dim 10. One evaluation takes n^2 operations.",
      .reference = "Spedicato 1975; More, Garbow, Hillstrom 1981 (TOMS 7), problem 26"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(10, 1, 1e4)};
  static constexpr double minimisers[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 10};
  static double start(std::size_t, std::size_t n) { return 1 / static_cast<double>(n); }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    std::vector<S> sines(size.n);
    S cosines = 0;
    for (std::size_t j = 0; j < size.n; ++j) {
      sines[j] = sin(x[j]);
      cosines += cos(x[j]);
    }
    const auto n = static_cast<double>(size.n);
    for (std::size_t i = 0; i < size.n; ++i) {
      const auto number = static_cast<double>(i + 1);
      const S cosine = cos(x[i]);
      sum.residual(n - cosines + number * (1 - cosine) - sines[i]);
      for (std::size_t j = 0; j < size.n; ++j) sum.slope(j, sines[j]);
      sum.slope(i, number * sines[i] - cosine);
    }
  }
};

struct Chebyquad {
  static constexpr Info info{
      .id = "chebyquad",
      .name = "Chebyquad",
      .doc = "nodes of equal weight that integrate the first polynomials; any dimension",
      .details =
          "f_i = mean over j of T_i(x_j) - (integral of T_i over [0, 1]),  i = 1 ... residuals;  f = sum f_i^2\n"
          "T_i: Chebyshev's polynomials shifted to [0, 1]. Default start x_j = j / (n + 1); minimum 0 for dim 1 to\n"
          "7 and 9, 3.51687e-3 for 8, 6.50395e-3 for 10 with as many residuals.",
      .reference = "Fletcher 1965; More, Garbow, Hillstrom 1981 (TOMS 7), problem 35"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(8, 1, 1e4), kResidualsFromDim};
  static constexpr double minimisers[] = {0.04315276015101663, 0.1930908403841861, 0.26632870689027294, 0.5, 0.5,
                                          0.7336712931097271,  0.8069091596158139, 0.9568472398489833};
  static constexpr Known known{.minimum = 0.0035168737256779316, .minimisers = minimisers, .dimension = 8};
  static void check_size(Size size) { check_enough_residuals(size); }
  static double start(std::size_t i, std::size_t n) { return static_cast<double>(i + 1) / static_cast<double>(n + 1); }

  // T_(i+1) = 2 y T_i - T_(i-1) with y = 2 x - 1, and its derivative by x.
  template <class S>
  struct Polynomial {
    S twice_y, value, before, slope, slope_before;
    explicit Polynomial(const S& x) : twice_y(4 * x - 2), value(2 * x - 1), before(1), slope(2), slope_before(0) {}
    void advance() {
      const S next = twice_y * value - before;
      const S next_slope = twice_y * slope + 4 * value - slope_before;
      before = value;
      value = next;
      slope_before = slope;
      slope = next_slope;
    }
  };

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    std::vector<Polynomial<S>> polynomials(x, x + size.n);
    const double weight = 1 / static_cast<double>(size.n);
    for (std::size_t i = 1; i <= size.m; ++i) {
      S mean = 0;
      for (const Polynomial<S>& p : polynomials) mean += weight * p.value;
      const auto degree = static_cast<double>(i);
      sum.residual(i % 2 == 0 ? mean + 1 / (degree * degree - 1) : mean);
      for (std::size_t j = 0; j < size.n; ++j) {
        sum.slope(j, weight * polynomials[j].slope);
        polynomials[j].advance();
      }
    }
  }
};

}  // namespace tuner::objectives::mgh
