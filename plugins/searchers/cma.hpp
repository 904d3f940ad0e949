// The covariance matrix adaptation evolution strategy (CMA-ES), with margin for stepped coordinates. cmaes.cpp makes a
// searcher of it.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace searchers {

// Source: N. Hansen, The CMA evolution strategy: a tutorial, 2016, arXiv 1604.00772, equations 49 to 58.
struct CmaParameters {
  CmaParameters(std::size_t dimensions, std::size_t population);  // population 0: 4 + floor(3 ln d)

  std::size_t population, mu;
  double mu_eff, cc, c1, cmu, c_sigma, d_sigma, chi_n;
  Eigen::VectorXd weights;  // by rank; those beyond mu are negative
  std::size_t history;      // generations over which values must differ
};

class Cma {
 public:
  using Vector = Eigen::VectorXd;
  using Matrix = Eigen::MatrixXd;

  // steps: the distance of the legal values of a coordinate, which begin at 0 and end at 1; 0: every value.
  Cma(Vector mean, double sigma, std::size_t population, std::vector<double> steps = {});

  // The point that belongs to a standard normal z.
  [[nodiscard]] Vector sample(const Vector& z) const;
  // Where a point lies among the legal values: its distance from the mean times A. And the point that lies at a place.
  [[nodiscard]] Vector place(const Vector& point) const { return mean_ + scale_.cwiseProduct(point - mean_); }
  [[nodiscard]] Vector point(const Vector& place) const { return mean_ + (place - mean_).cwiseQuotient(scale_); }
  // |C^-1/2 (x - m)| / sigma: a sample has about sqrt(d).
  [[nodiscard]] double distance(const Vector& point) const;
  // One generation: `population` points in the columns of `points`, the best first, and the best and the worst value.
  void tell(const Matrix& points, double best, double worst);
  // Nothing is to be expected of further generations: no progress in values or steps, or numbers out of hand.
  [[nodiscard]] bool should_stop() const;

  [[nodiscard]] const CmaParameters& parameters() const { return p_; }
  [[nodiscard]] const Vector& mean() const { return mean_; }
  [[nodiscard]] double sigma() const { return sigma_; }
  [[nodiscard]] const Matrix& covariance() const { return c_; }
  [[nodiscard]] const Vector& path_sigma() const { return path_sigma_; }
  [[nodiscard]] const Vector& path_c() const { return path_c_; }
  [[nodiscard]] const Vector& scale() const { return scale_; }

 private:
  void decompose();
  void adapt_covariance(const Matrix& y, const Vector& step, double path_length);
  void keep_margin(Eigen::Index i);

  CmaParameters p_;
  Vector mean_;
  double sigma_, first_sigma_;
  std::vector<double> steps_;
  Vector scale_;  // A of the margin
  Matrix c_;
  Matrix axes_;     // B: eigenvectors of C
  Vector lengths_;  // D: roots of its eigenvalues
  Vector path_sigma_, path_c_;
  std::vector<double> best_, worst_;  // of the last generations
  std::size_t generation_ = 0;
};

}  // namespace searchers
