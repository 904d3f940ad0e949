#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Tanh {
  static constexpr tuner::Info info{
      .id = "tanh",
      .name = "Hyperbolic tangent decay",
      .doc = "stays near lr, falls along a tanh, stays near eta_min",
      .details =
          "lr(t) = eta_min + (lr - eta_min) (1 - tanh(lb (1 - p) + ub p)) / 2,  p = t / t_max,\n"
          "t = 0 at the first update; eta_min from t_max on. t_max = 0 takes the length of the run.\n"
          "It starts a little below lr: with lb = -7 by 8e-7 of it. Variant: timm's, one cycle.",
      .reference =
          "Hsueh, Li, Wu 2019, Stochastic gradient descent with hyperbolic-tangent decay; timm 0.9 TanhLRScheduler",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTMax, kLb, kUb, kEtaMin };
  static constexpr tuner::Param params[] = {
      tuner::integer("t_max", 0, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("lb", -7, "argument of tanh at the start").search(-9, -3),
      tuner::real("ub", 3, "argument of tanh at t_max").search(1, 5),
      tuner::real("eta_min", 0, "lr from t_max on").at_least(0)};

  static void check(const tuner::Options& o) {
    if (!(o[kLb] < o[kUb])) throw tuner::Invalid("lb must be below ub, or lr would rise");
  }

  static double value(const tuner::Schedule& s) {
    const std::int64_t t_max = std::max<std::int64_t>(1, s.length(kTMax));
    if (s.step() >= t_max) return s[kEtaMin];
    const double done = static_cast<double>(s.step()) / static_cast<double>(t_max);
    const double argument = s[kLb] * (1 - done) + s[kUb] * done;
    return s[kEtaMin] + (s.base() - s[kEtaMin]) * (1 - std::tanh(argument)) / 2;
  }
};

}  // namespace

TUNER_LIBRARY("tanh", "1.0.0", "MIT", tuner::scheduler<Tanh>)
