#include <algorithm>

#include "shape.hpp"

namespace {

struct Prodigy {
  static constexpr tuner::Info info{
      .id = "prodigy",
      .name = "Prodigy",
      .doc = "Adam with an estimate d of the distance to the solution in the place of a learning rate",
      .details =
          "rate = d lr, times sqrt(1 - beta2^t) / (1 - beta1^t) with use_bias_correction; beta3 = sqrt(beta2) if < 0\n"
          "n = beta3 n + d / d0 rate <g, x0 - x>,  s = beta3 s + d / d0 rate g, with safeguard_warmup d / d0 d g\n"
          "m = beta1 m + (1 - beta1) d g,  v = beta2 v + (1 - beta2) d^2 g^2\n"
          "h = d_coef n / |s|_1;  where d is still d0: d' = max(d, h);  d_max = max(d_max, h)\n"
          "d = min(d_max, d' growth_rate), growth_rate 0 is unbounded\n"
          "x = (1 - rate weight_decay) x - rate m / (sqrt(v) + d eps)      (the rate of the old d)\n"
          "decouple: false adds weight_decay x to g instead. All sums run over all tensors, in double.\n"
          "Variant: the authors' code, which keeps the largest h and bounds its growth. lr stays 1 as a rule and a\n"
          "schedule multiplies it. lr = 0 leaves x alone; as long as all g are 0 nothing happens at all.\n"
          "Step 1 has x = x0, so that n = 0 and d = d0.\n"
          "family  self-tuning\n"
          "rule    x -= d lr m / (sqrt(v) + d eps),  d: estimate of the distance to the solution\n"
          "use     in adam's place when no lr is known: test accuracy close to a hand-tuned Adam's (Mishchenko, "
          "Defazio 2023); combine with a cosine schedule\n"
          "not     where memory is short: four slots, twice adam's state; with a long warmup, unless "
          "safeguard_warmup is on",
      .reference = "Mishchenko, Defazio 2023, algorithm 4; github.com/konstmish/prodigy for the options",
      .flags = 0};

