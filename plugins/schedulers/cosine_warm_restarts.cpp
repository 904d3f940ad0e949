#include <cmath>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

struct CosineWarmRestarts {
  static constexpr tuner::Info info{
      .id = "cosine_warm_restarts",
      .name = "Cosine annealing with warm restarts",
      .doc = "SGDR: cosines that start again at lr, as torch's CosineAnnealingWarmRestarts",
      .details =
          "lr(t) = eta_min + (lr - eta_min) (1 + cos(pi c / T)) / 2,  t = 0 at the first update,\n"
          "c the steps since the last restart, T = t_0, t_0 t_mult, t_0 t_mult^2, ... the length of each cycle.\n"
          "The first update after a restart has the full lr, or lr decay^i after restart i (timm's cycle_decay; "
          "Keras's\n"
          "m_mul where eta_min = 0). After cycle_limit cycles it stays at eta_min.",
      .reference = "Loshchilov, Hutter 2017, eq. 5; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kT0, kTMult, kEtaMin, kDecay, kCycleLimit };
  static constexpr tuner::Param params[] = {
      tuner::integer("t_0", 1, "steps of the first cycle").at_least(1).in("steps").with(TUNER_PARAM_REQUIRED),
      tuner::integer("t_mult", 1, "factor of a cycle's length over the one before").at_least(1),
      tuner::real("eta_min", 0, "lr at the end of a cycle").at_least(0),
      tuner::real("decay", 1, "factor of a cycle's first lr over the one before").above(0).at_most(1).search(0.5, 1),
      tuner::integer("cycle_limit", 0, "cycles before lr stays at eta_min; 0: no limit").at_least(0)};

  static double value(const tuner::Schedule& s) {
    const std::int64_t t_mult = s.options().integer(kTMult);
    std::int64_t length = s.options().integer(kT0), since = s.step(), cycle = 0;
    if (t_mult == 1) cycle = since / length, since %= length;
    while (since >= length) {
      since -= length;
      length *= t_mult;
      ++cycle;
    }
    if (const std::int64_t limit = s.options().integer(kCycleLimit); limit > 0 && cycle >= limit) return s[kEtaMin];
    const double angle = std::numbers::pi * static_cast<double>(since) / static_cast<double>(length);
    const double peak = s.base() * std::pow(s[kDecay], static_cast<double>(cycle));
    return s[kEtaMin] + (peak - s[kEtaMin]) * (1 + std::cos(angle)) / 2;
  }
};

}  // namespace

TUNER_LIBRARY("cosine_warm_restarts", "1.0.0", "MIT", tuner::scheduler<CosineWarmRestarts>)
