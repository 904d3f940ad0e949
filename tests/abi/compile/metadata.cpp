// An optimizer whose metadata has one mistake, chosen by a definition; without one it compiles.
#include "tuner/plugin.hpp"

namespace {

struct Plugin {
  static constexpr tuner::Info info{.id = "compile_test",
                                    .name = "Compile test",
                                    .doc = "gradient descent",
#ifndef NO_REFERENCE
                                    .reference = "a test",
#endif
                                    .flags = TUNER_PLUGIN_ELEMENTWISE};

  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
#if defined(DUPLICATE_OPTION)
      tuner::real("lr", 0, "the same again")
#elif defined(DEFAULT_OUTSIDE)
      tuner::real("decay", 2, "default above its range").at_least(0).at_most(1)
#elif defined(DEFAULT_ON_OPEN_BOUND)
      tuner::real("decay", 1, "default on a bound that is outside").at_least(0).below(1)
#elif defined(SEARCH_OUTSIDE)
      tuner::real("decay", 0, "search above its range").at_least(0).at_most(1).search(0, 2)
#elif defined(LOG_FROM_ZERO)
      tuner::real("decay", 0, "log scale from zero").at_least(0).search(0, 1, tuner::kLog)
#elif defined(RESERVED_KEY)
      tuner::real("values", 0, "a key of the sweep file")
#elif defined(BAD_ID)
      tuner::real("Decay", 0, "a capital letter")
#elif defined(SCHEDULED_TEXT)
      tuner::text("decay", "", "a text").with(TUNER_PARAM_SCHEDULABLE)
#else
      tuner::real("decay", 0, "no effect")
#endif
  };
#if defined(DUPLICATE_SLOT)
  static constexpr tuner::Slot slots[] = {tuner::per_element("v", "one"), tuner::per_element("v", "another")};
#elif defined(GLOBAL_SLOT)
  static constexpr tuner::Slot slots[] = {tuner::global("v", "in all")};
#else
  static constexpr tuner::Slot slots[] = {tuner::per_element("v", "velocity")};
#endif

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& x) {
    const T lr = x[0];
    x.update([=](T& value, T gradient) TUNER_INLINE { value -= lr * gradient; });
  }
};

}  // namespace

TUNER_LIBRARY("compile_test", "1.0.0", "MIT", tuner::optimizer<Plugin>)