  enum {
    kLr,
    kBeta1,
    kBeta2,
    kBeta3,
    kEps,
    kWeightDecay,
    kDecouple,
    kUseBiasCorrection,
    kSafeguardWarmup,
    kD0,
    kDCoef,
    kGrowthRate
  };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "factor of the estimate").at_least(0).search(0.1, 10, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").for_all_tensors().at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v")
          .for_all_tensors()
          .at_least(0)
          .below(1)
          .search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("beta3", -1, "decay of n and s; negative: sqrt(beta2)").for_all_tensors().below(1),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "weight decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::boolean("decouple", true, "decay x instead of adding to the gradient"),
      tuner::boolean("use_bias_correction", false, "Adam's bias correction").for_all_tensors(),
      tuner::boolean("safeguard_warmup", false, "keep lr out of s, for a long warmup"),
      tuner::real("d0", 1e-6, "first estimate").for_all_tensors().above(0).search(1e-8, 1e-2, tuner::kLog),
      tuner::real("d_coef", 1, "factor of a new estimate").for_all_tensors().above(0).search(0.3, 3, tuner::kLog),
      tuner::real("growth_rate", 0, "largest factor of d in a step; 0: unbounded").for_all_tensors().at_least(0)};
  enum { kExpAvg, kExpAvgSq, kS, kInitial, kEstimate };
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of d g"),
                                          tuner::per_element("exp_avg_sq", "moving average v of d^2 g^2"),
                                          tuner::per_element("s", "weighted sum s of gradients"),
                                          tuner::per_element("initial", "x before the first step"),
                                          tuner::global("estimate", "d, d_max and n")};

  static std::uint64_t slot_extent(const tuner_extent_args&) { return 3; }

  static void check(const tuner::Options& o) {
    if (o[kGrowthRate] > 0 && o[kGrowthRate] < 1)
      throw tuner::Invalid("growth_rate below 1 shrinks d to nothing: 1 or more, or 0 for unbounded");
  }

  static void init(const tuner::Step& s) {
    s.for_each_tensor([](const auto& t) { std::copy_n(t.data(), t.size(), t.slot(kInitial)); });
    double* estimate = s.global_slot(kEstimate);
    estimate[0] = estimate[1] = s.options()[kD0];
    estimate[2] = 0;
  }

  static void step(const tuner::Step& s) {
    double* estimate = s.global_slot(kEstimate);
    const tuner::Options o = s.options();
    const double old = estimate[0], beta3 = o[kBeta3] < 0 ? std::sqrt(o[kBeta2]) : o[kBeta3];
    double moved = 0, denominator = 0;
    s.for_each_tensor([&](const auto& t) { accumulate(t, old, beta3, correction(s), moved, denominator); });
    estimate[2] = beta3 * estimate[2] + moved;
    if (denominator == 0) return;  // no gradient yet
    const double candidate = o[kDCoef] * estimate[2] / denominator;
    const bool any_lr = lr_at_work(s);
    double d = old;
    if (any_lr) {
      if (d == o[kD0]) d = std::max(d, candidate);
      estimate[1] = std::max(estimate[1], candidate);
      d = o[kGrowthRate] > 0 ? std::min(estimate[1], d * o[kGrowthRate]) : estimate[1];
    }
    estimate[0] = d;
    s.for_each_tensor([&](const auto& t) { descend(t, old * correction(s), d); });
  }

 private:
  static double correction(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (!o.flag(kUseBiasCorrection)) return 1;
    const double t = static_cast<double>(s.number());
    return std::sqrt(1 - std::pow(o[kBeta2], t)) / (1 - std::pow(o[kBeta1], t));
  }

  static bool lr_at_work(const tuner::Step& s) {
    for (std::uint32_t g = 0; g < s.raw().options->n_groups; ++g)
      if (s.options(g)[kLr] > 0) return true;
    return false;
  }

  template <class T>
  static void accumulate(const tuner::Tensor<T>& t, double d, double beta3, double correction, double& moved,
                         double& denominator) {
    const tuner::Options& o = t.options();
    const double rate = d * o[kLr] * correction, growth = d / o[kD0];
    const double weight = growth * (o.flag(kSafeguardWarmup) ? d : rate);
    const double l2 = o.flag(kDecouple) ? 0 : o[kWeightDecay];
    const double beta1 = o[kBeta1], beta2 = o[kBeta2], first = d * (1 - beta1), second = d * d * (1 - beta2);
    const T *x = t.data(), *grad = t.grad(), *initial = t.slot(kInitial), *sum = t.slot(kS);
    // Two passes: one that is a vector loop for every instruction set, and the sums.
    t.update(
        [=](const T& at, T raw, T& m, T& v, T& s) TUNER_INLINE {
          const double g = raw + l2 * at;
          m = static_cast<T>(beta1 * m + first * g);
          v = static_cast<T>(beta2 * v + second * g * g);
          s = static_cast<T>(beta3 * s + weight * g);
        },
        t.slot(kExpAvg), t.slot(kExpAvgSq), t.slot(kS));
    denominator +=
        shape::sum(t.size(), [=](std::size_t i) TUNER_INLINE { return std::abs(static_cast<double>(sum[i])); });
    const double product = shape::sum(t.size(), [=](std::size_t i) TUNER_INLINE {
      return (grad[i] + l2 * x[i]) * (static_cast<double>(initial[i]) - x[i]);
    });
    moved += growth * rate * product;
  }

  template <class T>
  static void descend(const tuner::Tensor<T>& t, double d_corrected, double d) {
    const tuner::Options& o = t.options();
    const double rate = d_corrected * o[kLr];
    const T kept = static_cast<T>(o.flag(kDecouple) ? 1 - rate * o[kWeightDecay] : 1);
    const T step_size = static_cast<T>(rate), eps = static_cast<T>(d * o[kEps]);
    t.update([=](T& x, T, T& m, T& v) TUNER_INLINE { x = kept * x - step_size * tuner::ratio(m, std::sqrt(v) + eps); },
             t.slot(kExpAvg), t.slot(kExpAvgSq));
  }
};

}  // namespace

TUNER_LIBRARY("prodigy", "1.0.0", "MIT", tuner::optimizer<Prodigy>)
