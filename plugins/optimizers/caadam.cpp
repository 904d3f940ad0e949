#include <algorithm>
#include <vector>

#include "adam_rule.hpp"

namespace {

constexpr const char* kScalings[] = {"additive", "multiplicative", "depth"};

struct CaAdam {
  static constexpr tuner::Info info{
      .id = "caadam",
      .name = "CaAdam",
      .doc = "Adam with a step size for every layer from its number of connections or its depth",
      .details =
          "x -= lr S (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps), moments as adam\n"
          "c: connections of a layer, elements of its weight tensors; over the layers median, least and most of c\n"
          "f = (median - c) / (median - least) below the median, -(c - median) / (most - median) above\n"
          "scaling: additive        S = 1 + gamma f\n"
          "         multiplicative  S = gamma^(-f)\n"
          "         depth           S = (1 + gamma)^((n - (1 + d)) / n), d: layer from 0, n: number of layers\n"
          "Small layers, or early ones, move faster; a layer's bias has its layer's S. Tensors without a layer, and\n"
          "layers without weights, have S = 1: there it is Adam to the bit. amsgrad and the eps options as in adam.\n"
          "Variant: the paper's three strategies; its Keras code has gamma 0.9.\n"
          "lr = 0 and g = 0 on fresh state leave x alone; with eps = 0, 0 / 0 counts as 0. The first step has\n"
          "length lr S |g| / (|g| + eps).\n"
          "family  layer-wise\n"
          "rule    x -= lr S m^ / (sqrt(v^) + eps),  S: from the layer's connections or its depth\n"
          "use     deep networks with layers of very uneven size, as a trial beside adam: the authors report 83.1 "
          "% against 79.8 % on CIFAR-10 (Genet, Inzirillo 2024)\n"
          "not     objectives that name no layers: there it is adam to the bit; the evidence is one paper",
      .reference = "Genet, Inzirillo 2024 (arXiv 2410.24216), section 3"};

  enum { kScaling = adam::kCount, kGamma };
  enum { kAdditive, kMultiplicative, kDepth };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::boolean("amsgrad", false, "divide by the largest v so far").structural(),
      tuner::choice("amsgrad_max", adam::kAmsgradMaxima, "maximum of v before or after its bias correction"),
      tuner::choice("eps_mode", adam::kEpsModes, "eps beside the corrected or the uncorrected root of v"),
      tuner::real("eps_root", 0, "added to v under the root").at_least(0),
      tuner::choice("scaling", kScalings, "what a layer's step size follows"),
      tuner::real("gamma", 0.95, "strength of the scaling").above(0).below(1).search(0.5, 0.99)};
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average m of g"),
      tuner::per_element("exp_avg_sq", "moving average v of g^2"),
      tuner::per_element("max_exp_avg_sq", "largest v so far, when amsgrad").times(adam::kAmsgrad)};

  // Connections by layer, 0 where a layer has no weights.
  static std::vector<double> connections(const tuner::Step& s) {
    std::vector<double> counts;
    for (std::size_t i = 0; i < s.tensor_count(); ++i) {
      const tuner_tensor& t = s.raw_tensor(i);
      const tuner_tensor_info& info = *t.info;
      const bool weights = info.role == TUNER_ROLE_WEIGHT || info.role == TUNER_ROLE_CONV ||
                           info.role == TUNER_ROLE_EMBEDDING || info.role == TUNER_ROLE_HEAD;
      if (info.layer < 0 || !weights) continue;
      const auto layer = static_cast<std::size_t>(info.layer);
      if (counts.size() <= layer) counts.resize(layer + 1, 0.0);
      counts[layer] += static_cast<double>(t.numel);
    }
    return counts;
  }

  struct Spread {
    double least = 0, median = 0, most = 0;
  };
  static Spread spread_of(std::vector<double> counts) {
    std::erase(counts, 0.0);
    if (counts.empty()) return {};
    std::sort(counts.begin(), counts.end());
    const std::size_t n = counts.size();
    return {counts.front(), 0.5 * (counts[(n - 1) / 2] + counts[n / 2]), counts.back()};
  }

  static double scale(const tuner::Options& o, const tuner_tensor_info& info, const std::vector<double>& counts,
                      const Spread& spread) {
    if (info.layer < 0) return 1;
    if (o.choice(kScaling) == kDepth) {
      const double n = info.n_layers;
      return std::pow(1 + o[kGamma], (n - (1 + info.layer)) / n);
    }
    const auto layer = static_cast<std::size_t>(info.layer);
    const double c = layer < counts.size() ? counts[layer] : 0;
    if (c == 0 || c == spread.median) return 1;
    const double f = c < spread.median ? (spread.median - c) / (spread.median - spread.least)
                                       : (spread.median - c) / (spread.most - spread.median);
    return o.choice(kScaling) == kAdditive ? 1 + o[kGamma] * f : std::pow(o[kGamma], -f);
  }

  static void step(const tuner::Step& s) {
    const std::vector<double> counts = connections(s);
    const Spread spread = spread_of(counts);
    s.for_each_tensor([&](const auto& t) { descend(s, t, scale(t.options(), t.info(), counts, spread)); });
  }

  template <class T>
  static void descend(const tuner::Step& s, const tuner::Tensor<T>& t, double scale) {
    adam::Rule<T> rule(s, t);
    if (scale != 1) rule.step_size = static_cast<T>(static_cast<double>(rule.step_size) * scale);
    const T decay = t[adam::kWeightDecay];
    T *m = t.slot(adam::kExpAvg), *v = t.slot(adam::kExpAvgSq);
    if (t.options().flag(adam::kAmsgrad))
      return t.update([=](T& x, T g, T& m, T& v, T& max) TUNER_INLINE { x -= rule.change(g + decay * x, m, v, max); },
                      m, v, t.slot(adam::kMaxExpAvgSq));
    t.update([=](T& x, T g, T& m, T& v) TUNER_INLINE { x -= rule.change(g + decay * x, m, v); }, m, v);
  }
};

}  // namespace

TUNER_LIBRARY("caadam", "1.0.0", "MIT", tuner::optimizer<CaAdam>)
