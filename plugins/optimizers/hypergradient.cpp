#include <cmath>
#include <tuple>
#include <utility>

#include "norms.hpp"

namespace {

constexpr const char* kBases[] = {"sgd", "nesterov", "adam"};
constexpr const char* kRules[] = {"additive", "multiplicative"};

struct Hypergradient {
  static constexpr tuner::Info info{
      .id = "hypergradient",
      .name = "Hypergradient descent",
      .doc = "an optimizer that learns its own step size from successive gradients",
      .details =
          "u: the direction of the base.  sgd       u = g\n"
          "                               nesterov  m = momentum m + g,  u = g + momentum m\n"
          "                               adam      u as in adam, with beta1, beta2, eps\n"
          "h = g . u of the step before, over all tensors: minus the derivative of the loss by the last step size\n"
          "rule: additive        rate += hyper_lr h\n"
          "      multiplicative  rate *= 1 + hyper_lr h / (||g|| ||u||)\n"
          "x -= rate u.  lr is the rate before the first step, and has no meaning afterwards: no schedule drives it.\n"
          "Variant: the paper's, one rate for all tensors and groups. The additive rate is not kept above 0.\n"
          "g = 0 leaves x alone on fresh state. The first step is the base's own with rate lr; hyper_lr = 0 stays\n"
          "the base. A good hyper_lr is far below lr: about lr / ||g||^2 / 100 when additive with sgd.\n"
          "family  self-tuning\n"
          "rule    rate += hyper_lr g u',  x -= rate u,  u: direction of the base, u': that of the step before\n"
          "use     an lr that is roughly right and shall correct itself within the run (Baydin et al. 2018)\n"
          "not     noisy and badly conditioned problems: a rate that is best for the next step is too small for "
          "the run (Wu et al. 2018); the additive hyper_lr depends on the scale of the loss",
      .reference = "Baydin, Cornish, Martinez Rubio, Schmidt, Wood 2018, algorithms 4 to 6 and eq. 8"};

  enum { kLr, kHyperLr, kRule, kBase, kMomentum, kBeta1, kBeta2, kEps };
  enum { kAdditive, kMultiplicative };
  enum { kSgd, kNesterov, kAdam };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "rate before the first step").above(0).structural().search(1e-5, 1e-1, tuner::kLog),
      tuner::real("hyper_lr", 1e-4, "step size of the rate")
          .for_all_tensors()
          .at_least(0)
          .search(1e-8, 1e-1, tuner::kLog),
      tuner::choice("rule", kRules, "how the rate moves").with(TUNER_PARAM_STRUCTURAL),
      tuner::choice("base", kBases, "optimizer whose rate is learnt").with(TUNER_PARAM_STRUCTURAL),
      tuner::real("momentum", 0.9, "decay of m, with nesterov").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::real("beta1", 0.9, "decay of m, with adam").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v, with adam").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps adam's divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog)};
  enum { kRate, kDirection, kExpAvg, kExpAvgSq };
  static constexpr tuner::Slot slots[] = {
      tuner::global("rate", "step size in force"), tuner::per_element("direction", "u of the step before"),
      tuner::per_tensor("exp_avg", "m, with nesterov and adam"), tuner::per_tensor("exp_avg_sq", "v, with adam")};

