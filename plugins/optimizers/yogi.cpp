#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Yogi {
  static constexpr tuner::Info info{
      .id = "yogi",
      .name = "Yogi",
      .doc = "Adam whose second moment moves by steps of bounded size",
      .details =
          "g = grad + weight_decay x\n"
          "m = beta1 m + (1 - beta1) g,  v = v - (1 - beta2) sign(v - g^2) g^2\n"
          "x -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)\n"
          "bias_correction = false drops both divisors, as the paper's algorithm 2 and ensmallen.\n"
          "initial_accumulator_value is v before the first step, initial_exp_avg is m (1e-6 in optax).\n"
          "Variant: optax's with m starting at 0. v falls by at most (1 - beta2) g^2 a step, where Adam's v falls in\n"
          "proportion to itself: after large gradients Yogi stays careful for longer.\n"
          "lr = 0 and g = 0 on fresh state leave x alone; 0 / 0 counts as 0. The first step has length\n"
          "lr |g| / (sqrt(v0 / (1 - beta2) + g^2) + eps) where g^2 > v0.\n"
          "family  adaptive\n"
          "rule    x -= lr m^ / (sqrt(v^) + eps),  v -= (1 - beta2) sign(v - g^2) g^2\n"
          "use     gradients that are sparse or come in bursts: adam forgets a large v fast and its steps grow, "
          "here v falls by at most (1 - beta2) g^2 a step (Zaheer et al. 2018)\n"
          "not     where the first gradients are far larger than all later ones: v keeps them for long; gradients "
          "well below eps = 1e-3 make it plain momentum",
      .reference = "Zaheer, Reddi, Sachan, Kale, Kumar 2018, algorithm 2",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kInitialSq, kInitialAvg, kBiasCorrection };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "1 - beta2 is the pace of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-3, "keeps the divisor from 0").at_least(0).search(1e-8, 1e-2, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("initial_accumulator_value", 1e-6, "v before the first step").at_least(0).structural(),
      tuner::real("initial_exp_avg", 0, "m before the first step").structural(),
      tuner::boolean("bias_correction", true, "correct m and v for their start")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_avg_sq", "additive average v of g^2")};

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::fill_n(t.slot(0), t.size(), t[kInitialAvg]);
    std::fill_n(t.slot(1), t.size(), t[kInitialSq]);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const bool corrects = o.flag(kBiasCorrection);
    const T step_size = static_cast<T>(o[kLr] / (corrects ? 1 - std::pow(o[kBeta1], steps) : 1));
    const T correction = static_cast<T>(corrects ? 1 / (1 - std::pow(o[kBeta2], steps)) : 1);
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]), rest2 = static_cast<T>(1 - o[kBeta2]);
    const T eps = t[kEps], decay = t[kWeightDecay];
    t.update(
        [=](T& x, T g, T& m, T& v) TUNER_INLINE {
          g += decay * x;
          m = beta1 * m + rest1 * g;
          const T square = g * g, change = rest2 * square;
          v -= v > square ? change : v < square ? -change : T(0);
          x -= tuner::ratio(step_size * m, std::sqrt(v * correction) + eps);
        },
        t.slot(0), t.slot(1));
  }
};

}  // namespace

TUNER_LIBRARY("yogi", "1.0.0", "MIT", tuner::optimizer<Yogi>)
