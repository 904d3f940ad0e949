#include <gtest/gtest.h>
#include <tuner/abi.h>
#include <tuner/abi_random.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "tuner/lr_range/critical_lr.hpp"
#include "tuner/lr_range/lanczos.hpp"
#include "tuner/lr_range/limits.hpp"
#include "tuner/lr_range/stability.hpp"

namespace tuner::lr_range {
namespace {

using Numbers = std::vector<double>;

Numbers normals(std::size_t n, std::uint64_t seed) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.seed = seed;
  rng.trial = 7;
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
    for (const double condition : n < 1000 ? std::vector{10., 1e2, 1e3, 1e4} : std::vector{10., 1e4})
      for (const double largest : n == 10 ? std::vector{1., 3e-9, 4e12} : std::vector{1.})
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
          worst = std::max(worst, error);
          most = std::max(most, found.products);
        }
  std::printf("Lanczos: worst relative error %.2g, at most %lld products\n", worst, static_cast<long long>(most));
}

TEST(LrLanczos, TakesTheAlgebraicallyLargest) {
  Numbers negative = log_spaced(50, 1e3, 1.0);
  for (double& x : negative) x = -x;
  EXPECT_NEAR(largest_eigenvalue(rotated(negative, 1), 50).value, -1e-3, 1e-9);
  Numbers indefinite = log_spaced(200, 1e4, 1.0);
  for (std::size_t i = 0; i < 100; ++i) indefinite[i] *= -1e3;  // larger ones below 0 than above
  const LanczosResult found = largest_eigenvalue(rotated(indefinite, 2), 200);
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.value / indefinite[100], 1, 1e-6);
  Numbers semidefinite(50, -1.0);
  semidefinite[17] = 0;
  EXPECT_NEAR(largest_eigenvalue(rotated(semidefinite, 3), 50).value, 0, 1e-14);
}

TEST(LrLanczos, EndsInInvariantSubspaces) {
  for (const double value : {0., 5., -2.}) {
    const LanczosResult found = largest_eigenvalue(rotated(Numbers(40, value), 1), 40);
    EXPECT_TRUE(found.converged);
    EXPECT_NEAR(found.value, value, 1e-14);
    EXPECT_LE(found.products, 3);
  }
  Numbers few(500, 0.0);
  few[3] = 2;
  few[100] = 7;
  few[400] = -9;
  const LanczosResult found = largest_eigenvalue(rotated(few, 2), 500);
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.value, 7, 1e-12);
  EXPECT_LE(found.products, 5);
}

TEST(LrLanczos, KeepsToItsVectorsAndProducts) {
  const Numbers spectrum = clustered(400, 1e4, 1.0);
  for (const std::int64_t vectors : {8, 20, 64}) {
    const LanczosResult found = largest_eigenvalue(rotated(spectrum, 5), 400, {.vectors = vectors});
    EXPECT_TRUE(found.converged) << vectors;
    EXPECT_NEAR(found.value, 1, 1e-6) << vectors;
    EXPECT_TRUE(std::ranges::is_sorted(found.history, [](double a, double b) { return a < b * (1 - 1e-12); }));
  }
  const LanczosResult cut = largest_eigenvalue(rotated(spectrum, 5), 400, {.most_products = 7});
  EXPECT_FALSE(cut.converged);
  EXPECT_EQ(cut.products, 7);
  EXPECT_LE(std::abs(cut.value - 1), cut.residual);
  const LanczosResult same = largest_eigenvalue(rotated(spectrum, 5), 400, {.most_products = 7});
  EXPECT_EQ(cut.history, same.history);
  EXPECT_NE(cut.history, largest_eigenvalue(rotated(spectrum, 5), 400, {.most_products = 7, .seed = 2}).history);
}

TEST(LrLanczos, BoundsItsError) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const LanczosResult found =
        largest_eigenvalue(rotated(log_spaced(100, 1e3, 1.0), seed), 100, {.tolerance = 1e-3, .seed = seed});
    EXPECT_TRUE(found.converged);
    EXPECT_LE(found.error, found.residual);
    EXPECT_LE(1 - found.value, found.error * 1.001 + 1e-14) << "seed " << seed;
  }
}

TEST(LrLanczos, ProductsThatAreNotFiniteGiveNan) {
  int calls = 0;
  const LanczosResult found = largest_eigenvalue(
      [&](std::span<const double> v, std::span<double> product) {
        std::ranges::copy(v, product.begin());
        product[0] *= 2;
        if (++calls == 2) product[3] = std::numeric_limits<double>::infinity();
      },
      5);
  EXPECT_FALSE(found.converged);
  EXPECT_TRUE(std::isnan(found.value));
}

