#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuner/plugin.hpp>

namespace {

struct Asgd {
  static constexpr tuner::Info info{
      .id = "asgd",
      .name = "Averaged SGD",
      .doc = "gradient descent that is judged at the average of its path, as torch.optim.ASGD",
      .details =
          "g = grad + weight_decay x\n"
          "eta = lr / (1 + lambd lr (t - 1))^alpha\n"
          "x = (1 - lambd eta) x - eta g\n"
          "ax = x up to step t0 + 2, then ax += (x - ax) / (t - 1 - t0)\n"
          "The model is evaluated at ax, the gradients are taken at x.\n"
          "Variant: PyTorch's, where ax has to be taken out of the state by hand. At t0 = 1e6 a shorter run never\n"
          "averages. lambd is an L2 penalty whose strength follows eta. eta follows the lr of the step.\n"
          "lr = 0 leaves x alone; g = 0 only decays it by lambd. The first step is lr g.\n"
          "family  gradient descent\n"
          "rule    x = (1 - lambd eta) x - eta g,  evaluated at the mean of the path\n"
          "use     convex problems with noisy gradients, where the average reaches the least asymptotic variance "
          "(Polyak, Juditsky 1992); set t0 to the step where averaging is to begin\n"
          "not     runs shorter than t0, a million steps at the default: they never average and are sgd with a "
          "falling lr",
      .reference = "Polyak, Juditsky 1992, eq. 2; Bottou 2010, section 5.2; torch.optim.ASGD 2.x",
      .flags = TUNER_PLUGIN_ELEMENTWISE};

  enum { kLr, kLambd, kAlpha, kT0, kWeightDecay };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "step size at the start").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("lambd", 1e-4, "decay of x, and of eta").at_least(0).search(1e-6, 1e-2, tuner::kLog),
      tuner::real("alpha", 0.75, "power with which eta falls").at_least(0).search(0.5, 1),
      tuner::real("t0", 1e6, "step at which averaging starts").at_least(0).in("steps").search(10, 1e6, tuner::kLog),
      tuner::real("weight_decay", 0, "L2 penalty, added to the gradient").at_least(0).search(1e-6, 1e-2, tuner::kLog)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("ax", "average of x once it differs from x")};

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double done = static_cast<double>(s.number() - 1);
    const double eta = o[kLr] / std::pow(1 + o[kLambd] * o[kLr] * done, o[kAlpha]);
    const T kept = static_cast<T>(1 - o[kLambd] * eta);
    const T rate = static_cast<T>(eta);
    const T decay = t[kWeightDecay];
    if (!averages(s.number(), o[kT0]))
      return t.update([=](T& x, T g) TUNER_INLINE { x = kept * x - rate * (g + decay * x); });
    const T mu = static_cast<T>(1 / (done - o[kT0]));
    if (!averages(s.number() - 1, o[kT0]))
      return t.update(
          [=](T& x, T g, T& average) TUNER_INLINE {
            const T before = x;
            x = kept * x - rate * (g + decay * x);
            average = before + mu * (x - before);
          },
          t.slot(0));
    t.update(
        [=](T& x, T g, T& average) TUNER_INLINE {
          x = kept * x - rate * (g + decay * x);
          average += mu * (x - average);
        },
        t.slot(0));
  }

  static void evaluation_point(const tuner_point_args& args) {
    for (std::uint32_t i = 0; i < args.n_tensors; ++i) {
      const auto& tensor = *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args.tensors) +
                                                                  std::size_t{i} * args.tensor_stride);
      if (tensor.slots[0] == nullptr) continue;  // frozen: the output holds its data
      if (!averages(args.step, tuner::Options(args.options, tensor.group)[kT0])) continue;
      const std::size_t width = tensor.dtype == TUNER_DTYPE_F32 ? sizeof(float) : sizeof(double);
      std::memcpy(args.outputs[i], tensor.slots[0], tensor.numel * width);
    }
  }

 private:
  /* Whether the average is another point than x after `step` updates. While it is not, writing it would cost a pass
   * over memory for nothing. */
  static bool averages(std::int64_t step, double t0) { return static_cast<double>(step - 1) - t0 > 1; }
};

}  // namespace

TUNER_LIBRARY("asgd", "1.0.1", "MIT", tuner::optimizer<Asgd>)
