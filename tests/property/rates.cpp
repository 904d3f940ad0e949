// How fast theory says that the methods converge on convex functions, and how far a step of Adam can go.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "closure.hpp"
#include "runs.hpp"

namespace tuner::test {
namespace {

using Function = std::function<Vector(const Vector&)>;

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

// The gradient of sum(lambda x^2) / 2.
Function diagonal(Vector lambdas) {
  return [lambdas = std::move(lambdas)](const Vector& x) {
    Vector g(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) g[i] = lambdas[i] * x[i];
    return g;
  };
}

Vector after(int steps, const Given& options, const Function& gradient, const Vector& start) {
  Stepper sgd("sgd", options, {{static_cast<std::int64_t>(start.size())}});
  sgd.set_x(start);
  for (int t = 1; t <= steps; ++t) {
    sgd.set_grad(gradient(sgd.x()));
    sgd.step(t);
  }
  return sgd.x();
}

// On a quadratic e_t = (I - lr A)^t e_0, coordinate by coordinate.
TEST(GradientDescent, ErrorsOfAQuadratic) {
  const Function g = diagonal({2, 20});
  for (const double lr : {.01, .1, .3, .5, 1.0 / 11}) {
    for (int t = 1; t <= 20; ++t) {
      const Vector x = after(t, {{"lr", lr}}, g, {1, 1});
      EXPECT_NEAR(x[0], std::pow(1 - 2 * lr, t), 1e-12 * std::max(1.0, std::abs(x[0])));
      EXPECT_NEAR(x[1], std::pow(1 - 20 * lr, t), 1e-12 * std::max(1.0, std::abs(x[1]))) << lr << " " << t;
    }
  }
}

// lr = 2 / (least + most) contracts by (k - 1) / (k + 1) a step, and every other fixed lr by less.
TEST(GradientDescent, OptimalFixedStep) {
  const double least = .3, most = 7, best = 2 / (least + most), kappa = most / least;
  const Function g = diagonal({least, 1.1, 2.9, most});
  const auto error = [&](int steps, double lr) {
    const Vector x = after(steps, {{"lr", lr}}, g, {1, 1, 1, 1});
    return std::sqrt(dot(x, x));
  };
  const auto rate = [&](double lr) { return std::pow(error(2400, lr) / error(1200, lr), 1.0 / 1200); };
  EXPECT_NEAR(rate(best), (kappa - 1) / (kappa + 1), 1e-12);
  for (const double factor : {.5, .9, .99, 1.01, 1.04}) EXPECT_GT(rate(factor * best), rate(best) + 1e-4) << factor;
}

// A linear rate of 0.9 a step: 100, 90, 81, 72.9, and a tenth after 22 steps.
TEST(GradientDescent, LinearRate) {
  const Function g = diagonal({1});
  Vector errors;
  for (int t = 0; t <= 30; ++t) errors.push_back(after(t, {{"lr", .1}}, g, {100})[0]);
  EXPECT_NEAR(errors[1], 90, 1e-12);
  EXPECT_NEAR(errors[3], 72.9, 1e-12);
  EXPECT_EQ(std::find_if(errors.begin(), errors.end(), [](double e) { return e <= 10; }) - errors.begin(), 22);
}

// f(x - lr g) <= f(x) - lr (1 - L lr / 2) ||g||^2, so f falls if lr < 2 / L.
TEST(GradientDescent, DescentLemma) {
  Vector lambdas = noise(30, 5);
  for (double& l : lambdas) l = std::abs(l) * 4;
  const double smoothness = *std::max_element(lambdas.begin(), lambdas.end());
  const Function gradient = diagonal(lambdas);
  const auto f = [&](const Vector& x) { return dot(x, gradient(x)) / 2; };
  for (const double share : {.1, 1.0, 1.9, 1.999}) {
    const double lr = share / smoothness;
    for (std::uint64_t key = 0; key < 20; ++key) {
      const Vector x = noise(30, 100 + key), g = gradient(x);
      const double fallen = f(x) - f(after(1, {{"lr", lr}}, gradient, x));
      EXPECT_GE(fallen, lr * (1 - share / 2) * dot(g, g) * (1 - 1e-12));
      EXPECT_NEAR(fallen, lr * dot(g, g), lr * lr * smoothness / 2 * dot(g, g));  // Taylor, to the second order
    }
  }
}

// The slowest smooth convex function for N steps of lr = 1 / L is a parabola with straight arms: the error is exactly
// L R^2 / (4 N + 2) (Drori, Teboulle 2014, theorem 3.2). So O(1/T) is reached and not passed.
TEST(GradientDescent, OneOverT) {
  const double start = 3, smoothness = 2;
  for (const int n : {1, 5, 10, 100, 1000}) {
    const double corner = start / (2 * n + 1);
    const Function g = [&](const Vector& x) { return Vector{smoothness * std::clamp(x[0], -corner, corner)}; };
    const double x = after(n, {{"lr", 1 / smoothness}}, g, {start})[0];
    const double f = std::abs(x) < corner ? smoothness * x * x / 2 : smoothness * corner * (std::abs(x) - corner / 2);
    EXPECT_NEAR(f * (4 * n + 2) / (smoothness * start * start), 1, 1e-11) << n;
  }
}

// Nesterov's chain x'Ax/2 - x_1 with A tridiagonal (-1, 2, -1), n = 2T + 1: no first-order method is better after T
// steps than 3 L R^2 / (32 (T + 1)^2); his own, with momentum (t - 1) / (t + 2), is at most 2 L R^2 / (T + 1)^2 away.
struct Chain {
  static constexpr double kSmoothness = 4;
  std::size_t n;

