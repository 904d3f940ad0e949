// What shampoo and soap share: a tensor as a matrix with up to two sides that have a preconditioner. All arithmetic is
// in double, whatever the tensor's type: eigenvalues of sums of squares span too many digits for float.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

#include "linear_algebra/decompositions.hpp"
#include "linear_algebra/products.hpp"
#include "shape.hpp"

namespace preconditioner {

namespace algebra = tuner::linear_algebra;
// The same bits on every machine.
constexpr auto kRounding = algebra::Rounding::separate;

// Values of its own, row by row; not set when it is made.
class Matrix {
 public:
  Matrix(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns), values_(rows * columns) {}
  template <class T>
  Matrix(std::size_t rows, std::size_t columns, const T* values) : Matrix(rows, columns) {
    for (std::size_t i = 0; i < size(); ++i) values_[i] = static_cast<double>(values[i]);
  }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t size() const { return rows_ * columns_; }
  [[nodiscard]] double* data() { return values_.data(); }
  [[nodiscard]] const double* data() const { return values_.data(); }
  double& operator[](std::size_t i) { return values_[i]; }
  double operator[](std::size_t i) const { return values_[i]; }
  [[nodiscard]] double* row(std::size_t i) { return values_.data() + i * columns_; }
  [[nodiscard]] const double* row(std::size_t i) const { return values_.data() + i * columns_; }
  [[nodiscard]] algebra::Matrix<double> view() const {
    return algebra::by_rows<double>(values_.data(), rows_, columns_);
  }

  template <class T>
  void store(T* to) const {
    for (std::size_t i = 0; i < size(); ++i) to[i] = static_cast<T>(values_[i]);
  }

 private:
  std::size_t rows_, columns_;
  algebra::Buffer<double> values_;
};

inline Matrix product(const algebra::Matrix<double>& a, const algebra::Matrix<double>& b) {
  Matrix out(a.rows, b.columns);
  algebra::multiply(kRounding, a, b, algebra::into(out.data(), out.columns()));
  return out;
}
// Of what is known to be symmetric.
inline Matrix symmetric_product(const algebra::Matrix<double>& a, const algebra::Matrix<double>& b) {
  Matrix out(a.rows, b.columns);
  algebra::multiply_symmetric(kRounding, a, b, out.data(), out.columns());
  return out;
}

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
Matrix gradient_of(const tuner::Tensor<T>& t) {
  const shape::Matrix m = shape::flattened(t.info());
  return {static_cast<std::size_t>(m.rows), static_cast<std::size_t>(m.columns), t.grad()};
}

// GG' or G'G.
inline Matrix outer(const Matrix& g, Side side) {
  const algebra::Matrix<double> view = side == kLeft ? g.view() : g.view().transposed();
  return symmetric_product(view, view.transposed());
}

// Eigenvalues, ascending, and the eigenvectors in the rows of `vectors`.
struct Eigenvectors {
  std::unique_ptr<double[]> values;
  Matrix vectors;
};
inline Eigenvectors eigenvectors_of(Matrix a) {
  Eigenvectors e{std::make_unique<double[]>(a.rows()), Matrix(a.rows(), a.rows())};
  if (!algebra::symmetric_eigenvectors(a.rows(), a.data(), e.values.get(), e.vectors.data()))
    throw std::runtime_error("an eigendecomposition did not converge");
  return e;
}

// The share of the largest eigenvalue of a sum of outer() at or below which an eigenvalue is rounding: of the sum, in
// double, or of the gradients in their own type, which enters squared.
template <class T>
double rounding(const shape::Matrix& m, std::int64_t n) {
  const double of_gradients = std::numeric_limits<T>::epsilon(), of_sum = std::numeric_limits<double>::epsilon();
  const double longest = static_cast<double>(std::max(m.rows, m.columns));
  return std::max(static_cast<double>(n) * of_sum, 16 * longest * of_gradients * of_gradients);
}

}  // namespace preconditioner
