#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct SqrtDecay {
  static constexpr tuner::Info info{
      .id = "sqrt_decay",
      .name = "Square root decay (1-sqrt)",
      .doc = "falls fast at first and slowly at the end, to eta_min",
      .details =
          "lr(t) = eta_min + (lr - eta_min) (1 - sqrt(min(t, total_iters) / total_iters)),  t = 0 at the first update\n"
          "total_iters = 0 takes the length of the run. As the last stage of a sequence it is the paper's cooldown;\n"
          "wsd with decay: 1-sqrt holds lr before it.",
      .reference =
          "Hagele et al. 2024, Scaling laws and compute-optimal training beyond fixed training durations, (1-sqrt)",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTotal, kEtaMin };
  static constexpr tuner::Param params[] = {
      tuner::integer("total_iters", 0, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("eta_min", 0, "lr from total_iters on").at_least(0)};

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const double done = static_cast<double>(std::min(s.step(), total)) / static_cast<double>(total);
    return s[kEtaMin] + (s.base() - s[kEtaMin]) * (1 - std::sqrt(done));
  }
};

}  // namespace

TUNER_LIBRARY("sqrt_decay", "1.0.0", "MIT", tuner::scheduler<SqrtDecay>)
