// What shampoo and soap share: a tensor as a matrix with up to two sides that have a preconditioner. All arithmetic is
// in double, whatever the tensor's type: eigenvalues of sums of squares span too many digits for float.
#pragma once

#include <Eigen/Dense>
#include <limits>

#include "shape.hpp"

namespace preconditioner {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using View = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

enum Side { kLeft, kRight };

inline std::int64_t extent(const shape::Matrix& m, Side side) { return side == kLeft ? m.rows : m.columns; }

// Which sides have a preconditioner: not those longer than max_dim, nor those of vectors unless they are asked for, nor
// those of length 1, for which it would be a number.
struct Limits {
  std::int64_t max_dim;
  bool vectors;
};
inline bool has(const tuner_tensor_info& info, Side side, const Limits& limits) {
  const shape::Matrix m = shape::flattened(info);
  if (info.rank < 2 && !limits.vectors) return false;
  return extent(m, side) > 1 && extent(m, side) <= limits.max_dim && m.rows * m.columns > 0;
}

inline std::uint64_t square_extent(const tuner_tensor_info& info, Side side, const Limits& limits) {
  const auto n = static_cast<std::uint64_t>(extent(shape::flattened(info), side));
  return has(info, side, limits) ? n * n : 0;
}

template <class T>
View<T> square(T* values, std::int64_t n) {
  return View<T>(values, n, n);
}

template <class T>
Matrix gradient_of(const tuner::Tensor<T>& t) {
  const shape::Matrix m = shape::flattened(t.info());
  return View<T>(t.grad(), m.rows, m.columns).template cast<double>();
}

// GG' or G'G.
inline Matrix outer(const Matrix& g, Side side) {
  if (side == kLeft) return g * g.transpose();
  return g.transpose() * g;
}

// The share of the largest eigenvalue of a sum of outer() at or below which an eigenvalue is rounding: of the sum, in
// double, or of the gradients in their own type, which enters squared.
template <class T>
double rounding(const shape::Matrix& m, std::int64_t n) {
  const double of_gradients = std::numeric_limits<T>::epsilon(), of_sum = std::numeric_limits<double>::epsilon();
  const double longest = static_cast<double>(std::max(m.rows, m.columns));
  return std::max(static_cast<double>(n) * of_sum, 16 * longest * of_gradients * of_gradients);
}

// A column's sign, which an eigenvector leaves open, so that its entry of largest magnitude is positive.
inline void fix_signs(Matrix& columns) {
  for (Eigen::Index j = 0; j < columns.cols(); ++j) {
    Eigen::Index largest = 0;
    columns.col(j).cwiseAbs().maxCoeff(&largest);
    if (columns(largest, j) < 0) columns.col(j) = -columns.col(j);
  }
}

}  // namespace preconditioner
