#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Exponential {
  static constexpr tuner::Info info{.id = "exponential",
                                    .name = "Exponential decay",
                                    .doc = "lr times gamma at every step, as torch's ExponentialLR",
                                    .details =
                                        "lr(t) = lr gamma^t,  t = 0 at the first update\n"
                                        "The form lr exp(-a t) is gamma = exp(-a).",
                                    .reference = "torch.optim.lr_scheduler.ExponentialLR 2.x",
                                    .flags = TUNER_PLUGIN_PURE};

  enum { kGamma };
  static constexpr tuner::Param params[] = {tuner::real("gamma", 1, "factor of one step")
                                                .at_least(0)
                                                .search(0.9, 0.9999, tuner::kLog1m)
                                                .with(TUNER_PARAM_REQUIRED)};

  static double value(const tuner::Schedule& s) {
    return s.base() * std::pow(s[kGamma], static_cast<double>(s.step()));
  }
};

}  // namespace

TUNER_LIBRARY("exponential", "1.0.0", "MIT", tuner::scheduler<Exponential>)
