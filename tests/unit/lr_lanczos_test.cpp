#include <gtest/gtest.h>
#include <tuner/abi.h>
#include <tuner/abi_random.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tuner/lr_range/critical_lr.hpp"
#include "tuner/lr_range/lanczos.hpp"
#include "tuner/lr_range/limits.hpp"

namespace tuner::lr_range {
namespace {

using Numbers = std::vector<double>;

Numbers normals(std::size_t n, std::uint64_t seed) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng, rng.seed = seed, rng.trial = 7;
  Numbers v(n);
  for (double& x : v) x = tuner_rng_next_normal(&rng);
  return v;
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Q diag(spectrum) Q' with a random rotation: Q is a product of reflections.
SymmetricProduct rotated(Numbers spectrum, std::uint64_t seed) {
  std::vector<Numbers> axes;
  for (std::uint64_t k = 0; k < 4; ++k) {
    axes.push_back(normals(spectrum.size(), 100 * seed + k));
    const double length = std::sqrt(dot(axes.back(), axes.back()));
    for (double& x : axes.back()) x /= length;
  }
  const auto reflect = [](const Numbers& axis, std::span<double> v) {
    const double twice = 2 * dot(axis, v);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] -= twice * axis[i];
  };
  return [=](std::span<const double> v, std::span<double> product) {
    std::ranges::copy(v, product.begin());
    for (const Numbers& axis : axes) reflect(axis, product);
    for (std::size_t i = 0; i < v.size(); ++i) product[i] *= spectrum[i];
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) reflect(*axis, product);
  };
}

Numbers log_spaced(std::size_t n, double condition, double largest) {
  Numbers spectrum(n, largest);
  for (std::size_t i = 1; i < n; ++i)
    spectrum[i] = largest * std::pow(condition, -static_cast<double>(i) / static_cast<double>(n - 1));
  return spectrum;
}

// The ten largest (or all) within a thousandth of the largest, the rest evenly down to 1 / condition.
Numbers clustered(std::size_t n, double condition, double largest) {
  Numbers spectrum = log_spaced(n, condition, largest);
  for (std::size_t i = 0; i < std::min<std::size_t>(n, 10); ++i)
    spectrum[i] = largest * (1 - 1e-4 * static_cast<double>(i));
  return spectrum;
}

TEST(LrLanczos, FindsTheLargestOfKnownSpectra) {
  double worst = 0;
  std::int64_t most = 0;
  for (const std::size_t n : {1, 2, 3, 10, 65, 300, 1000})
    for (const double condition : {10., 1e2, 1e3, 1e4})
      for (const double largest : {1., 3e-9, 4e12})
        for (const auto& [name, spectrum] : {std::pair("log-spaced", log_spaced(n, condition, largest)),
                                             std::pair("clustered", clustered(n, condition, largest))}) {
          const std::uint64_t seed = n + static_cast<std::uint64_t>(condition);
          const LanczosResult found = largest_eigenvalue(rotated(spectrum, seed), n, {.seed = seed});
          const double error = std::abs(found.value / largest - 1);
          EXPECT_TRUE(found.converged) << name << ' ' << n << ' ' << condition;
          EXPECT_LE(error, 1e-6) << name << ", dimension " << n << ", condition " << condition << ", seed " << seed
                                 << ", products " << found.products;
          EXPECT_LE(found.products, static_cast<std::int64_t>(n));
          EXPECT_EQ(found.history.size(), static_cast<std::size_t>(found.products));
          worst = std::max(worst, error), most = std::max(most, found.products);
        }
  std::printf("Lanczos: worst relative error %.2g, at most %lld products\n", worst, static_cast<long long>(most));
}

}  // namespace
}  // namespace tuner::lr_range
