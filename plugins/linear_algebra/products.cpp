#include "products.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstdlib>

#include "dispatch.hpp"
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

constexpr std::size_t kAlignment = 64;

template <class T>
T* aligned(T* values) {
  const auto address = reinterpret_cast<std::uintptr_t>(values);
  return values + (kAlignment - address % kAlignment) % kAlignment / sizeof(T);
}
template <class T>
std::unique_ptr<T[]> room_for(std::size_t size) {
  return std::make_unique_for_overwrite<T[]>(size + kAlignment / sizeof(T));
}

template <class T>
void run(const ProductKernels<T>& kernels, RawProduct<T>& product) {
  if (product.rows == 0 || product.columns == 0) return;
  const std::unique_ptr<T[]> workspace = room_for<T>(kernels.workspace_size(product));
  product.workspace = aligned(workspace.get());
  kernels.product(product);
}

// Tiles are wider than high: the longer side lies along the rows of the result, where both ways are open.
template <class T>
RawProduct<T> raw(const Matrix<T>& a, const Matrix<T>& b, T* out, std::size_t step, bool add) {
  assert(a.columns == b.rows);
  return {a.rows,
          b.columns,
          a.columns,
          {a.values, a.row_step, a.column_step},
          {b.values, b.row_step, b.column_step},
          out,
          step,
          add,
          false,
          nullptr,
          nullptr};
}

}  // namespace

const KernelTable& kernels(Rounding rounding) {
  static const KernelTable& separate = choose(Rounding::separate);
  static const KernelTable& fused = choose(Rounding::fused);
  return rounding == Rounding::fused ? fused : separate;
}

template <class T>
void multiply(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, const Target<T>& out) {
  if (out.column_step != 1) return multiply(rounding, b.transposed(), a.transposed(), transposed(out));
  RawProduct<T> product = raw(a, b, out.values, out.row_step, out.add);
  run(of<T>(kernels(rounding)), product);
}

template <class T>
void multiply_symmetric(Rounding rounding, const Matrix<T>& a, const Matrix<T>& b, T* out, std::size_t step) {
  assert(a.rows == b.columns);
  RawProduct<T> product = raw(a, b, out, step, false);
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
  if (size > room_ || storage_ == nullptr) {
    storage_ = room_for<T>(size);
    room_ = size;
    values_ = aligned(storage_.get());
  }
  rounding_ = rounding;
  rows_ = b.rows;
  columns_ = b.columns;
  kernels_of.pack(b.rows, b.columns, {b.values, b.row_step, b.column_step}, values_);
}

template <class T>
void multiply(const Matrix<T>& a, const Packed<T>& b, T* out, std::size_t row_step, bool add) {
  assert(a.columns == b.rows());
  RawProduct<T> product{a.rows, b.columns(), a.columns, {a.values, a.row_step, a.column_step}, {}, out, row_step, add,
                        false,  b.values(),  nullptr};
  run(of<T>(kernels(b.rounding())), product);
}

#define TUNER_INSTANTIATE(T)                                                                          \
  template void multiply<T>(Rounding, const Matrix<T>&, const Matrix<T>&, const Target<T>&);          \
  template void multiply_symmetric<T>(Rounding, const Matrix<T>&, const Matrix<T>&, T*, std::size_t); \
  template class Packed<T>;                                                                           \
  template void multiply<T>(const Matrix<T>&, const Packed<T>&, T*, std::size_t, bool);
TUNER_INSTANTIATE(float)
TUNER_INSTANTIATE(double)
#undef TUNER_INSTANTIATE

}  // namespace tuner::linear_algebra
