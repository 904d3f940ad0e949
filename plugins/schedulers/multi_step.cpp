#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct MultiStep {
  static constexpr tuner::Info info{
      .id = "multi_step",
      .name = "Multi-step decay",
      .doc = "lr times gamma at each milestone, as torch's MultiStepLR",
      .details = "lr(t) = lr gamma^(number of milestones <= t),  t = 0 at the first update",
      .reference = "torch.optim.lr_scheduler.MultiStepLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kMilestones, kGamma };
  static constexpr tuner::Param params[] = {
      tuner::integers("milestones", nullptr, "steps at which lr falls, in any order")
          .at_least(0)
          .in("steps")
          .with(TUNER_PARAM_REQUIRED),
      tuner::real("gamma", 0.1, "factor of one decay").at_least(0).search(0.01, 0.9, tuner::kLog)};

  static double value(const tuner::Schedule& s) {
    const auto milestones = s.options().integers(kMilestones);
    const auto passed = std::count_if(milestones.begin(), milestones.end(), [&](auto m) { return m <= s.step(); });
    return s.base() * std::pow(s[kGamma], static_cast<double>(passed));
  }
};

}  // namespace

TUNER_LIBRARY("multi_step", "1.0.0", "MIT", tuner::scheduler<MultiStep>)
