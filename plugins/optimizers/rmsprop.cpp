#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kEpsPlaces[] = {"outside", "inside"};
constexpr const char* kVelocities[] = {"outside", "inside"};

struct RmsProp {
  static constexpr tuner::Info info{
      .id = "rmsprop",
      .name = "RMSprop",
      .doc = "gradients divided by their moving root mean square, as torch.optim.RMSprop",
      .details =
          "g = grad + weight_decay x\n"
          "square_avg = alpha square_avg + (1 - alpha) g^2\n"
          "a = square_avg; with centered: grad_avg = alpha grad_avg + (1 - alpha) g, a = square_avg - grad_avg^2\n"
          "d = g / (sqrt(a) + eps), with eps_place: inside g / sqrt(a + eps)\n"
          "momentum = 0:  x -= lr d\n"
          "otherwise:     v = momentum v + d, x -= lr v; velocity: inside: v = momentum v + lr d, x -= v\n"
          "bias_correction divides square_avg by 1 - alpha^t first. initial_accumulator_value is square_avg\n"
          "before the first step (1 in TensorFlow 1).\n"
          "Variant: PyTorch's (eps outside the root, alpha 0.99; the lecture has 0.9). Rounding can make a\n"
          "slightly negative when centered: it is raised to 0, where PyTorch gives NaN. With eps = 0, 0 / 0 is 0.\n"
          "lr = 0 and g = 0 on fresh state leave x alone. The first step has length lr / sqrt(1 - alpha): 10 lr.\n"
          "family  adaptive\n"
          "rule    x -= lr g / (sqrt(mean of g^2) + eps)\n"
          "use     gradients whose size drifts, as in recurrent networks (Graves 2013) and reinforcement learning "
          "(Mnih et al. 2015, centered)\n"
          "not     short runs: without bias_correction the first step has length lr / sqrt(1 - alpha), 10 lr at "
          "the default; adam corrects that\n"
          "example  lr 0.1, alpha 0.9, centered true: x 1 -2; gradient 0.5 -4 -> 0.666666688889 -1.66666666944; "
          "gradient -0.25 3 -> 0.8151451478 -1.86293383616; gradient 2 1 -> 0.489996055822 -1.93029438717\n"
          "example  lr 0.1, alpha 0.9, weight_decay 0.01: x 1 -2; gradient 0.5 -4 -> 0.683772253591 -1.68377223647; "
          "gradient -0.25 3 -> 0.825776372823 -1.87860615509; gradient 2 1 -> 0.519412884308 -1.94466651097\n"
          "example  lr 0.1, alpha 0.9, momentum 0.9, centered true: x 1 -2; gradient 0.5 -4 -> 0.666666688889 "
          "-1.66666666944; gradient -0.25 3 -> 0.5151451678 -1.56293383866; gradient 2 1 -> 0.0536267068417 "
          "-1.53693484196\n"
          "example  lr 0.1, alpha 0.9, eps 0.01, momentum 0.9, bias_correction true, eps_place inside, velocity "
          "inside: x 1 -2; gradient 0.5 -4 -> 0.901941932431 -1.90003123536; gradient -0.25 3 -> 0.875934255757 "
          "-1.89550970426; gradient 2 1 -> 0.693491085466 -1.9264683227",
      .reference = "Tieleman, Hinton 2012, lecture 6.5; Graves 2013, eq. 38-45 (centered); torch.optim.RMSprop 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kAlpha, kEps, kWeightDecay, kMomentum, kCentered, kEpsPlace, kBiasCorrection, kVelocity, kInitial };
  enum { kOutside, kInside };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("alpha", 0.99, "decay of the averages").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("momentum", 0, "decay of the velocity").at_least(0).below(1).search(0.5, 0.99, tuner::kLog1m),
      tuner::boolean("centered", false, "divide by the standard deviation instead").structural(),
      tuner::choice("eps_place", kEpsPlaces, "eps outside or inside the root"),
      tuner::boolean("bias_correction", false, "correct square_avg for its start at 0; not with centered"),
      tuner::choice("velocity", kVelocities, "whether lr multiplies the velocity or what enters it"),
      tuner::real("initial_accumulator_value", 0, "square_avg before the first step").at_least(0).structural()};
  enum { kSquareAvg, kGradAvg, kBuffer };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("square_avg", "moving average of g^2"),
      tuner::per_element("grad_avg", "moving average of g, when centered").times(kCentered),
      tuner::per_element("momentum_buffer", "velocity v")};

  static void check(const tuner::Options& o) {
    if (o.flag(kCentered) && o.flag(kBiasCorrection))
      throw tuner::Invalid("bias_correction needs centered = false: the corrected variance of a single gradient is 0");
  }

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::fill_n(t.slot(kSquareAvg), t.size(), t[kInitial]);
  }

  // g divided by its root mean square, or by its standard deviation.
  template <class T>
  struct Divisor {
    T alpha, rest, correction, eps_in, eps_out;

    TUNER_INLINE T divide(T g, T& square_avg) const {
      square_avg = alpha * square_avg + rest * g * g;
      return tuner::ratio(g, std::sqrt(square_avg * correction + eps_in) + eps_out);
    }
    TUNER_INLINE T divide(T g, T& square_avg, T& grad_avg) const {
      square_avg = alpha * square_avg + rest * g * g;
      grad_avg = alpha * grad_avg + rest * g;
      const T variance = square_avg - grad_avg * grad_avg;
      return tuner::ratio(g, std::sqrt((variance < 0 ? T(0) : variance) + eps_in) + eps_out);
    }
  };

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const bool inside = o.choice(kEpsPlace) == kInside;
    const double bias = o.flag(kBiasCorrection) ? 1 - std::pow(o[kAlpha], static_cast<double>(s.number())) : 1;
    const Divisor<T> by{.alpha = t[kAlpha],
                        .rest = static_cast<T>(1 - o[kAlpha]),
                        .correction = static_cast<T>(1 / bias),
                        .eps_in = inside ? t[kEps] : T(0),
                        .eps_out = inside ? T(0) : t[kEps]};
    const T lr = t[kLr], decay = t[kWeightDecay], momentum = t[kMomentum];
    T* square_avg = t.slot(kSquareAvg);
    if (momentum == 0) {
      if (!o.flag(kCentered))
        return t.update([=](T& x, T g, T& v) TUNER_INLINE { x -= lr * by.divide(g + decay * x, v); }, square_avg);
      return t.update([=](T& x, T g, T& v, T& mean) TUNER_INLINE { x -= lr * by.divide(g + decay * x, v, mean); },
                      square_avg, t.slot(kGradAvg));
    }
    const bool lr_inside = o.choice(kVelocity) == kInside;
    const T inner = lr_inside ? lr : T(1), outer = lr_inside ? T(1) : lr;
    if (!o.flag(kCentered))
      return t.update(
          [=](T& x, T g, T& v, T& buffer) TUNER_INLINE {
            buffer = momentum * buffer + inner * by.divide(g + decay * x, v);
            x -= outer * buffer;
          },
          square_avg, t.slot(kBuffer));
    t.update(
        [=](T& x, T g, T& v, T& mean, T& buffer) TUNER_INLINE {
          buffer = momentum * buffer + inner * by.divide(g + decay * x, v, mean);
          x -= outer * buffer;
        },
        square_avg, t.slot(kGradAvg), t.slot(kBuffer));
  }
};

}  // namespace

TUNER_LIBRARY("rmsprop", "1.0.0", "MIT", tuner::optimizer<RmsProp>)
