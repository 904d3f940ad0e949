// Norms whose squares leave the range of a double, and roots of matrices that are singular.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "runs.hpp"

namespace tuner::test {
namespace {

const Shapes kShapes = {{3, 2}, {2}};
constexpr std::size_t kCount = 8;

Vector scaled(Vector values, int exponent) {
  for (double& value : values) value = std::ldexp(value, exponent);
  return values;
}

struct Scales {
  int x = 0, gradient = 0;
};

// What three steps do to x, with x and gradients times powers of two.
Vector moved(const std::string& optimizer, const Given& given, Scales scales, const Shapes& shapes = kShapes,
             std::size_t count = kCount) {
  Stepper stepper(optimizer, given, shapes);
  stepper.set_x(scaled(noise(count, 7), scales.x));
  stepper.init();
  const Vector before = stepper.x();
  for (int t = 1; t <= 3; ++t) {
    stepper.set_grad(scaled(noise(count, 100 + static_cast<std::uint64_t>(t)), scales.gradient));
    stepper.step(t);
  }
  Vector after = stepper.x();
  for (std::size_t i = 0; i < after.size(); ++i) after[i] -= before[i];
  return after;
}

// got = want 2^exponent, to what rounding of x leaves of a difference.
void expect_scaled(const Vector& got, const Vector& want, int exponent) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NE(want[i], 0) << i;
    EXPECT_NEAR(std::ldexp(got[i], -exponent) / want[i], 1, 1e-9) << i;
  }
}

TEST(Norms, NeitherOverflowNorUnderflow) {
  for (const int exponent : {-600, 600}) {
    SCOPED_TRACE(exponent);
    const Given lars{{"lr", 0.5}}, lars_sum{{"lr", 0.5}, {"norm_of", std::string("gradient_and_decay")}};
    for (const Given& given : {lars, lars_sum}) {
      expect_scaled(moved("lars", given, {.x = exponent}), moved("lars", given, {}), exponent);
      expect_scaled(moved("lars", given, {.gradient = exponent}), moved("lars", given, {}), 0);
    }
    const Given lamb{{"lr", 0.5}};
    expect_scaled(moved("lamb", lamb, {.x = exponent}), moved("lamb", lamb, {}), exponent);
    const Given adafactor{{"lr", 0.5}, {"eps2", 0.0}};
    expect_scaled(moved("adafactor", adafactor, {.x = exponent}), moved("adafactor", adafactor, {}), exponent);
    const Given muon{{"lr", 0.5}, {"weight_decay", 0.0}, {"eps", 0.0}};
    const Shapes matrix = {{4, 2}};
    expect_scaled(moved("muon", muon, {.gradient = exponent}, matrix), moved("muon", muon, {}, matrix), 0);
  }
}

// r = reps_rel (1 + |x0|), so that the first step is proportional to |x0|, and so is the distance that later ones see.
TEST(Norms, OfDoGsDistances) {
  for (const char* granularity : {"all", "tensor"}) {
    const Given given{{"reps_rel", 1e-2}, {"granularity", std::string(granularity)}};
    expect_scaled(moved("dog", given, {.x = 600}), moved("dog", given, {.x = 500}), 100);
  }
}

TEST(Norms, OfSamsAscent) {
  for (const bool adaptive : {false, true})
    for (const int exponent : {-600, 0, 600}) {
      Stepper stepper("sam", {{"rho", 0.25}, {"eps", 0.0}, {"adaptive", adaptive}}, kShapes, TUNER_DTYPE_F64, -1, {},
                      {"sgd", {}});
      const Vector x = noise(kCount, 7), g = noise(kCount, 8);
      stepper.set_x(x);
      stepper.init();
      stepper.set_grad(scaled(g, exponent));
      double norm = 0;
      for (std::size_t i = 0; i < kCount; ++i) norm = std::hypot(norm, adaptive ? x[i] * g[i] : g[i]);
      int asked = 0;
      stepper.set_gradient([&](const Vector& ahead) {
        ++asked;
        for (std::size_t i = 0; i < kCount; ++i)
          EXPECT_NEAR(ahead[i], x[i] + 0.25 * (adaptive ? x[i] * x[i] * g[i] : g[i]) / norm, 1e-14) << exponent;
        return g;
      });
      stepper.step(1);
      EXPECT_EQ(asked, 1);
    }
}

