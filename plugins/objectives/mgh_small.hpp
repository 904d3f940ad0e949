// Problems of More, Garbow, Hillstrom 1981 (ACM TOMS 7, pages 17-41) with a few variables and a formula for each
// residual: see least_squares.hpp for what a problem is. Problems 1, 5 and 21 are rosenbrock.cpp and beale.cpp.
#pragma once

#include "least_squares.hpp"

namespace tuner::objectives::mgh {

using std::atan2, std::cos, std::exp, std::log, std::sin, std::sqrt;

struct FreudensteinRoth {
  static constexpr Info info{
      .id = "freudenstein_roth",
      .name = "Freudenstein and Roth's function",
      .doc = "a valley with a local minimum in which most methods end; two dimensions",
      .details =
          "f1 = -13 + x + ((5 - y) y - 2) y,  f2 = -29 + x + ((y + 1) y - 14) y;  f = f1^2 + f2^2\n"
          "Default start (0.5, -2), where f = 400.5; minimum 0 at (5, 4), local one 48.9842 at (11.41, -0.8968).",
      .reference = "Freudenstein, Roth 1963; More, Garbow, Hillstrom 1981 (TOMS 7), problem 2"};
  static constexpr std::size_t kDimension = 2;
  static constexpr Param params[] = {starting_point("[0.5, -2]"), kDtype64};
  static constexpr double minimisers[] = {5, 4};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 2};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    const S& y = x[1];
    sum.residual(-13 + x[0] + ((5 - y) * y - 2) * y);
    sum.slope(0, 1);
    sum.slope(1, (10 - 3 * y) * y - 2);
    sum.residual(-29 + x[0] + ((y + 1) * y - 14) * y);
    sum.slope(0, 1);
    sum.slope(1, (3 * y + 2) * y - 14);
  }
};

struct PowellBadlyScaled {
  static constexpr Info info{.id = "powell_badly_scaled",
                             .name = "Powell's badly scaled function",
                             .doc = "solution with coordinates six decades apart; two dimensions",
                             .details =
                                 "f1 = 10^4 x y - 1,  f2 = exp(-x) + exp(-y) - 1.0001;  f = f1^2 + f2^2\n"
                                 "Default start (0, 1); minimum 0 at (1.09816e-5, 9.10615).",
                             .reference = "Powell 1970; More, Garbow, Hillstrom 1981 (TOMS 7), problem 3"};
  static constexpr std::size_t kDimension = 2;
  static constexpr Param params[] = {starting_point("[0, 1]"), kDtype64};
  static constexpr double minimisers[] = {1.0981593296998053e-05, 9.106146739866624};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 2};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    sum.residual(1e4 * x[0] * x[1] - 1);
    sum.slope(0, 1e4 * x[1]);
    sum.slope(1, 1e4 * x[0]);
    const S first = exp(-x[0]);
    const S second = exp(-x[1]);
    sum.residual(first + second - 1.0001);
    sum.slope(0, -first);
    sum.slope(1, -second);
  }
};

struct BrownBadlyScaled {
  static constexpr Info info{.id = "brown_badly_scaled",
                             .name = "Brown's badly scaled function",
                             .doc = "solution with coordinates twelve decades apart; two dimensions",
                             .details =
                                 "f1 = x - 10^6,  f2 = y - 2 10^-6,  f3 = x y - 2;  f = f1^2 + f2^2 + f3^2\n"
                                 "Default start (1, 1); minimum 0 at (10^6, 2 10^-6).",
                             .reference = "More, Garbow, Hillstrom 1981 (TOMS 7), problem 4"};
  static constexpr std::size_t kDimension = 2;
  static constexpr Param params[] = {starting_point("[1, 1]"), kDtype64};
  static constexpr double minimisers[] = {1e6, 2e-6};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 2};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    sum.residual(x[0] - 1e6);
    sum.slope(0, 1);
    sum.residual(x[1] - 2e-6);
    sum.slope(1, 1);
    sum.residual(x[0] * x[1] - 2);
    sum.slope(0, x[1]);
    sum.slope(1, x[0]);
  }
};

