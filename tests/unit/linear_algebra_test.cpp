// The dense kernels against plain loops. Run once for every instruction set (TUNER_ISA), which is chosen once a
// process.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "linear_algebra/elements.hpp"
#include "linear_algebra/products.hpp"

namespace tuner::linear_algebra {
namespace {

constexpr Rounding kRoundings[] = {Rounding::separate, Rounding::fused};

// Small whole numbers have exact sums in float, in any order.
template <class T>
std::vector<T> whole_numbers(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(static_cast<int>(random() % 9) - 4);
  return values;
}
template <class T>
std::vector<T> fractions(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random()) / static_cast<T>(1u << 30) - T(2);
  return values;
}

template <class T>
T at(const Matrix<T>& m, std::size_t i, std::size_t j) {
  return m.values[i * m.row_step + j * m.column_step];
}
// Sums in the documented order: blocks of 256, each from 0.
template <class T>
T plain_sum(const Matrix<T>& a, const Matrix<T>& b, std::size_t i, std::size_t j, bool add, T before) {
  T total = add ? before : T(0);
  for (std::size_t k = 0; k < a.columns; k += 256) {
    T sum = 0;
    for (std::size_t l = k; l < std::min(a.columns, k + 256); ++l) {
      const T product = at(a, i, l) * at(b, l, j);
      sum += product;
    }
    total = k == 0 && !add ? sum : total + sum;
  }
  return total;
}

// How operands and result lie: bits for a and b by columns, rows further apart than they are long, the result by
// columns, added to.
struct Layout {
  bool a_turned, b_turned, apart, out_turned, add;
};
Layout layout_of(unsigned bits) {
  return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0};
}
constexpr unsigned kLayouts = 32;

template <class T>
struct Case {
  std::size_t rows, columns, depth;
  Layout layout;
  std::vector<T> a_values, b_values, out;
  std::size_t step;  // of the result

  Case(std::size_t m, std::size_t n, std::size_t k, Layout l, bool whole = true)
      : rows(m), columns(n), depth(k), layout(l), step((l.out_turned ? m : n) + (l.apart ? 3 : 0)) {
    const auto make = [&](std::size_t count, std::uint32_t seed) {
      return whole ? whole_numbers<T>(count, seed) : fractions<T>(count, seed);
    };
    a_values = make((m + 5) * (k + 5), 1);
    b_values = make((k + 5) * (n + 5), 2);
    out = make(((l.out_turned ? n : m) + 1) * step, 3);
  }
  [[nodiscard]] Matrix<T> a() const { return operand(a_values, rows, depth, layout.a_turned); }
  [[nodiscard]] Matrix<T> b() const { return operand(b_values, depth, columns, layout.b_turned); }
  [[nodiscard]] std::size_t place(std::size_t i, std::size_t j) const {
    return layout.out_turned ? j * step + i : i * step + j;
  }
  [[nodiscard]] std::vector<T> expected() const {
    std::vector<T> values = out;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        T& value = values[place(i, j)];
        value = plain_sum(a(), b(), i, j, layout.add, value);
      }
    return values;
  }
  [[nodiscard]] std::vector<T> computed(Rounding rounding) const {
    std::vector<T> values = out;
    Target<T> target{values.data(), step, 1, layout.add};
    multiply(rounding, a(), b(), layout.out_turned ? transposed(target) : target);
    return values;
  }

 private:
  Matrix<T> operand(const std::vector<T>& values, std::size_t m, std::size_t n, bool turned) const {
    const std::size_t more = layout.apart ? 5 : 0;
    return turned ? by_columns(values.data(), m, n, m + more) : by_rows(values.data(), m, n, n + more);
  }
};

std::string describe(std::size_t m, std::size_t n, std::size_t k, unsigned layout) {
  return std::to_string(m) + " x " + std::to_string(k) + " by " + std::to_string(k) + " x " + std::to_string(n) +
         ", layout " + std::to_string(layout);
}

template <class T>
class Products : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Products, Types);

// Of whole numbers, so that every rounding and order gives the same; what lies around the result stays as it is.
TYPED_TEST(Products, AreThoseOfPlainLoopsForAllSizesAndLayouts) {
  const std::size_t sizes[] = {0, 1, 2, 3, 5, 8, 12, 13, 16, 17, 33, 47};
  std::mt19937 random(5);
  const auto size = [&] { return sizes[random() % std::size(sizes)]; };
  for (int round = 0; round < 300; ++round) {
    const std::size_t m = size(), n = size(), k = size();
    const unsigned layout = random() % kLayouts;
    const Case<TypeParam> one(m, n, k, layout_of(layout));
    for (const Rounding rounding : kRoundings)
      ASSERT_EQ(one.computed(rounding), one.expected()) << describe(m, n, k, layout);
  }
}

TYPED_TEST(Products, AreThoseOfPlainLoopsBeyondTheBlocks) {
  const std::size_t sizes[][3] = {{3, 1061, 5}, {521, 7, 9}, {40, 35, 600}, {200, 40, 64}, {9, 1030, 270}};
  for (const auto& [m, n, k] : sizes)
    for (const unsigned layout : {0u, 7u, 9u, 18u, 31u}) {
      const Case<TypeParam> one(m, n, k, layout_of(layout));
      for (const Rounding rounding : kRoundings)
        ASSERT_EQ(one.computed(rounding), one.expected()) << describe(m, n, k, layout);
    }
}

