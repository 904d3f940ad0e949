#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kDecays[] = {"prox", "decoupled"};
constexpr const char* kDifferences[] = {"beta2", "one_minus_beta2"};

struct Adan {
  static constexpr tuner::Info info{
      .id = "adan",
      .name = "Adan",
      .doc = "Adam with Nesterov momentum from the differences of gradients",
      .details =
          "d = g - g of the step before, 0 at the first step;  w = beta2\n"
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) d,  n = beta3 n + (1 - beta3) (g + w d)^2\n"
          "u = (m / (1 - beta1^t) + w v / (1 - beta2^t)) / (sqrt(n / (1 - beta3^t)) + eps)\n"
          "decay: prox       x = (x - lr u) / (1 + lr weight_decay)\n"
          "       decoupled  x = (1 - lr weight_decay) x - lr u\n"
          "difference: one_minus_beta2 makes w = 1 - beta2, as optax does.\n"
          "Variant: the authors' code. The paper's beta_k are 1 minus these.\n"
          "lr = 0 and g = 0 on fresh state leave x alone (at decay 0); with eps = 0, 0 / 0 counts as 0. The first\n"
          "step has length lr |g| / (|g| + eps).\n"
          "family  adaptive\n"
          "rule    x = (x - lr (m^ + beta2 v^) / (sqrt(n^) + eps)) / (1 + lr weight_decay),  v: mean of changes of "
          "g\n"
          "use     vision and language transformers at large lr: the authors report the results of others in half "
          "of the epochs (Xie et al. 2022)\n"
          "not     where memory is short: four slots, twice adam's state; with another library's betas: the "
          "paper's are 1 minus these, optax weighs differences otherwise",
      .reference = "Xie, Zhou, Li, Lin, Yan 2022, algorithm 1",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kBeta3, kEps, kWeightDecay, kDecay, kDifference };
  enum { kProx, kDecoupled };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.98, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.92, "decay of v").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta3", 0.99, "decay of n").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "weight decay, beside the gradient").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::choice("decay", kDecays, "proximal or decoupled weight decay"),
      tuner::choice("difference", kDifferences, "weight w of the differences")};
  enum { kExpAvg, kExpAvgDiff, kExpAvgSq, kPrevious };
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_avg_diff", "moving average v of d"),
                                          tuner::per_element("exp_avg_sq", "moving average n of (g + w d)^2"),
                                          tuner::per_element("previous_grad", "g of the step before")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const double weight = o.choice(kDifference) == 0 ? o[kBeta2] : 1 - o[kBeta2];
    const double decay = o[kLr] * o[kWeightDecay];
    const bool prox = o.choice(kDecay) == kProx, first = s.number() == 1;
    const T shrink = static_cast<T>(prox ? 1 / (1 + decay) : 1), kept = static_cast<T>(prox ? 1 : 1 - decay);
    const T of_m = static_cast<T>(o[kLr] / (1 - std::pow(o[kBeta1], steps)));
    const T of_v = static_cast<T>(o[kLr] * weight / (1 - std::pow(o[kBeta2], steps)));
    const T correction = static_cast<T>(1 / (1 - std::pow(o[kBeta3], steps)));
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]), w = static_cast<T>(weight);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]);
    const T beta3 = t[kBeta3], rest3 = static_cast<T>(1 - o[kBeta3]), eps = t[kEps];
    t.update(
        [=](T& x, T g, T& m, T& v, T& n, T& previous) TUNER_INLINE {
          const T d = first ? T(0) : g - previous;
          const T ahead = g + w * d;
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * d;
          n = beta3 * n + rest3 * ahead * ahead;
          previous = g;
          x = (kept * x - tuner::ratio(of_m * m + of_v * v, std::sqrt(n * correction) + eps)) * shrink;
        },
        t.slot(kExpAvg), t.slot(kExpAvgDiff), t.slot(kExpAvgSq), t.slot(kPrevious));
  }
};

}  // namespace

TUNER_LIBRARY("adan", "1.0.0", "MIT", tuner::optimizer<Adan>)