// f = sum a_i x_i^4 / 4 + (sum x)^2 / 2: H = diag(3 a_i x_i^2) + ones.
struct Quartic {
  Numbers a = normals(30, 11), x = normals(30, 12), v = normals(30, 13);
  template <class T>
  void gradient(std::span<const double> at, std::span<double> g) const {
    T sum = 0;
    for (const double y : at) sum += static_cast<T>(y);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const T y = static_cast<T>(at[i]);
      g[i] = static_cast<double>(static_cast<T>(a[i]) * y * y * y + sum);
    }
  }
  [[nodiscard]] double error(const GradientAt& gradient, double h) const {
    Numbers product(30), exact(30, 0.0);
    central_difference_product(gradient, x, v, h, product);
    double sum = 0, off = 0;
    for (const double y : v) sum += y;
    for (std::size_t i = 0; i < 30; ++i) {
      exact[i] = 3 * a[i] * x[i] * x[i] * v[i] + sum;
      off += (product[i] - exact[i]) * (product[i] - exact[i]);
    }
    return std::sqrt(off / dot(exact, exact));
  }
};

TEST(LrCentralDifferences, AreAsExactAsTheGradients) {
  const Quartic f;
  const GradientAt exact = [&](auto at, auto g) { f.gradient<double>(at, g); };
  const GradientAt rounded = [&](auto at, auto g) { f.gradient<float>(at, g); };
  const double in_double = f.error(exact, central_difference_step(f.x, f.v, kDoubleResolution));
  const double in_float = f.error(rounded, central_difference_step(f.x, f.v, kFloatResolution));
  std::printf("central differences: relative error %.1g with double gradients, %.1g with float32\n", in_double,
              in_float);
  EXPECT_LE(in_double, 1e-9);
  EXPECT_LE(in_float, 1e-3);
  // The documented step is near the best one.
  for (const double factor : {0.01, 100.}) {
    EXPECT_LE(in_double, f.error(exact, factor * central_difference_step(f.x, f.v, kDoubleResolution)));
    EXPECT_LE(in_float, f.error(rounded, factor * central_difference_step(f.x, f.v, kFloatResolution)));
  }
  Numbers product(30, 1.0);
  central_difference_product(exact, f.x, Numbers(30, 0.0), 1, product);
  EXPECT_EQ(product, Numbers(30, 0.0));
}

TEST(LrCentralDifferences, ServeLanczos) {
  const Quartic f;
  const auto largest = [&](const GradientAt& gradient, double resolution, double tolerance) {
    return largest_eigenvalue(
        [&](std::span<const double> v, std::span<double> product) {
          central_difference_product(gradient, f.x, v, central_difference_step(f.x, v, resolution), product);
        },
        30, {.tolerance = tolerance});
  };
  const LanczosResult exact = largest_eigenvalue(
      [&](std::span<const double> v, std::span<double> product) {
        double sum = 0;
        for (const double y : v) sum += y;
        for (std::size_t i = 0; i < 30; ++i) product[i] = 3 * f.a[i] * f.x[i] * f.x[i] * v[i] + sum;
      },
      30);
  const LanczosResult in_double = largest([&](auto at, auto g) { f.gradient<double>(at, g); }, kDoubleResolution, 1e-6);
  const LanczosResult in_float = largest([&](auto at, auto g) { f.gradient<float>(at, g); }, kFloatResolution, 1e-2);
  EXPECT_TRUE(exact.converged && in_double.converged && in_float.converged);
  EXPECT_NEAR(in_double.value / exact.value, 1, 1e-8);
  EXPECT_NEAR(in_float.value / exact.value, 1, 1e-3);
}

// The optimizer's own recurrence with H rotated away from the axes, and a frozen second moment.
TEST(LrFrozenAdam, LimitOfThePreconditionedCurvature) {
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::size_t n = seed % 2 == 0 ? 2 : 20;
    const SymmetricProduct hessian = rotated(log_spaced(n, seed % 3 == 0 ? 1e4 : 10, 1.0), seed);
    Numbers p = normals(n, 1000 + seed);
    for (double& x : p) x = std::exp(x);
    const double decay = seed > 4 ? 0.1 : 0, beta1 = seed % 4 == 0 ? 0.5 : 0.9;
    const double curvature = largest_eigenvalue(preconditioned(hessian, p), n).value;
    const double limit = adamw_limit(curvature, beta1, decay);
    if (decay == 0) {
      EXPECT_EQ(limit, adam_limit(curvature, beta1));
    }
    const auto start = [&](double lr) -> NextLoss {
      return [&, lr, x = normals(n, seed), m = Numbers(n), g = Numbers(n), t = 0]() mutable {
        hessian(x, g);
        const double correction = 1 - std::pow(beta1, ++t);
        for (std::size_t i = 0; i < n; ++i) {
          m[i] = beta1 * m[i] + (1 - beta1) * g[i];
          x[i] = x[i] * (1 - lr * decay) - lr * (m[i] / correction) / p[i];
        }
        hessian(x, g);
        return dot(x, g) / 2;
      };
    };
    const StabilityBracket found = largest_stable_lr(start, {.first = limit / 50, .lowest = 1e-6, .highest = 1e6});
    ASSERT_TRUE(found.stable && found.unstable) << "seed " << seed;
    for (const double lr : {*found.stable, *found.unstable}) worst = std::max(worst, std::abs(lr / limit - 1));
    EXPECT_LE(worst, 0.05) << "seed " << seed;
  }
  std::printf("Adam with a frozen second moment: worst error %.2g %%\n", 100 * worst);
}

