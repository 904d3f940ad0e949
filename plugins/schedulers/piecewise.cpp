#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kInterpolations[] = {"none", "linear", "cosine"};
constexpr const char* kBoundaryRules[] = {"at", "after"};

struct Piecewise {
  static constexpr tuner::Info info{
      .id = "piecewise",
      .name = "Piecewise",
      .doc = "factors of lr between given steps, as Keras's PiecewiseConstantDecay, or interpolated",
      .details =
          "lr(t) = lr factors[number of boundaries <= t],  t = 0 at the first update; one factor more than boundaries\n"
          "change_at: after counts the boundaries < t, as Keras, whose boundary step still has the value before it.\n"
          "interpolate: linear or cosine goes from factors[i] at boundaries[i - 1] (0 for i = 0) to factors[i + 1] at\n"
          "boundaries[i] and stays at the last one, as optax's piecewise_interpolate_schedule.\n"
          "With lr = 1 the factors are the values themselves.",
      .reference = "Keras PiecewiseConstantDecay; optax piecewise_constant_schedule, piecewise_interpolate_schedule",
      .flags = TUNER_PLUGIN_PURE};

  enum { kBoundaries, kFactors, kInterpolate, kChangeAt };
  enum { kNone, kLinear, kCosine };
  static constexpr tuner::Param params[] = {
      tuner::integers("boundaries", nullptr, "rising steps at which lr changes")
          .at_least(1)
          .in("steps")
          .with(TUNER_PARAM_REQUIRED),
      tuner::reals("factors", nullptr, "factors of lr, one more than boundaries")
          .at_least(0)
          .with(TUNER_PARAM_REQUIRED),
      tuner::choice("interpolate", kInterpolations, "what lies between"),
      tuner::choice("change_at", kBoundaryRules, "whether the step at a boundary has the new factor")};

  static void check(const tuner::Options& o) {
    const auto boundaries = o.integers(kBoundaries);
    if (std::adjacent_find(boundaries.begin(), boundaries.end(), std::greater_equal<>()) != boundaries.end())
      throw tuner::Invalid("boundaries must rise");
    if (o.reals(kFactors).size() != boundaries.size() + 1)
      throw tuner::Invalid(
          "factors must have one value more than boundaries: the first holds before the first boundary");
  }

  static double value(const tuner::Schedule& s) {
    const auto boundaries = s.options().integers(kBoundaries);
    const auto factors = s.options().reals(kFactors);
    const std::size_t interpolate = s.options().choice(kInterpolate);
    const std::int64_t t =
        s.step() - (interpolate == kNone ? static_cast<std::int64_t>(s.options().choice(kChangeAt)) : 0);
    const auto next = std::upper_bound(boundaries.begin(), boundaries.end(), t);
    const auto i = static_cast<std::size_t>(next - boundaries.begin());
    if (interpolate == kNone || next == boundaries.end()) return s.base() * factors[i];
    const std::int64_t begin = i == 0 ? 0 : boundaries[i - 1];
    double p = static_cast<double>(t - begin) / static_cast<double>(*next - begin);
    if (interpolate == kCosine) p = (1 - std::cos(std::numbers::pi * p)) / 2;
    return s.base() * (factors[i] + (factors[i + 1] - factors[i]) * p);
  }
};

}  // namespace

TUNER_LIBRARY("piecewise", "1.0.0", "MIT", tuner::scheduler<Piecewise>)
