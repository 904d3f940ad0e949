// Products of dense matrices, for whatever needs fast ones: networks, optimizers with a preconditioner, Lanczos.
//
// One thread. The instruction set is chosen at run time (TUNER_ISA overrides, as everywhere). The bits of a result do
// not depend on what else runs, on alignment, or on which part of a larger product is asked for; with
// Rounding::separate they are those of every instruction set.
#pragma once

#include <cstddef>

#include "buffer.hpp"

namespace tuner::linear_algebra {

// How a product of two numbers is added to a sum.
enum class Rounding {
  separate,  // rounded before it is added: the same bits on every machine
  fused      // not rounded where the machine can, which is up to twice as fast: the bits are the machine's
};

// A view on values that somebody else owns: element (i, j) is values[i * row_step + j * column_step].
template <class T>
struct Matrix {
  const T* values = nullptr;
  std::size_t rows = 0, columns = 0;
  std::size_t row_step = 0, column_step = 1;

  [[nodiscard]] Matrix transposed() const { return {values, columns, rows, column_step, row_step}; }
};
// Rows one after another, `step` values from one to the next (0: as many as there are columns).
template <class T>
Matrix<T> by_rows(const T* values, std::size_t rows, std::size_t columns, std::size_t step = 0) {
  return {values, rows, columns, step == 0 ? columns : step, 1};
}
// Columns one after another, likewise.
template <class T>
Matrix<T> by_columns(const T* values, std::size_t rows, std::size_t columns, std::size_t step = 0) {
  return by_rows(values, columns, rows, step).transposed();
}

// Where a product goes. One of its steps is 1. It overlaps no operand.
template <class T>
struct Target {
  T* values = nullptr;
  std::size_t row_step = 0, column_step = 1;
  bool add = false;  // to what is there, which is read only then
};
template <class T>
Target<T> into(T* values, std::size_t row_step) {
  return {values, row_step, 1, false};
}
template <class T>
Target<T> added_to(T* values, std::size_t row_step) {
  return {values, row_step, 1, true};
}
template <class T>
Target<T> transposed(Target<T> target) {
  return {target.values, target.column_step, target.row_step, target.add};
}

// out = a b, or out += a b. Extents of 0 are allowed; a sum over nothing is 0. NaN and infinity go where the sums take
// them.
// Requires: a.columns == b.rows.
// Errors: std::bad_alloc.
template <class T>
void multiply(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, const Target<T>& out);

// out = a b where that is known to be symmetric, such as x x' or a power of a symmetric matrix: half of the work, and
// symmetric to the last bit. Overwrites.
template <class T>
void multiply_symmetric(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, T* out, std::size_t step);

// A matrix b as multiply() wants it, for products with many others.
template <class T>
class Packed {
 public:
  void pack(Rounding rounding, const Matrix<T>& b);
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] Rounding rounding() const { return rounding_; }
  [[nodiscard]] const T* values() const { return values_.data(); }

 private:
  Rounding rounding_ = Rounding::separate;
  std::size_t rows_ = 0, columns_ = 0;
  Buffer<T> values_;
};

// The same bits as multiply() with what was packed. Rows of the result lie one after another.
template <class T>
void multiply(const Matrix<T>& a, const Packed<T>& b, T* out, std::size_t row_step, bool add);

// The sum of a_i b_i, in a fixed order of eight partial sums: the same bits on every machine.
[[nodiscard]] double dot(const double* a, const double* b, std::size_t n);

}  // namespace tuner::linear_algebra
