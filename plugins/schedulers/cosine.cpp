#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kAfterEnd[] = {"hold", "rebound"};

struct Cosine {
  static constexpr tuner::Info info{
      .id = "cosine",
      .name = "Cosine annealing",
      .doc = "half a cosine from lr to eta_min, as torch's CosineAnnealingLR",
      .details =
          "lr(t) = eta_min + (lr - eta_min) (1 + cos(pi t / t_max)) / 2,  t = 0 at the first update\n"
          "t_max = 0 takes the length of the run: its last update, t = t_max - 1, is just above eta_min.\n"
          "after_end: hold stays at eta_min after t_max, as Keras and optax; rebound follows the cosine back up\n"
          "with period 2 t_max, as torch.",
      .reference = "Loshchilov, Hutter 2017, eq. 5, without restarts; torch.optim.lr_scheduler.CosineAnnealingLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTMax, kEtaMin, kAfter };
  enum { kHold, kRebound };
  static constexpr tuner::Param params[] = {
      tuner::integer("t_max", 0, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("eta_min", 0, "lr at t_max").at_least(0),
      tuner::choice("after_end", kAfterEnd, "what follows t_max")};

  static double value(const tuner::Schedule& s) {
    const std::int64_t t_max = std::max<std::int64_t>(1, s.length(kTMax));
    const bool hold = s.options().choice(kAfter) == kHold;
    const std::int64_t t = hold ? std::min(s.step(), t_max) : s.step();
    const double angle = std::numbers::pi * static_cast<double>(t) / static_cast<double>(t_max);
    return s[kEtaMin] + (s.base() - s[kEtaMin]) * (1 + std::cos(angle)) / 2;
  }
};

}  // namespace

TUNER_LIBRARY("cosine", "1.0.0", "MIT", tuner::scheduler<Cosine>)
