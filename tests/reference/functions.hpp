// The functions of second_order_problems.py with gradients and Hessian-vector products, by hand.
#pragma once

#include <cmath>

#include "closure_stepper.hpp"

namespace tuner::test {

// 0.5 sum a_i y_i^2 + 0.5 coupling (sum y)^2, y = x - m
inline Function coupled_quadratic(Vector scales, Vector minimum, double coupling) {
  const auto shifted_product = [scales, coupling](const Vector& v) {
    double sum = 0;
    for (const double value : v) sum += value;
    Vector product(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) product[i] = scales[i] * v[i] + coupling * sum;
    return product;
  };
  const auto shifted = [minimum](Vector x) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= minimum[i];
    return x;
  };
  return {.loss =
              [=](const Vector& x) {
                const Vector y = shifted(x), product = shifted_product(y);
                double sum = 0;
                for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * product[i];
                return 0.5 * sum;
              },
          .gradient = [=](const Vector& x) { return shifted_product(shifted(x)); },
          .product = [=](const Vector&, const Vector& v) { return shifted_product(v); }};
}

// Rosenbrock's function on every pair of neighbors.
inline Function chained_rosenbrock() {
  return {.loss =
              [](const Vector& x) {
                double sum = 0;
                for (std::size_t i = 0; i + 1 < x.size(); ++i)
                  sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
                return sum;
              },
          .gradient =
              [](const Vector& x) {
                Vector g(x.size());
                for (std::size_t i = 0; i + 1 < x.size(); ++i) {
                  const double u = x[i + 1] - x[i] * x[i];
                  g[i] += -400 * x[i] * u - 2 * (1 - x[i]);
                  g[i + 1] += 200 * u;
                }
                return g;
              },
          .product =
              [](const Vector& x, const Vector& v) {
                Vector p(x.size());
                for (std::size_t i = 0; i + 1 < x.size(); ++i) {
                  p[i] += (1200 * x[i] * x[i] - 400 * x[i + 1] + 2) * v[i] - 400 * x[i] * v[i + 1];
                  p[i + 1] += 200 * v[i + 1] - 400 * x[i] * v[i];
                }
                return p;
              }};
}

// Sum over k = 1, 2, 3 of r_k^2, r_k = c_k - x + x y^k.
inline Function beale() {
  constexpr double kConstants[] = {1.5, 2.25, 2.625};
  return {.loss =
              [=](const Vector& v) {
                double sum = 0;
                for (int k = 1; k <= 3; ++k) sum += std::pow(kConstants[k - 1] - v[0] + v[0] * std::pow(v[1], k), 2);
                return sum;
              },
          .gradient =
              [=](const Vector& v) {
                Vector g(2);
                for (int k = 1; k <= 3; ++k) {
                  const double power = std::pow(v[1], k), r = kConstants[k - 1] - v[0] + v[0] * power;
                  g[0] += 2 * r * (power - 1);
                  g[1] += 2 * r * v[0] * k * std::pow(v[1], k - 1);
                }
                return g;
              },
          .product =
              [=](const Vector& v, const Vector& w) {
                Vector p(2);
                for (int k = 1; k <= 3; ++k) {
                  const double power = std::pow(v[1], k), slope = k * std::pow(v[1], k - 1);
                  const double r = kConstants[k - 1] - v[0] + v[0] * power;
                  const double rx = power - 1, ry = v[0] * slope;
                  const double ryy = k > 1 ? v[0] * k * (k - 1) * std::pow(v[1], k - 2) : 0;
                  p[0] += 2 * (rx * rx * w[0] + (rx * ry + r * slope) * w[1]);
                  p[1] += 2 * ((rx * ry + r * slope) * w[0] + (ry * ry + r * ryy) * w[1]);
                }
                return p;
              }};
}

inline Function function_named(const std::string& name) {
  if (name == "quadratic") return coupled_quadratic({1, 4, 9, 16}, {1, 1. / 2, 1. / 3, 1. / 4}, 1);
  if (name == "beale") return beale();
  return chained_rosenbrock();  // of two, for rosenbrock
}

// Ids of the optimizers that evaluate within their steps and have a file in data/second_order.
inline const std::vector<std::string> kSecondOrder = {"bfgs",   "lbfgs",     "line_search_gd", "nelder_mead",
                                                      "newton", "newton_cg", "nonlinear_cg",   "spsa"};

}  // namespace tuner::test