// The rate follows the angle between gradients, whatever their size.
TEST(Norms, OfHypergradients) {
  const auto rate = [](int exponent) {
    Stepper stepper("hypergradient", {{"rule", std::string("multiplicative")}, {"hyper_lr", 0.1}}, kShapes);
    stepper.init();
    for (int t = 1; t <= 4; ++t) {
      stepper.set_grad(scaled(noise(kCount, 100 + static_cast<std::uint64_t>(t)), exponent));
      stepper.step(t);
    }
    return stepper.slot(stepper.slot_index("rate"))[0];
  };
  EXPECT_NE(rate(0), 1e-3);
  for (const int exponent : {-600, -530, 530, 600}) EXPECT_NEAR(rate(exponent) / rate(0), 1, 1e-13) << exponent;
}

// eta = ln(1/2 (1 + sqrt(1 + 4 G))) is ln(G) / 2 for a large G, and a step eta s g / |g| with one matrix.
TEST(Norms, OfAutomaticGradientDescent) {
  const Shapes convolution = {{2, 2, 2, 1}};
  const auto lengths = [&](int exponent) {
    Stepper stepper("agd", {{"init", std::string("keep")}}, convolution);
    const Vector x = noise(kCount, 7);
    stepper.set_x(x);
    stepper.init();
    stepper.set_grad(scaled(noise(kCount, 8), exponent));
    stepper.step(1);
    double square = 0;
    for (std::size_t i = 0; i < kCount; ++i) square += std::pow(stepper.x()[i] - x[i], 2);
    return std::sqrt(square);
  };
  // Two places of the kernel, each with s = 1 / sqrt(2): a step of length eta.
  EXPECT_NEAR(lengths(600) - lengths(500), 50 * std::log(2.0), 1e-9);
}

// No gradient was ever seen along most directions when the first roots are made: they must not be applied there.
TEST(Shampoo, MovesNothingFarAlongDirectionsThatWereNotSeen) {
  for (const std::uint32_t dtype : {TUNER_DTYPE_F64, TUNER_DTYPE_F32})
    for (const int every : {2, 5, 10, 100}) {
      SCOPED_TRACE(every);
      const Shapes shape = {{8, 12}};
      Stepper stepper("shampoo", {{"lr", 1}, {"beta1", 0.0}, {"precondition_frequency", std::int64_t{every}}}, shape,
                      dtype);
      stepper.init();
      Vector before(96, 0.0);
      for (int t = 1; t <= 3 * every; ++t) {
        // Rank 1, rounded to the tensor's type, in another direction at every step.
        const Vector left = noise(8, 10 + static_cast<std::uint64_t>(t)),
                     right = noise(12, 900 + static_cast<std::uint64_t>(t));
        Vector gradient;
        for (const double a : left)
          for (const double b : right) gradient.push_back(a * b);
        stepper.set_grad(gradient);
        stepper.step(t);
        const Vector after = stepper.x();
        double square = 0;
        for (std::size_t i = 0; i < after.size(); ++i) square += (after[i] - before[i]) * (after[i] - before[i]);
        // With fresh roots |P| <= 1 for rank 1; with stale ones the norm follows that of the gradients in between.
        EXPECT_LE(std::sqrt(square), 30) << "step " << t;
        before = after;
      }
    }
}

// What is unknown at one renewal is known at the next.
TEST(Shampoo, MovesAlongANewDirectionFromTheNextRenewalOn) {
  Stepper stepper("shampoo", {{"lr", 1}, {"beta1", 0.0}, {"precondition_frequency", std::int64_t{4}}}, {{2, 2}});
  stepper.init();
  const Vector first{1, 0, 0, 0}, second{0, 0, 0, 1};
  for (int t = 1; t <= 4; ++t) {
    stepper.set_grad(first);
    stepper.step(t);
  }
  Vector x = stepper.x();
  for (int t = 5; t <= 7; ++t) {
    stepper.set_grad(second);
    stepper.step(t);
  }
  EXPECT_EQ(stepper.x(), x) << "not seen at step 4";
  stepper.set_grad(second);
  stepper.step(8);
  EXPECT_NEAR(stepper.x()[3] - x[3], -0.5, 1e-9) << "1 / sqrt(4): four gradients of 1";
}

// Until the first roots all directions count alike: L = a I and R = b I with the traces that they have.
TEST(Shampoo, TakesTheMeanEigenvalueBeforeItsFirstRoots) {
  Stepper stepper("shampoo", {{"lr", 1}, {"beta1", 0.0}, {"eps", 0.0}, {"precondition_frequency", std::int64_t{4}}},
                  {{3, 2}});
  stepper.init();
  const Vector g = noise(6, 3);
  double square = 0;
  for (const double value : g) square += value * value;
  stepper.set_grad(g);
  stepper.step(1);
  const double root = std::pow(square / 3, -0.25) * std::pow(square / 2, -0.25);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(stepper.x()[i], -root * g[i], 1e-14);
}

}  // namespace
}  // namespace tuner::test
