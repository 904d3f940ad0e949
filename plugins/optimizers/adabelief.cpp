#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct AdaBelief {
  static constexpr tuner::Info info{
      .id = "adabelief",
      .name = "AdaBelief",
      .doc = "Adam that divides by how far the gradient strays from its average",
      .details =
          "m = beta1 m + (1 - beta1) g,  s = beta2 s + (1 - beta2) (g - m)^2 + eps\n"
          "c1 = 1 - beta1^t,  c2 = 1 - beta2^t\n"
          "rectify = false:  x -= lr (m / c1) / (sqrt(s / c2) + eps)\n"
          "rectify = true:   rho = rho_inf - 2 t beta2^t / c2,  rho_inf = 2 / (1 - beta2) - 1,  r as in radam\n"
          "                  rho >= 5:   x -= lr r / c1 m sqrt(c2) / (sqrt(s) + eps)\n"
          "                  otherwise:  x -= lr m / c1\n"
          "decoupled_weight_decay: x = (1 - lr weight_decay) x before the step; else g = grad + weight_decay x.\n"
          "Variant: the authors' package (rectify and decoupled decay on, eps 1e-16); the paper's algorithm 2 and\n"
          "optax are rectify = false. eps enters s at every step and stays there.\n"
          "lr = 0 and g = 0 on fresh state leave x alone; with eps = 0, 0 / 0 counts as 0. Unrectified, the first\n"
          "step has length lr / beta1 whatever the scale of g.\n"
          "family  adaptive\n"
          "rule    x -= lr r m^ / (sqrt(s^) + eps),  s: mean of (g - m)^2,  r as radam\n"
          "use     image classifiers and GANs, where the authors report sgd's generalization at adam's pace "
          "(Zhuang et al. 2020)\n"
          "not     with another library's eps: it enters s at every step, so 1e-16 and 1e-8 are different "
          "optimizers; nearly constant gradients make s vanish and steps grow",
      .reference = "Zhuang, Tang, Ding et al. 2020, algorithm 2; the authors' adabelief-pytorch 0.2",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kDecoupled, kRectify };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of s").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-16, "added to s at every step, and to its root")
          .at_least(0)
          .search(1e-16, 1e-6, tuner::kLog),
      tuner::real("weight_decay", 0, "decoupled decay, or L2 penalty").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::boolean("decoupled_weight_decay", true, "decay x instead of adding to the gradient"),
      tuner::boolean("rectify", true, "wait until s can be trusted, as radam")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_avg_var", "moving average s of (g - m)^2")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number()), power2 = std::pow(o[kBeta2], steps);
    const double c1 = 1 - std::pow(o[kBeta1], steps), c2 = 1 - power2;
    const double rho_inf = 2 / (1 - o[kBeta2]) - 1, rho = rho_inf - 2 * steps * power2 / c2;
    const bool rectify = o.flag(kRectify), plain = rectify && rho < 5;
    double rate = o[kLr] / c1, correction = 1 / c2;
    if (rectify && !plain) {
      rate *= std::sqrt(c2 * (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho));
      correction = 1;
    }
    const T step_size = static_cast<T>(rate), corrected = static_cast<T>(correction);
    const T l2 = o.flag(kDecoupled) ? T(0) : t[kWeightDecay];
    const T kept = static_cast<T>(o.flag(kDecoupled) ? 1 - o[kLr] * o[kWeightDecay] : 1);
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]), eps = t[kEps];
    T *m = t.slot(0), *var = t.slot(1);
    const auto advance = [=](T g, T& m, T& var) TUNER_INLINE {
      m = beta1 * m + rest1 * g;
      const T error = g - m;
      var = beta2 * var + rest2 * error * error + eps;
    };
    if (plain)
      return t.update(
          [=](T& x, T g, T& m, T& var) TUNER_INLINE {
            advance(g + l2 * x, m, var);
            x = kept * x - step_size * m;
          },
          m, var);
    t.update(
        [=](T& x, T g, T& m, T& var) TUNER_INLINE {
          advance(g + l2 * x, m, var);
          x = kept * x - tuner::ratio(step_size * m, std::sqrt(var * corrected) + eps);
        },
        m, var);
  }
};

}  // namespace

TUNER_LIBRARY("adabelief", "1.0.0", "MIT", tuner::optimizer<AdaBelief>)
