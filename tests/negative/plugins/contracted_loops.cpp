// Sound, and compiled with -ffp-contract=fast (see CMakeLists.txt). Its rule has nothing to contract, so that the
// library's probe alone can tell.
#include <tuner/plugin.hpp>

namespace {

struct ContractedLoops {
  static constexpr tuner::Info info{.id = "contracted_loops",
                                    .name = "Contracted loops",
                                    .doc = "a negative fixture",
                                    .reference = "made for the tests of tuner",
                                    .flags = TUNER_PLUGIN_ELEMENTWISE};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.001, "step size").at_least(0).search(1e-4, 1, tuner::kLog)};

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& x) {
    const T lr = x[0];
    x.update([=](T& w, T g) TUNER_INLINE { w -= g > 0 ? lr : g < 0 ? -lr : T(0); });
  }
};

}  // namespace

TUNER_LIBRARY("contracted_loops", "1.0.0", "MIT", tuner::optimizer<ContractedLoops>)
