#include "gp_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lbfgs.hpp"
#include "normal.hpp"

namespace searchers {
namespace {

constexpr double kLogTwoPi = 1.83787706640934548356;
constexpr double kStabilizing = 1e-12;  // added to a variance before its root

}  // namespace

double matern52(double squared_distance) {
  const double r = std::sqrt(5 * squared_distance);
  return (1 + r + r * r / 3) * std::exp(-r);
}

double matern52_derivative(double squared_distance) {
  const double r = std::sqrt(5 * squared_distance);
  return -5.0 / 6 * (1 + r) * std::exp(-r);
}

// log(z P(Z <= z) + phi(z)). Far to the left that is log phi(z) + log(1/z^2 - 3/z^4 + 15/z^6 - ...).
// Source: S. Ament et al., Unexpected improvements to expected improvement for Bayesian optimization, 2023, equation 9.
double standard_log_ei(double z) {
  const double log_density = -0.5 * z * z - 0.5 * kLogTwoPi;
  if (z > -25) return std::log(z * std::exp(log_normal_below(z)) + std::exp(log_density));
  const double r = 1 / (z * z);
  return log_density + std::log(r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r)))));
}

GpModel::GpModel(Matrix points, Vector values, std::vector<std::uint8_t> differs)
    : points_(std::move(points)), values_(std::move(values)), differs_(std::move(differs)) {}

GpParameters GpModel::parameters_of(const Vector& raw) const {
  const Eigen::Index d = points_.rows();
  return {raw.head(d).array().exp(), std::exp(raw[d]), std::exp(raw[d + 1]) + kLeastNoise};
}

GpModel::Matrix GpModel::squared_distances(const Matrix& a, const Matrix& b, const Vector& inverse_squares) const {
  Matrix sums = Matrix::Zero(a.cols(), b.cols());
  const Matrix across = a.transpose();
  for (Eigen::Index d = 0; d < a.rows(); ++d) {
    const double weight = inverse_squares[d];
    const double* x = across.col(d).data();
    for (Eigen::Index j = 0; j < b.cols(); ++j) {
      double* column = sums.col(j).data();
      const double y = b(d, j);
      if (differs_[static_cast<std::size_t>(d)] != 0) {
        for (Eigen::Index i = 0; i < a.cols(); ++i) column[i] += x[i] != y ? weight : 0;
      } else {
        for (Eigen::Index i = 0; i < a.cols(); ++i) column[i] += weight * ((x[i] - y) * (x[i] - y));
      }
    }
  }
  return sums;
}

// products(i, j) = dL/dK_ij dK_ij/d(squared distance): the gradient by log inverse_squares_d is
// l_d times the sum of products(i, j) (a_d - b_d)^2.
void GpModel::add_distance_gradient(const Matrix& products, const GpParameters& p, Vector& gradient) const {
  const Eigen::Index n = points_.cols();
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j + 1; i < n; ++i) {
      const double product = 2 * products(i, j);
      for (Eigen::Index d = 0; d < points_.rows(); ++d) {
        const double difference = points_(d, i) - points_(d, j);
        const double square =
            differs_[static_cast<std::size_t>(d)] != 0 ? (difference != 0 ? 1 : 0) : difference * difference;
        gradient[d] += product * square * p.inverse_squares[d];
      }
    }
  }
}

//   L = y' K^-1 y / 2 + log|K| / 2,  dL/dK = (K^-1 - a a') / 2,  a = K^-1 y
double GpModel::negative_log_posterior(const Vector& raw, Vector& gradient) const {
  const Eigen::Index n = points_.cols();
  const Eigen::Index d = points_.rows();
  gradient = Vector::Zero(raw.size());
  if (raw.cwiseAbs().maxCoeff() > 50) return std::numeric_limits<double>::infinity();
  const GpParameters p = parameters_of(raw);
  const Matrix distances = squared_distances(points_, points_, p.inverse_squares);
  Matrix kernel = p.scale * distances.unaryExpr([](double x) { return matern52(x); });
  const Matrix without_noise = kernel;
  kernel.diagonal().array() += p.noise;
  const Eigen::LLT<Matrix> llt(kernel);
  if (llt.info() != Eigen::Success) return std::numeric_limits<double>::infinity();
  const Vector a = llt.solve(values_);
  const double log_determinant = 2 * llt.matrixLLT().diagonal().array().log().sum();
  double value = 0.5 * values_.dot(a) + 0.5 * log_determinant;

  const Matrix by_kernel = (llt.solve(Matrix::Identity(n, n)) - a * a.transpose()) / 2;
  const Matrix products =
      by_kernel.cwiseProduct(p.scale * distances.unaryExpr([](double x) { return matern52_derivative(x); }));
  add_distance_gradient(products, p, gradient);
  gradient[d] = by_kernel.cwiseProduct(without_noise).sum();
  gradient[d + 1] = by_kernel.trace() * (p.noise - kLeastNoise);

  for (Eigen::Index i = 0; i < d; ++i) {
    const double l = p.inverse_squares[i];
    value += 0.1 / l + 0.1 * l;
    gradient[i] += -0.1 / l + 0.1 * l;
  }
  value -= std::log(p.scale) - p.scale;
  gradient[d] -= 1 - p.scale;
  value -= 0.1 * std::log(p.noise) - 30 * p.noise;
  gradient[d + 1] -= (0.1 / p.noise - 30) * (p.noise - kLeastNoise);
  return value;
}

GpParameters GpModel::fit(double tolerance, int iterations) const {
  Vector raw = Vector::Zero(points_.rows() + 2);
  minimize_lbfgs([&](const Vector& x, Vector& gradient) { return negative_log_posterior(x, gradient); }, raw, tolerance,
                 iterations);
  return parameters_of(raw);
}

void GpModel::factor(const Matrix& points, const Vector& values) {
  known_ = points;
  Matrix kernel = squared_distances(known_, known_, parameters_.inverse_squares);
  kernel = parameters_.scale * kernel.unaryExpr([](double x) { return matern52(x); });
  kernel.diagonal().array() += parameters_.noise;
  factor_.compute(kernel);
  weights_ = factor_.solve(values);
}

double GpModel::condition(const GpParameters& parameters, const Matrix& believed) {
  parameters_ = parameters;
  factor(points_, values_);
  if (believed.cols() == 0) return values_.maxCoeff();
  Vector mean;
  Vector variance;
  predict(believed, mean, variance);
  Matrix points(points_.rows(), points_.cols() + believed.cols());
  points << points_, believed;
  Vector values(points.cols());
  values << values_, mean;
  factor(points, values);
  return values.maxCoeff();
}

void GpModel::predict(const Matrix& points, Vector& mean, Vector& variance) const {
  Matrix kernel = squared_distances(known_, points, parameters_.inverse_squares);
  kernel = parameters_.scale * kernel.unaryExpr([](double x) { return matern52(x); });
  mean = kernel.transpose() * weights_;
  factor_.matrixL().solveInPlace(kernel);
  variance = (parameters_.scale - kernel.colwise().squaredNorm().transpose().array()).max(0.0);
}

GpModel::Vector GpModel::log_ei(const Matrix& points, double threshold) const {
  Vector mean;
  Vector variance;
  predict(points, mean, variance);
  Vector result(points.cols());
  for (Eigen::Index i = 0; i < result.size(); ++i) {
    const double sigma = std::sqrt(variance[i] + kStabilizing);
    result[i] = std::log(sigma) + standard_log_ei((mean[i] - threshold) / sigma);
  }
  return result;
}

}  // namespace searchers
