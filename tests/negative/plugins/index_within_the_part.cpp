// Decides by the place of an element whether its step is doubled, and counts the places from the part's first element.
#include <tuner/plugin.hpp>

namespace {

struct IndexWithinThePart {
  static constexpr tuner::Info info{.id = "index_within_the_part",
                                    .name = "Index within the part",
                                    .doc = "a negative fixture",
                                    .reference = "made for the tests of tuner",
                                    .flags = TUNER_PLUGIN_ELEMENTWISE};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 0.01, "step size").at_least(0).search(1e-4, 1, tuner::kLog)};

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& x) {
    const T lr = x[0];
    const auto rule = [=](std::uint64_t i, T& w, T g) TUNER_INLINE { w -= i % 3 == 0 ? 2 * lr * g : lr * g; };
#ifdef REPAIRED
    x.update_with_index(rule);
#else
    for (std::size_t i = 0; i < x.size(); ++i) rule(i, x.data()[i], x.grad()[i]);
#endif
  }
};

}  // namespace

TUNER_LIBRARY("index_within_the_part", "1.0.0", "MIT", tuner::optimizer<IndexWithinThePart>)
