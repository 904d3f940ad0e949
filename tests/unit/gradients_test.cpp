// What the loop does to gradients: noise, clipping, and the search for what is not finite.
#include "gradients.hpp"
#include "gradient_transforms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "trial_fixture.hpp"

namespace tuner::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensors tensors_of(const std::vector<std::int64_t>& sizes, std::uint32_t dtype = TUNER_DTYPE_F64) {
  std::vector<TensorSpec> specs;
  for (const std::int64_t n : sizes) {
    TensorSpec spec;
    spec.name = std::to_string(specs.size());
    spec.shape = {n};
    spec.dtype = dtype;
    specs.push_back(spec);
  }
  return Tensors(std::move(specs));
}
template <class T = double>
std::span<T> gradient(Tensors& tensors, std::size_t index = 0) {
  return {static_cast<T*>(tensors.grad(index)), static_cast<std::size_t>(tensors.spec(index).numel())};
}
template <class T = double>
std::span<T> data(Tensors& tensors, std::size_t index = 0) {
  return {static_cast<T*>(tensors.data(index)), static_cast<std::size_t>(tensors.spec(index).numel())};
}
tuner_rng noise_stream(std::int64_t step, std::uint32_t trial = 0) {
  tuner_rng rng{};
  rng.struct_size = sizeof rng;
  rng.purpose = TUNER_RNG_NOISE;
  rng.seed = 11;
  rng.trial = trial;
  rng.position = static_cast<std::uint64_t>(step) << 32;
  return rng;
}

template <class T>
void expect_finds_what_is_not_finite(std::uint32_t dtype) {
  using Limits = std::numeric_limits<T>;
  // Lengths around the widths of vectors.
  for (const std::int64_t n : {1, 2, 7, 8, 16, 33, 65}) {
    Tensors tensors = tensors_of({3, n}, dtype);
    const T harmless[] = {T(0), -T(0), Limits::max(), Limits::lowest(), Limits::min(), Limits::denorm_min()};
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      gradient<T>(tensors, 1)[i] = harmless[i % 6], data<T>(tensors, 1)[i] = harmless[(i + 1) % 6];
    }
    EXPECT_TRUE(gradients_finite(tensors)) << n;
    EXPECT_TRUE(parameters_finite(tensors)) << n;
    for (const T bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        const T before = std::exchange(gradient<T>(tensors, 1)[i], bad);
        EXPECT_FALSE(gradients_finite(tensors)) << bad << " at " << i << " of " << n;
        EXPECT_TRUE(parameters_finite(tensors));
        gradient<T>(tensors, 1)[i] = before;
        const T value = std::exchange(data<T>(tensors, 1)[i], bad);
        EXPECT_FALSE(parameters_finite(tensors)) << bad << " at " << i << " of " << n;
        EXPECT_TRUE(gradients_finite(tensors));
        data<T>(tensors, 1)[i] = value;
      }
    }
  }
}
TEST(Gradients, FiniteInDoublePrecision) { expect_finds_what_is_not_finite<double>(TUNER_DTYPE_F64); }
TEST(Gradients, FiniteInSinglePrecision) { expect_finds_what_is_not_finite<float>(TUNER_DTYPE_F32); }

TEST(Gradients, ZeroReplacesOnlyWhatIsNotFinite) {
  Tensors tensors = tensors_of({6});
  const double values[] = {1, kNan, -2, kInf, -kInf, 5e-324};
  std::ranges::copy(values, gradient(tensors).begin());
  zero_nonfinite_gradients(tensors);
  EXPECT_EQ(std::vector<double>(gradient(tensors).begin(), gradient(tensors).end()),
            (std::vector<double>{1, 0, -2, 0, 0, 5e-324}));
}

TEST(Gradients, FrozenTensorsHaveNone) {
  TensorSpec frozen;
  frozen.name = "frozen";
  frozen.shape = {2};
  frozen.dtype = TUNER_DTYPE_F64;
  frozen.flags = TUNER_TENSOR_FROZEN;
  Tensors tensors({frozen});
  ASSERT_EQ(tensors.grad(0), nullptr);
  TrainingSettings settings;
  settings.noise_eta = 1;
  add_noise(tensors, settings, 0, noise_stream(0));
  clip_by_value(tensors, 1);
  clip_by_norm(tensors, 1);
  zero_nonfinite_gradients(tensors);
  EXPECT_TRUE(gradients_finite(tensors));
  data(tensors)[1] = kNan;
  EXPECT_FALSE(parameters_finite(tensors));
}

