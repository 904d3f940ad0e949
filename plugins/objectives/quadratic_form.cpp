#include "quadratic_form.hpp"

#include <cmath>
#include <stdexcept>

#include "data/number_table.hpp"

namespace tuner::objectives {
namespace {

// 1 to condition, evenly spaced in the logarithm; the ends are exact.
Eigen::VectorXd log_spaced(double condition, Eigen::Index n) {
  Eigen::VectorXd values(n);
  for (Eigen::Index i = 0; i < n; ++i)
    values[i] = n == 1 ? 1 : std::pow(condition, static_cast<double>(i) / static_cast<double>(n - 1));
  if (n > 1) values[n - 1] = condition;
  return values;
}

// An orthogonal matrix, uniformly distributed (Haar): Q of a Gaussian matrix G = QR, with the signs that make the
// diagonal of R positive; without them the distribution would depend on the algorithm's choice of signs.
// Source: F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007, section 5.
Eigen::MatrixXd random_rotation(Eigen::Index n, tuner_rng rng) {
  Eigen::MatrixXd gaussian(n, n);
  for (Eigen::Index row = 0; row < n; ++row)
    for (Eigen::Index column = 0; column < n; ++column) gaussian(row, column) = tuner_rng_next_normal(&rng);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(gaussian);
  Eigen::MatrixXd q = qr.householderQ();
  for (Eigen::Index column = 0; column < n; ++column)
    if (qr.matrixQR()(column, column) < 0) q.col(column) = -q.col(column);
  return q;
}

Eigen::MatrixXd matrix_from(const std::string& path) {
  const NumberTable table = read_number_table(path);
  if (table.rows != table.columns)
    throw std::runtime_error(path + " has " + std::to_string(table.rows) + " rows and " +
                             std::to_string(table.columns) + " columns, but the matrix must be square");
  const auto n = static_cast<Eigen::Index>(table.rows);
  const Eigen::MatrixXd matrix =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(table.values.data(), n,
                                                                                               n);
  for (Eigen::Index row = 0; row < n; ++row)
    for (Eigen::Index column = 0; column < row; ++column)
      if (std::abs(matrix(row, column) - matrix(column, row)) > 1e-12 * (1 + std::abs(matrix(row, column))))
        throw std::runtime_error(path + " is not symmetric: row " + std::to_string(row + 1) + ", column " +
                                 std::to_string(column + 1) + " differs from its mirror image");
  return 0.5 * (matrix + matrix.transpose());
}

}  // namespace

QuadraticForm::QuadraticForm(const Options& options, tuner_rng rng) {
  check(options);
  if (const auto file = options.text(kMatrixFile); !file.empty()) {
    dense_ = matrix_from(std::string(file));
    return;
  }
  const auto given = options.reals(kEigenvalues);
  diagonal_ =
      given.empty()
          ? log_spaced(options[kCondition], options.integer(kDim))
          : Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(given.data(), static_cast<Eigen::Index>(given.size())));
  if (!options.flag(kRotate)) return;
  rng.position = 0;
  const Eigen::MatrixXd q = random_rotation(diagonal_.size(), rng);
  const Eigen::MatrixXd turned = q * diagonal_.asDiagonal() * q.transpose();
  dense_ = 0.5 * (turned + turned.transpose());  // symmetric to the last bit
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
