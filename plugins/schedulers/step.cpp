#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct StepDecay {
  static constexpr tuner::Info info{.id = "step",
                                    .name = "Step decay",
                                    .doc = "lr times gamma every step_size steps, as torch's StepLR",
                                    .details =
                                        "lr(t) = lr gamma^floor(t / step_size),  t = 0 at the first update\n"
                                        "Closed form: torch multiplies again and again and drifts in the last digit.",
                                    .reference = "torch.optim.lr_scheduler.StepLR 2.x",
                                    .flags = TUNER_PLUGIN_PURE};

  enum { kStepSize, kGamma };
  static constexpr tuner::Param params[] = {
      tuner::integer("step_size", 1, "steps between two decays").at_least(1).in("steps").with(TUNER_PARAM_REQUIRED),
      tuner::real("gamma", 0.1, "factor of one decay").at_least(0).search(0.01, 0.9, tuner::kLog)};

  static double value(const tuner::Schedule& s) {
    return s.base() * std::pow(s[kGamma], static_cast<double>(s.step() / s.options().integer(kStepSize)));
  }
};

}  // namespace

TUNER_LIBRARY("step", "1.0.0", "MIT", tuner::scheduler<StepDecay>)
