#include <cmath>

#include "norms.hpp"

namespace {

constexpr const char* kNorms[] = {"update", "gradient_and_decay"};

struct Lars {
  static constexpr tuner::Info info{
      .id = "lars",
      .name = "LARS",
      .doc = "momentum SGD with a rate for every tensor from the norms of weight and gradient",
      .details =
          "u = g + weight_decay x\n"
          "norm_of: update              q = trust_coefficient ||x|| / (||u|| + eps)\n"
          "         gradient_and_decay  q = trust_coefficient ||x|| / (||g|| + weight_decay ||x|| + eps)\n"
          "v = momentum v + lr q u,  x -= v, or with nesterov x -= lr q u + momentum v\n"
          "q is 1 where either norm is 0. exclude: bias_and_norm gives biases and normalization q = 1 and no decay,\n"
          "as the authors' code; none treats all tensors alike, as optax. Tensors without a role take part.\n"
          "Variant: optax's q by default, the paper's eq. 6 is gradient_and_decay. lr inside the velocity.\n"
          "lr = 0 leaves x alone but for what the velocity carries; g = 0 on fresh state too (at decay 0). The first\n"
          "step has length lr trust_coefficient ||x||: lr is large, about 1 to 30.\n"
          "family  layer-wise\n"
          "rule    v = momentum v + lr q u,  x -= v,  u = g + weight_decay x,  q = trust_coefficient |x| / |u|\n"
          "use     convolutional networks at very large batches: ResNet-50 at 32K without loss of accuracy (You, "
          "Gitman, Ginsburg 2017)\n"
          "not     ordinary batches: even at large ones tuned Nesterov momentum did as well (Nado et al. 2021); lr "
          "is of another order, 1 to 30",
      .reference = "You, Gitman, Ginsburg 2017, algorithm 1 and eq. 6"};

  enum { kLr, kMomentum, kNesterov, kWeightDecay, kTrust, kEps, kNormOf, kExclude };
  enum { kUpdate, kGradientAndDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.1, "step size; q scales it").at_least(0).search(1e-2, 30, tuner::kLog),
      tuner::real("momentum", 0.9, "decay of the velocity").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::boolean("nesterov", false, "Nesterov momentum"),
      tuner::real("weight_decay", 0, "L2 penalty, inside the ratio").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("trust_coefficient", 1e-3, "length of a step relative to ||x||")
          .above(0)
          .search(1e-4, 1e-1, tuner::kLog),
      tuner::real("eps", 0, "added to the lower norm").at_least(0),
      tuner::choice("norm_of", kNorms, "which norm divides"),
      tuner::choice("exclude", layers::kExclude, "tensors without ratio and decay")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("momentum_buffer", "velocity v")};

  template <class T>
  static double ratio(const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T *x = t.data(), *g = t.grad(), decay = t[kWeightDecay];
    const double norm = layers::norm(x, t.size());
    const double other = o.choice(kNormOf) == kGradientAndDecay
                             ? layers::norm(g, t.size()) + o[kWeightDecay] * norm
                             : layers::norm(t.size(), [=](std::size_t i) TUNER_INLINE { return g[i] + decay * x[i]; });
    return norm > 0 && other > 0 ? o[kTrust] * norm / (other + o[kEps]) : 1;
  }

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const bool alone = o.choice(kExclude) == 0 && layers::is_bias_or_norm(t.info());
    const T rate = static_cast<T>(o[kLr] * (alone ? 1 : ratio(t)));
    const T decay = alone ? T(0) : t[kWeightDecay], momentum = t[kMomentum];
    if (o.flag(kNesterov))
      return t.update(
          [=](T& x, T g, T& v) TUNER_INLINE {
            const T d = rate * (g + decay * x);
            v = momentum * v + d;
            x -= d + momentum * v;
          },
          t.slot(0));
    t.update(
        [=](T& x, T g, T& v) TUNER_INLINE {
          v = momentum * v + rate * (g + decay * x);
          x -= v;
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("lars", "1.0.0", "MIT", tuner::optimizer<Lars>)
