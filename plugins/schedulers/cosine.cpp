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
          "lr(t) = end + (lr - end) ((1 + cos(2 pi num_cycles (t / t_max)^k_decay)) / 2)^exponent,  t = 0 at the "
          "first\n"
          "update, end = eta_min, or min_lr_rate lr (optax's alpha). At the defaults, torch's:\n"
          "lr(t) = eta_min + (lr - eta_min) (1 + cos(pi t / t_max)) / 2\n"
          "num_cycles is transformers', exponent optax's, k_decay timm's; each of them alone gives their schedule.\n"
          "t_max = 0 takes the length of the run: its last update, t = t_max - 1, is just above eta_min.\n"
          "after_end: hold stays at eta_min after t_max, as Keras and optax; rebound follows the cosine back up\n"
          "with period 2 t_max, as torch.",
      .reference =
          "Loshchilov, Hutter 2017, eq. 5, without restarts; torch.optim.lr_scheduler.CosineAnnealingLR 2.x; "
          "optax.cosine_decay_schedule; transformers.get_cosine_schedule_with_warmup; timm CosineLRScheduler (k-decay: "
          "Zhang, Li 2020, 2004.05909)",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTMax, kEtaMin, kAfter, kMinLrRate, kExponent, kNumCycles, kKDecay };
  enum { kHold, kRebound };
  static constexpr tuner::Param params[] = {
      tuner::integer("t_max", 0, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("eta_min", 0, "lr at t_max").at_least(0),
      tuner::choice("after_end", kAfterEnd, "what follows t_max"),
      tuner::real("min_lr_rate", 0, "lr at t_max as a share of lr; in place of eta_min").at_least(0).at_most(1),
      tuner::real("exponent", 1, "power of the cosine").above(0).search(0.5, 4, tuner::kLog),
      tuner::real("num_cycles", 0.5, "waves in t_max steps; 0.5 ends at the lowest point").above(0),
      tuner::real("k_decay", 1, "power of the time; above 1 stays high for longer")
          .above(0)
          .search(0.5, 4, tuner::kLog)};

  static void check(const tuner::Options& o) {
    if (o[kEtaMin] > 0 && o[kMinLrRate] > 0)
      throw tuner::Invalid("eta_min and min_lr_rate both say where lr ends: give one of them");
  }

  static double value(const tuner::Schedule& s) {
    const std::int64_t t_max = std::max<std::int64_t>(1, s.length(kTMax));
    const bool hold = s.options().choice(kAfter) == kHold;
    const std::int64_t t = hold ? std::min(s.step(), t_max) : s.step();
    const double n = static_cast<double>(t_max), k = s[kKDecay], half_waves = 2 * s[kNumCycles];
    const double angle = k == 1 ? std::numbers::pi * (half_waves * static_cast<double>(t)) / n
                                : std::numbers::pi * half_waves * std::pow(static_cast<double>(t) / n, k);
    const double height = (1 + std::cos(angle)) / 2, end = s[kEtaMin] + s[kMinLrRate] * s.base();
    return end + (s.base() - end) * std::pow(height, s[kExponent]);
  }
};

}  // namespace

TUNER_LIBRARY("cosine", "1.0.0", "MIT", tuner::scheduler<Cosine>)
