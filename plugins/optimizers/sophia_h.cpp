#include <algorithm>

#include "shape.hpp"

namespace {

constexpr const char* kProbes[] = {"gaussian", "rademacher"};

struct SophiaH {
  static constexpr tuner::Info info{
      .id = "sophia_h",
      .name = "Sophia-H",
      .doc = "momentum divided by Hutchinson's estimate of the Hessian's diagonal, clipped",
      .details =
          "m = beta1 m + (1 - beta1) g\n"
          "t = 1, 1 + k, 1 + 2k, ... (k is update_interval):  h = beta2 h + (1 - beta2) u (H u),  H the Hessian of "
          "the\n"
          "batch at x, u normal or +-1 (probe), drawn by the number of the element and of the step\n"
          "x = (1 - lr weight_decay) x - lr clip(m / max(gamma h, eps), -1, 1)\n"
          "Where h is negative or 0 the divisor is eps and the step is the sign of m: Sophia falls back to Lion "
          "there.\n"
          "Variant: the paper's divisor; the authors' code for Sophia-G has rho B h + 1e-15. A step costs one "
          "gradient,\n"
          "and every k-th a Hessian-vector product besides: objectives without an exact one are refused.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it.\n"
          "family  second order\n"
          "rule    x = (1 - lr weight_decay) x - lr clip(m / max(gamma h, eps), -1, 1),  h: diagonal of the Hessian\n"
          "use     language models with exact Hessian-vector products: the authors report AdamW's loss in half of "
          "the steps (Liu, Li, Hall, Liang, Ma 2023)\n"
          "not     objectives without such products, which are refused; at a fixed budget Kaddour et al. 2023 "
          "(BERT, T5) found no gain over AdamW",
      .reference = "Liu, Li, Hall, Liang, Ma 2023 (2305.14342), algorithms 1 (Hutchinson) and 3",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_NEEDS_HVP};

  enum { kLr, kBeta1, kBeta2, kGamma, kEps, kWeightDecay, kUpdateInterval, kProbe };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-4, "step size, the largest change of an element")
          .at_least(0)
          .search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.965, "decay of m").at_least(0).below(1).search(0.9, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.99, "decay of h").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("gamma", 0.01, "factor of h: how much is clipped").at_least(0).search(1e-3, 1, tuner::kLog),
      tuner::real("eps", 1e-12, "least divisor").at_least(0),
      tuner::real("weight_decay", 0.1, "decoupled weight decay").at_least(0).search(1e-3, 1, tuner::kLog),
      tuner::integer("update_interval", 10, "steps between two estimates of h")
          .for_all_tensors()
          .at_least(1)
          .search(1, 50),
      tuner::choice("probe", kProbes, "distribution of u").for_all_tensors()};
  enum { kExpAvg, kHessian };
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "moving average m of g"),
                                          tuner::per_element("hessian", "moving average h of the diagonal")};

  static void step(const tuner::Step& s) {
    if ((s.number() - 1) % s.options().integer(kUpdateInterval) == 0) estimate(s);
    s.for_each_tensor([](const auto& t) { move(t); });
  }

 private:
  // The stream of a step begins 2^32 words after that of the step before: what is drawn depends on the step alone.
  static void estimate(const tuner::Step& s) {
    std::uint64_t next = static_cast<std::uint64_t>(s.number()) << 32;
    const auto vectors = s.host().scratch<void*>(s.tensor_count()),
               products = s.host().scratch<void*>(s.tensor_count());
    for (std::size_t i = 0; i < s.tensor_count(); ++i) {
      vectors[i] = products[i] = nullptr;
      if (s.raw_tensor(i).grad == nullptr) continue;
      s.visit_tensor(i, [&]<class T>(const tuner::Tensor<T>& t) {
        const auto u = s.host().scratch<T>(t.size());
        for (T& value : u) value = static_cast<T>(draw(s, next++));
        vectors[i] = u.data();
        products[i] = s.host().scratch<T>(t.size()).data();
      });
    }
    s.hessian_product(vectors.data(), products.data());
    for (std::size_t i = 0; i < s.tensor_count(); ++i) {
      if (vectors[i] == nullptr) continue;
      s.visit_tensor(i, [&]<class T>(const tuner::Tensor<T>& t) {
        const T *u = static_cast<const T*>(vectors[i]), *hu = static_cast<const T*>(products[i]);
        const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - t.options()[kBeta2]);
        T* h = t.slot(kHessian);
        for (std::size_t j = 0; j < t.size(); ++j) h[j] = beta2 * h[j] + rest2 * (u[j] * hu[j]);
      });
    }
  }

  static double draw(const tuner::Step& s, std::uint64_t index) {
    if (s.options().choice(kProbe) == 0) return tuner_rng_normal_at(&s.rng(), index);
    return tuner_rng_u64_at(&s.rng(), index) >> 63 ? -1 : 1;
  }

  template <class T>
  static void move(const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T gamma = t[kGamma], eps = t[kEps], lr = t[kLr], kept = static_cast<T>(1 - o[kLr] * o[kWeightDecay]);
    t.update(
        [=](T& x, T g, T& m, T& h) TUNER_INLINE {
          m = beta1 * m + rest1 * g;
          const T scaled = gamma * h, divisor = scaled > eps ? scaled : eps;
          // m / divisor, clipped without a division by 0.
          const T size = m < 0 ? -m : m, sign = m < 0 ? T(-1) : m > 0 ? T(1) : T(0);
          const T u = size < divisor ? m / divisor : sign;
          x = kept * x - lr * u;
        },
        t.slot(kExpAvg), t.slot(kHessian));
  }
};

}  // namespace

TUNER_LIBRARY("sophia_h", "1.0.0", "MIT", tuner::optimizer<SophiaH>)