  [[nodiscard]] Vector gradient(const Vector& x) const {
    Vector g(n);
    for (std::size_t i = 0; i < n; ++i)
      g[i] = 2 * x[i] - (i > 0 ? x[i - 1] : 0) - (i + 1 < n ? x[i + 1] : 0) - (i == 0 ? 1 : 0);
    return g;
  }
  [[nodiscard]] Vector minimiser() const {
    Vector x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = 1 - static_cast<double>(i + 1) / static_cast<double>(n + 1);
    return x;
  }
  [[nodiscard]] double error(const Vector& x) const {
    const Vector g = gradient(x), best = minimiser();
    double sum = 0;  // (x - x*)' A (x - x*) / 2, and A (x - x*) is the gradient
    for (std::size_t i = 0; i < n; ++i) sum += (x[i] - best[i]) * g[i];
    return sum / 2;
  }
};

double nesterov_error(const Chain& chain, int steps) {
  Stepper sgd(
      "sgd",
      {{"lr", 1 / Chain::kSmoothness}, {"momentum", .5}, {"nesterov", true}, {"lookahead", std::string("exact")}},
      {{static_cast<std::int64_t>(chain.n)}});
  Closure closure(sgd, [&](const Vector& x) { return chain.gradient(x); });
  for (int t = 1; t <= steps; ++t) {
    sgd.set_option("momentum", (t - 1.0) / (t + 2.0));
    closure.step(t);
  }
  return chain.error(sgd.x());
}

TEST(Nesterov, OneOverTSquared) {
  double lead = 1;
  for (const int steps : {10, 40, 160}) {
    const Chain chain{static_cast<std::size_t>(2 * steps + 1)};
    const Vector best = chain.minimiser();
    const double scale = Chain::kSmoothness * dot(best, best) / ((steps + 1.0) * (steps + 1.0));
    const double accelerated = nesterov_error(chain, steps);
    EXPECT_LE(accelerated, 2 * scale) << steps;
    EXPECT_GE(accelerated, 3.0 / 32 * scale) << steps;
    const Function g = [&](const Vector& x) { return chain.gradient(x); };
    const double plain = chain.error(after(steps, {{"lr", 1 / Chain::kSmoothness}}, g, Vector(chain.n, 0.0)));
    EXPECT_GT(plain / accelerated, 1.5 * lead) << steps;
    lead = plain / accelerated;
  }
}

// Polyak's optimum: lr = 4 / (sqrt(L) + sqrt(mu))^2, momentum q^2 with q = (sqrt(k) - 1) / (sqrt(k) + 1), rate q: roots
// of the recursion coincide, so the error is (a + b t) q^t.
TEST(HeavyBall, OptimalRate) {
  const double least = 1, most = 100, kappa = most / least;
  const double q = (std::sqrt(kappa) - 1) / (std::sqrt(kappa) + 1);
  const double root = std::sqrt(most) + std::sqrt(least);
  const Given options{{"lr", 4 / (root * root)}, {"momentum", q * q}};
  const Function g = diagonal({least, 7, 40, most});
  const auto error = [&](int t) {
    const Vector x = after(t, options, g, {1, 1, 1, 1});
    return std::sqrt(dot(x, x));
  };
  const int t = 60;
  const double measured = std::pow(error(2 * t) / error(t), 1.0 / t);
  EXPECT_GE(measured, q * (1 - 1e-9));
  EXPECT_LE(measured, q * std::pow(2, 1.1 / t));
  const Vector slow = after(2 * t, {{"lr", 2 / (least + most)}}, g, {1, 1, 1, 1});
  EXPECT_GT(std::sqrt(dot(slow, slow)), 1e6 * error(2 * t));
}

// By Cauchy's inequality |m_hat| / sqrt(v_hat) <= C(t), and gradients that grow like (beta2 / beta1)^k reach it.
TEST(Adam, TheStepBoundIsReachedAndNotPassed) {
  constexpr double kLr = .01;
  const struct { double beta1, beta2; } pairs[] = {{.9, .999}, {.5, .9}, {.9, .95}};
  for (const auto& [beta1, beta2] : pairs) {
    const double r = beta1 * beta1 / beta2;
    const auto bound = [&, beta1 = beta1, beta2 = beta2](int t) {
      return kLr * (1 - beta1) / std::sqrt(1 - beta2) * std::sqrt((1 - std::pow(r, t)) / (1 - r)) *
             std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(beta1, t));
    };
    for (const bool worst : {false, true}) {
      Stepper adam("adam", {{"lr", kLr}, {"beta1", beta1}, {"beta2", beta2}, {"eps", 0.0}}, {{20}});
      for (int t = 1; t <= 40; ++t) {
        const Vector before = adam.x();
        Vector g = noise(20, 700 + static_cast<std::uint64_t>(t));
        if (worst) std::fill(g.begin(), g.end(), std::pow(beta1 / beta2, 40 - t));
        adam.set_grad(g);
        adam.step(t);
        const Vector now = adam.x();
        for (std::size_t i = 0; i < g.size(); ++i) EXPECT_LE(std::abs(now[i] - before[i]), bound(t) * (1 + 1e-12));
        if (worst && t == 40) {
          EXPECT_NEAR(std::abs(now[0] - before[0]) / bound(t), 1, 1e-10);
        }
      }
    }
  }
}

// Adagrad's rate goes to 0 under a steady gradient, RMSprop's and Adadelta's do not.
TEST(RmsProp, DoesNotStallWhereAdagradDoes) {
  const auto late_step = [](const char* optimizer, const Given& options) {
    Stepper stepper(optimizer, options, {{1}});
    double before = 0;
    for (int t = 1; t <= 5000; ++t) {
      before = stepper.x()[0];
      stepper.set_grad(Vector{-2.0});
      stepper.step(t);
    }
    return stepper.x()[0] - before;
  };
  EXPECT_NEAR(late_step("adagrad", {{"lr", .1}, {"eps", 0.0}}), .1 / std::sqrt(5000.0), 1e-9);
  EXPECT_NEAR(late_step("rmsprop", {{"lr", .1}, {"eps", 0.0}}), .1, 1e-9);
  EXPECT_GT(late_step("adadelta", {}), .01);
}

}  // namespace
}  // namespace tuner::test
