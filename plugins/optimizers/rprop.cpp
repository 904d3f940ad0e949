#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Rprop {
  static constexpr tuner::Info info{
      .id = "rprop",
      .name = "Rprop",
      .doc = "a step size for every element, from the signs of its gradients, as torch.optim.Rprop",
      .details =
          "g g' > 0:  step_size = min(step_size eta_plus, step_max)     g': the gradient of the step before\n"
          "g g' < 0:  step_size = max(step_size eta_minus, step_min), then g = 0\n"
          "x -= sign(g) step_size,  g' = g\n"
          "lr is step_size before the first step, and has no meaning afterwards: no schedule can drive it.\n"
          "Variant: PyTorch's (Rprop-: no step where the sign changed, no way back; the limits hold at every step,\n"
          "so the first one too is at least step_min). For full batches: noise changes signs.\n"
          "g = 0 leaves x alone. The first step has length lr in every element, the scale of g never matters.\n"
          "family  gradient descent\n"
          "rule    step *= 1.2 where g g' > 0, 0.5 where g g' < 0,  x -= sign(g) step\n"
          "use     full batches of smooth problems with badly scaled parameters: the sizes of gradients never "
          "matter, and lr only at the start (Riedmiller, Braun 1993)\n"
          "not     mini-batches: nine gradients of 0.1 and one of -0.9 cancel, but not their signs (Tieleman, "
          "Hinton 2012, lecture 6.5)",
      .reference = "Riedmiller, Braun 1993, eq. 4-6; Igel, Huesken 2003 (iRprop-); torch.optim.Rprop 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kEtaMinus, kEtaPlus, kStepMin, kStepMax };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "length of the first step").above(0).structural().search(1e-4, 1, tuner::kLog),
      tuner::real("eta_minus", 0.5, "factor of a step size after a change of sign").above(0).below(1).search(0.2, 0.8),
      tuner::real("eta_plus", 1.2, "factor of a step size without one").above(1).search(1.05, 1.5),
      tuner::real("step_min", 1e-6, "least step size").at_least(0),
      tuner::real("step_max", 50, "largest step size").above(0)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("prev", "gradient g' of the step before"),
                                          tuner::per_element("step_size", "length of the step")};

  static void check(const tuner::Options& o) {
    if (o[kStepMin] > o[kStepMax]) throw tuner::Invalid("step_min is larger than step_max");
  }

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::fill_n(t.slot(1), t.size(), t[kLr]);
  }

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    const T minus = t[kEtaMinus], plus = t[kEtaPlus], least = t[kStepMin], most = t[kStepMax];
    t.update(
        [=](T& x, T g, T& previous, T& size) TUNER_INLINE {
          const T agreement = g * previous;
          T next = size * (agreement > 0 ? plus : agreement < 0 ? minus : T(1));
          next = next < least ? least : next;
          size = next > most ? most : next;
          previous = agreement < 0 ? T(0) : g;
          x -= previous > 0 ? size : previous < 0 ? -size : T(0);
        },
        t.slot(0), t.slot(1));
  }
};

}  // namespace

TUNER_LIBRARY("rprop", "1.0.0", "MIT", tuner::optimizer<Rprop>)
