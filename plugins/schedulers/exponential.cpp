#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Exponential {
  static constexpr tuner::Info info{
      .id = "exponential",
      .name = "Exponential decay",
      .doc = "lr times gamma at every step, as torch's ExponentialLR, or lr exp(-alpha t)",
      .details =
          "lr(t) = max(eta_min, lr gamma^(t / decay_steps))  or, where alpha is given,\n"
          "        max(eta_min, lr exp(-alpha t / decay_steps)),  t = 0 at the first update\n"
          "staircase: t / decay_steps is rounded down. decay_steps = 1, eta_min = 0: torch's; the others are Keras's\n"
          "and optax's (decay_rate is gamma, end_value eta_min).",
      .reference = "torch.optim.lr_scheduler.ExponentialLR 2.x; Keras ExponentialDecay; optax exponential_decay",
      .flags = TUNER_PLUGIN_PURE};

  enum { kGamma, kAlpha, kSteps, kStaircase, kEtaMin };
  static constexpr tuner::Param params[] = {
      tuner::real("gamma", 1, "factor of one step").at_least(0).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("alpha", 0, "rate of one step: gamma = exp(-alpha)").at_least(0).search(1e-4, 0.1, tuner::kLog),
      tuner::integer("decay_steps", 1, "unit of time").at_least(1).in("steps"),
      tuner::boolean("staircase", false, "fall every decay_steps steps alone"),
      tuner::real("eta_min", 0, "lr falls no deeper").at_least(0)};

  static void check(const tuner::Options& o) {
    if (o[kGamma] != 1 && o[kAlpha] != 0)
      throw tuner::Invalid("gamma and alpha say the same thing twice: give one of them");
    if (o[kGamma] == 1 && o[kAlpha] == 0)
      throw tuner::Invalid("with gamma 1 and alpha 0 nothing decays: give one of them, or use scheduler constant");
  }

  static double value(const tuner::Schedule& s) {
    const std::int64_t t = s.step(), unit = s.options().integer(kSteps);
    const double time = s.options().flag(kStaircase) ? static_cast<double>(t / unit)
                                                     : static_cast<double>(t) / static_cast<double>(unit);
    const double factor = s[kAlpha] > 0 ? std::exp(-s[kAlpha] * time) : std::pow(s[kGamma], time);
    return std::max(s[kEtaMin], s.base() * factor);
  }
};

}  // namespace

TUNER_LIBRARY("exponential", "1.0.0", "MIT", tuner::scheduler<Exponential>)
