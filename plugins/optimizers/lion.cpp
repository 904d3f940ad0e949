#include <tuner/plugin.hpp>

namespace {

struct Lion {
  static constexpr tuner::Info info{
      .id = "lion",
      .name = "Lion",
      .doc = "steps along the sign of an interpolated momentum",
      .details =
          "u = sign(beta1 m + (1 - beta1) g),  sign(0) = 0\n"
          "x = (1 - lr weight_decay) x - lr u\n"
          "m = beta2 m + (1 - beta2) g, after the step\n"
          "Every step has length lr in every coordinate: lr is 3 to 10 times smaller than Adam's, weight_decay as\n"
          "much larger. lr = 0 leaves x alone; g = 0 on fresh state only decays it.\n"
          "family  adaptive\n"
          "rule    x = (1 - lr weight_decay) x - lr sign(beta1 m + (1 - beta1) g)\n"
          "use     large batches with little memory, one slot: the authors report up to 5 times less compute for "
          "pre-training vision transformers (Chen, Liang, Huang et al. 2023)\n"
          "not     small batches, since its gain grows with the batch (same paper), and a constant lr: steps never "
          "shrink by themselves\n"
          "example  lr 0.1, beta2 0.5, weight_decay 0.1: x 1 -2; gradient 0.5 -4 -> 0.89 -1.88; gradient -0.25 3 -> "
          "0.7811 -1.7612; gradient 2 1 -> 0.673289 -1.843588",
      .reference = "Chen, Liang, Huang et al. 2023, algorithm 2",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-4, "step size").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("beta1", 0.9, "share of m in the step").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.99, "decay of m").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0).search(1e-3, 10, tuner::kLog)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g")};

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T lr = t[kLr], kept = static_cast<T>(1 - o[kLr] * o[kWeightDecay]);
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]);
    t.update(
        [=](T& x, T g, T& m) TUNER_INLINE {
          const T c = beta1 * m + rest1 * g;
          x = kept * x - (c > 0 ? lr : c < 0 ? -lr : T(0));
          m = beta2 * m + rest2 * g;
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("lion", "1.0.0", "MIT", tuner::optimizer<Lion>)
