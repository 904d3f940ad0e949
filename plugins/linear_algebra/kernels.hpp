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
#include "tiles.hpp"

namespace tuner::linear_algebra::TUNER_KERNELS {
namespace {

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

// x x': what a is made of stands in the panels of b, from which shorter tiles take it.
template <class T>
bool shares_b(const RawProduct<T>& p) {
  return p.symmetric && p.packed == nullptr && p.a.values == p.b.values && p.a.row_step == p.b.column_step &&
         p.a.column_step == p.b.row_step && p.columns <= kColumns && packs_b(p);
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
        shared_(shares_b(p)),
        a_packed_(packs_a(p)),
        // The last rows, where they are fewer than their tile, which reads zeros behind them.
        pads_(tile_rows(block.rows - last_) != block.rows - last_) {
    if (shared_) return;
    for (std::size_t i = a_packed_ ? 0 : last_; (a_packed_ || pads_) && i < block.rows; i += TUNER_TILE_ROWS)
      pack_panel<T, TUNER_TILE_ROWS>(a_ + i * p.a.row_step, p.a.row_step, p.a.column_step,
                                     least(TUNER_TILE_ROWS, block.rows - i), block.depth,
                                     a_packed_ ? for_a + i * block.depth : for_a);
    const std::size_t rest = block.columns % kWidth<T>;
    if (block.b_packed || rest == 0 || rest == kLanes<T>) return;
    packs_last_ = true;  // a tile reads whole vectors
    pack_panel<T, kWidth<T>>(block.b + block.columns - rest, 1, p.b.row_step, rest, block.depth, for_last);
  }

  [[nodiscard]] std::size_t height() const { return shared_ ? kSharedRows : TUNER_TILE_ROWS; }
  void put(std::size_t i, std::size_t j) const {
    const std::size_t rows = least(height(), block_.rows - i), row = block_.row + i;
    const std::size_t width = least(kWidth<T>, block_.columns - j), column = block_.column + j;
    if (p_.symmetric && row + rows <= column) return;
    // Columns that reach to or below the diagonal.
    const std::size_t columns = p_.symmetric && row + rows <= column + kLanes<T> ? least(kLanes<T>, width) : width;
    Panels<T> from{a_ + i * p_.a.row_step, p_.a.row_step, p_.a.column_step, block_.b + j, p_.b.row_step, block_.depth};
    if (shared_) {
      from.a = block_.b + row / kWidth<T> * kWidth<T> * block_.depth + row % kWidth<T>;
      from.row_step = 1;
      from.k_step = kWidth<T>;
    } else if (a_packed_ || (pads_ && i == last_)) {
      from.a = a_packed_ ? for_a_ + i * block_.depth : for_a_;
      from.row_step = 1;
      from.k_step = TUNER_TILE_ROWS;
    }
    if (block_.b_packed || (packs_last_ && width < kWidth<T>)) {
      from.b = block_.b_packed ? block_.b + j * block_.depth : for_last_;
      from.b_step = kWidth<T>;
    }
    put_tile(shared_ ? up_to(rows, kRowUnit) : tile_rows(rows), rows, columns, from,
             p_.out + row * p_.out_row_step + column * p_.out_column_step, p_.out_row_step, p_.out_column_step,
             p_.add || block_.k > 0);
  }

 private:
  const RawProduct<T>& p_;
  const Block<T>& block_;
  const T* a_;
  T *for_a_, *for_last_;
  std::size_t last_;
  bool shared_, a_packed_, pads_, packs_last_ = false;
};

// A panel of b stays in the first cache for all rows of a; short sums are about the result, which goes out row by row.
template <class T>
void multiply_block(const RawProduct<T>& p, const Block<T>& block, T* for_a, T* for_last) {
  const Tiles<T> tiles(p, block, for_a, for_last);
  if (block.depth * sizeof(T) <= 512 && p.out_column_step == 1) {
    for (std::size_t i = 0; i < block.rows; i += tiles.height())
      for (std::size_t j = 0; j < block.columns; j += kWidth<T>) tiles.put(i, j);
    return;
  }
  for (std::size_t j = 0; j < block.columns; j += kWidth<T>)
    for (std::size_t i = 0; i < block.rows; i += tiles.height()) tiles.put(i, j);
}

// What is below the diagonal goes above it, by blocks, whose columns stay in the cache.
template <class T>
void mirror(std::size_t n, T* values, std::size_t step) {
  constexpr std::size_t kBlock = 16, kPart = 4;
  const auto turn = [=](std::size_t i, std::size_t j) {
    if (j + kPart <= i && i + kPart <= n) return transpose4(values + i * step + j, step, values + j * step + i, step);
    for (std::size_t row = i; row < least(n, i + kPart); ++row)
      for (std::size_t column = j; column < least(row, j + kPart); ++column)
        values[column * step + row] = values[row * step + column];
  };
  for (std::size_t top = 0; top < n; top += kBlock)
    for (std::size_t left = 0; left <= top; left += kBlock)
      for (std::size_t j = left; j < left + kBlock; j += kPart)
        for (std::size_t i = j > top ? j : top; i < least(n, top + kBlock); i += kPart) turn(i, j);
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
  if (p.symmetric) mirror(p.rows, p.out, p.out_row_step);
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
