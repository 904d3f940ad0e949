// The kernels themselves, compiled once for each instruction set by a file that defines
//   TUNER_KERNELS        a namespace of their own
//   TUNER_KERNEL_TABLE   the name of the table
//   TUNER_VECTOR_BYTES   16, 32 or 64
//   TUNER_TILE_ROWS      rows of a full tile; with two vectors each they fill the registers
// Includes no header with inline functions: the linker would keep one copy of such a function, compiled for one
// instruction set, for all of them.
//
// A product is made of tiles of TUNER_TILE_ROWS x two vectors, whose sums stay in registers:
//   for columns in blocks of kColumns, for k in blocks of kDepth: pack that part of b; for every tile: out += a b
// The sum of an element runs in the order of k, in blocks of kDepth, whatever the width of a vector and wherever its
// tile begins: without fused multiplication all instruction sets give the same bits. Source: Goto, van de Geijn 2008,
// "Anatomy of high-performance matrix multiplication"; Van Zee, van de Geijn 2015.
#include "kernel_table.hpp"

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

// The sums of R rows by N vectors, and where they go. Rows of a are reached three by three from a pointer each, which
// is what an address can do.
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
    Vector row[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) row[n] = load<Vector>(b + static_cast<std::size_t>(n) * kLanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const T value = group[r / 3][static_cast<std::size_t>(r % 3) * row_step];
#pragma GCC unroll 4
      for (int n = 0; n < N; ++n) sums[r][n] += row[n] * value;
    }
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) group[g] += k_step;
    b += b_step;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
      T* const to = out + static_cast<std::size_t>(r) * out_step + static_cast<std::size_t>(n) * kLanes<T>;
      store(to, add ? load<Vector>(to) + sums[r][n] : sums[r][n]);
    }
}

