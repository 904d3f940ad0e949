// A symmetric matrix given by its eigenvalues or by a file: what quadratic and noisy_quadratic have in common.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tuner/plugin.hpp"

namespace tuner::objectives {

class QuadraticForm {
 public:
  // The options of a form, first in the table of both plugins.
  enum Option { kEigenvalues, kCondition, kDim, kRotate, kMatrixFile, kOptions };

  // Reads the options above; rotations come from `rng` (purpose DATA), at stream positions from 0.
  // Errors: those of read_number_table; std::runtime_error for a matrix that is not square or not symmetric.
  QuadraticForm(const Options& options, tuner_rng rng);

  // Rules between the options. Throws Invalid.
  static void check(const Options& options);

  [[nodiscard]] std::size_t size() const { return size_; }
  // out = A x for `count` vectors x, one after another. out must not be x.
  void apply(const double* x, std::size_t count, double* out) const;

 private:
  void rotate(tuner_rng rng);

  std::size_t size_ = 0;
  std::vector<double> diagonal_;  // where the form is diagonal, else empty
  std::vector<double> dense_;     // otherwise: size() x size()
};

inline constexpr Param kFormParams[] = {
    reals("eigenvalues", nullptr, "eigenvalues of the matrix; absent: dim values from 1 to condition, log-spaced")
        .with(TUNER_PARAM_DATA)
        .structural(),
    real("condition", 10, "ratio of the largest to the least eigenvalue, which is 1; used without eigenvalues")
        .at_least(1)
        .with(TUNER_PARAM_DATA)
        .structural(),
    integer("dim", 2, "number of dimensions; used without eigenvalues")
        .at_least(1)
        .at_most(10000)
        .with(TUNER_PARAM_DATA)
        .structural(),
    boolean("rotate", false, "turn the axes by a random rotation that the study's seed decides")
        .with(TUNER_PARAM_DATA)
        .structural(),
    text("matrix_file", nullptr, "CSV of the symmetric matrix itself, one row a line, instead of eigenvalues")
        .with(TUNER_PARAM_DATA | TUNER_PARAM_PATH)
        .structural()};

}  // namespace tuner::objectives
