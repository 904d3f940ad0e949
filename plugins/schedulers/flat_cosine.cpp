#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

struct FlatCosine {
  static constexpr tuner::Info info{
      .id = "flat_cosine",
      .name = "Flat, then cosine",
      .doc = "lr for three quarters of the run, then half a cosine, as fastai's fit_flat_cos",
      .details =
          "lr(t) = lr                                          while p < pct_start,  p = t / total_iters\n"
          "      = end + (lr - end) (1 + cos(pi q)) / 2        q = (p - pct_start) / (1 - pct_start), at most 1\n"
          "end = lr / div_final,  t = 0 at the first update. total_iters = 0 takes the length of the run.\n"
          "The last update, t = total_iters - 1, is just above end, as in fastai.",
      .reference = "fastai 2 Learner.fit_flat_cos",
      .flags = TUNER_PLUGIN_PURE};

  enum { kTotal, kStart, kDivFinal };
  static constexpr tuner::Param params[] = {
      tuner::integer("total_iters", 0, "steps in all; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("pct_start", 0.75, "part of the steps at lr").at_least(0).below(1).search(0.3, 0.9),
      tuner::real("div_final", 1e5, "lr over its value at the end").at_least(1).search(10, 1e6, tuner::kLog)};

  static double value(const tuner::Schedule& s) {
    const std::int64_t total = std::max<std::int64_t>(1, s.length(kTotal));
    const double p = static_cast<double>(std::min(s.step(), total)) / static_cast<double>(total);
    if (p < s[kStart]) return s.base();
    const double end = s.base() / s[kDivFinal], q = (p - s[kStart]) / (1 - s[kStart]);
    return end + (s.base() - end) * (1 + std::cos(std::numbers::pi * q)) / 2;
  }
};

}  // namespace

TUNER_LIBRARY("flat_cosine", "1.0.0", "MIT", tuner::scheduler<FlatCosine>)
