#include <tuner/plugin.hpp>

namespace {

constexpr const char* kVelocities[] = {"outside", "inside"};

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
          "velocity: inside puts lr into the velocity, v = momentum v + (1 - dampening) lr g and x -= v, or with\n"
          "nesterov x -= lr g + momentum v: the same path while lr is constant, another one under a schedule.\n"
          "Variant: PyTorch's (lr outside, first velocity the plain gradient). dampening = momentum makes v a\n"
          "moving average. nesterov keeps the look-ahead point of Sutskever's form as x.\n"
          "lr = 0 leaves x alone (velocity: inside coasts on what it carries); g = 0 on fresh state too.",
      .reference = "Polyak 1964; Sutskever, Martens, Dahl, Hinton 2013, eq. 1-4; torch.optim.SGD 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kMomentum, kDampening, kNesterov, kWeightDecay, kVelocity };
  enum { kOutside, kInside };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("momentum", 0, "decay of the velocity").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::real("dampening", 0, "share of the gradient kept out of the velocity"),
      tuner::boolean("nesterov", false, "Nesterov momentum; needs momentum > 0 and dampening = 0"),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::choice("velocity", kVelocities, "whether lr multiplies the velocity or the gradient that enters it")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("momentum_buffer", "velocity v")};

  static void check(const tuner::Options& o) {
    if (o.flag(kNesterov) && (o[kMomentum] <= 0 || o[kDampening] != 0))
      throw tuner::Invalid("nesterov needs momentum > 0 and dampening = 0");
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const T lr = t[kLr], momentum = t[kMomentum], decay = t[kWeightDecay];
    if (momentum == 0) return t.update([=](T& x, T g) TUNER_INLINE { x -= lr * (g + decay * x); });

    const bool inside = t.options().choice(kVelocity) == kInside, first = s.number() == 1;
    const T inner = inside ? lr : T(1), outer = inside ? T(1) : lr;
    const T kept = first ? T(0) : momentum, added = first ? T(1) : static_cast<T>(1 - t.options()[kDampening]);
    if (t.options().flag(kNesterov))
      return t.update(
          [=](T& x, T g, T& v) TUNER_INLINE {
            g = inner * (g + decay * x);
            v = kept * v + added * g;
            x -= outer * (g + momentum * v);
          },
          t.slot(0));
    t.update(
        [=](T& x, T g, T& v) TUNER_INLINE {
          v = kept * v + added * (inner * (g + decay * x));
          x -= outer * v;
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("sgd", "1.0.0", "MIT", tuner::optimizer<Sgd>)
