#include <algorithm>

#include "shape.hpp"

namespace {

struct Sam {
  static constexpr tuner::Info info{
      .id = "sam",
      .name = "SAM",
      .doc = "any optimizer with the gradient at the worst point nearby",
      .details =
          "e = rho g / (|g| + eps), the norm over all tensors;  with adaptive (ASAM) e = rho x^2 g / (|x g| + eps)\n"
          "The gradient is taken again at x + e, on the same batch and the same dropout, and the optimizer named\n"
          "under inner takes its step from x with it. Two gradients a step, both counted. Statistics of the objective\n"
          "move at the first of them alone. Noise and clipping of the training loop act on both, with the same draw.\n"
          "x itself is restored bit for bit before the inner step. lr is the inner optimizer's. rho = 0 and g = 0 are\n"
          "the inner optimizer itself. No state of its own.\n"
          "family  wrapper\n"
          "rule    inner's step with the gradient at x + rho g / (|g| + eps)\n"
          "use     networks that overfit: lower test errors on CIFAR and ImageNet (Foret et al. 2021), at twice "
          "the gradients\n"
          "not     where every gradient counts or only the training loss does; one perturbation for a large batch "
          "gains less than one for every small part of it (same paper)",
      .reference = "Foret, Kleiner, Mobahi, Neyshabur 2021 (2010.01412), eq. 2 and 3; ASAM: Kwon et al. 2021, eq. 7",
      .flags = TUNER_PLUGIN_WRAPS | TUNER_PLUGIN_CLOSURE};

  enum { kRho, kAdaptive, kEps };
  static constexpr tuner::Param params[] = {
      tuner::real("rho", 0.05, "distance to the second point")
          .for_all_tensors()
          .at_least(0)
          .search(5e-3, 2, tuner::kLog),
      tuner::boolean("adaptive", false, "measure the distance relative to x"),
      tuner::real("eps", 1e-12, "keeps the divisor from 0").for_all_tensors().at_least(0)};

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    double sum = 0;
    s.for_each_tensor([&](const auto& t) { sum += squared_size(t); });
    const double norm = shape::norm_of(sum, [&](auto add) {
      s.for_each_tensor([&](const auto& t) { add(t.size(), [&](std::size_t i) { return size(t, i); }); });
    });
    const double scale = tuner::ratio(o[kRho], norm + o[kEps]);
    if (scale > 0 && norm > 0) {
      const std::span<void*> saved = s.host().scratch<void*>(s.tensor_count());
      for (std::size_t i = 0; i < saved.size(); ++i)
        if (s.raw_tensor(i).grad) s.visit_tensor(i, [&](const auto& t) { saved[i] = ascend(s, t, scale); });
      s.evaluate(TUNER_WANT_GRADIENT);
      for (std::size_t i = 0; i < saved.size(); ++i)
        if (s.raw_tensor(i).grad) s.visit_tensor(i, [&](const auto& t) { restore(t, saved[i]); });
    }
    s.inner_step();
  }

 private:
  template <class T>
  static double squared_size(const tuner::Tensor<T>& t) {
    if (!t.options().flag(kAdaptive)) return shape::sum_of_squares(t.grad(), t.size());
    double sum = 0;
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double scaled = size(t, i);
      sum += scaled * scaled;
    }
    return sum;
  }
  template <class T>
  static double size(const tuner::Tensor<T>& t, std::size_t i) {
    return t.options().flag(kAdaptive) ? static_cast<double>(t.data()[i]) * t.grad()[i] : t.grad()[i];
  }

  // Goes to x + e and returns where x is kept meanwhile.
  template <class T>
  static void* ascend(const tuner::Step& s, const tuner::Tensor<T>& t, double scale) {
    T* kept = s.host().scratch<T>(t.size()).data();
    std::copy_n(t.data(), t.size(), kept);
    const bool adaptive = t.options().flag(kAdaptive);
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double x = t.data()[i], g = t.grad()[i];
      t.data()[i] = static_cast<T>(x + scale * (adaptive ? x * x * g : g));
    }
    return kept;
  }
  template <class T>
  static void restore(const tuner::Tensor<T>& t, const void* kept) {
    std::copy_n(static_cast<const T*>(kept), t.size(), t.data());
  }
};

}  // namespace

TUNER_LIBRARY("sam", "1.0.0", "MIT", tuner::optimizer<Sam>)
