// The inner part of kernels.hpp, compiled with it once for each instruction set: vectors, packed panels, and tiles,
// whose sums stay in registers.
#pragma once

#include <cstddef>

namespace tuner::linear_algebra::TUNER_KERNELS {
namespace {

template <class T>
struct Vectors;
template <>
struct Vectors<float> {
  typedef float Vector __attribute__((vector_size(TUNER_VECTOR_BYTES)));
};
template <>
struct Vectors<double> {
  typedef double Vector __attribute__((vector_size(TUNER_VECTOR_BYTES)));
};

template <class T>
constexpr std::size_t kLanes = TUNER_VECTOR_BYTES / sizeof(T);
template <class T>
constexpr std::size_t kWidth = 2 * kLanes<T>;  // columns of a tile
// A packed panel of b, kDepth x kWidth, fits the first cache with room for a.
constexpr std::size_t kDepth = 256, kColumns = 1024;
// Rows of a tile that finds them in a panel of b.
constexpr int kSharedRows = TUNER_TILE_ROWS == 12 ? 8 : 4;
static_assert(kWidth<float> % kSharedRows == 0 && kWidth<double> % kSharedRows == 0);
// Rows of a that are read again for every panel of b: they stay in the second cache.
constexpr std::size_t kRows = 40 * TUNER_TILE_ROWS;

// Memory of any alignment.
template <class V, class T>
inline V load(const T* from) {
  V vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}
template <class V, class T>
inline void store(T* to, V vector) {
  __builtin_memcpy(to, &vector, sizeof vector);
}

inline std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
inline std::size_t up_to(std::size_t n, std::size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Four rows by four columns, exchanged.
inline void transpose4(const float* in, std::size_t step, float* out, std::size_t out_step) {
  typedef float Quad __attribute__((vector_size(16)));
  const Quad a = load<Quad>(in), b = load<Quad>(in + step);
  const Quad c = load<Quad>(in + 2 * step), d = load<Quad>(in + 3 * step);
  const Quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(out, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
  store(out + out_step, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
  store(out + 2 * out_step, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
  store(out + 3 * out_step, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
}
inline void transpose4(const double* in, std::size_t step, double* out, std::size_t out_step) {
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t i = 0; i < 4; ++i) out[k * out_step + i] = in[i * step + k];
}

// out[k * width + i] = in[i * step + k * k_step] for i < count, 0 for i from count to width.
template <class T, std::size_t width>
void pack_panel(const T* in, std::size_t step, std::size_t k_step, std::size_t count, std::size_t depth,
                T* __restrict out) {
  if (step == 1 && count == width) {
    for (std::size_t k = 0; k < depth; ++k) __builtin_memcpy(out + k * width, in + k * k_step, width * sizeof(T));
    return;
  }
  std::size_t done = 0;  // of the rows of `in` that go four by four
  if (k_step == 1)
    for (; done + 4 <= count; done += 4) {
      std::size_t k = 0;
      for (; k + 4 <= depth; k += 4) transpose4(in + done * step + k, step, out + k * width + done, width);
      for (; k < depth; ++k)
        for (std::size_t i = done; i < done + 4; ++i) out[k * width + i] = in[i * step + k];
    }
  if (done == width) return;
  for (std::size_t k = 0; k < depth; ++k) {
    for (std::size_t i = done; i < count; ++i) out[k * width + i] = in[i * step + k * k_step];
    for (std::size_t i = count; i < width; ++i) out[k * width + i] = 0;
  }
}

// Rows of a tile, R of them: sums[r] += value(r) row, value(r) being an element of a.
template <class T, int R, int N, class Vector, class Value>
inline __attribute__((always_inline)) void add_step(const T* b, Vector (&sums)[R][N], Value&& value) {
  Vector row[N];
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) row[n] = load<Vector>(b + static_cast<std::size_t>(n) * kLanes<T>);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const T factor = value(r);
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) sums[r][n] += row[n] * factor;
  }
}

// Where the sums go.
template <class T, int R, int N, class Vector>
inline __attribute__((always_inline)) void put_sums(const Vector (&sums)[R][N], T* __restrict out, std::size_t out_step,
                                                    bool add) {
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      T* const to = out + static_cast<std::size_t>(r) * out_step + static_cast<std::size_t>(n) * kLanes<T>;
      store(to, add ? load<Vector>(to) + sums[r][n] : sums[r][n]);
    }
}

// The sums of R rows by N vectors. Rows of a are reached three by three from a pointer each, which is what an address
// can do.
template <class T, int R, int N>
void tile(std::size_t depth, const T* a, std::size_t row_step, std::size_t k_step, const T* b, std::size_t b_step,
          T* __restrict out, std::size_t out_step, bool add) {
  using Vector = typename Vectors<T>::Vector;
  constexpr int kGroups = (R + 2) / 3;
  Vector sums[R][N] = {};
  const T* group[kGroups];
#pragma GCC unroll 8
  for (int g = 0; g < kGroups; ++g) group[g] = a + static_cast<std::size_t>(3 * g) * row_step;
  for (std::size_t k = 0; k < depth; ++k) {
    add_step<T>(
        b, sums, [&](int r) __attribute__((always_inline)) {
          return group[r / 3][static_cast<std::size_t>(r % 3) * row_step];
        });
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) group[g] += k_step;
    b += b_step;
  }
  put_sums<T>(sums, out, out_step, add);
}

// The same of packed panels, whose places are known: two steps at once, so that little but arithmetic is left.
template <class T, int R, int N, std::size_t a_step>
void packed_tile(std::size_t depth, const T* a, const T* b, T* __restrict out, std::size_t out_step, bool add) {
  using Vector = typename Vectors<T>::Vector;
  Vector sums[R][N] = {};
#pragma GCC unroll 2
  for (std::size_t k = 0; k < depth; ++k) {
    add_step<T>(
        b, sums, [&](int r) __attribute__((always_inline)) { return a[r]; });
    a += a_step;
    b += kWidth<T>;
  }
  put_sums<T>(sums, out, out_step, add);
}

template <class T, int N>
void tile_of(std::size_t rows, std::size_t depth, const T* a, std::size_t row_step, std::size_t k_step, const T* b,
             std::size_t b_step, T* out, std::size_t out_step, bool add) {
  if (row_step == 1 && b_step == kWidth<T>) {
    if (rows == TUNER_TILE_ROWS && k_step == TUNER_TILE_ROWS)
      return packed_tile<T, TUNER_TILE_ROWS, N, TUNER_TILE_ROWS>(depth, a, b, out, out_step, add);
    if (rows == kSharedRows && k_step == kWidth<T>)
      return packed_tile<T, kSharedRows, N, kWidth<T>>(depth, a, b, out, out_step, add);
  }
#if TUNER_TILE_ROWS == 12
  if (rows == 12) return tile<T, 12, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  if (rows == 8) return tile<T, 8, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  return tile<T, 4, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
#else
  if (rows == 4) return tile<T, 4, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  if (rows == 6) return tile<T, 6, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  return tile<T, 2, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
#endif
}

#if TUNER_TILE_ROWS == 12
constexpr std::size_t kRowUnit = 4;
#else
constexpr std::size_t kRowUnit = 2;
#endif
// Rows of the next tile, of those that are left; a tile of more rows than are left reads packed zeros.
inline std::size_t tile_rows(std::size_t left) {
  if (left == 0 || left >= TUNER_TILE_ROWS) return left == 0 ? 0 : TUNER_TILE_ROWS;
#if TUNER_TILE_ROWS == 12
  return up_to(left, kRowUnit);
#else
  return left > kRowUnit ? TUNER_TILE_ROWS : kRowUnit;
#endif
}

template <class T>
struct Panels {
  const T* a;
  std::size_t row_step, k_step;  // of a
  const T* b;
  std::size_t b_step, depth;
};

// One tile of `rows` x `columns` values, which may be less than the `computed` rows and the registers hold.
template <class T>
void put_tile(std::size_t computed, std::size_t rows, std::size_t columns, const Panels<T>& from, T* out,
              std::size_t row_step, std::size_t column_step, bool add) {
  const bool narrow = columns <= kLanes<T>;
  const auto run = [&](T* to, std::size_t to_step, bool adds) {
    if (narrow)
      return tile_of<T, 1>(computed, from.depth, from.a, from.row_step, from.k_step, from.b, from.b_step, to, to_step,
                           adds);
    return tile_of<T, 2>(computed, from.depth, from.a, from.row_step, from.k_step, from.b, from.b_step, to, to_step,
                         adds);
  };
  if (rows == computed && columns == (narrow ? kLanes<T> : kWidth<T>)&&column_step == 1) return run(out, row_step, add);
  alignas(64) T part[TUNER_TILE_ROWS * kWidth<T>];
  run(part, kWidth<T>, false);
  if (column_step == 1) {
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) {
        T& to = out[r * row_step + c];
        to = add ? to + part[r * kWidth<T> + c] : part[r * kWidth<T> + c];
      }
    return;
  }
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t r = 0; r < rows; ++r) {
      T& to = out[r * row_step + c * column_step];
      to = add ? to + part[r * kWidth<T> + c] : part[r * kWidth<T> + c];
    }
}

}  // namespace
}  // namespace tuner::linear_algebra::TUNER_KERNELS
