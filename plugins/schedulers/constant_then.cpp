#include <tuner/plugin.hpp>

namespace {

struct ConstantThen {
  static constexpr tuner::Info info{
      .id = "constant_then",
      .name = "Constant, then full",
      .doc = "a fraction of lr for some steps, then lr, as torch's ConstantLR",
      .details = "lr(t) = lr factor while t < total_iters, then lr;  t = 0 at the first update",
      .reference = "torch.optim.lr_scheduler.ConstantLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kFactor, kTotal };
  static constexpr tuner::Param params[] = {
      tuner::real("factor", 1.0 / 3, "factor of lr before total_iters").at_least(0).search(0.01, 1, tuner::kLog),
      tuner::integer("total_iters", 5, "steps at the fraction").at_least(0).in("steps")};

  static double value(const tuner::Schedule& s) {
    return s.step() < s.options().integer(kTotal) ? s.base() * s[kFactor] : s.base();
  }
};

}  // namespace

TUNER_LIBRARY("constant_then", "1.0.0", "MIT", tuner::scheduler<ConstantThen>)
