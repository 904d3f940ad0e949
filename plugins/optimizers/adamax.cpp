#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kEpsPlaces[] = {"inside_max", "denominator", "none"};

struct Adamax {
  static constexpr tuner::Info info{
      .id = "adamax",
      .name = "AdaMax",
      .doc = "Adam with the infinity norm, as torch.optim.Adamax",
      .details =
          "g = grad + weight_decay x\n"
          "m = beta1 m + (1 - beta1) g,  u = max(beta2 u, |g| + eps)\n"
          "x -= lr / (1 - beta1^t) m / u\n"
          "eps_place: denominator divides by u + eps, u = max(beta2 u, |g|), as Keras; none has no eps, as the paper.\n"
          "Variant: PyTorch's (eps inside the maximum, where it decays with u). Without eps 0 / 0 counts as 0.\n"
          "lr = 0 and g = 0 on fresh state leave x alone. The first step has length lr |g| / (|g| + eps).\n"
          "family  adaptive\n"
          "rule    x -= lr m^ / u,  u = max(beta2 u, |g| + eps)\n"
          "use     where a step must have a simple bound: |step| <= lr in every coordinate (Kingma, Ba 2015, "
          "section 7.1)\n"
          "not     gradients with rare outliers: one of them keeps u large, and the steps of its coordinate small, "
          "for about 1 / (1 - beta2) steps",
      .reference = "Kingma, Ba 2015, algorithm 2; torch.optim.Adamax 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kEpsPlace };
  enum { kInsideMax, kDenominator, kNone };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 2e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of u").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::choice("eps_place", kEpsPlaces, "where eps is added")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("exp_inf", "decayed maximum u of |g|")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T step_size = static_cast<T>(o[kLr] / (1 - std::pow(o[kBeta1], static_cast<double>(s.number()))));
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]), beta2 = t[kBeta2], decay = t[kWeightDecay];
    const T eps_in = o.choice(kEpsPlace) == kInsideMax ? t[kEps] : T(0);
    const T eps_out = o.choice(kEpsPlace) == kDenominator ? t[kEps] : T(0);
    t.update(
        [=](T& x, T g, T& m, T& u) TUNER_INLINE {
          g += decay * x;
          m = beta1 * m + rest1 * g;
          const T old = beta2 * u, now = std::abs(g) + eps_in;
          u = old < now ? now : old;
          x -= tuner::ratio(step_size * m, u + eps_out);
        },
        t.slot(0), t.slot(1));
  }
};

}  // namespace

TUNER_LIBRARY("adamax", "1.0.0", "MIT", tuner::optimizer<Adamax>)
