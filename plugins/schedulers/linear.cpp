#include <algorithm>
#include <tuner/plugin.hpp>

namespace {

struct Linear {
  static constexpr tuner::Info info{
      .id = "linear",
      .name = "Linear",
      .doc = "a straight line between two factors of lr, as torch's LinearLR",
      .details =
          "lr(t) = lr (start_factor + (end_factor - start_factor) min(t, total_iters) / total_iters),\n"
          "t = 0 at the first update. total_iters = 0 takes the length of the run: with start_factor 1 and\n"
          "end_factor 0 it is the budget-linear decay to zero.",
      .reference = "torch.optim.lr_scheduler.LinearLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kStart, kEnd, kTotal };
  static constexpr tuner::Param params[] = {
      tuner::real("start_factor", 1.0 / 3, "factor of lr at the first update").at_least(0),
      tuner::real("end_factor", 1, "factor of lr from total_iters on").at_least(0),
      tuner::integer("total_iters", 5, "steps from one to the other; 0: the length of the run")
          .at_least(0)
          .in("steps")};

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const double done = static_cast<double>(std::min(s.step(), total));
    return s.base() * (s[kStart] + (s[kEnd] - s[kStart]) * done / static_cast<double>(total));
  }
};

}  // namespace

TUNER_LIBRARY("linear", "1.0.0", "MIT", tuner::scheduler<Linear>)