TEST(ClipByValue, BringsEveryEntryIntoTheInterval) {
  Tensors tensors = tensors_of({5});
  const double values[] = {-3, -2, 0.5, 2, 7};
  std::ranges::copy(values, gradient(tensors).begin());
  clip_by_value(tensors, 2);
  EXPECT_EQ(std::vector<double>(gradient(tensors).begin(), gradient(tensors).end()),
            (std::vector<double>{-2, -2, 0.5, 2, 2}));
}

// g *= min(1, limit / norm), the norm over all tensors.
TEST(ClipByNorm, ScalesToTheLimitAndOnlyAboveIt) {
  for (const double limit : {1e-3, 1.0, 12.9, 13.0, 13.1, 1e6}) {
    Tensors tensors = tensors_of({2, 1});
    gradient(tensors, 0)[0] = 3, gradient(tensors, 0)[1] = -4, gradient(tensors, 1)[0] = 12;  // norm 13
    clip_by_norm(tensors, limit);
    const double factor = std::min(1.0, limit / 13);
    EXPECT_DOUBLE_EQ(gradient(tensors, 0)[0], 3 * factor) << limit;
    EXPECT_DOUBLE_EQ(gradient(tensors, 0)[1], -4 * factor) << limit;
    EXPECT_DOUBLE_EQ(gradient(tensors, 1)[0], 12 * factor) << limit;
    if (limit >= 13) {
      EXPECT_EQ(gradient(tensors, 0)[0], 3) << "bit for bit";
    }
  }
  Tensors zero = tensors_of({3});
  clip_by_norm(zero, 1);
  EXPECT_EQ(gradient(zero)[0], 0);
}

TEST(ClipByNorm, InSinglePrecisionSumsInDouble) {
  Tensors tensors = tensors_of({2}, TUNER_DTYPE_F32);
  gradient<float>(tensors)[0] = 3e25f, gradient<float>(tensors)[1] = 4e25f;  // their squares are no floats
  clip_by_norm(tensors, 5);
  EXPECT_FLOAT_EQ(gradient<float>(tensors)[0], 3);
  EXPECT_FLOAT_EQ(gradient<float>(tensors)[1], 4);
}

// Over tensors, whatever the size of the gradients: 3, -4 and 12 times `unit`, whose norm is 13 units.
template <class T>
void expect_clips(std::uint32_t dtype, double unit, double limit) {
  SCOPED_TRACE(std::to_string(unit) + " to " + std::to_string(limit));
  Tensors tensors = tensors_of({2, 1}, dtype);
  const T values[] = {static_cast<T>(3 * unit), static_cast<T>(-4 * unit), static_cast<T>(12 * unit)};
  gradient<T>(tensors, 0)[0] = values[0], gradient<T>(tensors, 0)[1] = values[1],
                       gradient<T>(tensors, 1)[0] = values[2];
  clip_by_norm(tensors, limit);
  const T got[] = {gradient<T>(tensors, 0)[0], gradient<T>(tensors, 0)[1], gradient<T>(tensors, 1)[0]};
  const double factor = limit / 13;
  for (int i = 0; i < 3; ++i) {
    const double want = (i == 0 ? 3 : i == 1 ? -4 : 12) * factor;
    EXPECT_NEAR(static_cast<double>(got[i]) / want, 1, 2 * std::numeric_limits<T>::epsilon()) << i;
  }
}

TEST(ClipByNorm, NeitherOverflowsNorUnderflows) {
  for (const int exponent : {-1060, -1000, -600, -530, -500, 0, 500, 600, 1000, 1020})
    for (const int limit : {-1000, -600, 0, 600, 1000})
      if (limit < exponent) expect_clips<double>(TUNER_DTYPE_F64, std::ldexp(1, exponent), 13 * std::ldexp(1, limit));
  for (const int exponent : {-140, -100, -60, 0, 60, 100, 124})
    for (const int limit : {-120, -60, 0, 60, 100})
      if (limit < exponent) expect_clips<float>(TUNER_DTYPE_F32, std::ldexp(1, exponent), 13 * std::ldexp(1, limit));
}

TEST(ClipByNorm, OfANormThatIsNoDouble) {
  Tensors tensors = tensors_of({4});
  std::ranges::fill(gradient(tensors), std::numeric_limits<double>::max());  // twice that in norm
  clip_by_norm(tensors, 1);
  for (const double g : gradient(tensors)) EXPECT_DOUBLE_EQ(g, 0.5);
}

TEST(ClipByNorm, LeavesSmallOnesWithinTheLimitAlone) {
  Tensors tensors = tensors_of({2});
  gradient(tensors)[0] = 9.5e-8;
  gradient(tensors)[1] = 1e-200;
  clip_by_norm(tensors, 1e-7);
  EXPECT_EQ(gradient(tensors)[0], 9.5e-8);
  EXPECT_EQ(gradient(tensors)[1], 1e-200);
}

