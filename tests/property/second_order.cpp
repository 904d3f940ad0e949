// What theory and the ABI promise of the methods that evaluate within their steps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "functions.hpp"
#include "runs.hpp"
#include "tuner/error.hpp"

namespace tuner::test {
namespace {

double norm(const Vector& v) {
  double sum = 0;
  for (const double value : v) sum += value * value;
  return std::sqrt(sum);
}
double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
Vector minus(Vector a, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

// Ten different eigenvalues, coupled.
Function ten() { return coupled_quadratic({1, 2, 3, 5, 8, 13, 21, 34, 55, 89}, noise(10, 3), 0.7); }

TEST(Newton, SolvesAQuadraticInOneStep) {
  ClosureStepper newton("newton", {}, {{5, 2}}, ten());
  newton.set_x(noise(10, 1));
  const auto step = newton.step(1);
  EXPECT_EQ(step.products, 10u);
  const Vector minimum = noise(10, 3), x = newton.x();
  for (std::size_t i = 0; i < 10; ++i) EXPECT_NEAR(x[i], minimum[i], 1e-14);
}

TEST(Newton, DampingIsAddedToTheDiagonal) {
  // One element: d = -g / (h + damping).
  ClosureStepper newton("newton", {{"damping", 6.0}}, {{1}}, coupled_quadratic({2}, {0}, 0));
  newton.set_x(Vector{4});
  newton.step(1);
  EXPECT_DOUBLE_EQ(newton.x()[0], 4 - 8.0 / 8.0);
}

TEST(Newton, DescendsWhereTheHessianIsIndefinite) {
  // At (0, 1) Rosenbrock's Hessian is ((-398, 0), (0, 200)).
  ClosureStepper newton("newton", {{"line_search", "armijo"}}, {{2}}, chained_rosenbrock());
  newton.set_x(Vector{0, 1});
  const double before = newton.loss();
  newton.step(1);
  EXPECT_LT(newton.loss(), before);
}

TEST(NewtonCg, SolvesAQuadraticInOneStepWhenItIsExact) {
  // Quadratic forcing asks for |r| < |g|^2 near the minimum: two steps reach rounding.
  ClosureStepper method("newton_cg", {{"forcing", "quadratic"}}, {{10}}, ten());
  method.set_x(noise(10, 1));
  for (int t = 1; t <= 8; ++t) method.step(t);
  EXPECT_LT(norm(minus(method.x(), noise(10, 3))), 1e-12);
}

TEST(NonlinearCg, SolvesAQuadraticInAsManyStepsAsDimensions) {
  for (const char* beta : {"fr", "pr_plus", "hs", "dy"}) {
    ClosureStepper cg("nonlinear_cg", {{"beta", beta}, {"line_search", "exact"}}, {{10}}, ten());
    cg.set_x(noise(10, 1));
    const double start = norm(minus(cg.x(), noise(10, 3)));
    for (int t = 1; t <= 9; ++t) cg.step(t);
    EXPECT_GT(norm(minus(cg.x(), noise(10, 3))), 1e-7 * start) << beta << " is early, so this test says nothing";
    cg.step(10);
    EXPECT_LT(norm(minus(cg.x(), noise(10, 3))), 1e-8 * start) << beta;
  }
}

TEST(LineSearchGd, ExactStepsAreCauchys) {
  ClosureStepper gd("line_search_gd", {{"line_search", "exact"}}, {{10}}, ten());
  gd.set_x(noise(10, 1));
  for (int t = 1; t <= 20; ++t) {
    const Vector x = gd.x(), g = ten().gradient(x);
    const double length = dot(g, g) / dot(g, ten().product(x, g));
    gd.step(t);
    const Vector moved = minus(x, gd.x());
    for (std::size_t i = 0; i < 10; ++i) ASSERT_NEAR(moved[i], length * g[i], 1e-9 * length * norm(g)) << "step " << t;
    // Successive gradients are orthogonal.
    const Vector next = ten().gradient(gd.x());
    ASSERT_LT(std::abs(dot(next, g)), 1e-8 * dot(g, g));
  }
}

// Eigenvalues 1 and 9 with the worst start: every step shrinks the error by (9 - 1) / (9 + 1), Kantorovich's bound.
TEST(LineSearchGd, ExactStepsReachKantorovichsBound) {
  ClosureStepper gd("line_search_gd", {{"line_search", "exact"}}, {{2}}, coupled_quadratic({1, 9}, {0, 0}, 0));
  gd.set_x(Vector{9, 1});
  double before = gd.loss();
  for (int t = 1; t <= 30; ++t) {
    gd.step(t);
    ASSERT_NEAR(gd.loss() / before, 0.64, 1e-8) << "step " << t;
    before = gd.loss();
  }
}

TEST(Bfgs, IsSuperlinearOnRosenbrock) {
  ClosureStepper bfgs("bfgs", {}, {{2}}, chained_rosenbrock());
  bfgs.set_x(Vector{-1.2, 1});
  std::vector<double> errors;
  for (int t = 1; t <= 60 && (errors.empty() || errors.back() > 1e-11); ++t) {
    bfgs.step(t);
    errors.push_back(norm(minus(bfgs.x(), {1, 1})));
  }
  ASSERT_LE(errors.back(), 1e-11);
  ASSERT_GE(errors.size(), 10u);
  // The last three ratios fall, the last one below a thousandth.
  const std::size_t n = errors.size();
  EXPECT_LT(errors[n - 1] / errors[n - 2], 1e-3);
  EXPECT_LT(errors[n - 2] / errors[n - 4], 1e-2);
}

// On a quadratic with exact first lengths BFGS and L-BFGS with a long memory are conjugate directions as well.
TEST(Lbfgs, ConvergesFasterThanGradientDescent) {
  ClosureStepper lbfgs("lbfgs", {{"max_iter", std::int64_t{1}}, {"line_search", "strong_wolfe"}}, {{10}}, ten());
  ClosureStepper gd("line_search_gd", {{"line_search", "strong_wolfe"}}, {{10}}, ten());
  for (ClosureStepper* s : {&lbfgs, &gd}) {
    s->set_x(noise(10, 1));
    for (int t = 1; t <= 25; ++t) s->step(t);
  }
  EXPECT_LT(lbfgs.loss(), 1e-6 * gd.loss());
}

struct Searched {
  const char* optimizer;
  Given options;
  double c1, c2;
};

TEST(StrongWolfe, HoldsAtEveryAcceptedStep) {
  const Searched kMethods[] = {{"lbfgs", {{"max_iter", std::int64_t{1}}, {"line_search", "strong_wolfe"}}, 1e-4, 0.9},
                               {"bfgs", {{"c1", 1e-3}, {"c2", 0.4}}, 1e-3, 0.4},
                               {"nonlinear_cg", {}, 1e-4, 0.1},
                               {"newton_cg", {{"line_search", "strong_wolfe"}, {"c2", 0.3}}, 1e-4, 0.3},
                               {"line_search_gd", {{"line_search", "strong_wolfe"}, {"c2", 0.2}}, 1e-4, 0.2}};
  for (const Searched& m : kMethods) {
    int checked = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Function f = chained_rosenbrock();
      ClosureStepper stepper(m.optimizer, m.options, {{6}}, f);
      Vector start = noise(6, seed);
      for (double& v : start) v *= 2;
      stepper.set_x(start);
      for (int t = 1; t <= 12; ++t) {
        const Vector x = stepper.x(), g = f.gradient(x);
        if (norm(g) < 1e-4) break;  // below, rounding decides
        stepper.step(t);
        const Vector moved = minus(stepper.x(), x);
        const double slope = dot(g, moved), end = dot(f.gradient(stepper.x()), moved);
        ASSERT_LT(slope, 0) << m.optimizer << " seed " << seed << " step " << t;
        ASSERT_LE(stepper.loss(), f.loss(x) + m.c1 * slope + 1e-12) << m.optimizer << " seed " << seed << " step " << t;
        ASSERT_LE(std::abs(end), -m.c2 * slope * (1 + 1e-6) + 1e-12)
            << m.optimizer << " seed " << seed << " step " << t;
        ++checked;
      }
    }
    EXPECT_GE(checked, 100) << m.optimizer;
  }
}

TEST(Armijo, HoldsAndIsTheFirstPowerThatDoes) {
  const Function f = chained_rosenbrock();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ClosureStepper gd("line_search_gd", {{"shrink", 0.5}, {"c1", 0.1}}, {{6}}, f);
    gd.set_x(noise(6, seed));
    for (int t = 1; t <= 12; ++t) {
      const Vector x = gd.x(), g = f.gradient(x);
      const auto result = gd.step(t);
      double length = 1;
      for (std::size_t i = 0; i < result.losses.size(); ++i, length /= 2)
        ASSERT_EQ(result.losses[i] <= f.loss(x) - 0.1 * length * dot(g, g), i + 1 == result.losses.size());
    }
  }
}

TEST(NelderMead, TheBestPointNeverGetsWorse) {
  for (const bool adaptive : {false, true}) {
    ClosureStepper nm("nelder_mead", {{"adaptive", adaptive}}, {{2, 2}, {1}}, chained_rosenbrock());
    nm.set_x(noise(5, 4));
    double before = nm.loss();
    const double start = before;
    for (int t = 1; t <= 600; ++t) {
      const auto result = nm.step(t);
      // One move: at most reflection, contraction and a shrink; the first step makes the simplex before.
      ASSERT_LE(result.losses.size(), 2u + 5u + (t == 1 ? 5u : 0u));
      ASSERT_LE(nm.loss(), before);
      before = nm.loss();
    }
    EXPECT_LT(before, 1e-2 * start);
  }
}

TEST(NelderMead, SaysWhenItHasConverged) {
  ClosureStepper nm("nelder_mead", {{"tolerance_x", 1e-6}, {"tolerance_loss", 1e-10}}, {{2}}, chained_rosenbrock());
  nm.set_x(Vector{-1.2, 1});
  std::uint32_t flags = 0;
  int t = 0;
  while (flags == 0 && t < 500) flags = nm.step(++t).flags;
  EXPECT_EQ(flags, TUNER_STEP_CONVERGED);
  EXPECT_LT(norm(minus(nm.x(), {1, 1})), 1e-5);
  EXPECT_LT(t, 150);
}

// f linear: every guess has mean g, variance |g|^2 - g_i^2 in element i.
TEST(Spsa, GuessesTheGradientOnAverage) {
  const Vector slope = noise(8, 11);
  const Function linear{.loss = [=](const Vector& x) { return dot(x, slope); }, .gradient = {}, .product = {}};
  ClosureStepper spsa("spsa", {{"lr", 1.0}, {"averages", std::int64_t{1000}}}, {{8}}, linear);
  spsa.set_x(Vector(8, 0.0));
  const auto step = spsa.step(1);
  EXPECT_EQ(step.losses.size(), 2000u);
  const double deviation = norm(slope) / std::sqrt(1000.0);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(-spsa.x()[i], slope[i], 5 * deviation);
}

TEST(Spsa, GainsDecayAsTheyShould) {
  // One element: the guess is exact on a linear function, so a step is a = lr / (A + t)^alpha.
  const Function linear{.loss = [](const Vector& x) { return 3 * x[0]; }, .gradient = {}, .product = {}};
  ClosureStepper spsa("spsa", {{"lr", 0.5}, {"stability", 4.0}, {"alpha", 0.7}}, {{1}}, linear);
  spsa.set_x(Vector{0.0});
  for (int t = 1; t <= 10; ++t) {
    const double before = spsa.x()[0];
    spsa.step(t);
    EXPECT_NEAR(before - spsa.x()[0], 3 * 0.5 / std::pow(4.0 + t, 0.7), 1e-11);
  }
}

}  // namespace
}  // namespace tuner::test
