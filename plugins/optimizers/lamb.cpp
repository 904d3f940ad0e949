#include <cmath>

#include "norms.hpp"

namespace {

struct Lamb {
  static constexpr tuner::Info info{
      .id = "lamb",
      .name = "LAMB",
      .doc = "Adam whose step in each tensor is as long as the tensor's own norm says",
      .details =
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2\n"
          "r = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps),  u = r + weight_decay x\n"
          "x -= lr (||x|| / ||u||) u, the ratio being 1 where either norm is 0\n"
          "decay_in_ratio = false: x -= lr ((||x|| / ||r||) r + weight_decay x), as Keras.\n"
          "exclude: bias_and_norm takes biases and normalization out of both ratio and decay (x -= lr r), as the\n"
          "authors' BERT; none treats all tensors alike, as optax. Tensors without a role take part.\n"
          "Variant: the paper's algorithm 2 with phi(z) = z; bias_correction = false drops the two divisors.\n"
          "lr = 0 and g = 0 on fresh state leave x alone (at decay 0); with eps = 0, 0 / 0 counts as 0. A step has\n"
          "length lr ||x||, so lr is a relative rate.\n"
          "family  layer-wise\n"
          "rule    x -= lr |x| / |u| u,  u = m^ / (sqrt(v^) + eps) + weight_decay x\n"
          "use     transformers at very large batches: BERT in 76 minutes at batches of up to 32K (You, Li, Reddi "
          "et al. 2020)\n"
          "not     ordinary batches: even at large ones tuned Adam did as well (Nado et al. 2021); lr is relative "
          "to |x|, and adam's do not carry over",
      .reference = "You, Li, Reddi et al. 2020, algorithm 2"};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kDecayInRatio, kBiasCorrection, kExclude };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size relative to ||x||").at_least(0).search(1e-4, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-6, "keeps the divisor from 0").at_least(0).search(1e-8, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::boolean("decay_in_ratio", true, "the decay counts in the norm of the step"),
      tuner::boolean("bias_correction", true, "correct m and v for their start"),
      tuner::choice("exclude", layers::kExclude, "tensors without trust ratio and decay")};
  enum { kExpAvg, kExpAvgSq };
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_avg_sq", "moving average v of g^2")};

  // Adam's direction r from the moments.
  template <class T>
  struct Direction {
    T of_m, of_v, eps;
    TUNER_INLINE T operator()(T m, T v) const { return tuner::ratio(of_m * m, std::sqrt(of_v * v) + eps); }
  };

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const bool corrects = o.flag(kBiasCorrection), alone = o.choice(kExclude) == 0 && layers::is_bias_or_norm(t.info());
    const Direction<T> direction{static_cast<T>(corrects ? 1 / (1 - std::pow(o[kBeta1], steps)) : 1),
                                 static_cast<T>(corrects ? 1 / (1 - std::pow(o[kBeta2], steps)) : 1), t[kEps]};
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]), lr = t[kLr];
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]);
    T *m = t.slot(kExpAvg), *v = t.slot(kExpAvgSq);
    const auto advance = [=](T g, T& m, T& v) TUNER_INLINE {
      m = beta1 * m + rest1 * g;
      v = beta2 * v + rest2 * g * g;
    };
    if (alone)
      return t.update(
          [=](T& x, T g, T& m, T& v) TUNER_INLINE {
            advance(g, m, v);
            x -= lr * direction(m, v);
          },
          m, v);
    t.update([=](T&, T g, T& m, T& v) TUNER_INLINE { advance(g, m, v); }, m, v);
    const T decay = t[kWeightDecay], inner = o.flag(kDecayInRatio) ? decay : T(0), outer = decay - inner;
    const T* x = t.data();
    const double step_norm =
        layers::norm(t.size(), [=](std::size_t i) TUNER_INLINE { return direction(m[i], v[i]) + inner * x[i]; });
    const double norm = layers::norm(x, t.size());
    const T trust = static_cast<T>(norm > 0 && step_norm > 0 ? norm / step_norm : 1);
    t.update([=](T& x, T, T& m, T& v) TUNER_INLINE { x -= lr * (trust * (direction(m, v) + inner * x) + outer * x); },
             m, v);
  }
};

}  // namespace

TUNER_LIBRARY("lamb", "1.0.0", "MIT", tuner::optimizer<Lamb>)