// The variance of n normals has relative deviation sqrt(2 / n): 0.0063 at n = 50,000.
TEST(GradientNoise, HasTheVarianceOfThePaper) {
  constexpr std::int64_t kN = 50'000;
  TrainingSettings settings;
  settings.noise_eta = 0.3;
  settings.noise_gamma = 0.55;
  for (const std::int64_t step : {0, 1, 10, 1000}) {
    Tensors tensors = tensors_of({kN});
    add_noise(tensors, settings, step, noise_stream(step));
    double sum = 0, squares = 0;
    for (const double g : gradient(tensors)) {
      sum += g;
      squares += g * g;
    }
    const double variance = 0.3 / std::pow(1.0 + static_cast<double>(step), 0.55);
    EXPECT_NEAR(squares / kN, variance, 0.025 * variance) << "step " << step;
    EXPECT_NEAR(sum / kN, 0, 4 * std::sqrt(variance / kN)) << "step " << step;
  }
}

TEST(GradientNoise, IsAddedToTheGradient) {
  TrainingSettings settings;
  settings.noise_eta = 1;
  Tensors from_zero = tensors_of({8}), from_ten = tensors_of({8});
  std::ranges::fill(gradient(from_ten), 10);
  add_noise(from_zero, settings, 3, noise_stream(3));
  add_noise(from_ten, settings, 3, noise_stream(3));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_DOUBLE_EQ(gradient(from_ten)[i], 10 + gradient(from_zero)[i]);
}

// Entry i takes normal i, in however many tensors the entries lie.
TEST(GradientNoise, DoesNotDependOnTheSplitIntoTensors) {
  TrainingSettings settings;
  settings.noise_eta = 1;
  const auto noise = [&](const std::vector<std::int64_t>& sizes) {
    Tensors tensors = tensors_of(sizes);
    add_noise(tensors, settings, 5, noise_stream(5));
    std::vector<double> all;
    for (std::size_t t = 0; t < sizes.size(); ++t)
      for (const double g : gradient(tensors, t)) all.push_back(g);
    return all;
  };
  const auto whole = noise({12});
  EXPECT_EQ(whole, noise({5, 7}));
  EXPECT_EQ(whole, noise({1, 1, 3, 0, 7}));
  const tuner_rng rng = noise_stream(5);
  const double deviation = std::sqrt(1 / std::pow(6.0, settings.noise_gamma));
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_DOUBLE_EQ(whole[i], deviation * tuner_rng_normal_at(&rng, rng.position + i));
}

TEST(GradientNoise, DiffersByStepAndTrial) {
  const auto first = [](std::int64_t step, std::uint64_t number) {
    TrialSpec spec = trial(objective("slope"), optimizer("recorder"), step + 1);
    spec.number = number;
    spec.training.noise_eta = 1;
    spec.training.noise_gamma = 0;
    return series(completed(std::move(spec)), "gradient0").at(step);
  };
  EXPECT_NE(first(0, 0), first(1, 0));
  EXPECT_NE(first(0, 0), first(0, 1));
  EXPECT_EQ(first(1, 1), first(1, 1));
}

// (3, 4) and (-12, 0): Euclidean norms 5 and 12, 13 together; largest magnitudes 4 and 12.
Tensors two_tensors() {
  Tensors tensors = tensors_of({2, 2});
  gradient(tensors, 0)[0] = 3, gradient(tensors, 0)[1] = 4;
  gradient(tensors, 1)[0] = -12, gradient(tensors, 1)[1] = 0;
  return tensors;
}
std::vector<double> clipped(double limit, NormKind kind, NormScope per) {
  Tensors tensors = two_tensors();
  clip_by_norm(tensors, limit, kind, per);
  std::vector<double> values;
  for (std::size_t t = 0; t < 2; ++t)
    for (const double g : gradient(tensors, t)) values.push_back(g);
  return values;
}
void expect_values(const std::vector<double>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-14) << i;
}

TEST(ClipNorm, OfAllTensorsOrOfEach) {
  expect_values(clipped(6.5, NormKind::l2, NormScope::all), {1.5, 2, -6, 0});
  expect_values(clipped(6, NormKind::l2, NormScope::tensor), {3, 4, -6, 0});
  expect_values(clipped(1, NormKind::l2, NormScope::tensor), {0.6, 0.8, -1, 0});
}

TEST(ClipNorm, OfTheLargestMagnitude) {
  expect_values(clipped(6, NormKind::inf, NormScope::all), {1.5, 2, -6, 0});
  expect_values(clipped(12, NormKind::inf, NormScope::all), {3, 4, -12, 0});
  expect_values(clipped(3, NormKind::inf, NormScope::tensor), {2.25, 3, -3, 0});
}

