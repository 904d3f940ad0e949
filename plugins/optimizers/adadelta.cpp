#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct Adadelta {
  static constexpr tuner::Info info{
      .id = "adadelta",
      .name = "Adadelta",
      .doc = "steps in the units of the parameters, as torch.optim.Adadelta",
      .details =
          "g = grad + weight_decay x\n"
          "square_avg = rho square_avg + (1 - rho) g^2\n"
          "d = sqrt(acc_delta + eps) / sqrt(square_avg + eps) g\n"
          "acc_delta = rho acc_delta + (1 - rho) d^2\n"
          "x -= lr d\n"
          "Variant: PyTorch's (rho 0.9; the paper has 0.95 and no lr, which is lr = 1). acc_delta takes d without lr.\n"
          "lr = 0 and g = 0 leave x alone. The first step has length about lr sqrt(eps / (1 - rho)), so eps sets\n"
          "the pace of the start; with eps = 0 nothing ever moves.\n"
          "family  adaptive\n"
          "rule    x -= lr sqrt(mean of d^2 + eps) / sqrt(mean of g^2 + eps) g,  d: the steps before\n"
          "use     a first run without any idea of lr: steps have the units of x, and lr = 1 is the paper's "
          "(Zeiler 2012)\n"
          "not     where pace matters: eps sets the speed of the start; on Rosenbrock 1000 steps end at 0.83, with "
          "adam at lr 0.01 at 4e-10 (tests/reference)",
      .reference = "Zeiler 2012, algorithm 1; torch.optim.Adadelta 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kRho, kEps, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "factor of the step").at_least(0).search(1e-2, 10, tuner::kLog),
      tuner::real("rho", 0.9, "decay of both averages").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("eps", 1e-6, "under both roots; sets the first steps").at_least(0).search(1e-8, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("square_avg", "moving average of g^2"),
                                          tuner::per_element("acc_delta", "moving average of d^2")};

  template <class T>
  static void step(const tuner::Step&, const tuner::Tensor<T>& t) {
    const T lr = t[kLr], rho = t[kRho], rest = static_cast<T>(1 - t.options()[kRho]), eps = t[kEps];
    const T decay = t[kWeightDecay];
    t.update(
        [=](T& x, T g, T& square_avg, T& acc_delta) TUNER_INLINE {
          g += decay * x;
          square_avg = rho * square_avg + rest * g * g;
          const T d = tuner::ratio(std::sqrt(acc_delta + eps), std::sqrt(square_avg + eps)) * g;
          acc_delta = rho * acc_delta + rest * d * d;
          x -= lr * d;
        },
        t.slot(0), t.slot(1));
  }
};

}  // namespace

TUNER_LIBRARY("adadelta", "1.0.0", "MIT", tuner::optimizer<Adadelta>)
