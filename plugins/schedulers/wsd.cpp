#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kShapes[] = {"cosine", "linear", "1-sqrt"};

struct Wsd {
  static constexpr tuner::Info info{
      .id = "wsd",
      .name = "Warmup, stable, decay",
      .doc = "holds lr, then decays it over the last part of the run; the warmup is the host's",
      .details =
          "lr(t) = lr                                     while t < S,  t = 0 at the first update\n"
          "      = lr (r + (1 - r) f((t - S) / D))        while t < S + D\n"
          "      = lr r                                   after it;  r = min_lr_ratio\n"
          "f(p): cosine (1 + cos(pi p)) / 2, linear 1 - p, 1-sqrt 1 - sqrt(p).\n"
          "D = decay_iters, or decay_fraction of the length where it is 0; S = length - D. The length is total_iters,\n"
          "or the steps that the run has left after the host's warmup.",
      .reference = "Hu et al. 2024, MiniCPM; Hagele et al. 2024 (1-sqrt); the decay of transformers 4 get_wsd_schedule",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTotal, kDecay, kFraction, kShape, kMinRatio };
  enum { kCosine, kLinear, kOneMinusSqrt };
  static constexpr tuner::Param params[] = {
      tuner::integer("total_iters", 0, "steps in all; 0: the length of the run").at_least(0).in("steps"),
      tuner::integer("decay_iters", 0, "steps of the decay; 0: by decay_fraction").at_least(0).in("steps"),
      tuner::real("decay_fraction", 0.1, "part of the length that decays").above(0).at_most(1).search(0.05, 0.5),
      tuner::choice("decay", kShapes, "shape of the decay"),
      tuner::real("min_lr_ratio", 0, "factor of lr at the end").at_least(0).at_most(1)};

  static double shape(std::size_t kind, double p) {
    if (kind == kCosine) return (1 + std::cos(std::numbers::pi * p)) / 2;
    return kind == kLinear ? 1 - p : 1 - std::sqrt(p);
  }

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const std::int64_t given = s.options().integer(kDecay);
    const std::int64_t by_fraction = std::llround(s[kFraction] * static_cast<double>(total));
    const std::int64_t decay = std::clamp<std::int64_t>(given > 0 ? given : by_fraction, 1, total);
    const std::int64_t stable = total - decay;
    if (s.step() < stable) return s.base();
    if (s.step() >= total) return s.base() * s[kMinRatio];
    const double p = static_cast<double>(s.step() - stable) / static_cast<double>(decay);
    return s.base() * (s[kMinRatio] + (1 - s[kMinRatio]) * shape(s.options().choice(kShape), p));
  }
};

}  // namespace

TUNER_LIBRARY("wsd", "1.0.0", "MIT", tuner::scheduler<Wsd>)
