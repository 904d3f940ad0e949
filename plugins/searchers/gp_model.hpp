// A Gaussian process over the unit cube, and the logarithm of the expected improvement. gp.cpp makes a searcher of it.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace searchers {

// Matern's kernel with nu = 5/2 of a squared distance: (1 + r + r^2 / 3) exp(-r), r = sqrt(5 d2).
[[nodiscard]] double matern52(double squared_distance);
// Its derivative: -5/6 (1 + r) exp(-r).
[[nodiscard]] double matern52_derivative(double squared_distance);

// log E max(Z + z, 0), Z standard normal.
[[nodiscard]] double standard_log_ei(double z);

// k(a, b) = scale matern52(sum of inverse_squares_d (a_d - b_d)^2), noise on the diagonal.
struct GpParameters {
  Eigen::VectorXd inverse_squares;  // of the length scales
  double scale = 1;
  double noise = 1;
};

class GpModel {
 public:
  using Vector = Eigen::VectorXd;
  using Matrix = Eigen::MatrixXd;

  static constexpr double kLeastNoise = 1e-6;

  // points: one a column. values: standardized, the greater the better. A coordinate with `differs` set counts as 1
  // where two points differ in it.
  GpModel(Matrix points, Vector values, std::vector<std::uint8_t> differs);

  // -log(likelihood x prior), without constants, and its gradient by
  // (log inverse_squares, log scale, log(noise - 1e-6)).
  //   log prior = sum of -(0.1 / l + 0.1 l) + log scale - scale + 0.1 log noise - 30 noise,  l: inverse squares
  [[nodiscard]] double negative_log_posterior(const Vector& raw, Vector& gradient) const;
  // The most probable parameters, searched from all ones.
  [[nodiscard]] GpParameters fit(double tolerance = 1e-2, int iterations = 200) const;
  [[nodiscard]] GpParameters parameters_of(const Vector& raw) const;

  // Takes the parameters, and believes that at `believed` points the values are those expected there: the mean stays,
  // the variance around them falls. Returns the greatest value, the believed ones included.
  // Source: D. Ginsbourger, R. Le Riche, L. Carraro, Kriging is well-suited to parallelize optimization, 2010.
  double condition(const GpParameters& parameters, const Matrix& believed);

  // Mean and variance, without noise, at the columns of `points`.
  void predict(const Matrix& points, Vector& mean, Vector& variance) const;
  // log of the expected improvement over `threshold`.
  [[nodiscard]] Vector log_ei(const Matrix& points, double threshold) const;

 private:
  [[nodiscard]] Matrix squared_distances(const Matrix& a, const Matrix& b, const Vector& inverse_squares) const;
  void factor(const Matrix& points, const Vector& values);
  void add_distance_gradient(const Matrix& products, const GpParameters& p, Vector& gradient) const;

  Matrix points_;
  Vector values_;
  std::vector<std::uint8_t> differs_;
  // What the prediction needs.
  GpParameters parameters_;
  Matrix known_;
  Eigen::LLT<Matrix> factor_;
  Vector weights_;  // K^-1 y
};

}  // namespace searchers
