// What one compilation of kernels.hpp gives. Plain C types alone: nothing that is compiled inline in two files with
// different flags may pass between them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tuner::linear_algebra {

// Element (i, j) is values[i * row_step + j * column_step].
template <class T>
struct RawMatrix {
  const T* values;
  std::size_t row_step, column_step;
};

// out(i, j) = or += sum over k of a(i, k) b(k, j). Element (i, j) of out is out[i * out_row_step + j *
// out_column_step]: one of the steps is 1, and the other way round costs a little more.
template <class T>
struct RawProduct {
  std::size_t rows, columns, depth;
  RawMatrix<T> a, b;
  T* out;
  std::size_t out_row_step, out_column_step;
  bool add;
  bool lower;       // only tiles that reach to or below the diagonal are computed
  const T* packed;  // b as pack() left it, or null
  T* workspace;     // workspace_size values, aligned to 64 bytes
};

template <class T>
struct ProductKernels {
  void (*product)(const RawProduct<T>& p);
  // Values of workspace that a product takes.
  std::size_t (*workspace_size)(const RawProduct<T>& p);
  // All of b, depth x columns, in the order in which product() reads it.
  void (*pack)(std::size_t depth, std::size_t columns, const RawMatrix<T>& b, T* packed);
  std::size_t (*packed_size)(std::size_t depth, std::size_t columns);
};

// x_k' = c x_k - s x_(k+1),  x_(k+1)' = s x_k + c x_(k+1),  for k from first + count - 1 down to first.
struct RotationSweep {
  std::size_t first, count;
  const double* cosines_sines;  // c, s of k = first + count - 1, then of the next
};

struct EigenKernels {
  // On the rows of a matrix with `columns` columns, row_step values between rows. workspace: rows * 64 values.
  void (*rotate_rows)(double* rows, std::size_t n_rows, std::size_t columns, std::size_t row_step,
                      const RotationSweep* sweeps, std::size_t n_sweeps, double* workspace);
  // a -= v w' + w v',  y += a u  for a symmetric n x n matrix, of which the diagonal and what is above are there.
  void (*update_and_multiply)(double* a, std::size_t row_step, std::size_t n, const double* v, const double* w,
                              const double* u, double* y);
};

// As elements.hpp has them.
template <class T>
struct ElementKernels {
  void (*values_of_bytes)(const unsigned char* bytes, std::size_t count, T scale, T shift, T* out);
  void (*largest_of_four)(const T* values, const std::size_t* places, std::size_t count, T* out,
                          std::uint32_t* winners);
};

struct KernelTable {
  ProductKernels<float> f32;
  ProductKernels<double> f64;
  ElementKernels<float> elements_f32;
  ElementKernels<double> elements_f64;
  EigenKernels eigen;
};

// One for each compilation; null where this build has none.
extern const KernelTable kPortableKernels;
#ifdef TUNER_X86_KERNELS
extern const KernelTable kAvx2Kernels, kAvx2FusedKernels, kAvx512Kernels, kAvx512FusedKernels;
#endif

}  // namespace tuner::linear_algebra
