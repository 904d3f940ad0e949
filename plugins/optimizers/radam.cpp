#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kFallbacks[] = {"momentum", "skip"};

struct RAdam {
  static constexpr tuner::Info info{
      .id = "radam",
      .name = "RAdam",
      .doc = "Adam that waits until its second moment can be trusted, as torch.optim.RAdam",
      .details =
          "g = grad + weight_decay x\n"
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  c1 = 1 - beta1^t,  c2 = 1 - beta2^t\n"
          "rho_inf = 2 / (1 - beta2) - 1,  rho = rho_inf - 2 t beta2^t / c2\n"
          "rho > threshold:  r = sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))\n"
          "                  x -= lr r / c1 m sqrt(c2) / (sqrt(v) + eps)\n"
          "otherwise:        x -= lr / c1 m, or with fallback: skip nothing, as the authors' code\n"
          "decoupled_weight_decay: x = (1 - lr weight_decay) x before a step instead of the L2 penalty.\n"
          "Variant: PyTorch's (threshold 5, eps beside the uncorrected root; the paper has 4). beta2 up to 2/3 has\n"
          "rho_inf <= 5 and never rectifies. Scalars of a step in double: rho - 4 starts near 0.\n"
          "lr = 0 and g = 0 on fresh state leave x alone. At beta2 = 0.999 the first five steps are plain momentum.\n"
          "family  adaptive\n"
          "rule    x -= lr r m^ / (sqrt(v^) + eps),  r rises to 1;  x -= lr m^ in the first steps\n"
          "use     in adam's place where it would need a warmup of unknown length (Liu, Jiang, He et al. 2020)\n"
          "not     beside a warmup: both do the same work, and a linear warmup of 2 / (1 - beta2) steps did as "
          "well (Ma, Yarats 2021)",
      .reference = "Liu, Jiang, He et al. 2020, algorithm 2; torch.optim.RAdam 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kThreshold, kFallback, kDecoupled };
  enum { kMomentum, kSkip };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, or decoupled decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::real("threshold", 5, "rho above which v is used").at_least(4),
      tuner::choice("fallback", kFallbacks, "what happens while rho is not above the threshold"),
      tuner::boolean("decoupled_weight_decay", false, "decay x instead of adding to the gradient")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_avg_sq", "moving average v of g^2")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number()), power2 = std::pow(o[kBeta2], steps);
    const double c1 = 1 - std::pow(o[kBeta1], steps), c2 = 1 - power2;
    const double rho_inf = 2 / (1 - o[kBeta2]) - 1, rho = rho_inf - 2 * steps * power2 / c2;
    const bool rectified = rho > o[kThreshold], skips = !rectified && o.choice(kFallback) == kSkip;
    const T l2 = o.flag(kDecoupled) ? T(0) : t[kWeightDecay];
    const T kept = static_cast<T>(o.flag(kDecoupled) && !skips ? 1 - o[kLr] * o[kWeightDecay] : 1);
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]), eps = t[kEps];
    T *m = t.slot(0), *v = t.slot(1);
    if (!rectified) {
      const T step_size = static_cast<T>(skips ? 0 : o[kLr] / c1);
      return t.update(
          [=](T& x, T g, T& m, T& v) TUNER_INLINE {
            g += l2 * x;
            m = beta1 * m + rest1 * g;
            v = beta2 * v + rest2 * g * g;
            x = kept * x - step_size * m;
          },
          m, v);
    }
    const double r = std::sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho));
    const T step_size = static_cast<T>(o[kLr] * r * std::sqrt(c2) / c1);
    t.update(
        [=](T& x, T g, T& m, T& v) TUNER_INLINE {
          g += l2 * x;
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * g * g;
          x = kept * x - tuner::ratio(step_size * m, std::sqrt(v) + eps);
        },
        m, v);
  }
};

}  // namespace

TUNER_LIBRARY("radam", "1.0.0", "MIT", tuner::optimizer<RAdam>)
