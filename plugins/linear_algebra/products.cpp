#include "products.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "dispatch.hpp"
#include "elements.hpp"
#include "tuner/sdk/update.hpp"

namespace tuner::linear_algebra {
namespace {

#ifdef TUNER_X86_KERNELS
const KernelTable& choose(Rounding rounding) {
  const bool fused = rounding == Rounding::fused && __builtin_cpu_supports("fma");
  switch (detail::isa()) {
    case detail::Isa::kAvx512f:
      return fused ? kAvx512FusedKernels : kAvx512Kernels;
    case detail::Isa::kAvx2:
      return fused ? kAvx2FusedKernels : kAvx2Kernels;
    case detail::Isa::kBase:
      break;
  }
  return kPortableKernels;
}
#else
const KernelTable& choose(Rounding) { return kPortableKernels; }
#endif

template <class T>
const ProductKernels<T>& of(const KernelTable& table) {
  if constexpr (sizeof(T) == sizeof(float))
    return table.f32;
  else
    return table.f64;
}

template <class T>
void run(const ProductKernels<T>& kernels, RawProduct<T>& product) {
  if (product.rows == 0 || product.columns == 0) return;
  Buffer<T> workspace(kernels.workspace_size(product));
  product.workspace = workspace.data();
  kernels.product(product);
}

template <class T>
RawProduct<T> raw(const Matrix<T>& a, const Matrix<T>& b, const Target<T>& out) {
  assert(a.columns == b.rows);
  RawProduct<T> product{};
  product.rows = a.rows;
  product.columns = b.columns;
  product.depth = a.columns;
  product.a = {a.values, a.row_step, a.column_step};
  product.b = {b.values, b.row_step, b.column_step};
  product.out = out.values;
  product.out_row_step = out.row_step;
  product.out_column_step = out.column_step;
  product.add = out.add;
  return product;
}

// What a product costs beside its arithmetic, in values moved: b is packed where its rows are not whole or many tiles
// read it, values of a that lie far apart come one by one, and tiles go out by columns where the result lies so.
template <class T>
std::size_t overhead(const Matrix<T>& a, const Matrix<T>& b, const Target<T>& out) {
  constexpr std::size_t kDepth = 256, kFewRows = 144;
  const std::size_t packing = b.column_step == 1 && a.rows <= kFewRows ? 0 : b.rows * b.columns;
  const std::size_t reading = a.column_step == 1 ? 0 : a.rows * a.columns;
  const std::size_t blocks = (b.rows + kDepth - 1) / kDepth;
  return packing + reading + (out.column_step == 1 ? 0 : 2 * blocks * a.rows * b.columns);
}

}  // namespace

const KernelTable& kernels(Rounding rounding) {
  static const KernelTable& separate = choose(Rounding::separate);
  static const KernelTable& fused = choose(Rounding::fused);
  return rounding == Rounding::fused ? fused : separate;
}

template <class T>
void multiply(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, const Target<T>& out) {
  const Matrix<T> a_turned = b.transposed(), b_turned = a.transposed();
  const Target<T> out_turned = transposed(out);
  const bool turn = overhead(a_turned, b_turned, out_turned) < overhead(a, b, out);
  RawProduct<T> product = turn ? raw(a_turned, b_turned, out_turned) : raw(a, b, out);
  run(of<T>(kernels(rounding)), product);
}

template <class T>
void multiply_symmetric(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, T* out, std::size_t step) {
  assert(a.rows == b.columns);
  RawProduct<T> product = raw(a, b, into(out, step));
  product.lower = true;
  run(of<T>(kernels(rounding)), product);
  // By blocks, whose columns stay in the cache.
  constexpr std::size_t kBlock = 16;
  const std::size_t n = a.rows;
  for (std::size_t top = 0; top < n; top += kBlock)
    for (std::size_t left = 0; left <= top; left += kBlock)
      for (std::size_t i = top; i < std::min(n, top + kBlock); ++i)
        for (std::size_t j = left; j < std::min(i, left + kBlock); ++j) out[j * step + i] = out[i * step + j];
}

template <class T>
void Packed<T>::pack(Rounding rounding, const Matrix<T>& b) {
  const ProductKernels<T>& kernels_of = of<T>(kernels(rounding));
  const std::size_t size = kernels_of.packed_size(b.rows, b.columns);
  if (size > values_.size()) values_ = Buffer<T>(size);
  rounding_ = rounding;
  rows_ = b.rows;
  columns_ = b.columns;
  kernels_of.pack(b.rows, b.columns, {b.values, b.row_step, b.column_step}, values_.data());
}

template <class T>
void multiply(const Matrix<T>& a, const Packed<T>& b, T* out, std::size_t row_step, bool add) {
  const Matrix<T> shape{nullptr, b.rows(), b.columns()};
  RawProduct<T> product = raw(a, shape, Target<T>{out, row_step, 1, add});
  product.packed = b.values();
  run(of<T>(kernels(b.rounding())), product);
}

double dot(const double* a, const double* b, std::size_t n) {
  constexpr std::size_t kSums = 8;
  double sums[kSums] = {};
  std::size_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::size_t k = 0; k < kSums; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < n; ++i) sums[0] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

namespace {
const ElementKernels<float>& elements_of(float) { return kernels(Rounding::separate).elements_f32; }
const ElementKernels<double>& elements_of(double) { return kernels(Rounding::separate).elements_f64; }
}  // namespace

template <class T>
void values_of_bytes(const unsigned char* bytes, std::size_t count, T scale, T shift, T* out) {
  elements_of(T()).values_of_bytes(bytes, count, scale, shift, out);
}

template <class T>
void largest_of_four(const T* values, const std::size_t (&places)[4], std::size_t count, T* out,
                     std::uint32_t* winners) {
  elements_of(T()).largest_of_four(values, places, count, out, winners);
}

#define TUNER_INSTANTIATE(T)                                                                          \
  template void multiply<T>(Rounding, const Matrix<T>&, const Matrix<T>&, const Target<T>&);          \
  template void multiply_symmetric<T>(Rounding, const Matrix<T>&, const Matrix<T>&, T*, std::size_t); \
  template class Packed<T>;                                                                           \
  template void multiply<T>(const Matrix<T>&, const Packed<T>&, T*, std::size_t, bool);               \
  template void values_of_bytes<T>(const unsigned char*, std::size_t, T, T, T*);                      \
  template void largest_of_four<T>(const T*, const std::size_t(&)[4], std::size_t, T*, std::uint32_t*);
TUNER_INSTANTIATE(float)
TUNER_INSTANTIATE(double)
#undef TUNER_INSTANTIATE

}  // namespace tuner::linear_algebra