TEST(LrLimits, ClosedForms) {
  EXPECT_DOUBLE_EQ(gradient_descent_limit(4), 0.5);
  EXPECT_DOUBLE_EQ(heavy_ball_limit(4, 0.9), 0.95);
  EXPECT_DOUBLE_EQ(nesterov_limit(4, 0.9), 0.95 / 2.8);
  EXPECT_DOUBLE_EQ(dampened_limit(4, 0.9, 0.5), 1.9);
  EXPECT_DOUBLE_EQ(ema_momentum_limit(4, 0.9), 9.5);
  EXPECT_DOUBLE_EQ(nadam_limit(4, 0.9), 9.5 / 2.8);
  EXPECT_DOUBLE_EQ(rmsprop_limit(4, 0), 0.5);
  EXPECT_DOUBLE_EQ(dampened_limit(4, 0, 0.7), 0.5);
  EXPECT_EQ(dampened_limit(4, 0.9, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(dampened_limit(4, 0.9, 1.5), 0);
  for (const double c : {0., -1.}) EXPECT_EQ(heavy_ball_limit(c, 0.9), std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(adamw_limit(0, 0.9, 0.5), 4);
}

struct Probe {
  Numbers tried;
  CriticalLr operator()(const LossAlong& loss, const CriticalLrOptions& options) {
    tried.clear();
    return critical_lr([&](double eta) { return tried.push_back(eta), loss(eta); }, loss(0), options);
  }
};

TEST(LrCritical, FindsWhereAParabolaReturns) {
  Probe probe;
  for (const double root : {1e-5, 0.013, 1., 900.})
    for (const double start : {1e-3, 1.}) {
      const auto parabola = [&](double eta) { return 3 + eta * (eta - root); };
      const CriticalLr found = probe(parabola, {.start = start, .evaluations = 14});
      EXPECT_EQ(found.outcome, CriticalLrOutcome::found);
      EXPECT_LT(found.low, root);
      EXPECT_GE(found.high * (1 + 1e-12), root);
      EXPECT_LE(found.high, found.low * 1.1) << root << ' ' << start;
      EXPECT_NEAR(found.value / root, 1, 0.1);
      EXPECT_EQ(found.evaluations, std::ssize(probe.tried));
      EXPECT_LE(found.evaluations, 14);
      // Ten are enough for 10 % over three decades; fewer give a wider bracket around the same root.
      for (const std::int64_t evaluations : {2, 3, 5, 10}) {
        const CriticalLr few = probe(parabola, {.start = start, .lowest = 1e-9, .evaluations = evaluations});
        EXPECT_EQ(few.outcome, CriticalLrOutcome::found);
        EXPECT_LE(few.evaluations, evaluations);
        EXPECT_LT(few.low, root);
        EXPECT_GE(few.high * (1 + 1e-12), root);
        EXPECT_TRUE(few.low < few.value && few.value < few.high);
      }
    }
}

TEST(LrCritical, OtherOutcomes) {
  Probe probe;
  const CriticalLr up = probe([](double eta) { return eta; }, {.start = 0.1, .lowest = 1e-4});
  EXPECT_EQ(up.outcome, CriticalLrOutcome::not_a_descent);
  EXPECT_EQ(probe.tried.back(), 1e-4);
  EXPECT_EQ(probe([](double) { return 1.0; }, {.start = 0.1}).outcome, CriticalLrOutcome::not_a_descent);
  const CriticalLr down = probe([](double eta) { return -eta; }, {.start = 0.1, .highest = 7});
  EXPECT_EQ(down.outcome, CriticalLrOutcome::none_up_to_highest);
  EXPECT_EQ(probe.tried.back(), 7);
  for (const std::int64_t evaluations : {2, 3}) {
    EXPECT_EQ(probe([](double eta) { return -eta; }, {.start = 1e-3, .evaluations = evaluations}).outcome,
              CriticalLrOutcome::none_up_to_highest);
    EXPECT_EQ(probe.tried.back(), 1e3);
  }
  // What is not finite is not lower.
  const CriticalLr wall = probe([](double eta) { return eta < 0.5 ? -eta : std::nan(""); }, {.start = 0.01});
  EXPECT_EQ(wall.outcome, CriticalLrOutcome::found);
  EXPECT_TRUE(wall.low < 0.5 && wall.high >= 0.5 && wall.high < 0.56);
}

}  // namespace
}  // namespace tuner::lr_range
