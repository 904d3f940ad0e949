#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kForms[] = {"dozat", "simple", "optax", "keras", "torch113"};

struct NAdam {
  static constexpr tuner::Info info{
      .id = "nadam",
      .name = "NAdam",
      .doc = "Adam with Nesterov momentum, as torch.optim.NAdam",
      .details =
          "g = grad + weight_decay x\n"
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2\n"
          "x -= lr (a m + b g) / (sqrt(v / (1 - beta2^t)) + eps)\n"
          "form: dozat     mu(t) = beta1 (1 - 0.96^(t momentum_decay) / 2),  p = mu(1) ... mu(t)\n"
          "                a = mu(t+1) / (1 - p mu(t+1)),  b = (1 - mu(t)) / (1 - p)\n"
          "      keras     as dozat with momentum_decay = 1\n"
          "      torch113  as dozat with one mu(t) more under a, as PyTorch up to 1.13 and TorchSharp (a mistake)\n"
          "      simple    a = beta1 / (1 - beta1^t),      b = (1 - beta1) / (1 - beta1^t): Ruder, TensorFlow 1\n"
          "      optax     a = beta1 / (1 - beta1^(t+1)),  b = (1 - beta1) / (1 - beta1^t)\n"
          "decoupled_weight_decay: x = (1 - lr weight_decay) x before the step instead of the L2 penalty (NAdamW).\n"
          "Variant: PyTorch's from 2.0 on; p is kept in double, where PyTorch keeps a float.\n"
          "lr = 0 and g = 0 on fresh state leave x alone; with eps = 0, 0 / 0 counts as 0. The first step has length\n"
          "about lr (1 - mu(1) + mu(2) ...) |g| / (|g| + eps): between lr and 2 lr at the defaults.\n"
          "family  adaptive\n"
          "rule    x -= lr (a m + b g) / (sqrt(v^) + eps),  a m + b g: Nesterov's look ahead\n"
          "use     in adam's or adamw's place; with form: simple and decoupled_weight_decay it is the NAdamW that "
          "set targets of AlgoPerf (Dahl et al. 2023)\n"
          "not     to repeat somebody's result without knowing the form: five different rules go by this name, and "
          "PyTorch's had a mistake up to 1.13",
      .reference = "Dozat 2016, algorithm 2 and section 2.3; Ruder 2016, eq. 35 (simple); torch.optim.NAdam 2.x"};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kMomentumDecay, kForm, kDecoupled };
  enum { kDozat, kSimple, kOptax, kKeras, kTorch113 };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 2e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, or decoupled decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::real("momentum_decay", 4e-3, "how fast mu rises to beta1").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::choice("form", kForms, "which of the published algorithms"),
      tuner::boolean("decoupled_weight_decay", false, "decay x instead of adding to the gradient")};
  enum { kExpAvg, kExpAvgSq, kMuProduct };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average m of g"),
      tuner::per_element("exp_avg_sq", "moving average v of g^2"),
      tuner::per_tensor("mu_product", "product p of mu, in the forms that schedule it").filled(1).as(TUNER_DTYPE_F64)};

  struct Weights {
    double of_m, of_g;
  };
  // a and b. Moves the product on where the form has one.
  static Weights weights(const tuner::Options& o, double t, double& product) {
    const double beta1 = o[kBeta1];
    const std::size_t form = o.choice(kForm);
    if (form == kSimple || form == kOptax) {
      const double c = 1 - std::pow(beta1, t), c_next = form == kOptax ? 1 - std::pow(beta1, t + 1) : c;
      return {beta1 / c_next, (1 - beta1) / c};
    }
    const double decay = form == kKeras ? 1 : o[kMomentumDecay];
    const double mu = beta1 * (1 - 0.5 * std::pow(0.96, t * decay));
    const double next = beta1 * (1 - 0.5 * std::pow(0.96, (t + 1) * decay));
    product *= mu;
    const double product_next = product * next * (form == kTorch113 ? mu : 1);
    return {next / (1 - product_next), (1 - mu) / (1 - product)};
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const Weights w = weights(o, steps, *t.template slot<double>(kMuProduct));
    const T of_m = static_cast<T>(o[kLr] * w.of_m), of_g = static_cast<T>(o[kLr] * w.of_g);
    const T correction = static_cast<T>(1 / (1 - std::pow(o[kBeta2], steps)));
    const T l2 = o.flag(kDecoupled) ? T(0) : t[kWeightDecay];
    const T kept = static_cast<T>(o.flag(kDecoupled) ? 1 - o[kLr] * o[kWeightDecay] : 1);
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]), eps = t[kEps];
    t.update(
        [=](T& x, T g, T& m, T& v) TUNER_INLINE {
          g += l2 * x;
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * g * g;
          x = kept * x - tuner::ratio(of_m * m + of_g * g, std::sqrt(v * correction) + eps);
        },
        t.slot(kExpAvg), t.slot(kExpAvgSq));
  }
};

}  // namespace

TUNER_LIBRARY("nadam", "1.0.0", "MIT", tuner::optimizer<NAdam>)
