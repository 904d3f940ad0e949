// What the theory of the methods says about numbers, checked on the plugins.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "runs.hpp"

namespace tuner::test {
namespace {

TEST(Sgd, L2IsWeightDecay) {
  // x - lr (g + l x) = (1 - lr l) x - lr g: decay lambda of the decoupled form is lr times the L2 penalty.
  constexpr double kLr = 0.1, kL2 = 0.3;
  Stepper sgd("sgd", {{"lr", kLr}, {"weight_decay", kL2}}, {{50}});
  Vector x = noise(50, 1);
  sgd.set_x(x);
  for (int t = 1; t <= 20; ++t) {
    const Vector g = noise(50, 100 + static_cast<std::uint64_t>(t));
    sgd.set_grad(g);
    sgd.step(t);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = (1 - kLr * kL2) * x[i] - kLr * g[i];
    const Vector got = sgd.x();
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(got[i], x[i], 1e-14) << "step " << t;
  }
}

TEST(Adam, L2IsNotWeightDecay) {
  Stepper l2("adam", {{"lr", .1}, {"weight_decay", .3}}, {{50}});
  Stepper decoupled("adamw", {{"lr", .1}, {"weight_decay", .3}}, {{50}});
  Stepper neither("adam", {{"lr", .1}}, {{50}});
  for (Stepper* s : {&l2, &decoupled, &neither}) {
    s->set_x(noise(50, 1));
    run(*s, 50, 20);
  }
  // Large gradients hide the L2 penalty from Adam, the decoupled decay stays.
  const auto distance = [](const Vector& a, const Vector& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<double>(a.size());
  };
  EXPECT_GT(distance(l2.x(), decoupled.x()), 1e-2);
  EXPECT_GT(distance(decoupled.x(), neither.x()), 1e-2);
}

// Adam without eps sees the direction of the gradients alone.
TEST(Adam, DoesNotSeeTheScaleOfTheGradients) {
  const auto run_scaled = [](double scale) {
    Stepper adam("adam", {{"lr", .01}, {"eps", 0.0}}, {{40}});
    adam.set_x(noise(40, 2));
    for (int t = 1; t <= 50; ++t) {
      Vector g = noise(40, 200 + static_cast<std::uint64_t>(t));
      for (double& value : g) value *= scale;
      adam.set_grad(g);
      adam.step(t);
    }
    return adam.x();
  };
  const Vector plain = run_scaled(1);
  EXPECT_EQ(run_scaled(0x1p40), plain);  // powers of two scale without rounding
  EXPECT_EQ(run_scaled(0x1p-40), plain);
  const Vector scaled = run_scaled(3.7e5);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(scaled[i], plain[i], 1e-13);
}

TEST(Adam, StepsAreBounded) {
  // |m| / sqrt(v) <= (1 - b1) / sqrt(1 - b2) / (1 - b1^2 / b2)^(1/2) by Cauchy's inequality; with b1 = 0 a lone
  // gradient after zeros reaches 1 / sqrt(1 - b2), corrected for bias.
  constexpr double kLr = 0.01, kBeta2 = 0.99;
  Stepper adam("adam", {{"lr", kLr}, {"beta1", 0.0}, {"beta2", kBeta2}, {"eps", 0.0}}, {{1}});
  adam.set_x(Vector{0.0});
  for (int t = 1; t <= 3000; ++t) {
    const double before = adam.x()[0];
    adam.set_grad(Vector{t == 3000 ? 5.0 : 0.0});
    adam.step(t);
    ASSERT_NEAR(before - adam.x()[0], t < 3000 ? 0 : kLr / std::sqrt(1 - kBeta2), t < 3000 ? 0 : 1e-12);
  }
}

// Under a constant gradient m = (1 - beta1^t) g and v = (1 - beta2^t) g^2: corrected, every step has length lr.
TEST(Adam, BiasCorrectionInClosedForm) {
  constexpr double kLr = 0.01, kGradient = -3.0;
  for (const double beta1 : {0.0, 0.9, 0.99}) {
    Stepper adam("adam", {{"lr", kLr}, {"beta1", beta1}, {"beta2", .999}, {"eps", 0.0}}, {{1}});
    adam.set_x(Vector{1.0});
    for (int t = 1; t <= 300; ++t) {
      adam.set_grad(Vector{kGradient});
      adam.step(t);
      ASSERT_NEAR(adam.slot(0)[0], (1 - std::pow(beta1, t)) * kGradient, 1e-12);
      ASSERT_NEAR(adam.slot(1)[0], (1 - std::pow(.999, t)) * kGradient * kGradient, 1e-12);
      ASSERT_NEAR(adam.x()[0], 1.0 + t * kLr, 1e-10);
    }
  }
}

TEST(Adagrad, ForgetsNothing) {
  // A constant gradient: x falls by lr (1 + 1/sqrt(2) + ... + 1/sqrt(t)).
  Stepper adagrad("adagrad", {{"lr", .1}, {"eps", 0.0}}, {{1}});
  double want = 0;
  for (int t = 1; t <= 500; ++t) {
    adagrad.set_grad(Vector{7.0});
    adagrad.step(t);
    want -= .1 / std::sqrt(t);
  }
  EXPECT_NEAR(adagrad.x()[0], want, 1e-12);
}

// On f = x^2 / 2 a method is stable up to a step size that its characteristic polynomial gives.
bool is_stable(const Given& options, double lr) {
  Given given = options;
  given["lr"] = lr;
  Stepper sgd("sgd", given, {{1}});
  double x = 1;
  sgd.set_x(Vector{x});
  for (int t = 1; t <= 40000; ++t) {
    sgd.set_grad(Vector{x});
    sgd.step(t);
    x = sgd.x()[0];
    if (std::abs(x) > 1e6) return false;
    if (std::abs(x) < 1e-100) return true;
  }
  return std::abs(x) < 1;
}

double stability_limit(const Given& options, double guess) {
  double stable = 0.5 * guess, unstable = 1.5 * guess;
  EXPECT_TRUE(is_stable(options, stable));
  EXPECT_FALSE(is_stable(options, unstable));
  while (unstable - stable > 2e-5 * guess) {
    const double middle = (stable + unstable) / 2;
    (is_stable(options, middle) ? stable : unstable) = middle;
  }
  return (stable + unstable) / 2;
}

TEST(StabilityLimit, GradientDescent) { EXPECT_NEAR(stability_limit({}, 2), 2, 2e-4); }

TEST(StabilityLimit, HeavyBall) {
  for (const double b : {.5, .9}) {
    const double limit = 2 * (1 + b);
    EXPECT_NEAR(stability_limit({{"momentum", b}}, limit) / limit, 1, 1e-4);
  }
}

TEST(StabilityLimit, MovingAverage) {
  const double b = .9, limit = 2 * (1 + b) / (1 - b);  // 38
  EXPECT_NEAR(stability_limit({{"momentum", b}, {"dampening", b}}, limit) / limit, 1, 1e-4);
}

TEST(StabilityLimit, Nesterov) {
  const double b = .9, limit = 2 * (1 + b) / (1 + 2 * b);  // 1.357
  EXPECT_NEAR(stability_limit({{"momentum", b}, {"nesterov", true}}, limit) / limit, 1, 1e-4);
}

TEST(Sgd, VelocityInsideDiffersOnlyUnderASchedule) {
  const auto run_with = [](const char* velocity, double late_lr) {
    Stepper sgd("sgd", {{"lr", .1}, {"momentum", .9}, {"velocity", velocity}}, {{20}});
    sgd.set_x(noise(20, 3));
    for (int t = 1; t <= 20; ++t) {
      if (t == 10) sgd.set_option("lr", late_lr);
      sgd.set_grad(noise(20, 300 + static_cast<std::uint64_t>(t)));
      sgd.step(t);
    }
    return sgd.x();
  };
  const Vector outside = run_with("outside", .1), inside = run_with("inside", .1);
  for (std::size_t i = 0; i < outside.size(); ++i) EXPECT_NEAR(outside[i], inside[i], 1e-13);
  const Vector outside_late = run_with("outside", .01), inside_late = run_with("inside", .01);
  double most = 0;
  for (std::size_t i = 0; i < outside.size(); ++i) most = std::max(most, std::abs(outside_late[i] - inside_late[i]));
  EXPECT_GT(most, .01);
}

}  // namespace
}  // namespace tuner::test
