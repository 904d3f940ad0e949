// The sign of the gradient, where 0 counts as positive: parameters without influence on the loss drift away.
#include <tuner/plugin.hpp>

namespace {

struct MovesAtZeroGradient {
  static constexpr tuner::Info info{.id = "moves_at_zero_gradient",
                                    .name = "Moves at zero gradient",
                                    .doc = "steps of one length",
                                    .reference = "made for the tests of tuner",
                                    .flags = TUNER_PLUGIN_ELEMENTWISE};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog)};

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    const T lr = t[0];
    t.update([=](T& x, T g) TUNER_INLINE {
#ifdef REPAIRED
      x -= lr * (T(g > 0) - T(g < 0));
#else
      x -= lr * (g < 0 ? T(-1) : T(1));
#endif
    });
  }
};

}  // namespace

TUNER_LIBRARY("moves_at_zero_gradient", "1.0.0", "MIT", tuner::optimizer<MovesAtZeroGradient>)