  // What the base has no use for takes no memory.
  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const std::size_t base = tuner::Options(args.options).choice(kBase);
    if (args.slot == kRate) return 1;
    if (base == kSgd || (args.slot == kExpAvgSq && base != kAdam)) return 0;
    const tuner_tensor_info& info = *args.tensors[args.tensor];
    std::uint64_t count = 1;
    for (std::uint32_t i = 0; i < info.rank; ++i) count *= static_cast<std::uint64_t>(info.shape[i]);
    return count;
  }

  static void init(const tuner::Step& s) { *s.global_slot(kRate) = s.options()[kLr]; }

  // The new rate, from g and the directions of the step before.
  static double adapted(const tuner::Step& s) {
    const tuner::Options o = s.options();
    const double rate = *s.global_slot(kRate);
    double product = 0, squares_g = 0, squares_u = 0;
    s.for_each_tensor([&](const auto& t) {
      const auto *g = t.grad(), *u = t.slot(kDirection);
      product += shape::sum(
          t.size(), [=](std::size_t i) TUNER_INLINE { return static_cast<double>(g[i]) * static_cast<double>(u[i]); });
      if (o.choice(kRule) == kAdditive) return;
      squares_g += layers::sum_of_squares(t.size(), [=](std::size_t i) TUNER_INLINE { return g[i]; });
      squares_u += layers::sum_of_squares(t.size(), [=](std::size_t i) TUNER_INLINE { return u[i]; });
    });
    if (o.choice(kRule) == kAdditive) return rate + o[kHyperLr] * product;
    double norms = std::sqrt(squares_g) * std::sqrt(squares_u);
    if (!shape::ordinary(squares_g) || !shape::ordinary(squares_u)) std::tie(product, norms) = scaled_product(s);
    return norms > 0 ? rate * (1 + o[kHyperLr] * (product / norms)) : rate;
  }

  // g . u and ||g|| ||u||, both divided by the norms' powers of two.
  static std::pair<double, double> scaled_product(const tuner::Step& s) {
    const auto norm = [&](auto values) {
      return shape::scaled_norm([&](auto add) {
        s.for_each_tensor([&](const auto& t) { add(t.size(), [v = values(t)](std::size_t i) { return v[i]; }); });
      });
    };
    const double of_g = norm([](const auto& t) { return t.grad(); });
    const double of_u = norm([](const auto& t) { return t.slot(kDirection); });
    if (!(of_g > 0 && of_u > 0) || std::isinf(of_g) || std::isinf(of_u)) return {0, 0};
    const int down_g = -std::ilogb(of_g), down_u = -std::ilogb(of_u);
    double product = 0;
    s.for_each_tensor([&](const auto& t) {
      for (std::size_t i = 0; i < t.size(); ++i)
        product += std::ldexp(static_cast<double>(t.grad()[i]), down_g) *
                   std::ldexp(static_cast<double>(t.slot(kDirection)[i]), down_u);
    });
    return {product, std::ldexp(of_g, down_g) * std::ldexp(of_u, down_u)};
  }

  static void step(const tuner::Step& s) {
    double& rate = *s.global_slot(kRate);
    rate = adapted(s);
    const double steps = static_cast<double>(s.number());
    s.for_each_tensor([&](const auto& t) { descend(t, rate, steps); });
  }

  template <class T>
  static void descend(const tuner::Tensor<T>& t, double rate_now, double steps) {
    const tuner::Options& o = t.options();
    const T rate = static_cast<T>(rate_now), momentum = t[kMomentum], eps = t[kEps];
    if (o.choice(kBase) == kSgd)
      return t.update(
          [=](T& x, T g, T& u) TUNER_INLINE {
            u = g;
            x -= rate * u;
          },
          t.slot(kDirection));
    if (o.choice(kBase) == kNesterov)
      return t.update(
          [=](T& x, T g, T& u, T& m) TUNER_INLINE {
            m = momentum * m + g;
            u = g + momentum * m;
            x -= rate * u;
          },
          t.slot(kDirection), t.slot(kExpAvg));
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]);
    const T of_m = static_cast<T>(1 / (1 - std::pow(o[kBeta1], steps)));
    const T of_v = static_cast<T>(1 / (1 - std::pow(o[kBeta2], steps)));
    t.update(
        [=](T& x, T g, T& u, T& m, T& v) TUNER_INLINE {
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * g * g;
          u = tuner::ratio(of_m * m, std::sqrt(of_v * v) + eps);
          x -= rate * u;
        },
        t.slot(kDirection), t.slot(kExpAvg), t.slot(kExpAvgSq));
  }
};

}  // namespace

TUNER_LIBRARY("hypergradient", "1.0.0", "MIT", tuner::optimizer<Hypergradient>)
