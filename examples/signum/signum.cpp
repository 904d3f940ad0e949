#include <tuner/plugin.hpp>

struct Signum {
  static constexpr tuner::Info info{.id = "signum",
                                    .name = "SignSGD with momentum",
                                    .doc = "steps of length lr along the sign of the averaged gradient",
                                    .details = "m = beta m + (1 - beta) g,  x -= lr (sign(m) + weight_decay x)",
                                    .reference = "Bernstein, Wang, Azizzadenesheli, Anandkumar 2018, algorithm 2",
                                    .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta", 0.9, "decay of m").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0)};

  static constexpr tuner::Slot slots[] = {tuner::per_element("m", "moving average of g")};

  template <class T>  // float and double; once per tensor
  static void step(const tuner::Step&, const tuner::Tensor<T>& x) {
    const T lr = x[kLr], beta = x[kBeta], decay = x[kWeightDecay];
    x.update(
        [=](T& w, T g, T& m) TUNER_INLINE {  // one pass over memory
          m = beta * m + (1 - beta) * g;
          const T sign = m > 0 ? T(1) : m < 0 ? T(-1) : T(0);
          w -= lr * (sign + decay * w);
        },
        x.slot(0));
  }
};

TUNER_LIBRARY("signum", "1.0.0", "MIT", tuner::optimizer<Signum>)
