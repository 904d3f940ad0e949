// Minimization by limited-memory BFGS, for functions of a few hundred variables.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace searchers {

// Minimizes function(x, gradient), which returns the value and fills in the gradient, from x on; leaves the minimizer
// in x and returns the value there. Ends once no component of the gradient exceeds `tolerance`, or no step goes down.
// Source: J. Nocedal, S. Wright, Numerical Optimization, 2006, algorithms 7.4, 7.5; steps halve until they satisfy
// Armijo's condition (3.4), and pairs without positive curvature are left out.
template <class Function>
double minimize_lbfgs(Function&& function, Eigen::VectorXd& x, double tolerance, int iterations) {
  using Vector = Eigen::VectorXd;
  constexpr std::size_t kMemory = 10;
  struct Pair {
    Vector s, y;
    double rho;
  };
  std::vector<Pair> pairs;
  Vector gradient(x.size());
  double value = function(x, gradient);
  for (int iteration = 0; iteration < iterations; ++iteration) {
    if (!std::isfinite(value) || gradient.cwiseAbs().maxCoeff() <= tolerance) break;
    Vector direction = -gradient;
    std::vector<double> alpha(pairs.size());
    for (std::size_t i = pairs.size(); i-- > 0;) {
      alpha[i] = pairs[i].rho * pairs[i].s.dot(direction);
      direction -= alpha[i] * pairs[i].y;
    }
    if (!pairs.empty()) direction *= 1 / (pairs.back().rho * pairs.back().y.squaredNorm());
    for (std::size_t i = 0; i < pairs.size(); ++i)
      direction += (alpha[i] - pairs[i].rho * pairs[i].y.dot(direction)) * pairs[i].s;
    const double slope = gradient.dot(direction);
    double step = pairs.empty() ? std::min(1.0, 1 / gradient.norm()) : 1.0;
    Vector next;
    Vector next_gradient(x.size());
    double next_value = value;
    bool down = false;
    for (int halving = 0; halving < 30 && !down; ++halving) {
      next = x + step * direction;
      next_value = function(next, next_gradient);
      down = next_value <= value + 1e-4 * step * slope;
      if (!down) step /= 2;
    }
    if (!down) break;
    Pair pair{next - x, next_gradient - gradient, 0};
    const double curvature = pair.s.dot(pair.y);
    if (curvature > 1e-10 * pair.y.squaredNorm()) {
      pair.rho = 1 / curvature;
      if (pairs.size() == kMemory) pairs.erase(pairs.begin());
      pairs.push_back(std::move(pair));
    }
    x = next;
    gradient = next_gradient;
    value = next_value;
  }
  return value;
}

}  // namespace searchers
