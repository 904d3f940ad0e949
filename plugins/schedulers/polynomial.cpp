#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Polynomial {
  static constexpr tuner::Info info{
      .id = "polynomial",
      .name = "Polynomial decay",
      .doc = "a power of the share of steps that is left, as torch's PolynomialLR",
      .details =
          "lr(t) = eta_min + (lr - eta_min) (1 - min(t, total_iters) / total_iters)^power,\n"
          "t = 0 at the first update. total_iters = 0 takes the length of the run.\n"
          "Variant: PyTorch's, which has no eta_min (0); Keras's end_learning_rate is eta_min.",
      .reference = "torch.optim.lr_scheduler.PolynomialLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTotal, kPower, kEtaMin };
  static constexpr tuner::Param params[] = {
      tuner::integer("total_iters", 5, "steps from lr to eta_min; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("power", 1, "exponent").at_least(0).search(0.5, 3),
      tuner::real("eta_min", 0, "lr from total_iters on").at_least(0)};

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const double done = static_cast<double>(std::min(s.step(), total));
    return s[kEtaMin] + (s.base() - s[kEtaMin]) * std::pow(1 - done / static_cast<double>(total), s[kPower]);
  }
};

}  // namespace

TUNER_LIBRARY("polynomial", "1.0.0", "MIT", tuner::scheduler<Polynomial>)
