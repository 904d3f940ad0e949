#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

struct AdEmaMix {
  static constexpr tuner::Info info{
      .id = "ademamix",
      .name = "AdEMAMix",
      .doc = "AdamW with a second, very slow momentum",
      .details =
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  s = b s + (1 - b) g\n"
          "u = (m / (1 - beta1^t) + a s) / (sqrt(v / (1 - beta2^t)) + eps)\n"
          "x = (1 - lr weight_decay) x - lr u\n"
          "a = alpha min(t / alpha_warmup, 1)\n"
          "b = beta3 from step beta3_warmup on; before, with r = t / beta3_warmup:\n"
          "    b = min(exp(1 / ((1 - r) / ln beta1 + r / ln beta3)), beta3): the half-life grows about linearly\n"
          "Warmups: -1 the whole run (none where its length is unknown), 0 none, else that many steps.\n"
          "Variant: the paper's, without its code's 1e-8 inside the logarithm. s has no bias correction.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it; with eps = 0, 0 / 0 counts as 0. The first\n"
          "step has length lr (1 + a (1 - b)) |g| / (|g| + eps). alpha = 0 is AdamW.\n"
          "family  adaptive\n"
          "rule    x = (1 - lr weight_decay) x - lr (m^ + a s) / (sqrt(v^) + eps),  s: mean of g over 1 / (1 - "
          "beta3) steps\n"
          "use     long training of language models: the authors' 1.3B model reached on 101B tokens what AdamW "
          "needs 197B for (Pagliardini, Ablin, Grangier 2024)\n"
          "not     runs of fewer than about 1 / (1 - beta3) = 10,000 steps, in which s means little, and data that "
          "changes as training goes on",
      .reference = "Pagliardini, Ablin, Grangier 2024, algorithm 1 and section 3",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kBeta1, kBeta2, kBeta3, kAlpha, kAlphaWarmup, kBeta3Warmup, kEps, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.999, "decay of v").at_least(0).below(1).search(0.9, 0.9999, tuner::kLog1m),
      tuner::real("beta3", 0.9999, "decay of s").at_least(0).below(1).search(0.99, 0.9999, tuner::kLog1m),
      tuner::real("alpha", 5, "share of s in the step").at_least(0).search(1, 10),
      tuner::integer("alpha_warmup", -1, "length of alpha's rise; -1: the whole run").at_least(-1).in("steps"),
      tuner::integer("beta3_warmup", -1, "length of beta3's rise; -1: the whole run").at_least(-1).in("steps"),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0).search(1e-4, 1, tuner::kLog)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("exp_avg", "fast moving average m of g"),
                                          tuner::per_element("exp_avg_sq", "moving average v of g^2"),
                                          tuner::per_element("exp_avg_slow", "slow moving average s of g")};

  // How much of a warmup is over, 1 at its end.
  static double progress(const tuner::Step& s, std::int64_t warmup) {
    if (warmup < 0) warmup = s.horizon();
    return s.number() >= warmup ? 1 : static_cast<double>(s.number()) / static_cast<double>(warmup);
  }
  static double slow_decay(double beta1, double beta3, double r) {
    if (r == 1) return beta3;
    return std::min(std::exp(1 / ((1 - r) / std::log(beta1) + r / std::log(beta3))), beta3);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const double b = slow_decay(o[kBeta1], o[kBeta3], progress(s, o.integer(kBeta3Warmup)));
    const T of_m = static_cast<T>(o[kLr] / (1 - std::pow(o[kBeta1], steps)));
    const T of_slow = static_cast<T>(o[kLr] * o[kAlpha] * progress(s, o.integer(kAlphaWarmup)));
    const T correction = static_cast<T>(1 / (1 - std::pow(o[kBeta2], steps)));
    const T kept = static_cast<T>(1 - o[kLr] * o[kWeightDecay]), eps = t[kEps];
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    const T beta2 = t[kBeta2], rest2 = static_cast<T>(1 - o[kBeta2]);
    const T beta3 = static_cast<T>(b), rest3 = static_cast<T>(1 - b);
    t.update(
        [=](T& x, T g, T& m, T& v, T& slow) TUNER_INLINE {
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * g * g;
          slow = beta3 * slow + rest3 * g;
          x = kept * x - tuner::ratio(of_m * m + of_slow * slow, std::sqrt(v * correction) + eps);
        },
        t.slot(0), t.slot(1), t.slot(2));
  }
};

}  // namespace

TUNER_LIBRARY("ademamix", "1.0.0", "MIT", tuner::optimizer<AdEmaMix>)
