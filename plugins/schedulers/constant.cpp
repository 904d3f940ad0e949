#include <tuner/plugin.hpp>

namespace {

struct Constant {
  static constexpr tuner::Info info{.id = "constant",
                                    .name = "Constant",
                                    .doc = "the optimizer's own lr at every step",
                                    .details = "lr(t) = lr",
                                    .reference = "the textbook form",
                                    .flags = TUNER_PLUGIN_PURE};

  static double value(const tuner::Schedule& s) { return s.base(); }
};

}  // namespace

TUNER_LIBRARY("constant", "1.0.0", "MIT", tuner::scheduler<Constant>)
