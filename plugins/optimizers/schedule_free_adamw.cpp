#include <algorithm>

#include "schedule_free.hpp"

namespace {

struct ScheduleFreeAdamW {
  static constexpr tuner::Info info{
      .id = "schedule_free_adamw",
      .name = "Schedule-Free AdamW",
      .doc = "AdamW that averages instead of a schedule; evaluated at the average",
      .details =
          "y is trained, x is evaluated, z is kept; all start at the same point\n"
          "v = beta2 v + (1 - beta2) grad(y)^2\n"
          "z' = z - lr (grad(y) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y)\n"
          "x' = (1 - c) x + c z',  c = w / (sum of w),  w = t^r lr_max^weight_lr_power\n"
          "y' = (1 - beta1) z' + beta1 x',  evaluation point x = z + (y - z) / beta1\n"
          "lr_max is the largest lr so far: warm up by the host's warmup_steps, and let no schedule lower lr. lr is 1\n"
          "to 10 times AdamW's. Keep beta1 fixed: x is read from y and z with it. Variant: the authors' code, whose\n"
          "decay is taken at y.\n"
          "lr = 0 leaves x, y and z alone, g = 0 on fresh state only decays them. Step 1 has c = 1: x = y = z.\n"
          "family  self-tuning\n"
          "rule    y = (1 - beta1) z + beta1 x,  z -= lr (grad(y) / (sqrt(v^) + eps) + weight_decay y),  x: "
          "average of z\n"
          "use     runs whose length is not known in advance: it won AlgoPerf 2024 without tuning (Kasimbeg et al. "
          "2025); with a warmup\n"
          "not     together with a schedule that lowers lr; with batch normalization, whose statistics belong to y "
          "and not to x",
      .reference = "Defazio, Yang, Mehta et al. 2024 (2405.15682), algorithm 1",
      .flags = 0};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kR, kWeightLrPower };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.0025, "step size").at_least(0).search(1e-4, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "share of the average in y")
          .above(0)
          .below(1)
          .search(0.8, 0.98, tuner::kLog1m)
          .structural(),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "decay, taken at y").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::real("r", 0, "power of the step in an average's weight").at_least(0),
      tuner::real("weight_lr_power", 2, "power of lr in an average's weight").at_least(0)};
  enum { kZ, kExpAvgSq, kWeights };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("z", "the point that descends"), tuner::per_element("exp_avg_sq", "moving average v of g^2"),
      tuner::global("weights", "sum of the weights and largest lr, of every group")};

  static std::uint64_t slot_extent(const tuner_extent_args& args) { return schedule_free::weights_extent(args); }

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::copy_n(t.data(), t.size(), t.slot(kZ));
  }

  static void step(const tuner::Step& s) {
    const auto shares = schedule_free::shares(s, s.global_slot(kWeights), kLr, kR, kWeightLrPower);
    s.for_each_tensor([&](const auto& t) { move(s, t, shares[t.group()]); });
  }

  static void evaluation_point(const tuner_point_args& args) { schedule_free::evaluation_point(args, kZ, kBeta1); }

 private:
  template <class T>
  static void move(const tuner::Step& s, const tuner::Tensor<T>& t, double share) {
    const tuner::Options& o = t.options();
    const double c2 = 1 - std::pow(o[kBeta2], static_cast<double>(s.number()));
    const T lr = t[kLr], decay = t[kWeightDecay], c = static_cast<T>(share), eps = t[kEps];
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]), correction = static_cast<T>(1 / c2);
    const T pull = static_cast<T>(o[kBeta1] * (1 - share) - 1);
    t.update(
        [=](T& y, T g, T& z, T& v) TUNER_INLINE {
          v = beta2 * v + rest2 * g * g;
          const T change = lr * (tuner::ratio(g, std::sqrt(v * correction) + eps) + decay * y);
          y = y + c * (z - y) + pull * change;
          z = z - change;
        },
        t.slot(kZ), t.slot(kExpAvgSq));
  }
};

}  // namespace

TUNER_LIBRARY("schedule_free_adamw", "1.0.0", "MIT", tuner::optimizer<ScheduleFreeAdamW>)
