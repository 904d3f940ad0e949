#include "adam_rule.hpp"

namespace {

constexpr const char* kDecays[] = {"lr_coupled", "independent", "cautious"};

struct AdamW {
  static constexpr tuner::Info info{
      .id = "adamw",
      .name = "AdamW",
      .doc = "Adam with decoupled weight decay, as torch.optim.AdamW",
      .details =
          "u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps), moments as adam\n"
          "decay: lr_coupled   x = (1 - lr weight_decay) x - lr u\n"
          "       independent  x = (1 - weight_decay) x - lr u: the paper's form at schedule multiplier 1\n"
          "       cautious     as lr_coupled, but only where u x >= 0\n"
          "amsgrad, amsgrad_max and eps_mode as in adam.\n"
          "Variant: PyTorch's (decay times lr, applied to x before the step). Its fixed point is not the minimum.\n"
          "lr = 0 leaves x alone (independent still decays it); g = 0 on fresh state decays it; with eps = 0,\n"
          "0 / 0 counts as 0. The first step has length lr |g| / (|g| + eps) beside the decay.\n"
          "family  adaptive\n"
          "rule    x = (1 - lr weight_decay) x - lr m^ / (sqrt(v^) + eps)\n"
          "use     the first choice for transformers and wherever weights are to decay: the best lr and the best "
          "decay hang together less than under L2 (Loshchilov, Hutter 2019)\n"
          "not     to find a minimum exactly: decay moves the fixed point; on Rosenbrock it stays at 1.5e-5 where "
          "adam goes on falling (tests/reference)",
      .reference =
          "Loshchilov, Hutter 2019, algorithm 2; Chen, Li, Liang et al. 2025, algorithm 1 (cautious decay); "
          "torch.optim.AdamW 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kDecay = adam::kCount };
  enum { kLrCoupled, kIndependent, kCautious };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 1e-2, "decoupled weight decay").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::boolean("amsgrad", false, "divide by the largest v so far").structural(),
      tuner::choice("amsgrad_max", adam::kAmsgradMaxima, "maximum of v before or after its bias correction"),
      tuner::choice("eps_mode", adam::kEpsModes, "eps beside the corrected or the uncorrected root of v"),
      tuner::real("eps_root", 0, "added to v under the root").at_least(0),
      tuner::choice("decay", kDecays, "what weight_decay multiplies")};
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average m of g"),
      tuner::per_element("exp_avg_sq", "moving average v of g^2"),
      tuner::per_element("max_exp_avg_sq", "largest v so far, when amsgrad").times(adam::kAmsgrad)};

  // rule(g, slots...) is the change of Adam; decay is applied to x beside it.
  template <class T, class... S>
  static void decayed(const tuner::Tensor<T>& t, const adam::Rule<T>& rule, S*... slots) {
    const tuner::Options& o = t.options();
    const bool independent = o.choice(kDecay) == kIndependent;
    const double share = (independent ? 1 : o[adam::kLr]) * o[adam::kWeightDecay];
    if (o.choice(kDecay) != kCautious) {
      const T kept = static_cast<T>(1 - share);
      return t.update([=](T& x, T g, S&... state) TUNER_INLINE { x = kept * x - rule.change(g, state...); }, slots...);
    }
    const T lost = static_cast<T>(share);
    t.update(
        [=](T& x, T g, S&... state) TUNER_INLINE {
          const T change = rule.change(g, state...);
          const bool aligned = (change >= 0 && x >= 0) || (change <= 0 && x <= 0);
          x -= (aligned ? lost * x : T(0)) + change;
        },
        slots...);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const adam::Rule<T> rule(s, t);
    T *m = t.slot(adam::kExpAvg), *v = t.slot(adam::kExpAvgSq);
    if (t.options().flag(adam::kAmsgrad)) return decayed(t, rule, m, v, t.slot(adam::kMaxExpAvgSq));
    decayed(t, rule, m, v);
  }
};

}  // namespace

TUNER_LIBRARY("adamw", "1.0.0", "MIT", tuner::optimizer<AdamW>)
