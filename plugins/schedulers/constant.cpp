#include <tuner/plugin.hpp>

namespace {

constexpr const char* kTargets[] = {"lr"};

struct Constant {
  static constexpr tuner::Info info{.id = "constant",
                                    .name = "Constant",
                                    .doc = "the optimizer's own lr at every step",
                                    .details = "lr(t) = lr\nGoes with every optimizer, also with one that has no lr.",
                                    .reference = "the textbook form",
                                    .flags = TUNER_PLUGIN_PURE};

  static constexpr tuner::Output outputs[] = {tuner::drives("lr", kTargets, TUNER_OUTPUT_OPTIONAL)};

  static void values(const tuner::Schedule& s, std::span<double> values) { values[0] = s.base(); }
};

}  // namespace

TUNER_LIBRARY("constant", "1.0.0", "MIT", tuner::scheduler<Constant>)