struct HelicalValley {
  static constexpr Info info{
      .id = "helical_valley",
      .name = "Fletcher and Powell's helical valley",
      .doc = "a valley that winds around an axis; three dimensions",
      .details =
          "f1 = 10 (z - 10 theta),  f2 = 10 (sqrt(x^2 + y^2) - 1),  f3 = z;  f = f1^2 + f2^2 + f3^2\n"
          "theta = arctan(y / x) / (2 pi), plus 1/2 where x < 0: it jumps where x = 0 and y < 0.\n"
          "Default start (-1, 0, 0), where f = 2500; minimum 0 at (1, 0, 0).",
      .reference = "Fletcher, Powell 1963; More, Garbow, Hillstrom 1981 (TOMS 7), problem 7"};
  static constexpr std::size_t kDimension = 3;
  static constexpr Param params[] = {starting_point("[-1, 0, 0]"), kDtype64};
  static constexpr double minimisers[] = {1, 0, 0};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 3};
  static constexpr double kTurn = 2 * 3.14159265358979323846;

  // Both arctangents are between -pi/2 and pi/2: the argument of the axis is never negative.
  template <class S>
  static S theta(const S& x, const S& y) {
    return value_of(x) < 0 ? 0.5 + atan2(-y, -x) / kTurn : atan2(y, x) / kTurn;
  }
  // dtheta/dx = -y / (2 pi r^2),  dtheta/dy = x / (2 pi r^2)
  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    const S square = x[0] * x[0] + x[1] * x[1];
    const S radius = sqrt(square);
    const S per_turn = 100 / (kTurn * square);
    sum.residual(10 * (x[2] - 10 * theta(x[0], x[1])));
    sum.slope(0, per_turn * x[1]);
    sum.slope(1, -per_turn * x[0]);
    sum.slope(2, 10);
    sum.residual(10 * (radius - 1));
    sum.slope(0, 10 * x[0] / radius);
    sum.slope(1, 10 * x[1] / radius);
    sum.residual(x[2]);
    sum.slope(2, 1);
  }
};

struct PowellSingular {
  static constexpr Info info{
      .id = "powell_singular",
      .name = "Powell's singular function, extended",
      .doc = "the Hessian at the minimum is singular; dim dimensions in fours",
      .details =
          "f = sum over fours (a, b, c, d) of (a + 10 b)^2 + 5 (c - d)^2 + (b - 2 c)^4 + 10 (a - d)^4\n"
          "Default start (3, -1, 0, 1, ...), where f = 215 for each four; minimum 0 at the origin.",
      .reference = "Powell 1962; More, Garbow, Hillstrom 1981 (TOMS 7), problems 13 and 22"};
  static constexpr std::size_t kDimension = 0;
  static constexpr Param params[] = {kStartParam, kDtype64, dimensions(4, 4, 1e7)};
  static constexpr double minimisers[] = {0, 0, 0, 0};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 4};
  static void check_size(Size size) { check_multiple(info.id, size, 4); }
  static double start(std::size_t i, std::size_t) {
    constexpr double kFour[] = {3, -1, 0, 1};
    return kFour[i % 4];
  }

  template <class S>
  static void residuals(const S* x, Size size, SquareSum<S>& sum) {
    const double root5 = std::sqrt(5.0);
    const double root10 = std::sqrt(10.0);
    for (std::size_t i = 0; i < size.n; i += 4) {
      sum.residual(x[i] + 10 * x[i + 1]);
      sum.slope(i, 1);
      sum.slope(i + 1, 10);
      sum.residual(root5 * (x[i + 2] - x[i + 3]));
      sum.slope(i + 2, root5);
      sum.slope(i + 3, -root5);
      const S inner = x[i + 1] - 2 * x[i + 2];
      sum.residual(inner * inner);
      sum.slope(i + 1, 2 * inner);
      sum.slope(i + 2, -4 * inner);
      const S outer = x[i] - x[i + 3];
      sum.residual(root10 * outer * outer);
      sum.slope(i, 2 * root10 * outer);
      sum.slope(i + 3, -2 * root10 * outer);
    }
  }
};

struct Wood {
  static constexpr Info info{
      .id = "wood",
      .name = "Wood's function",
      .doc = "two valleys as Rosenbrock's, coupled, with a saddle on the way; four dimensions",
      .details =
          "f = 100 (x2 - x1^2)^2 + (1 - x1)^2 + 90 (x4 - x3^2)^2 + (1 - x3)^2 + 10 (x2 + x4 - 2)^2\n"
          "    + (x2 - x4)^2 / 10\n"
          "Default start (-3, -1, -3, -1), where f = 19192; minimum 0 at (1, 1, 1, 1).",
      .reference = "Colville 1968; More, Garbow, Hillstrom 1981 (TOMS 7), problem 14"};
  static constexpr std::size_t kDimension = 4;
  static constexpr Param params[] = {starting_point("[-3, -1, -3, -1]"), kDtype64};
  static constexpr double minimisers[] = {1, 1, 1, 1};
  static constexpr Known known{.minimum = 0, .minimisers = minimisers, .dimension = 4};

  template <class S>
  static void residuals(const S* x, Size, SquareSum<S>& sum) {
    const double root10 = std::sqrt(10.0);
    const double root90 = std::sqrt(90.0);
    sum.residual(10 * (x[1] - x[0] * x[0]));
    sum.slope(0, -20 * x[0]);
    sum.slope(1, 10);
    sum.residual(1 - x[0]);
    sum.slope(0, -1);
    sum.residual(root90 * (x[3] - x[2] * x[2]));
    sum.slope(2, -2 * root90 * x[2]);
    sum.slope(3, root90);
    sum.residual(1 - x[2]);
    sum.slope(2, -1);
    sum.residual(root10 * (x[1] + x[3] - 2));
    sum.slope(1, root10);
    sum.slope(3, root10);
    sum.residual((x[1] - x[3]) / root10);
    sum.slope(1, 1 / root10);
    sum.slope(3, -1 / root10);
  }
};

}  // namespace tuner::objectives::mgh
