// Eigenvectors, orthogonal factors and Cholesky factors: what they are defined by.
#include "linear_algebra/decompositions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace tuner::linear_algebra {
namespace {

using Numbers = std::vector<double>;

Numbers normals(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Numbers values(count);
  for (double& value : values) value = normal(random);
  return values;
}

// x x' for n x k normal numbers x: of rank k where k < n.
Numbers covariance(std::size_t n, std::size_t k, std::uint32_t seed) {
  const Numbers x = normals(n * k, seed);
  Numbers a(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t l = 0; l < k; ++l) a[i * n + j] += x[i * k + l] * x[j * k + l];
  return a;
}

double largest(const Numbers& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

// The largest entry of q' q - I, for columns q, or of q q' - I.
double from_orthonormal(const Numbers& q, std::size_t n, bool rows) {
  double error = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double sum = i == j ? -1 : 0;
      for (std::size_t k = 0; k < n; ++k) sum += rows ? q[i * n + k] * q[j * n + k] : q[k * n + i] * q[k * n + j];
      error = std::max(error, std::abs(sum));
    }
  return error;
}

void expect_eigenvectors(const Numbers& a, std::size_t n) {
  Numbers work = a, values(n), vectors(n * n);
  ASSERT_TRUE(symmetric_eigenvectors(n, work.data(), values.data(), vectors.data())) << n;
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end())) << n;
  EXPECT_LE(from_orthonormal(vectors, n, true), 1e-13) << n;
  const double scale = largest(a) * static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double image = 0;
      for (std::size_t k = 0; k < n; ++k) image += a[j * n + k] * vectors[i * n + k];
      ASSERT_NEAR(image, values[i] * vectors[i * n + j], 1e-14 * scale) << n;
    }
}

TEST(SymmetricEigenvectors, DiagonalizeRandomMatrices) {
  for (const std::size_t n : {1, 2, 3, 4, 7, 31, 32, 33, 34, 65, 90}) {
    expect_eigenvectors(covariance(n, 2 * n, 1), n);
    expect_eigenvectors(covariance(n, (n + 2) / 3, 2), n);
    Numbers indefinite = covariance(n, n, 3);
    for (std::size_t i = 0; i < n; ++i) indefinite[i * n + i] -= static_cast<double>(n);
    expect_eigenvectors(indefinite, n);
  }
}

TEST(SymmetricEigenvectors, DiagonalizeSpecialMatrices) {
  constexpr std::size_t n = 40;
  expect_eigenvectors(Numbers(n * n, 0.0), n);
  expect_eigenvectors(Numbers(n * n, 1.0), n);
  Numbers diagonal(n * n), graded(n * n), coupled(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    diagonal[i * n + i] = static_cast<double>(i % 3);
    for (std::size_t j = 0; j < n; ++j) graded[i * n + j] = std::pow(10.0, -0.4 * static_cast<double>(i + j));
    coupled[i * n + i] = 2;
    if (i > 0) coupled[i * n + i - 1] = coupled[(i - 1) * n + i] = -1;
  }
  expect_eigenvectors(diagonal, n);
  expect_eigenvectors(graded, n);
  std::reverse(graded.begin(), graded.end());
  expect_eigenvectors(graded, n);
  expect_eigenvectors(coupled, n);
  Numbers values(n), vectors(n * n);
  ASSERT_TRUE(symmetric_eigenvectors(n, coupled.data(), values.data(), vectors.data()));
  for (std::size_t k = 0; k < n; ++k)
    EXPECT_NEAR(values[k], 2 - 2 * std::cos(std::acos(-1.0) * static_cast<double>(k + 1) / (n + 1)), 1e-14);
}

TEST(SymmetricEigenvectors, KeepTheirDigitsAtAnyScale) {
  const Numbers a = covariance(20, 40, 4);
  Numbers expected(20), vectors(400), same(400), work = a;
  ASSERT_TRUE(symmetric_eigenvectors(20, work.data(), expected.data(), vectors.data()));
  for (const int exponent : {-900, 900}) {
    Numbers values(20);
    work = a;
    for (double& value : work) value = std::ldexp(value, exponent);
    ASSERT_TRUE(symmetric_eigenvectors(20, work.data(), values.data(), same.data()));
    EXPECT_EQ(same, vectors);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(values[i], std::ldexp(expected[i], exponent));
  }
}

TEST(SymmetricEigenvectors, SayWhereAValueIsNotFinite) {
  Numbers a = covariance(5, 9, 5), values(5), vectors(25);
  a[7] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(symmetric_eigenvectors(5, a.data(), values.data(), vectors.data()));
  a = covariance(5, 9, 5);
  a[24] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(symmetric_eigenvectors(5, a.data(), values.data(), vectors.data()));
  EXPECT_TRUE(symmetric_eigenvectors(0, nullptr, nullptr, nullptr));
}

// R = Q' m is upper triangular, with a positive diagonal.
void expect_factor(const Numbers& m, std::size_t n) {
  Numbers transposed(n * n), q(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) transposed[j * n + i] = m[i * n + j];
  orthogonal_factor(n, transposed.data(), q.data());
  EXPECT_LE(from_orthonormal(q, n, false), 1e-13) << n;
  const double scale = largest(m) * static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double r = 0;
      for (std::size_t k = 0; k < n; ++k) r += q[k * n + i] * m[k * n + j];
      if (i == j)
        EXPECT_GE(r, -1e-14 * scale) << n;
      else
        EXPECT_NEAR(r, 0, 1e-14 * scale) << n;
    }
}

TEST(OrthogonalFactor, TurnsAMatrixIntoATriangle) {
  for (const std::size_t n : {1, 2, 3, 5, 31, 32, 33, 65, 97}) expect_factor(normals(n * n, 6), n);
  Numbers zero_column = normals(36, 7);
  for (std::size_t i = 0; i < 6; ++i) zero_column[i * 6 + 2] = 0;
  expect_factor(zero_column, 6);
  expect_factor(Numbers(25, 0.0), 5);
  expect_factor(covariance(40, 3, 8), 40);
}

TEST(Cholesky, FactorsAndSolves) {
  for (const std::size_t n : {1, 2, 5, 63, 64, 65, 130}) {
    const Numbers a = covariance(n, 2 * n + 3, 9);
    Numbers l = a;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) l[i * n + j] = std::numeric_limits<double>::quiet_NaN();  // not read
    ASSERT_TRUE(cholesky(n, l.data())) << n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k <= j; ++k) sum += l[i * n + k] * l[j * n + k];
        ASSERT_NEAR(sum, a[i * n + j], 1e-14 * static_cast<double>(n) * largest(a)) << n;
      }
    const Numbers expected = normals(n, 10);
    Numbers x(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) x[i] += a[i * n + j] * expected[j];
    cholesky_solve(n, l.data(), x);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(x[i], expected[i], 1e-9) << n;
  }
}

TEST(Cholesky, SaysWhereAMatrixIsNotPositive) {
  for (const std::size_t n : {1, 4, 70, 140}) {
    Numbers a = covariance(n, 2 * n, 11);
    a[(n - 1) * n + n - 1] = -1;
    EXPECT_FALSE(cholesky(n, a.data())) << n;
    a = covariance(n, 2 * n, 11);
    a[0] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_FALSE(cholesky(n, a.data())) << n;
  }
  EXPECT_TRUE(cholesky(0, nullptr));
}

}  // namespace
}  // namespace tuner::linear_algebra
