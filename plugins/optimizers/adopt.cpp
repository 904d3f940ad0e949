#include <cmath>
#include <limits>
#include <tuner/plugin.hpp>

namespace {

struct Adopt {
  static constexpr tuner::Info info{
      .id = "adopt",
      .name = "ADOPT",
      .doc = "Adam that divides each gradient by the second moment before it, then averages",
      .details =
          "g = grad + weight_decay x\n"
          "first step:  v = g^2, x stays\n"
          "afterwards:  n = g / max(sqrt(v), eps), with clip limited to [-(t - 1)^(1/4), (t - 1)^(1/4)]\n"
          "             m = beta1 m + (1 - beta1) n,  x -= lr m,  v = beta2 v + (1 - beta2) g^2\n"
          "decoupled_weight_decay: x = (1 - lr weight_decay) x from the second step on, instead of the L2 penalty.\n"
          "Variant: the paper's algorithm 2, as the second version of the authors' code; clip = false is\n"
          "algorithm 1. Converges with any beta2, since v does not contain the gradient that it divides.\n"
          "lr = 0 and g = 0 on fresh state leave x alone; 0 / 0 counts as 0. The first step moves nothing.\n"
          "family  adaptive\n"
          "rule    m = beta1 m + (1 - beta1) clip(g / max(sqrt(v), eps)),  x -= lr m,  then v takes g^2\n"
          "use     where adam hangs on beta2: converges with any beta2 at the rate 1 / sqrt(T), without a bound on "
          "the noise (Taniguchi et al. 2024)\n"
          "not     without clip where first gradients are near 0: the first quotients are enormous; the first step "
          "only fills v",
      .reference = "Taniguchi, Harada, Minegishi et al. 2024, algorithms 1 and 2",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kDecoupled, kClip };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.9999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-6, "least divisor").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, or decoupled decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::boolean("decoupled_weight_decay", false, "decay x instead of adding to the gradient"),
      tuner::boolean("clip", true, "limit the divided gradient to (t - 1)^(1/4)")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of the divided gradients"),
                                          tuner::per_element("exp_avg_sq", "moving average v of g^2")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T l2 = o.flag(kDecoupled) ? T(0) : t[kWeightDecay];
    T *m = t.slot(0), *v = t.slot(1);
    if (s.number() == 1)
      return t.update(
          [=](T& x, T g, T& v) TUNER_INLINE {
            g += l2 * x;
            v = g * g;
          },
          v);
    const T kept = static_cast<T>(o.flag(kDecoupled) ? 1 - o[kLr] * o[kWeightDecay] : 1);
    const T limit = o.flag(kClip) ? static_cast<T>(std::pow(static_cast<double>(s.number() - 1), 0.25))
                                  : std::numeric_limits<T>::infinity();
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]), lr = t[kLr];
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]), eps = t[kEps];
    t.update(
        [=](T& x, T g, T& m, T& v) TUNER_INLINE {
          g += l2 * x;
          const T root = std::sqrt(v);
          const T n = tuner::ratio(g, root < eps ? eps : root);
          m = beta1 * m + rest1 * (n > limit ? limit : n < -limit ? -limit : n);
          x = kept * x - lr * m;
          v = beta2 * v + rest2 * g * g;
        },
        m, v);
  }
};

}  // namespace

TUNER_LIBRARY("adopt", "1.0.0", "MIT", tuner::optimizer<Adopt>)
