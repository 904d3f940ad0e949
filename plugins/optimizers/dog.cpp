#include <algorithm>

#include "shape.hpp"

namespace {

constexpr const char* kGranularities[] = {"all", "tensor"};
constexpr const char* kWeightings[] = {"dog", "dowg"};

struct Dog {
  static constexpr tuner::Info info{
      .id = "dog",
      .name = "DoG",
      .doc = "gradient descent whose step is the distance from the start over the gradients so far",
      .details =
          "g = grad + weight_decay x\n"
          "r = max(r, |x - x0|, reps_rel (1 + |x0|)),  the largest distance so far\n"
          "weighting: dog   s = s + |g|^2,      x -= lr r / sqrt(s + eps) g\n"
          "           dowg  s = s + r^2 |g|^2,  x -= lr r^2 / sqrt(s + eps) g\n"
          "granularity: all  norms over all tensors;  tensor  r and s for every tensor alone (LDoG).\n"
          "lr is a factor and stays 1 as a rule. The authors evaluate at an average of the iterates, which is left to\n"
          "the training loop. lr = 0 and g = 0 leave x alone. Step 1 goes lr reps_rel (1 + |x0|) along the gradient.\n"
          "family  self-tuning\n"
          "rule    x -= r / sqrt(sum of |g|^2 + eps) g,  r: largest distance from the start\n"
          "use     fine-tuning and convex problems without lr: close to sgd with a tuned one (Ivgi, Hinder, Carmon "
          "2023), evaluated at an average of the iterates\n"
          "not     training that begins with huge gradients: their sum never forgets; networks that need adaptive "
          "steps",
      .reference = "Ivgi, Hinder, Carmon 2023, eq. 1 and section 4; Khaled, Mishchenko, Jin 2023, algorithm 1 (DoWG)",
      .flags = 0};

  enum { kLr, kRepsRel, kEps, kWeightDecay, kGranularity, kWeighting };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "factor of the step size").at_least(0).search(0.1, 10, tuner::kLog),
      tuner::real("reps_rel", 1e-6, "first distance, relative to 1 + |x0|")
          .for_all_tensors()
          .above(0)
          .search(1e-8, 1e-2, tuner::kLog),
      tuner::real("eps", 1e-8, "keeps the divisor from 0")
          .for_all_tensors()
          .at_least(0)
          .search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::choice("granularity", kGranularities, "what a step size is for").structural(),
      tuner::choice("weighting", kWeightings, "how gradients are summed").for_all_tensors()};
  enum { kInitial, kDistance, kNorms };
  static constexpr tuner::Slot slots[] = {tuner::per_element("initial", "x before the first step"),
                                          tuner::global("distance", "largest distance r, in all or for every tensor"),
                                          tuner::global("norms", "sum s of squared norms, likewise")};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    return tuner::Options(args.options).choice(kGranularity) == 0 ? 1 : args.n_tensors;
  }

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::copy_n(t.data(), t.size(), t.slot(kInitial));
  }

  static void step(const tuner::Step& s) {
    if (s.options().choice(kGranularity) == 0) return advance(s, 0, [&](auto visit) { s.for_each_tensor(visit); });
    for (std::size_t i = 0; i < s.tensor_count(); ++i)
      if (s.raw_tensor(i).grad) advance(s, i, [&](auto visit) { s.visit_tensor(i, visit); });
  }

 private:
  // One step of the tensors that for_each(visit) visits, which share r and s.
  template <class ForEach>
  static void advance(const tuner::Step& s, std::size_t cell, ForEach for_each) {
    double away = 0, start = 0, gradient = 0;
    for_each([&](const auto& t) { add_squares(t, away, start, gradient); });
    away = shape::norm_of(away, [&](auto add) {
      for_each([&](const auto& t) {
        const auto *x = t.data(), *initial = t.slot(kInitial);
        add(t.size(), [=](std::size_t i) { return static_cast<double>(x[i]) - initial[i]; });
      });
    });
    start = shape::norm_of(start, [&](auto add) {
      for_each(
          [&](const auto& t) { add(t.size(), [initial = t.slot(kInitial)](std::size_t i) { return initial[i]; }); });
    });
    const double rate = step_size(s, cell, away, start, gradient);
    for_each([&](const auto& t) { descend(t, rate); });
  }

  template <class T>
  static void add_squares(const tuner::Tensor<T>& t, double& away, double& start, double& gradient) {
    const double decay = t.options()[kWeightDecay];
    const T *x = t.data(), *initial = t.slot(kInitial), *g = t.grad();
    away += shape::sum(t.size(), [=](std::size_t i) TUNER_INLINE {
      const double moved = static_cast<double>(x[i]) - initial[i];
      return moved * moved;
    });
    start += shape::sum_of_squares(initial, t.size());
    gradient += shape::sum(t.size(), [=](std::size_t i) TUNER_INLINE {
      const double slope = g[i] + decay * x[i];
      return slope * slope;
    });
  }

  // Without lr, from |x - x0|, |x0| and |g|^2.
  static double step_size(const tuner::Step& s, std::size_t cell, double away, double start, double gradient) {
    const tuner::Options o = s.options();
    double &distance = s.global_slot(kDistance)[cell], &norms = s.global_slot(kNorms)[cell];
    distance = std::max({distance, o[kRepsRel] * (1 + start), away});
    const bool weighted = o.choice(kWeighting) == 1;
    norms += weighted ? distance * distance * gradient : gradient;
    return tuner::ratio(weighted ? distance * distance : distance, std::sqrt(norms + o[kEps]));
  }

  template <class T>
  static void descend(const tuner::Tensor<T>& t, double rate) {
    const T step_size = static_cast<T>(t.options()[kLr] * rate), decay = t[kWeightDecay];
    t.update([=](T& x, T g) TUNER_INLINE { x -= step_size * (g + decay * x); });
  }
};

}  // namespace

TUNER_LIBRARY("dog", "1.0.0", "MIT", tuner::optimizer<Dog>)
