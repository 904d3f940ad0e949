#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kEpsPlaces[] = {"outside", "inside"};

struct Adagrad {
  static constexpr tuner::Info info{
      .id = "adagrad",
      .name = "Adagrad",
      .doc = "step sizes that fall with the sum of squared gradients, as torch.optim.Adagrad",
      .details =
          "g = grad + weight_decay x\n"
          "sum += g^2,  sum = initial_accumulator_value before the first step\n"
          "x -= lr / (1 + (t - 1) lr_decay) g / (sqrt(sum) + eps)\n"
          "eps_place: inside divides by sqrt(sum + eps), as the paper, Keras and optax do.\n"
          "Variant: PyTorch's (eps outside the root). With eps = 0, 0 / 0 counts as 0. lr = 0 and g = 0 leave x\n"
          "alone; the first step has length lr |g| / (|g| + eps) in every coordinate.\n"
          "family  adaptive\n"
          "rule    x -= lr g / (sqrt(sum of g^2) + eps)\n"
          "use     sparse features and convex problems: coordinates that are rarely touched keep large steps "
          "(Duchi, Hazan, Singer 2011)\n"
          "not     long training of deep networks: the sum only grows, and steps shrink as 1 / sqrt(t) while "
          "gradients keep their size\n"
          "example  lr 0.1, eps 0.5: x 1 -2; gradient 0.5 -4 -> 0.95 -1.91111111111; gradient -0.25 3 -> 0.97360679775 "
          "-1.96565656566; gradient 2 1 -> 0.895986811745 -1.98351683561\n"
          "example  lr 0.1, lr_decay 0.1, weight_decay 0.01: x 1 -2; gradient 0.5 -4 -> 0.90000000002 -1.9; gradient "
          "-0.25 3 -> 0.938840716817 -1.95414938207; gradient 2 1 -> 0.85860873021 -1.97017054343\n"
          "example  lr 0.1, lr_decay 0.1, eps 0.01, eps_place inside: x 1 -2; gradient 0.5 -4 -> 0.901941932431 "
          "-1.90003123536; gradient -0.25 3 -> 0.941962428173 -1.95456578409; gradient 2 1 -> 0.861798083132 "
          "-1.97090565337",
      .reference = "Duchi, Hazan, Singer 2011, section 1.1, diagonal form; torch.optim.Adagrad 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kLrDecay, kWeightDecay, kInitial, kEps, kEpsPlace };
  enum { kOutside, kInside };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "step size").at_least(0).search(1e-3, 1, tuner::kLog),
      tuner::real("lr_decay", 0, "inverse-time decay of lr").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("initial_accumulator_value", 0, "value of sum before the first step").at_least(0).structural(),
      tuner::real("eps", 1e-10, "keeps the divisor from 0").at_least(0),
      tuner::choice("eps_place", kEpsPlaces, "eps outside or inside the root")};
  static constexpr tuner::Slot slots[] = {tuner::per_element("sum", "sum of squared gradients")};

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::fill_n(t.slot(0), t.size(), t[kInitial]);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const T lr = static_cast<T>(o[kLr] / (1 + static_cast<double>(s.number() - 1) * o[kLrDecay]));
    const T decay = t[kWeightDecay];
    const bool inside = o.choice(kEpsPlace) == kInside;
    const T eps_in = inside ? t[kEps] : T(0), eps_out = inside ? T(0) : t[kEps];
    t.update(
        [=](T& x, T g, T& sum) TUNER_INLINE {
          g += decay * x;
          sum += g * g;
          x -= tuner::ratio(lr * g, std::sqrt(sum + eps_in) + eps_out);
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("adagrad", "1.0.0", "MIT", tuner::optimizer<Adagrad>)
