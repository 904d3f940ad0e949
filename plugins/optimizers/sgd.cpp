#include <tuner/plugin.hpp>

namespace {

struct Sgd {
  static constexpr tuner::Info info{
      .id = "sgd",
      .name = "Stochastic gradient descent with momentum",
      .doc = "gradient descent, heavy-ball and Nesterov momentum, as torch.optim.SGD",
      .details =
          "g = grad + weight_decay x\n"
          "momentum = 0:  x -= lr g\n"
          "otherwise:     v = g at the first step, then v = momentum v + (1 - dampening) g\n"
          "               x -= lr v, or with nesterov x -= lr (g + momentum v)\n"
          "Variant: lr outside the velocity, first velocity the plain gradient (PyTorch's form). dampening = momentum\n"
          "makes v a moving average. torch-Nesterov stores the look-ahead point of Sutskever's form.",
      .reference = "Polyak 1964; Sutskever, Martens, Dahl, Hinton 2013, eq. 1-4; torch.optim.SGD 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kMomentum, kDampening, kNesterov, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("momentum", 0, "decay of the velocity").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::real("dampening", 0, "share of the gradient kept out of the velocity"),
      tuner::boolean("nesterov", false, "Nesterov momentum; needs momentum > 0 and dampening = 0"),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("momentum_buffer", "velocity v")};

  static void check(const tuner::Options& o) {
    if (o.flag(kNesterov) && (o[kMomentum] <= 0 || o[kDampening] != 0))
      throw tuner::Invalid("nesterov needs momentum > 0 and dampening = 0");
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const T lr = t[kLr], momentum = t[kMomentum], decay = t[kWeightDecay];
    if (momentum == 0) return t.update([=](T& x, T g) TUNER_INLINE { x -= lr * (g + decay * x); });
    const bool first = s.number() == 1;
    const T kept = first ? T(0) : momentum, added = first ? T(1) : static_cast<T>(1 - t.options()[kDampening]);
    if (t.options().flag(kNesterov))
      return t.update([=](T& x, T g, T& v) TUNER_INLINE {
        g += decay * x;
        v = kept * v + added * g;
        x -= lr * (g + momentum * v);
      }, t.slot(0));
    t.update([=](T& x, T g, T& v) TUNER_INLINE {
      v = kept * v + added * (g + decay * x);
      x -= lr * v;
    }, t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("sgd", "1.0.0", "MIT", tuner::optimizer<Sgd>)