TEST(ClipNorm, OfTheLargestMagnitudeThereIs) {
  Tensors tensors = tensors_of({2});
  gradient(tensors)[0] = 1e308, gradient(tensors)[1] = -1e300;
  clip_by_norm(tensors, 1e-10, NormKind::inf);
  EXPECT_NEAR(gradient(tensors)[0], 1e-10, 1e-24);
  EXPECT_NEAR(gradient(tensors)[1], -1e-18, 1e-32);
}

Tensors layer(std::uint32_t dtype = TUNER_DTYPE_F64) {
  const auto spec = [&](const char* name, std::vector<std::int64_t> shape, std::uint32_t role, std::int32_t index) {
    TensorSpec tensor;
    tensor.name = name, tensor.shape = std::move(shape), tensor.dtype = dtype, tensor.role = role;
    tensor.layer = index;
    return tensor;
  };
  std::vector<TensorSpec> specs;
  specs.push_back(spec("weight", {2, 2}, TUNER_ROLE_WEIGHT, 0));
  specs.push_back(spec("bias", {2}, TUNER_ROLE_BIAS, 0));
  specs.push_back(spec("kernel", {2, 1, 1, 2}, TUNER_ROLE_CONV, 1));
  specs.push_back(spec("head", {1, 2}, TUNER_ROLE_HEAD, 2));
  specs.push_back(spec("head.bias", {1}, TUNER_ROLE_BIAS, 2));
  return Tensors(std::move(specs));
}
template <class T>
void fill(std::span<T> to, std::initializer_list<double> values) {
  std::transform(values.begin(), values.end(), to.begin(), [](double value) { return static_cast<T>(value); });
}

// By hand: a row of weights of norm 5 bounds its gradient by 0.1 x 5, one of norm 0 by 0.1 eps.
template <class T>
void expect_adaptive(std::uint32_t dtype, double tolerance) {
  Tensors tensors = layer(dtype);
  fill(data<T>(tensors, 0), {3, 4, 0, 0});
  fill(gradient<T>(tensors, 0), {6, 8, 3, -4});
  fill(data<T>(tensors, 1), {3, 4});
  fill(gradient<T>(tensors, 1), {0.3, 0.4});
  fill(data<T>(tensors, 2), {5, 12, 0.6, 0.8});
  fill(gradient<T>(tensors, 2), {0, -13, 0, 0});
  fill(data<T>(tensors, 3), {1, 1});
  fill(gradient<T>(tensors, 3), {100, 100});
  fill(gradient<T>(tensors, 4), {100});
  clip_adaptively(tensors, 0.1, 0.01);
  const auto expect = [&](std::size_t tensor, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(gradient<T>(tensors, tensor)[i], expected[i], tolerance) << tensor << " " << i;
  };
  expect(0, {0.3, 0.4, 0.0006, -0.0008});
  expect(1, {0.3, 0.4});  // of norm 0.5 = 0.1 x 5: at the limit
  expect(2, {0, -1.3, 0, 0});
  expect(3, {100, 100});
  expect(4, {100});
}
TEST(ClipAdaptively, BoundsEachUnitByItsWeightsAndLeavesTheHeadAlone) {
  expect_adaptive<double>(TUNER_DTYPE_F64, 1e-15);
  expect_adaptive<float>(TUNER_DTYPE_F32, 1e-6);
}

TEST(ClipAdaptively, TakesAVectorAsOneUnit) {
  Tensors tensors = layer();
  fill(data(tensors, 1), {3, 4});
  fill(gradient(tensors, 1), {0, 10});
  clip_adaptively(tensors, 0.1, 1e-3);
  EXPECT_NEAR(gradient(tensors, 1)[1], 0.5, 1e-15);
}

TEST(TransformGradients, ClipsAdaptivelyAfterTheValueAndBeforeTheNorm) {
  Tensors tensors = layer();
  fill(data(tensors, 0), {3, 4, 5, 0});
  fill(gradient(tensors, 0), {0, 100, 0, 0});
  TrainingSettings settings;
  settings.clip_value = 10;
  settings.clip_agc = 0.1;  // 0.5
  transform_gradients(tensors, settings, 0, noise_stream(0));
  EXPECT_NEAR(gradient(tensors, 0)[1], 0.5, 1e-15);
  fill(gradient(tensors, 0), {0, 100, 0, 50});
  settings.clip_norm = 0.5;
  transform_gradients(tensors, settings, 0, noise_stream(0));
  EXPECT_NEAR(gradient(tensors, 0)[1], 0.5 / std::sqrt(2), 1e-15) << "both rows have 0.5, and then the norm is cut";
}

}  // namespace
}  // namespace tuner::test
