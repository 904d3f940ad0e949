// What one optimizer must share with another, or with itself under other options.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "closure.hpp"
#include "runs.hpp"

namespace tuner::test {
namespace {

void expect_near(const Vector& got, const Vector& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got[i], want[i], tolerance * std::max(1.0, std::abs(want[i]))) << i;
}

Vector rosenbrock_gradient(const Vector& v) {
  return {-2 * (1 - v[0]) - 400 * v[0] * (v[1] - v[0] * v[0]), 200 * (v[1] - v[0] * v[0])};
}

// With a constant lr, what the shifted form keeps as x is the exact form's look-ahead point.
TEST(Sgd, ExactLookaheadIsTheShiftedPathSeenFromElsewhere) {
  for (const char* velocity : {"outside", "inside"}) {
    const double lr = 5e-4, momentum = .8;
    const Given given{{"lr", lr}, {"momentum", momentum}, {"nesterov", true}, {"velocity", std::string(velocity)}};
    Given exactly = given;
    exactly["lookahead"] = std::string("exact");
    Stepper shifted("sgd", given, {{2}}), exact("sgd", exactly, {{2}});
    shifted.set_x(Vector{-1.2, 1});
    exact.set_x(Vector{-1.2, 1});
    Closure on_shifted(shifted, rosenbrock_gradient), on_exact(exact, rosenbrock_gradient);
    for (int t = 1; t <= 100; ++t) {
      on_shifted.step(t);
      on_exact.step(t);
      Vector ahead = exact.x();
      const Vector v = exact.slot(0);
      const double rate = std::string_view(velocity) == "inside" ? momentum : lr * momentum;
      for (std::size_t i = 0; i < 2; ++i) ahead[i] -= rate * v[i];
      expect_near(ahead, shifted.x(), 1e-11);
      expect_near(v, shifted.slot(0), 1e-9);
    }
    EXPECT_EQ(on_exact.evaluations(), 100);
    EXPECT_EQ(on_shifted.evaluations(), 0);
    EXPECT_GT(std::abs(exact.x()[0] - shifted.x()[0]), 1e-6);
  }
}

TEST(Sgd, ExactLookaheadUnderASchedule) {
  // v = mu v + g(x - lr mu v), x -= lr v, whatever lr and mu do.
  Stepper exact(
      "sgd",
      {{"lr", .1}, {"momentum", .9}, {"nesterov", true}, {"weight_decay", .2}, {"lookahead", std::string("exact")}},
      {{3}, {2}}, TUNER_DTYPE_F64, 1);
  const auto gradient = [](const Vector& x) {
    Vector g(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) g[i] = std::sin(3 * x[i]);
    return g;
  };
  Closure closure(exact, gradient);
  Vector x = noise(5, 8), v(5, 0.0);
  exact.set_x(x);
  for (int t = 1; t <= 50; ++t) {
    const double lr = .1 / t, momentum = .9 - .01 * t;
    exact.set_option("lr", lr);
    exact.set_option("momentum", momentum);
    closure.step(t);
    for (std::size_t i = 0; i < 3; ++i) {
      const double ahead = x[i] - lr * momentum * v[i];
      v[i] = momentum * v[i] + std::sin(3 * ahead) + .2 * ahead;
      x[i] -= lr * v[i];
    }
    expect_near(exact.x(), x, 1e-13);  // the frozen tensor with it
  }
}

TEST(Sgd, ExactLookaheadRefusesWhatItCannotDo) {
  EXPECT_ANY_THROW(Stepper("sgd", {{"momentum", .9}, {"lookahead", std::string("exact")}}, {{2}}));
  Stepper alone("sgd", {{"momentum", .9}, {"nesterov", true}, {"lookahead", std::string("exact")}}, {{2}});
  EXPECT_THROW(alone.step(1), std::runtime_error);  // nobody to evaluate
}

// A host may pass parts of tensors to an element-wise rule, without a closure: what needs one says so and leaves
// everything as it was, so that the host can pass the whole.
TEST(Sgd, ExactLookaheadRefusesPartsBeforeItChangesAnything) {
  Stepper exact("sgd", {{"lr", .1}, {"momentum", .9}, {"nesterov", true}, {"lookahead", std::string("exact")}}, {{6}});
  exact.set_x(noise(6, 1));
  exact.set_slot(0, noise(6, 2));
  exact.set_grad(noise(6, 3));
  const Vector x = exact.x(), v = exact.slot(0);
  for (const std::int64_t step : {1, 2}) {
    EXPECT_THROW(exact.step(step), std::runtime_error);
    EXPECT_EQ(exact.x(), x);
    EXPECT_EQ(exact.slot(0), v);
  }
  EXPECT_TRUE(exact.plugin().has(TUNER_PLUGIN_ELEMENTWISE));
  EXPECT_FALSE(exact.plugin().has(TUNER_PLUGIN_CLOSURE)) << "without the option it needs none";
}

TEST(Asgd, IsEvaluatedAtTheAverageOfItsPath) {
  for (const std::uint32_t dtype : {TUNER_DTYPE_F32, TUNER_DTYPE_F64}) {
    Stepper asgd("asgd", {{"lr", .1}, {"lambd", 0.0}, {"t0", 4.0}}, {{6}, {3}, {2}}, dtype, 1);
    asgd.set_x(noise(11, 1));
    EXPECT_EQ(asgd.evaluation_point(0), asgd.x());
    Vector sum(11, 0.0);
    for (int t = 1; t <= 40; ++t) {
      asgd.set_grad(noise(11, 50 + static_cast<std::uint64_t>(t)));
      asgd.step(t);
      const Vector x = asgd.x();
      if (t <= 6) {
        EXPECT_EQ(asgd.evaluation_point(t), x);
        if (t < 6) continue;
      }
      Vector mean(11);
      for (std::size_t i = 0; i < 11; ++i) {
        sum[i] += x[i];
        mean[i] = sum[i] / (t - 5);
      }
      expect_near(asgd.evaluation_point(t), mean, dtype == TUNER_DTYPE_F32 ? 1e-6 : 1e-14);
    }
  }
}

TEST(Ademamix, WarmsUpOverTheRunWhereNoLengthIsGiven) {
  const auto run_with = [](const Given& given, std::int64_t horizon) {
    Stepper stepper("ademamix", given, {{20}});
    for (int t = 1; t <= 60; ++t) {
      stepper.set_grad(noise(20, static_cast<std::uint64_t>(t)));
      stepper.step(t, horizon);
    }
    return stepper.x();
  };
  const Vector given = run_with({{"alpha_warmup", 50.0}, {"beta3_warmup", 50.0}}, -1);
  EXPECT_EQ(run_with({}, 50), given);
  EXPECT_NE(run_with({}, 60), given);
  EXPECT_EQ(run_with({}, -1), run_with({{"alpha_warmup", 0.0}, {"beta3_warmup", 0.0}}, 50));
}

// Both optimizers on the same gradients; the second one's path.
std::pair<Vector, Vector> side_by_side(const std::string& a, const Given& a_options, const std::string& b,
                                       const Given& b_options) {
  Stepper first(a, a_options, {{30}}), second(b, b_options, {{30}});
  first.set_x(noise(30, 4));
  second.set_x(noise(30, 4));
  run(first, 30, 50);
  run(second, 30, 50);
  return {first.x(), second.x()};
}

TEST(CaAdam, IsAdamWhereThereAreNoLayers) {
  const auto [caadam, adam] = side_by_side("caadam", {{"weight_decay", .1}}, "adam", {{"weight_decay", .1}});
  EXPECT_EQ(caadam, adam);
}

TEST(Hypergradient, IsItsBaseWhereTheRateStands) {
  const auto [plain, sgd] = side_by_side("hypergradient", {{"hyper_lr", 0.0}, {"lr", .1}}, "sgd", {{"lr", .1}});
  EXPECT_EQ(plain, sgd);
  const auto [moments, adam] = side_by_side(
      "hypergradient", {{"hyper_lr", 0.0}, {"lr", .1}, {"base", std::string("adam")}}, "adam", {{"lr", .1}});
  expect_near(moments, adam, 1e-13);
  const auto [fast, nesterov] =
      side_by_side("hypergradient", {{"hyper_lr", 0.0}, {"lr", .1}, {"base", std::string("nesterov")}}, "sgd",
                   {{"lr", .1}, {"momentum", .9}, {"nesterov", true}});
  expect_near(fast, nesterov, 1e-13);
}

// h is minus the derivative of the loss by the last rate, so the rate rises while gradients agree and falls when they
// turn: on x^2 / 2 towards the stable range, from both sides.
TEST(Hypergradient, FindsARateFromBothSides) {
  for (const double start : {1e-4, 1.9}) {
    Stepper stepper("hypergradient", {{"lr", start}, {"hyper_lr", .05}}, {{1}});
    stepper.init();
    stepper.set_x(Vector{3.0});
    for (int t = 1; t <= 300; ++t) {
      stepper.set_grad(stepper.x());
      stepper.step(t);
    }
    EXPECT_LT(std::abs(stepper.x()[0]), 1e-3) << start;
    EXPECT_NE(stepper.slot(0)[0], start);
    EXPECT_EQ(stepper.slot(0)[0] > start, start < 1);
  }
}

TEST(Hypergradient, StateIsWhatTheBaseNeeds) {
  const auto values = [](const char* base) {
    Stepper stepper("hypergradient", {{"base", std::string(base)}}, {{3, 5}, {4}});
    std::size_t count = 0;
    for (std::size_t s = 0; s < stepper.plugin().slot_count(); ++s) count += stepper.slot(s).size();
    return count;
  };
  EXPECT_EQ(values("sgd"), 1u + 19);
  EXPECT_EQ(values("nesterov"), 1u + 2 * 19);
  EXPECT_EQ(values("adam"), 1u + 3 * 19);
}

// Without eps these see directions alone; powers of two scale without rounding.
TEST(ScaleInvariance, OfNormalisedGradients) {
  for (const char* optimizer : {"nadam", "adan", "adopt", "ademamix", "novograd", "lamb", "lars", "yogi"}) {
    const auto run_scaled = [&](double scale) {
      Given given{{"eps", 0.0}};
      if (std::string_view(optimizer) == "yogi") given["initial_accumulator_value"] = 0.0;
      Stepper stepper(optimizer, given, {{40}});
      stepper.init();
      stepper.set_x(noise(40, 2));
      for (int t = 1; t <= 50; ++t) {
        Vector g = noise(40, 200 + static_cast<std::uint64_t>(t));
        for (double& value : g) value *= scale;
        stepper.set_grad(g);
        stepper.step(t);
      }
      return stepper.x();
    };
    const Vector plain = run_scaled(1);
    EXPECT_EQ(run_scaled(0x1p30), plain) << optimizer;
    EXPECT_EQ(run_scaled(0x1p-30), plain) << optimizer;
    EXPECT_NE(plain, noise(40, 2)) << optimizer;
  }
}

TEST(Agd, StartsFromScaledOrthogonalMatrices) {
  // A wide and a tall matrix, and a 2 x 1 kernel; each place of the kernel is a matrix of its own.
  Stepper agd("agd", {}, {{3, 5}, {6, 2}, {4, 2, 2, 1}});
  agd.init();
  const Vector x = agd.x();
  const auto check = [&](std::size_t at, std::size_t out, std::size_t in, std::size_t places, std::size_t place) {
    const double square = static_cast<double>(out) / static_cast<double>(in * places);
    const std::size_t count = std::min(out, in), length = std::max(out, in);
    const auto value = [&](std::size_t a, std::size_t b) {
      const std::size_t row = out <= in ? a : b, column = out <= in ? b : a;
      return x[at + (row * in + column) * places + place];
    };
    for (std::size_t a = 0; a < count; ++a)
      for (std::size_t b = 0; b < count; ++b) {
        double product = 0;
        for (std::size_t i = 0; i < length; ++i) product += value(a, i) * value(b, i);
        EXPECT_NEAR(product, a == b ? square : 0, 1e-14);
      }
  };
  check(0, 3, 5, 1, 0);
  check(15, 6, 2, 1, 0);
  check(27, 4, 2, 2, 0);
  check(27, 4, 2, 2, 1);
  Stepper kept("agd", {{"init", std::string("keep")}}, {{3, 5}});
  kept.set_x(noise(15, 1));
  kept.init();
  EXPECT_EQ(kept.x(), noise(15, 1));
}

// A convolution of two places: norms place by place, s = sqrt(out / in / 2).
TEST(Agd, StepsOfAConvolution) {
  Stepper agd("agd", {{"gain", .5}}, {{2, 3, 2, 1}});
  const Vector start = noise(12, 6), g = noise(12, 7);
  agd.set_x(start);
  agd.set_grad(g);
  agd.step(1);
  double norms[2] = {};
  for (std::size_t i = 0; i < 12; ++i) norms[i % 2] += g[i] * g[i];
  const double s = std::sqrt(2.0 / 3 / 2), summary = s * (std::sqrt(norms[0]) + std::sqrt(norms[1]));
  const double eta = std::log((1 + std::sqrt(1 + 4 * summary)) / 2);
  Vector want = start;
  for (std::size_t i = 0; i < 12; ++i) want[i] -= .5 * eta * s * g[i] / std::sqrt(norms[i % 2]);
  expect_near(agd.x(), want, 1e-14);
}

const Vector kLong = noise(24, 77);

// A wrapper over sgd or adam, and that optimizer alone.
struct Pair {
  Pair(const std::string& wrapper, const Given& given, const std::string& inner, const Given& options,
       std::uint32_t dtype = TUNER_DTYPE_F64)
      : wrapped(wrapper, given, {{3, 4}, {5}, {7}}, dtype, 1, {}, {inner, options}),
        alone(inner, options, {{3, 4}, {5}, {7}}, dtype, 1) {
    wrapped.set_x(kLong);
    alone.set_x(kLong);
    wrapped.set_gradient([this](const Vector&) {
      ++asked;
      return noise(24, 99);
    });
    wrapped.init();
    alone.init();
  }
  // One step of both with the same gradient.
  void step(int t) {
    const Vector g = noise(24, static_cast<std::uint64_t>(t));
    wrapped.set_grad(g);
    alone.set_grad(g);
    wrapped.step(t);
    alone.step(t);
  }
  Stepper wrapped, alone;
  int asked = 0;
};

const std::pair<std::string, Given> kInner[] = {{"sgd", {{"lr", .1}, {"momentum", .9}}}, {"adam", {{"lr", .1}}}};

TEST(Sam, OfRadiusZeroIsTheInnerOptimizerBitForBit) {
  for (const auto& [inner, options] : kInner)
    for (const std::uint32_t dtype : {TUNER_DTYPE_F32, TUNER_DTYPE_F64})
      for (const bool adaptive : {false, true}) {
        Pair pair("sam", {{"rho", 0.0}, {"adaptive", adaptive}}, inner, options, dtype);
        for (int t = 1; t <= 30; ++t) pair.step(t);
        EXPECT_EQ(pair.wrapped.x(), pair.alone.x());
        EXPECT_EQ(pair.wrapped.slot(0), pair.alone.slot(0));
        EXPECT_EQ(pair.asked, 0);
        EXPECT_EQ(pair.wrapped.state_bytes(), pair.alone.state_bytes()) << "no state of its own";
      }
}

TEST(Sam, StepsFromWhereItWasWithTheGradientFromAhead) {
  for (const auto& [inner, options] : kInner) {
    Pair pair("sam", {{"rho", .7}}, inner, options);
    for (int t = 1; t <= 5; ++t) {
      pair.wrapped.set_grad(noise(24, static_cast<std::uint64_t>(t)));
      pair.wrapped.step(t);
      pair.alone.set_grad(noise(24, 99));
      pair.alone.step(t);
    }
    EXPECT_EQ(pair.asked, 5);
    EXPECT_EQ(pair.wrapped.x(), pair.alone.x()) << "x comes back bit for bit, the frozen tensor with it";
  }
}

// ASAM's second point scales as the parameters: x' = a x, g' = g / a gives a times the point.
TEST(Sam, AdaptiveRadiusDoesNotSeeTheScaleOfTheParameters) {
  const auto ahead = [](const Vector& scales) {
    Stepper sam("sam", {{"rho", .3}, {"adaptive", true}}, {{24}}, TUNER_DTYPE_F64, -1, {}, {"sgd", {}});
    Vector x = kLong, g = noise(24, 5), point;
    for (std::size_t i = 0; i < 24; ++i) {
      x[i] *= scales[i];
      g[i] /= scales[i];
    }
    sam.set_x(x);
    sam.set_grad(g);
    sam.set_gradient([&](const Vector& there) { return point = there; });
    sam.step(1);
    for (std::size_t i = 0; i < 24; ++i) point[i] /= scales[i];
    return point;
  };
  Vector scales(24);
  for (std::size_t i = 0; i < 24; ++i) scales[i] = std::pow(2.0, static_cast<double>(i) - 11);
  expect_near(ahead(scales), ahead(Vector(24, 1.0)), 1e-15);
}

TEST(Lookahead, OfAlphaOneIsTheInnerOptimizer) {
  for (const auto& [inner, options] : kInner)
    for (const std::int64_t k : {1, 3}) {
      Pair pair("lookahead", {{"alpha", 1.0}, {"k", k}}, inner, options);
      for (int t = 1; t <= 30; ++t) pair.step(t);
      expect_near(pair.wrapped.x(), pair.alone.x(), 1e-13);  // slow + (x - slow) is x but for its rounding
      EXPECT_EQ(pair.wrapped.state_bytes(), pair.alone.state_bytes() + (12 + 7) * sizeof(double));
    }
}

TEST(Lookahead, IsTheInnerOptimizerBetweenItsOwnSteps) {
  for (const auto& [inner, options] : kInner) {
    Pair pair("lookahead", {{"alpha", .4}, {"k", std::int64_t{4}}}, inner, options);
    for (int t = 1; t <= 3; ++t) {
      pair.step(t);
      EXPECT_EQ(pair.wrapped.x(), pair.alone.x());
      EXPECT_EQ(pair.wrapped.evaluation_point(t), kLong) << "judged by the slow weights";
    }
    pair.step(4);
    Vector want = pair.alone.x();
    for (std::size_t i = 0; i < 24; ++i) want[i] = kLong[i] + .4 * (want[i] - kLong[i]);
    expect_near(pair.wrapped.x(), want, 1e-15);
    EXPECT_EQ(pair.wrapped.evaluation_point(4), pair.wrapped.x());
    EXPECT_EQ(pair.wrapped.slot(1), pair.alone.slot(0)) << "the inner state is kept";
  }
}

TEST(Lookahead, OfAlphaZeroComesBack) {
  Pair pair("lookahead", {{"alpha", 0.0}, {"k", std::int64_t{5}}}, "adam", {{"lr", .1}});
  for (int t = 1; t <= 15; ++t) {
    pair.step(t);
    EXPECT_EQ(pair.wrapped.x() == kLong, t % 5 == 0);
  }
}

// Matrices of no columns, scalars, and tensors without elements.
TEST(Shapes, OfAnySizeDoNoHarm) {
  for (const std::string& id : referenced_optimizers()) {
    Stepper stepper(id, without_decay(id), {{0}, {1}, {1, 1}, {0, 3}, {}, {2, 0, 1}});
    stepper.init();
    const std::size_t count = stepper.x().size();
    ASSERT_EQ(count, 3u);
    run(stepper, count, 5);
    for (const double value : stepper.x()) EXPECT_TRUE(std::isfinite(value)) << id;
  }
}

// From 1e-300 to 1e300 in the gradient: no crash, and frozen neighbors stay. Where squares overflow, a rule may say so
// instead of stepping (an eigendecomposition of infinities).
TEST(Gradients, OfAnySizeDoNoHarm) {
  for (const std::string& id : referenced_optimizers())
    for (const double size : {1e-300, 1e-30, 1e15, 1e300}) {
      Stepper stepper(id, without_decay(id), {{3, 4}, {5}, {4}}, TUNER_DTYPE_F64, 1);
      stepper.set_x(noise(21, 3));
      stepper.init();
      const Vector start = stepper.x();
      for (int t = 1; t <= 3; ++t) {
        Vector g = noise(21, 30 + static_cast<std::uint64_t>(t));
        for (double& value : g) value *= size;
        stepper.set_grad(g);
        if (size <= 1e15) {
          stepper.step(t);
          continue;
        }
        try {
          stepper.step(t);
        } catch (const std::runtime_error& refusal) {
          EXPECT_NE(std::string_view(refusal.what()), "") << id;
        }
      }
      const Vector end = stepper.x();
      for (std::size_t i = 0; i < 21; ++i) {
        if (i >= 12 && i < 17) {
          EXPECT_EQ(end[i], start[i]) << id;
        }
        if (size <= 1e15) {
          EXPECT_TRUE(std::isfinite(end[i])) << id << " " << size;
        }
      }
    }
}

}  // namespace
}  // namespace tuner::test
