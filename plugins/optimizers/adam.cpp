#include "adam_rule.hpp"

namespace {

struct Adam {
  static constexpr tuner::Info info{
      .id = "adam",
      .name = "Adam",
      .doc = "adaptive moments with bias correction, as torch.optim.Adam",
      .details =
          "g = grad + weight_decay x\n"
          "m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2\n"
          "x -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)\n"
          "amsgrad puts the running maximum of v in its place; amsgrad_max: corrected takes the maximum of\n"
          "v / (1 - beta2^t), as optax. eps_mode: hat adds eps to the root of the uncorrected v, as Keras and the\n"
          "paper's efficient form: an eps of eps / sqrt(1 - beta2^t), 31.6 times as large at the first step.\n"
          "bias_correction = false puts 1 for 1 - beta1^t and 1 - beta2^t (the paper's section 6.4): the first step "
          "has\n"
          "length lr (1 - beta1) / sqrt(1 - beta2), 3.16 lr at the defaults.\n"
          "Variant: PyTorch's (eps outside the root, maximum of the raw v, decay as L2 in the gradient).\n"
          "lr = 0 and g = 0 on fresh state leave x alone; with eps = 0, 0 / 0 counts as 0. The first step has\n"
          "length lr |g| / (|g| + eps) in every coordinate, whatever the scale of g.\n"
          "family  adaptive\n"
          "rule    x -= lr m^ / (sqrt(v^) + eps),  m^, v^: means of g, g^2 without bias\n"
          "use     networks about which little is known: steps of about lr in every coordinate, whatever the scale "
          "of g, so that defaults carry far (Kingma, Ba 2015)\n"
          "not     with weight decay, which acts least where gradients are large (Loshchilov, Hutter 2019): take "
          "adamw; there are convex problems where it does not converge (Reddi, Kale, Kumar 2018): amsgrad or adopt\n"
          "example  lr 0.1, weight_decay 0.01: x 1 -2; gradient 0.5 -4 -> 0.900000001961 -1.90000000025; gradient "
          "-0.25 3 -> 0.871229347623 -1.89052549388; gradient 2 1 -> 0.803715217151 -1.89563754924\n"
          "example  lr 0.1, amsgrad true, beta2 0.5: x 1 -2; gradient 0.5 -4 -> 0.900000002 -1.90000000025; gradient "
          "-0.25 3 -> 0.874215900076 -1.89061965513; gradient 2 1 -> 0.82162076612 -1.89606572368\n"
          "example  lr 0.1, eps 0.001, eps_mode hat: x 1 -2; gradient 0.5 -4 -> 0.905948348715 -1.90078436844; "
          "gradient -0.25 3 -> 0.880741149959 -1.8919080246; gradient 2 1 -> 0.814682376612 -1.89763995221\n"
          "example  lr 0.1, bias_correction false: x 1 -2; gradient 0.5 -4 -> 0.683772433983 -1.68377225898; gradient "
          "-0.25 3 -> 0.570590131039 -1.64581278048; gradient 2 1 -> 0.238603812624 -1.67436327873",
      .reference = "Kingma, Ba 2015, algorithm 1; Reddi, Kale, Kumar 2018, algorithm 2; torch.optim.Adam 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kBiasCorrection = adam::kCount };
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
      tuner::boolean("bias_correction", true, "correct m and v for their start at 0")};
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average m of g"),
      tuner::per_element("exp_avg_sq", "moving average v of g^2"),
      tuner::per_element("max_exp_avg_sq", "largest v so far, when amsgrad").times(adam::kAmsgrad)};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const adam::Rule<T> rule(s, t, t.options().flag(kBiasCorrection));
    const T decay = t[adam::kWeightDecay];
    T *m = t.slot(adam::kExpAvg), *v = t.slot(adam::kExpAvgSq);
    if (t.options().flag(adam::kAmsgrad))
      return t.update([=](T& x, T g, T& m, T& v, T& max) TUNER_INLINE { x -= rule.change(g + decay * x, m, v, max); },
                      m, v, t.slot(adam::kMaxExpAvgSq));
    t.update([=](T& x, T g, T& m, T& v) TUNER_INLINE { x -= rule.change(g + decay * x, m, v); }, m, v);
  }
};

}  // namespace

TUNER_LIBRARY("adam", "1.0.0", "MIT", tuner::optimizer<Adam>)
