#include <cmath>

#include "norms.hpp"

namespace {

struct NovoGrad {
  static constexpr tuner::Info info{
      .id = "novograd",
      .name = "NovoGrad",
      .doc = "gradients divided by a moving norm of each tensor, then momentum",
      .details =
          "v = ||g||^2 at the first step, then beta2 v + (1 - beta2) ||g||^2: one number for a tensor\n"
          "d = g / (sqrt(v) + eps) + weight_decay x\n"
          "m = beta1 m + d, with grad_averaging beta1 m + (1 - beta1) d\n"
          "x -= lr m\n"
          "Variant: the paper's algorithm 1 without its lr schedule; beta2 as optax (the paper's last version has\n"
          "beta1 0.95, beta2 0.98). Half of Adam's state.\n"
          "lr = 0 and g = 0 on fresh state leave x alone (at decay 0); 0 / 0 counts as 0. The first step has length\n"
          "lr in every tensor, whatever the scale of g.\n"
          "family  layer-wise\n"
          "rule    m = beta1 m + g / (sqrt(v) + eps) + weight_decay x,  x -= lr m,  v: mean of the tensor's |g|^2\n"
          "use     speech, image and translation networks with half of adam's state, little depending on lr "
          "(Ginsburg et al. 2019)\n"
          "not     tensors whose elements have gradients of very different sizes, as embeddings: all share one v",
      .reference = "Ginsburg, Castonguay, Hrinchuk et al. 2019, algorithm 1"};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kAveraging };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.25, "decay of v").at_least(0).below(1).search(0.2, 0.99, tuner::kLog1m),
      tuner::real("eps", 1e-6, "keeps the divisor from 0").at_least(0).search(1e-8, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "decay, inside the momentum").at_least(0).search(1e-5, 1e-2, tuner::kLog),
      tuner::boolean("grad_averaging", false, "m is a moving average instead of a decaying sum")};
  enum { kExpAvg, kExpAvgSq };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "momentum m"),
      tuner::per_tensor("exp_avg_sq", "moving average v of ||g||^2").as(TUNER_DTYPE_F64)};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double norm = layers::norm(t.grad(), t.size());
    double& v = *t.template slot<double>(kExpAvgSq);
    v = s.number() == 1 ? norm * norm : o[kBeta2] * v + (1 - o[kBeta2]) * norm * norm;
    const T divisor = static_cast<T>(std::sqrt(v) + o[kEps]), decay = t[kWeightDecay], lr = t[kLr];
    const T beta1 = t[kBeta1], share = static_cast<T>(o.flag(kAveraging) ? 1 - o[kBeta1] : 1);
    t.update(
        [=](T& x, T g, T& m) TUNER_INLINE {
          m = beta1 * m + share * (tuner::ratio(g, divisor) + decay * x);
          x -= lr * m;
        },
        t.slot(kExpAvg));
  }
};

}  // namespace

TUNER_LIBRARY("novograd", "1.0.0", "MIT", tuner::optimizer<NovoGrad>)
