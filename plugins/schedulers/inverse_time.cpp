#include <tuner/plugin.hpp>

namespace {

struct InverseTime {
  static constexpr tuner::Info info{
      .id = "inverse_time",
      .name = "Inverse time decay",
      .doc = "lr / (1 + decay_rate t / decay_steps), as Keras's InverseTimeDecay",
      .details =
          "lr(t) = lr / (1 + decay_rate t / decay_steps),  t = 0 at the first update\n"
          "staircase: t / decay_steps is rounded down, so lr falls every decay_steps steps.\n"
          "With decay_steps = 1 it is the textbook's lr / (1 + a t), a = decay_rate.",
      .reference = "Robbins, Monro 1951 (sum of lr infinite, of lr^2 not); Keras InverseTimeDecay",
      .flags = TUNER_PLUGIN_PURE};

  enum { kRate, kSteps, kStaircase };
  static constexpr tuner::Param params[] = {tuner::real("decay_rate", 1, "how fast lr falls")
                                                .at_least(0)
                                                .search(1e-4, 10, tuner::kLog)
                                                .with(TUNER_PARAM_REQUIRED),
                                            tuner::integer("decay_steps", 1, "unit of time").at_least(1).in("steps"),
                                            tuner::boolean("staircase", false, "fall every decay_steps steps alone")};

  static double value(const tuner::Schedule& s) {
    const std::int64_t t = s.step(), unit = s.options().integer(kSteps);
    const double time = s.options().flag(kStaircase) ? static_cast<double>(t / unit)
                                                     : static_cast<double>(t) / static_cast<double>(unit);
    return s.base() / (1 + s[kRate] * time);
  }
};

}  // namespace

TUNER_LIBRARY("inverse_time", "1.0.0", "MIT", tuner::scheduler<InverseTime>)
