#include "quadratic_form.hpp"

#include <cmath>
#include <stdexcept>

#include "data/number_table.hpp"
#include "linear_algebra/decompositions.hpp"
#include "linear_algebra/products.hpp"

namespace tuner::objectives {
namespace {

// 1 to condition, evenly spaced in the logarithm; the ends are exact.
std::vector<double> log_spaced(double condition, std::size_t n) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i)
    values[i] = n == 1 ? 1 : std::pow(condition, static_cast<double>(i) / static_cast<double>(n - 1));
  if (n > 1) values[n - 1] = condition;
  return values;
}

// An orthogonal matrix, uniformly distributed (Haar): Q of a Gaussian matrix G = QR, with the signs that make the
// diagonal of R positive; without them the distribution would depend on the algorithm's choice of signs.
// Source: F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007, section 5.
std::vector<double> random_rotation(std::size_t n, tuner_rng rng) {
  std::vector<double> transposed(n * n), q(n * n);
  for (std::size_t row = 0; row < n; ++row)
    for (std::size_t column = 0; column < n; ++column) transposed[column * n + row] = tuner_rng_next_normal(&rng);
  linear_algebra::orthogonal_factor(n, transposed.data(), q.data());
  return q;
}

std::vector<double> matrix_from(const std::string& path, std::size_t* size) {
  NumberTable table = read_number_table(path);
  if (table.rows != table.columns)
    throw std::runtime_error(path + " has " + std::to_string(table.rows) + " rows and " +
                             std::to_string(table.columns) + " columns, but the matrix must be square");
  const std::size_t n = table.rows;
  std::vector<double> matrix(table.values.begin(), table.values.end());
  for (std::size_t row = 0; row < n; ++row)
    for (std::size_t column = 0; column < row; ++column) {
      double &below = matrix[row * n + column], &above = matrix[column * n + row];
      if (std::abs(below - above) > 1e-12 * (1 + std::abs(below)))
        throw std::runtime_error(path + " is not symmetric: row " + std::to_string(row + 1) + ", column " +
                                 std::to_string(column + 1) + " differs from its mirror image");
      below = 0.5 * (below + above);
      above = below;
    }
  *size = n;
  return matrix;
}

}  // namespace

QuadraticForm::QuadraticForm(const Options& options, tuner_rng rng) {
  check(options);
  if (const auto file = options.text(kMatrixFile); !file.empty()) {
    dense_ = matrix_from(std::string(file), &size_);
    return;
  }
  const auto given = options.reals(kEigenvalues);
  if (given.empty())
    diagonal_ = log_spaced(options[kCondition], static_cast<std::size_t>(options.integer(kDim)));
  else
    diagonal_.assign(given.begin(), given.end());
  size_ = diagonal_.size();
  if (options.flag(kRotate)) rotate(rng);
}

// A = Q diag Q', symmetric to the last bit.
void QuadraticForm::rotate(tuner_rng rng) {
  rng.position = 0;
  const std::vector<double> q = random_rotation(size_, rng);
  std::vector<double> scaled(q);
  for (std::size_t row = 0; row < size_; ++row)
    for (std::size_t column = 0; column < size_; ++column) scaled[row * size_ + column] *= diagonal_[column];
  dense_.resize(size_ * size_);
  linear_algebra::multiply_symmetric(
      linear_algebra::Rounding::separate, linear_algebra::by_rows<double>(scaled.data(), size_, size_),
      linear_algebra::by_rows(q.data(), size_, size_).transposed(), dense_.data(), size_);
  diagonal_.clear();
}

// A is symmetric: the vectors as rows of X, X A.
void QuadraticForm::apply(const double* x, std::size_t count, double* out) const {
  if (dense_.empty()) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < size_; ++k) out[i * size_ + k] = diagonal_[k] * x[i * size_ + k];
    return;
  }
  linear_algebra::multiply(linear_algebra::Rounding::separate, linear_algebra::by_rows(x, count, size_),
                           linear_algebra::by_rows(dense_.data(), size_, size_), linear_algebra::into(out, size_));
}

void QuadraticForm::check(const Options& options) {
  const bool listed = !options.reals(kEigenvalues).empty(), file = !options.text(kMatrixFile).empty();
  if (listed && file) throw Invalid("give eigenvalues or matrix_file, not both");
  if (file && options.flag(kRotate))
    throw Invalid("rotate turns the axes of given eigenvalues; a matrix_file is taken as it is");
  if (listed) {
    const auto count = static_cast<std::int64_t>(options.reals(kEigenvalues).size());
    const std::int64_t dim = options.integer(kDim);
    if (dim != static_cast<std::int64_t>(kFormParams[kDim].default_value) && dim != count)
      throw Invalid("dim is " + std::to_string(dim) + ", but eigenvalues has " + std::to_string(count) +
                    " values: leave dim out");
  }
}

}  // namespace tuner::objectives
