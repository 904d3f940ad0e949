#include <algorithm>
#include <tuner/plugin.hpp>

namespace {

struct Rex {
  static constexpr tuner::Info info{
      .id = "rex",
      .name = "Reflected exponential (REX)",
      .doc = "falls slowly at first and fast at the end, to eta_min: linear decay held up",
      .details =
          "lr(t) = eta_min + (lr - eta_min) z / ((1 - d) + d z),  z = 1 - min(t, total_iters) / total_iters,\n"
          "t = 0 at the first update. total_iters = 0 takes the length of the run.\n"
          "d = 1/2 is the paper's curve, d = 0 the straight line; the nearer d is to 1, the longer lr stays high.",
      .reference = "Chen, Wolfe, Kyrillidis 2022, REX: revisiting budgeted training with an improved schedule",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTotal, kD, kEtaMin };
  static constexpr tuner::Param params[] = {
      tuner::integer("total_iters", 0, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("d", 0.5, "how long lr is held up").at_least(0).below(1).search(0.1, 0.95),
      tuner::real("eta_min", 0, "lr from total_iters on").at_least(0)};

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const double left = 1 - static_cast<double>(std::min(s.step(), total)) / static_cast<double>(total);
    return s[kEtaMin] + (s.base() - s[kEtaMin]) * left / ((1 - s[kD]) + s[kD] * left);
  }
};

}  // namespace

TUNER_LIBRARY("rex", "1.0.0", "MIT", tuner::scheduler<Rex>)
