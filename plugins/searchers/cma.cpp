#include "cma.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

#include "normal.hpp"

namespace searchers {

CmaParameters::CmaParameters(std::size_t dimensions, std::size_t chosen) {
  const auto d = static_cast<double>(dimensions);
  population = chosen != 0 ? chosen : 4 + static_cast<std::size_t>(std::floor(3 * std::log(d)));
  mu = population / 2;
  const auto lambda = static_cast<double>(population);
  weights.resize(static_cast<Eigen::Index>(population));
  for (Eigen::Index i = 0; i < weights.size(); ++i)
    weights[i] = std::log((lambda + 1) / 2) - std::log(static_cast<double>(i) + 1);
  const auto good = weights.head(static_cast<Eigen::Index>(mu));
  const auto bad = weights.tail(weights.size() - static_cast<Eigen::Index>(mu));
  mu_eff = good.sum() * good.sum() / good.squaredNorm();
  const double mu_eff_minus = bad.sum() * bad.sum() / bad.squaredNorm();
  c1 = 2 / ((d + 1.3) * (d + 1.3) + mu_eff);
  cmu = std::min(1 - c1 - 1e-8, 2 * (mu_eff - 2 + 1 / mu_eff) / ((d + 2) * (d + 2) + mu_eff));
  const double most_negative =
      std::min({1 + c1 / cmu, 1 + 2 * mu_eff_minus / (mu_eff + 2), (1 - c1 - cmu) / (d * cmu)});
  const double positive_sum = weights.cwiseMax(0).sum();
  const double negative_sum = -weights.cwiseMin(0).sum();
  for (double& w : weights) w = w >= 0 ? w / positive_sum : w * most_negative / negative_sum;
  c_sigma = (mu_eff + 2) / (d + mu_eff + 5);
  d_sigma = 1 + 2 * std::max(0.0, std::sqrt((mu_eff - 1) / (d + 1)) - 1) + c_sigma;
  cc = (4 + mu_eff / d) / (d + 4 + 2 * mu_eff / d);
  chi_n = std::sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));
  history = 10 + static_cast<std::size_t>(std::ceil(30 * d / lambda));
}

Cma::Cma(Vector mean, double sigma, std::size_t population, std::vector<double> steps)
    : p_(static_cast<std::size_t>(mean.size()), population),
      mean_(std::move(mean)),
      sigma_(sigma),
      first_sigma_(sigma),
      steps_(std::move(steps)) {
  const Eigen::Index d = mean_.size();
  steps_.resize(static_cast<std::size_t>(d), 0);
  scale_ = Vector::Ones(d);
  c_ = Matrix::Identity(d, d);
  path_sigma_ = Vector::Zero(d);
  path_c_ = Vector::Zero(d);
  decompose();
}

// C = B D^2 B'.
void Cma::decompose() {
  const Matrix symmetric = (c_ + c_.transpose()) / 2;
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(symmetric);
  axes_ = solver.eigenvectors();
  lengths_ = solver.eigenvalues();
  for (double& length : lengths_) length = std::sqrt(length < 0 ? 1e-8 : length);
}

// x = m + sigma B D z
Cma::Vector Cma::sample(const Vector& z) const { return mean_ + sigma_ * (axes_ * lengths_.cwiseProduct(z)); }

double Cma::distance(const Vector& point) const {
  return (axes_.transpose() * (point - mean_)).cwiseQuotient(lengths_).norm() / sigma_;
}

//   y_i = (x_i - m) / sigma,  step = sum of w_i y_i over the best mu
//   m += sigma step
//   p_sigma = (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_eff) C^-1/2 step
//   sigma *= exp(c_sigma / d_sigma (|p_sigma| / chi_n - 1))
void Cma::tell(const Matrix& points, double best, double worst) {
  ++generation_;
  best_.push_back(best);
  worst_.push_back(worst);
  if (best_.size() > p_.history) {
    best_.erase(best_.begin());
    worst_.erase(worst_.begin());
  }
  const Matrix y = (points.colwise() - mean_) / sigma_;
  const auto mu = static_cast<Eigen::Index>(p_.mu);
  const Vector step = y.leftCols(mu) * p_.weights.head(mu);
  mean_ += sigma_ * step;
  const Vector white = axes_ * (axes_.transpose() * step).cwiseQuotient(lengths_);
  path_sigma_ = (1 - p_.c_sigma) * path_sigma_ + std::sqrt(p_.c_sigma * (2 - p_.c_sigma) * p_.mu_eff) * white;
  const double length = path_sigma_.norm();
  sigma_ = std::min(sigma_ * std::exp(p_.c_sigma / p_.d_sigma * (length / p_.chi_n - 1)), 1e32);
  adapt_covariance(y, step, length);
  decompose();
  for (Eigen::Index i = 0; i < mean_.size(); ++i)
    if (steps_[static_cast<std::size_t>(i)] > 0) keep_margin(i);
}