template <class T, int N>
void tile_of(std::size_t rows, std::size_t depth, const T* a, std::size_t row_step, std::size_t k_step, const T* b,
             std::size_t b_step, T* out, std::size_t out_step, bool add) {
#if TUNER_TILE_ROWS == 12
  if (rows == 12) return tile<T, 12, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  if (rows == 8) return tile<T, 8, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
  return tile<T, 4, N>(depth, a, row_step, k_step, b, b_step, out, out_step, add);
#else
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

// One tile of `rows` x `columns` values, which may be less than the registers hold.
template <class T>
void put_tile(std::size_t rows, std::size_t columns, const Panels<T>& from, T* out, std::size_t row_step,
              std::size_t column_step, bool add) {
  const std::size_t computed = tile_rows(rows);
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

// Where a part of packed b begins: blocks of kDepth rows, in each of them panels of kWidth columns.
template <class T>
std::size_t packed_at(std::size_t columns, std::size_t k, std::size_t depth, std::size_t column) {
  return k * up_to(columns, kWidth<T>) + column * depth;
}

template <class T>
void pack_columns(std::size_t depth, std::size_t columns, const T* b, std::size_t k_step, std::size_t column_step,
                  T* out) {
  for (std::size_t j = 0; j < columns; j += kWidth<T>)
    pack_panel<T, kWidth<T>>(b + j * column_step, column_step, k_step, least(kWidth<T>, columns - j), depth,
                             out + j * depth);
}

template <class T>
void pack(std::size_t depth, std::size_t columns, const RawMatrix<T>& b, T* packed) {
  for (std::size_t k = 0; k < depth; k += kDepth) {
    const std::size_t part = least(kDepth, depth - k);
    pack_columns(part, columns, b.values + k * b.row_step, b.row_step, b.column_step,
                 packed + packed_at<T>(columns, k, part, 0));
  }
}
template <class T>
std::size_t packed_size(std::size_t depth, std::size_t columns) {
  return depth * up_to(columns, kWidth<T>);
}

// a is read where it lies: packing pays where its values lie far apart and are read often.
template <class T>
bool packs_a(const RawProduct<T>& p) {
  return p.columns > 8 * kWidth<T> || (p.a.row_step != 1 && p.a.column_step != 1);
}

// b is read where it lies if its rows are whole and few tiles read it, unless rows at the same place of every page
// would drive each other out of the cache before the next tile.
template <class T>
bool packs_b(const RawProduct<T>& p) {
  return p.b.column_step != 1 || p.rows > 12 * TUNER_TILE_ROWS ||
         (p.rows > TUNER_TILE_ROWS && p.b.row_step * sizeof(T) % 1024 == 0);
}

template <class T>
std::size_t room_for_b(const RawProduct<T>& p) {
  if (p.packed != nullptr) return 0;
  return least(p.depth, kDepth) * (packs_b(p) ? up_to(least(p.columns, kColumns), kWidth<T>) : kWidth<T>);
}
template <class T>
std::size_t workspace_size(const RawProduct<T>& p) {
  const std::size_t rows = packs_a(p) ? up_to(least(p.rows, kRows), TUNER_TILE_ROWS) : TUNER_TILE_ROWS;
  return room_for_b(p) + least(p.depth, kDepth) * rows;
}

// Rows `row` and following by the packed columns from `column` on.
template <class T>
struct Block {
  std::size_t k, depth, row, rows, column, columns;
  const T* b;  // packed, or from the block's first value on
  bool b_packed;
};

// A block's tiles: where each finds its part of a and b.
template <class T>
class Tiles {
 public:
  Tiles(const RawProduct<T>& p, const Block<T>& block, T* for_a, T* for_last)
      : p_(p),
        block_(block),
        a_(p.a.values + block.row * p.a.row_step + block.k * p.a.column_step),
        for_a_(for_a),
        for_last_(for_last),
        last_(block.rows / TUNER_TILE_ROWS * TUNER_TILE_ROWS),
        a_packed_(packs_a(p)),
        // The last rows, where they are fewer than their tile, which reads zeros behind them.
        pads_(tile_rows(block.rows - last_) != block.rows - last_) {
    for (std::size_t i = a_packed_ ? 0 : last_; (a_packed_ || pads_) && i < block.rows; i += TUNER_TILE_ROWS)
      pack_panel<T, TUNER_TILE_ROWS>(a_ + i * p.a.row_step, p.a.row_step, p.a.column_step,
                                     least(TUNER_TILE_ROWS, block.rows - i), block.depth,
                                     a_packed_ ? for_a + i * block.depth : for_a);
    const std::size_t rest = block.columns % kWidth<T>;
    if (block.b_packed || rest == 0 || rest == kLanes<T>) return;
    packs_last_ = true;  // a tile reads whole vectors
    pack_panel<T, kWidth<T>>(block.b + block.columns - rest, 1, p.b.row_step, rest, block.depth, for_last);
  }

  void put(std::size_t i, std::size_t j) const {
    const std::size_t rows = least(TUNER_TILE_ROWS, block_.rows - i), row = block_.row + i;
    const std::size_t columns = least(kWidth<T>, block_.columns - j), column = block_.column + j;
    if (p_.lower && row + rows <= column) return;
    Panels<T> from{a_ + i * p_.a.row_step, p_.a.row_step, p_.a.column_step, block_.b + j, p_.b.row_step, block_.depth};
    if (a_packed_ || (pads_ && i == last_)) {
      from.a = a_packed_ ? for_a_ + i * block_.depth : for_a_;
      from.row_step = 1;
      from.k_step = TUNER_TILE_ROWS;
    }
    if (block_.b_packed || (packs_last_ && columns < kWidth<T>)) {
      from.b = block_.b_packed ? block_.b + j * block_.depth : for_last_;
      from.b_step = kWidth<T>;
    }
    put_tile(rows, columns, from, p_.out + row * p_.out_row_step + column * p_.out_column_step, p_.out_row_step,
             p_.out_column_step, p_.add || block_.k > 0);
  }

 private:
  const RawProduct<T>& p_;
  const Block<T>& block_;
  const T* a_;
  T *for_a_, *for_last_;
  std::size_t last_;
  bool a_packed_, pads_, packs_last_ = false;
};

// A panel of b stays in the first cache for all rows of a; short sums are about the result, which goes out row by row.
template <class T>
void multiply_block(const RawProduct<T>& p, const Block<T>& block, T* for_a, T* for_last) {
  const Tiles<T> tiles(p, block, for_a, for_last);
  if (block.depth * sizeof(T) <= 512 && p.out_column_step == 1) {
    for (std::size_t i = 0; i < block.rows; i += TUNER_TILE_ROWS)
      for (std::size_t j = 0; j < block.columns; j += kWidth<T>) tiles.put(i, j);
    return;
  }
  for (std::size_t j = 0; j < block.columns; j += kWidth<T>)
    for (std::size_t i = 0; i < block.rows; i += TUNER_TILE_ROWS) tiles.put(i, j);
}

template <class T>
void product(const RawProduct<T>& p) {
  if (p.depth == 0 && !p.add)
    for (std::size_t i = 0; i < p.rows; ++i)
      for (std::size_t j = 0; j < p.columns; ++j) p.out[i * p.out_row_step + j * p.out_column_step] = 0;
  T* const for_b = p.workspace;
  T* const for_a = for_b + room_for_b(p);
  for (std::size_t column = 0; column < p.columns; column += kColumns)
    for (std::size_t k = 0; k < p.depth; k += kDepth) {
      const std::size_t columns = least(kColumns, p.columns - column), depth = least(kDepth, p.depth - k);
      const T* const values = p.b.values + k * p.b.row_step + column * p.b.column_step;
      Block<T> block{k, depth, 0, 0, column, columns, for_b, true};
      if (p.packed != nullptr) {
        block.b = p.packed + packed_at<T>(p.columns, k, depth, column);
      } else if (packs_b(p)) {
        pack_columns(depth, columns, values, p.b.row_step, p.b.column_step, for_b);
      } else {
        block.b = values;
        block.b_packed = false;
      }
      for (; block.row < p.rows; block.row += kRows) {
        block.rows = least(kRows, p.rows - block.row);
        multiply_block<T>(p, block, for_a, for_b);
      }
    }
}

constexpr std::size_t kStrip = 32;  // columns that are turned together: enough sums under way to hide each other's wait

// The strip's rows are next to each other in `strip`. x_(k+1) stays in registers from one rotation to the next.
void rotate_strip(double* strip, const RotationSweep& sweep) {
  using Vector = Vectors<double>::Vector;
  constexpr std::size_t kVectors = kStrip / kLanes<double>;
  if (sweep.count == 0) return;
  double* row = strip + (sweep.first + sweep.count) * kStrip;
  const double* turn = sweep.cosines_sines;
  for (std::size_t half = 0; half < kVectors; half += 4) {
    Vector carried[4];
    double* to = row + half * kLanes<double>;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) carried[v] = load<Vector>(to + v * kLanes<double>);
    for (std::size_t i = 0; i < sweep.count; ++i, to -= kStrip) {
      const double c = turn[2 * i], s = turn[2 * i + 1];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < 4; ++v) {
        const Vector x = load<Vector>(to - kStrip + v * kLanes<double>);
        store(to + v * kLanes<double>, x * s + carried[v] * c);
        carried[v] = x * c - carried[v] * s;
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < 4; ++v) store(to + v * kLanes<double>, carried[v]);
  }
}

void rotate_rows(double* rows, std::size_t n_rows, std::size_t columns, std::size_t row_step,
                 const RotationSweep* sweeps, std::size_t n_sweeps, double* workspace) {
  for (std::size_t column = 0; column < columns; column += kStrip) {
    const std::size_t width = least(kStrip, columns - column);
    for (std::size_t k = 0; k < n_rows; ++k)
      for (std::size_t i = 0; i < kStrip; ++i)
        workspace[k * kStrip + i] = i < width ? rows[k * row_step + column + i] : 0;
    for (std::size_t sweep = 0; sweep < n_sweeps; ++sweep) rotate_strip(workspace, sweeps[sweep]);
    for (std::size_t k = 0; k < n_rows; ++k)
      for (std::size_t i = 0; i < width; ++i) rows[k * row_step + column + i] = workspace[k * kStrip + i];
  }
}

// The part of y_i that a row above the diagonal gives, with its update and what it gives to the other y. In eight
// partial sums, whatever the vectors hold.
double update_row(double* __restrict row, std::size_t n, double v_i, double w_i, double u_i, const double* __restrict v,
                  const double* __restrict w, const double* __restrict u, double* __restrict y) {
  using Vector = Vectors<double>::Vector;
  constexpr std::size_t kSums = 8, kParts = kSums / kLanes<double>;
  Vector sums[kParts] = {};
  std::size_t j = 0;
  for (; j + kSums <= n; j += kSums)
#pragma GCC unroll 4
    for (std::size_t part = 0; part < kParts; ++part) {
      const std::size_t at = j + part * kLanes<double>;
      const Vector x = load<Vector>(row + at) - (load<Vector>(w + at) * v_i + load<Vector>(v + at) * w_i);
      store(row + at, x);
      store(y + at, load<Vector>(y + at) + x * u_i);
      sums[part] += x * load<Vector>(u + at);
    }
  double parts[kSums];
  __builtin_memcpy(parts, sums, sizeof parts);
  for (; j < n; ++j) {
    row[j] -= w[j] * v_i + v[j] * w_i;
    y[j] += row[j] * u_i;
    parts[0] += row[j] * u[j];
  }
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

void update_and_multiply(double* a, std::size_t row_step, std::size_t n, const double* v, const double* w,
                         const double* u, double* y) {
  for (std::size_t i = 0; i < n; ++i) {
    double* const row = a + i * row_step;
    row[i] -= 2 * (v[i] * w[i]);
    const std::size_t next = i + 1;
    y[i] += row[i] * u[i];
    y[i] += update_row(row + next, n - next, v[i], w[i], u[i], v + next, w + next, u + next, y + next);
  }
}

template <class T>
void values_of_bytes(const unsigned char* __restrict bytes, std::size_t count, T scale, T shift, T* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = scale * static_cast<T>(bytes[i]) + shift;
}

template <class T>
void largest_of_four(const T* __restrict values, const std::size_t* places, std::size_t count, T* __restrict out,
                     std::uint32_t* __restrict winners) {
  const std::size_t first = places[0], second = places[1], third = places[2], fourth = places[3];
  for (std::size_t i = 0; i < count; ++i) {
    T largest = values[first + i];
    auto winner = static_cast<std::uint32_t>(first + i);
    const auto meet = [&](std::size_t place) {
      const T value = values[place + i];
      const bool larger = (value > largest) | (value != value);
      winner = larger ? static_cast<std::uint32_t>(place + i) : winner;
      largest = larger ? value : largest;
    };
    meet(second);
    meet(third);
    meet(fourth);
    out[i] = largest;
    winners[i] = winner;
  }
}

}  // namespace
}  // namespace tuner::linear_algebra::TUNER_KERNELS

namespace tuner::linear_algebra {
constexpr KernelTable TUNER_KERNEL_TABLE{
    {&TUNER_KERNELS::product<float>, &TUNER_KERNELS::workspace_size<float>, &TUNER_KERNELS::pack<float>,
     &TUNER_KERNELS::packed_size<float>},
    {&TUNER_KERNELS::product<double>, &TUNER_KERNELS::workspace_size<double>, &TUNER_KERNELS::pack<double>,
     &TUNER_KERNELS::packed_size<double>},
    {&TUNER_KERNELS::values_of_bytes<float>, &TUNER_KERNELS::largest_of_four<float>},
    {&TUNER_KERNELS::values_of_bytes<double>, &TUNER_KERNELS::largest_of_four<double>},
    {&TUNER_KERNELS::rotate_rows, &TUNER_KERNELS::update_and_multiply}};
}  // namespace tuner::linear_algebra