// Rounding::separate has the bits of the plain sums in their documented order, and so those of every instruction set.
TYPED_TEST(Products, RoundedSeparatelyHaveTheBitsOfPlainSums) {
  const std::size_t sizes[][3] = {{1, 1, 700}, {13, 37, 300}, {30, 16, 257}, {150, 33, 40}};
  for (const auto& [m, n, k] : sizes)
    for (const unsigned layout : {0u, 3u, 8u, 21u}) {
      const Case<TypeParam> one(m, n, k, layout_of(layout), false);
      ASSERT_EQ(one.computed(Rounding::separate), one.expected()) << describe(m, n, k, layout);
    }
}

TYPED_TEST(Products, RoundedOnceAreAsNear) {
  const Case<TypeParam> one(30, 41, 300, layout_of(0), false);
  const std::vector<TypeParam> fused = one.computed(Rounding::fused), separate = one.expected();
  for (std::size_t i = 0; i < one.rows * one.columns; ++i)
    EXPECT_NEAR(fused[i], separate[i], 1200 * 4 * std::numeric_limits<TypeParam>::epsilon());
}

TYPED_TEST(Products, NanAndInfinityGoWhereTheSumsTakeThem) {
  constexpr TypeParam kNan = std::numeric_limits<TypeParam>::quiet_NaN();
  constexpr TypeParam kInfinity = std::numeric_limits<TypeParam>::infinity();
  Case<TypeParam> one(14, 35, 7, layout_of(0));
  one.a_values[2 * 7 + 3] = kNan;         // row 2
  one.b_values[4 * 35 + 34] = kInfinity;  // column 34, in the last and narrow panel
  one.a_values[13 * 7 + 4] = 0;           // meets the infinity: NaN
  for (const Rounding rounding : kRoundings) {
    const std::vector<TypeParam> out = one.computed(rounding), expected = one.expected();
    for (std::size_t i = 0; i < 14 * 35; ++i) {
      if (std::isnan(expected[i]))
        EXPECT_TRUE(std::isnan(out[i])) << i;
      else
        EXPECT_EQ(out[i], expected[i]) << i;
    }
  }
}

TYPED_TEST(Products, OfSymmetricResultsAreTheSameAndSymmetric) {
  for (const std::size_t n : {1, 2, 15, 33, 70})
    for (const bool turned : {false, true}) {
      const std::vector<TypeParam> values = fractions<TypeParam>(n * 41, 7);
      const Matrix<TypeParam> x = turned ? by_columns(values.data(), n, 41) : by_rows(values.data(), n, 41);
      std::vector<TypeParam> whole(n * n), half(n * (n + 2), TypeParam(9));
      multiply(Rounding::separate, x, x.transposed(), into(whole.data(), n));
      multiply_symmetric(Rounding::separate, x, x.transposed(), half.data(), n + 2);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) ASSERT_EQ(half[i * (n + 2) + j], whole[i * n + j]) << n;
        EXPECT_EQ(half[i * (n + 2) + n], TypeParam(9));
      }
    }
}

TYPED_TEST(Products, OfPackedMatricesAreTheSame) {
  Packed<TypeParam> packed;
  for (const auto& [n, k] : {std::pair<std::size_t, std::size_t>{41, 300}, {1061, 3}, {2, 2}, {0, 4}, {4, 0}})
    for (const Rounding rounding : kRoundings) {
      const Case<TypeParam> one(20, n, k, layout_of(18), false);
      packed.pack(rounding, one.b());
      std::vector<TypeParam> out = one.out;
      multiply(one.a(), packed, out.data(), one.step, true);
      ASSERT_EQ(out, one.computed(rounding)) << n;
    }
}

TEST(Dot, IsTheSumOfEightPartialSums) {
  const std::vector<double> a = fractions<double>(29, 1), b = fractions<double>(29, 2);
  double sums[8] = {};
  for (std::size_t i = 0; i < 24; ++i) sums[i % 8] += a[i] * b[i];
  for (std::size_t i = 24; i < 29; ++i) sums[0] += a[i] * b[i];
  EXPECT_EQ(dot(a.data(), b.data(), 29),
            ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
  EXPECT_EQ(dot(nullptr, nullptr, 0), 0);
}

template <class T>
class Elements : public testing::Test {};
TYPED_TEST_SUITE(Elements, Types);

TYPED_TEST(Elements, ValuesOfBytes) {
  std::vector<unsigned char> bytes(256 + 37);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
  const auto scale = static_cast<TypeParam>(1.0 / 255), shift = static_cast<TypeParam>(-0.3);
  std::vector<TypeParam> out(bytes.size());
  values_of_bytes(bytes.data(), bytes.size(), scale, shift, out.data());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const TypeParam product = scale * static_cast<TypeParam>(bytes[i]);
    EXPECT_EQ(out[i], product + shift);
  }
}

TYPED_TEST(Elements, LargestOfFour) {
  constexpr std::size_t kCount = 37;
  std::vector<TypeParam> values = whole_numbers<TypeParam>(4 * kCount, 3);
  values[5] = values[kCount + 5] = std::numeric_limits<TypeParam>::quiet_NaN();
  values[2 * kCount + 9] = std::numeric_limits<TypeParam>::quiet_NaN();
  const std::size_t places[4] = {0, kCount, 2 * kCount, 3 * kCount};
  std::vector<TypeParam> out(kCount);
  std::vector<std::uint32_t> winners(kCount);
  largest_of_four(values.data(), places, kCount, out.data(), winners.data());
  for (std::size_t i = 0; i < kCount; ++i) {
    std::size_t winner = i;
    for (const std::size_t place : places)
      if (values[place + i] > values[winner] || std::isnan(values[place + i])) winner = place + i;
    EXPECT_EQ(winners[i], winner) << i;
    EXPECT_TRUE(out[i] == values[winner] || (std::isnan(out[i]) && std::isnan(values[winner]))) << i;
  }
}

}  // namespace
}  // namespace tuner::linear_algebra