//   p_c = (1 - c_c) p_c + h sqrt(c_c (2 - c_c) mu_eff) step
//   C = (1 + c_1 (1 - h) c_c (2 - c_c) - c_1 - c_mu sum w) C + c_1 p_c p_c' + c_mu sum of w_i' y_i y_i'
// h = 0 while p_sigma is long. w_i' = w_i, where it is negative times d / (|C^-1/2 y_i|^2 + 1e-8).
void Cma::adapt_covariance(const Matrix& y, const Vector& step, double path_length) {
  const auto d = static_cast<double>(mean_.size());
  const double passed = 1 - std::pow(1 - p_.c_sigma, 2 * (static_cast<double>(generation_) + 1));
  const bool h = path_length / std::sqrt(passed) < (1.4 + 2 / (d + 1)) * p_.chi_n;
  path_c_ *= 1 - p_.cc;
  if (h) path_c_ += std::sqrt(p_.cc * (2 - p_.cc) * p_.mu_eff) * step;
  Vector weights = p_.weights;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    if (weights[i] >= 0) continue;
    const double length = (axes_.transpose() * y.col(i)).cwiseQuotient(lengths_).squaredNorm();
    weights[i] *= d / (length + 1e-8);
  }
  const double forget = h ? 0 : p_.cc * (2 - p_.cc);
  c_ = (1 + p_.c1 * forget - p_.c1 - p_.cmu * p_.weights.sum()) * c_ + p_.c1 * path_c_ * path_c_.transpose() +
       p_.cmu * (y * weights.asDiagonal() * y.transpose());
}

// Keeps the probability of a neighboring value at alpha / 2 or more, alpha = 1 / (d lambda): m and A of the coordinate
// move so that both neighbors' sides have it; in the outermost cell m moves so that the inner side has alpha.
// Source: R. Hamano, S. Saito, M. Nomura, S. Shirakawa, CMA-ES with margin, GECCO 2022, section 3.
void Cma::keep_margin(Eigen::Index i) {
  const double step = steps_[static_cast<std::size_t>(i)];
  const double alpha = 1 / (static_cast<double>(mean_.size()) * static_cast<double>(p_.population));
  const double cells = std::round(1 / step);  // limits between values lie at (k + 1/2) step, 0 <= k < cells
  const double cell = std::clamp(std::ceil(mean_[i] / step - 0.5), 0.0, cells);
  const double lower = (std::max(cell - 1, 0.0) + 0.5) * step;
  const double upper = (std::min(cell, cells - 1) + 0.5) * step;
  const double deviation = sigma_ * scale_[i] * std::sqrt(c_(i, i));
  double below = std::exp(log_normal_below((lower - mean_[i]) / deviation));
  double above = std::exp(log_normal_below((mean_[i] - upper) / deviation));
  if (std::max(below, above) > 0.5) {
    if (std::min(below, above) >= alpha) return;
    const double distance = -deviation * normal_quantile(alpha);
    mean_[i] = upper + (mean_[i] < upper ? -distance : distance);
    return;
  }
  const double middle = 1 - (below + above);
  below = std::max(below, alpha / 2);
  above = std::max(above, alpha / 2);
  // What was added is taken from where there is more than the margin, in proportion.
  const double surplus = 1 - below - above - middle;
  const double rest = below + middle + above - 1.5 * alpha;
  const double low_share = std::clamp(below + surplus * (below - alpha / 2) / rest, 1e-10, 0.5 - 1e-10);
  const double high_share = std::clamp(above + surplus * (above - alpha / 2) / rest, 1e-10, 0.5 - 1e-10);
  const double low_distance = -normal_quantile(low_share);
  const double high_distance = -normal_quantile(high_share);
  scale_[i] = (upper - lower) / ((low_distance + high_distance) * sigma_ * std::sqrt(c_(i, i)));
  mean_[i] = (lower * high_distance + upper * low_distance) / (low_distance + high_distance);
}

// Source: the tutorial's appendix B.3; the numbers are those of cmaes 0.13.
bool Cma::should_stop() const {
  if (generation_ > p_.history) {
    const double lowest = *std::ranges::min_element(best_);
    const double highest = *std::ranges::max_element(worst_);
    if (highest - lowest < 1e-12) return true;
  }
  const Vector diagonal = c_.diagonal();
  const double least_step = 1e-12 * first_sigma_;
  if ((sigma_ * diagonal.array() < least_step).all() && (sigma_ * path_c_.array() < least_step).all()) return true;
  if (sigma_ * lengths_.maxCoeff() > 1e4) return true;
  const Vector moved = mean_ + 0.2 * sigma_ * diagonal.cwiseSqrt();
  if ((moved.array() == mean_.array()).any()) return true;
  const auto axis = static_cast<Eigen::Index>(generation_ % static_cast<std::size_t>(mean_.size()));
  const Vector along = mean_ + 0.1 * sigma_ * lengths_[axis] * axes_.col(axis);
  if ((along.array() == mean_.array()).all()) return true;
  return !(lengths_.maxCoeff() / lengths_.minCoeff() <= 1e14);
}

}  // namespace searchers
