#include <tuner/plugin.hpp>

namespace {

constexpr const char* kVelocities[] = {"outside", "inside"};
constexpr const char* kLookaheads[] = {"shifted", "exact"};

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
          "lookahead: exact takes nesterov's gradient where the velocity alone would lead, with a second evaluation:\n"
          "y = x - lr momentum v (inside: x - momentum v), v = momentum v + grad(y) + weight_decay y, x = y - lr "
          "grad.\n"
          "Variant: PyTorch's (lr outside, first velocity the plain gradient). dampening = momentum makes v a\n"
          "moving average. nesterov with lookahead: shifted keeps the y of the exact form as x: while lr is constant\n"
          "both walk the same path, the one seen from its look-ahead points.\n"
          "lr = 0 leaves x alone (velocity: inside coasts on what it carries); g = 0 on fresh state too.\n"
          "family  gradient descent\n"
          "rule    v = momentum v + g,  x -= lr v\n"
          "use     the baseline that every other rule has to beat; in Wilson et al. 2017 tuned SGD generalized "
          "better than adaptive rules, even where those trained better\n"
          "not     gradients whose scales differ widely between parameters (embeddings, transformers): one lr has "
          "to fit all, and is stable only below 2 (1 + momentum) / largest curvature\n"
          "example  lr 0.1, weight_decay 0.01: x 1 -2; gradient 0.5 -4 -> 0.949 -1.598; gradient -0.25 3 -> 0.973051 "
          "-1.896402; gradient 2 1 -> 0.772077949 -1.994505598\n"
          "example  lr 0.1, momentum 0.9, dampening 0.5: x 1 -2; gradient 0.5 -4 -> 0.95 -1.6; gradient -0.25 3 -> "
          "0.9175 -1.39; gradient 2 1 -> 0.78825 -1.251\n"
          "example  lr 0.1, momentum 0.9, nesterov true: x 1 -2; gradient 0.5 -4 -> 0.905 -1.24; gradient -0.25 3 -> "
          "0.912 -1.486; gradient 2 1 -> 0.5158 -1.6274\n"
          "example  lr 0.1, momentum 0.9, dampening 0.5, velocity inside: x 1 -2; gradient 0.5 -4 -> 0.95 -1.6; "
          "gradient -0.25 3 -> 0.9175 -1.39; gradient 2 1 -> 0.78825 -1.251",
      .reference = "Polyak 1964; Sutskever, Martens, Dahl, Hinton 2013, eq. 1-4; torch.optim.SGD 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kMomentum, kDampening, kNesterov, kWeightDecay, kVelocity, kLookahead };
  enum { kOutside, kInside };
  enum { kShifted, kExact };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("momentum", 0, "decay of the velocity").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::real("dampening", 0, "share of the gradient kept out of the velocity"),
      tuner::boolean("nesterov", false, "Nesterov momentum; needs momentum > 0 and dampening = 0"),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::choice("velocity", kVelocities, "whether lr multiplies the velocity or the gradient that enters it"),
      tuner::choice("lookahead", kLookaheads, "nesterov on the look-ahead points, or with a second evaluation at them")
          .for_all_tensors()
          .with(TUNER_PARAM_STRUCTURAL)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("momentum_buffer", "velocity v")};

  static void check(const tuner::Options& o) {
    if (o.flag(kNesterov) && (o[kMomentum] <= 0 || o[kDampening] != 0))
      throw tuner::Invalid("nesterov needs momentum > 0 and dampening = 0");
    if (o.choice(kLookahead) == kExact && !o.flag(kNesterov))
      throw tuner::Invalid("lookahead: exact is a form of Nesterov's momentum: add nesterov: true");
  }

  static void step(const tuner::Step& s) {
    if (s.options().choice(kLookahead) == kExact) return look_ahead(s);
    s.for_each_tensor([&](const auto& t) { descend(s, t); });
  }

  template <class T>
  static void descend(const tuner::Step& s, const tuner::Tensor<T>& t) {
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

  // The gradient at y replaces the one at x. y + (x's way from y) needs no copy of x: x - lr v = y - lr g.
  static void look_ahead(const tuner::Step& s) {
    if (s.raw().closure == nullptr) throw tuner::Invalid("lookahead: exact needs a second evaluation in every step");
    s.for_each_tensor([](const auto& t) { move_ahead(t); });
    s.evaluate(TUNER_WANT_GRADIENT);
    s.for_each_tensor([](const auto& t) { descend_from_ahead(t); });
  }

  template <class T>
  static void move_ahead(const tuner::Tensor<T>& t) {
    const T momentum = t[kMomentum], outer = t.options().choice(kVelocity) == kInside ? T(1) : t[kLr];
    t.update([=](T& x, T, T& v) TUNER_INLINE { x -= outer * (momentum * v); }, t.slot(0));
  }

  template <class T>
  static void descend_from_ahead(const tuner::Tensor<T>& t) {
    const bool inside = t.options().choice(kVelocity) == kInside;
    const T lr = t[kLr], momentum = t[kMomentum], decay = t[kWeightDecay];
    const T inner = inside ? lr : T(1), outer = inside ? T(1) : lr;
    t.update(
        [=](T& x, T g, T& v) TUNER_INLINE {
          g = inner * (g + decay * x);
          v = momentum * v + g;
          x -= outer * g;
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("sgd", "1.0.0", "MIT", tuner::optimizer<Sgd>)
