#include <algorithm>
#include <cstring>
#include <tuner/plugin.hpp>

namespace {

struct Lookahead {
  static constexpr tuner::Info info{
      .id = "lookahead",
      .name = "Lookahead",
      .doc = "slow weights that follow any optimizer's fast ones every k steps",
      .details =
          "x takes a step of the optimizer named under inner; then, where t is a multiple of k,\n"
          "  slow = slow + alpha (x - slow),  x = slow\n"
          "slow starts as x and is the evaluation point, as in the paper; the state of the inner optimizer is kept\n"
          "when x goes back. lr is the inner optimizer's. alpha = 1 is the inner optimizer itself, alpha = 0 stands\n"
          "still. Step 1 is the inner optimizer's unless k = 1. One slot besides the inner optimizer's.\n"
          "family  wrapper\n"
          "rule    inner's step; every k-th time  slow += alpha (x - slow),  x = slow\n"
          "use     around sgd or adam at a bold lr: the slow weights lower the variance and forgive inner options "
          "(Zhang, Lucas, Hinton, Ba 2019)\n"
          "not     around optimizers that average by themselves (schedule_free_sgd, asgd), and for runs of few "
          "times k steps",
      .reference = "Zhang, Lucas, Hinton, Ba 2019 (1907.08610), algorithm 1",
      .flags = TUNER_PLUGIN_WRAPS};

  enum { kAlpha, kK };
  static constexpr tuner::Param params[] = {
      tuner::real("alpha", 0.5, "share of the way that the slow weights go").at_least(0).at_most(1).search(0.2, 0.9),
      tuner::integer("k", 5, "steps of the inner optimizer for one of the slow weights")
          .for_all_tensors()
          .at_least(1)
          .search(2, 20)};
  static constexpr tuner::Slot slots[] = {tuner::per_element("slow", "slow weights")};

  static void init(const tuner::Step& s) {
    s.for_each_tensor([](const auto& t) { std::copy_n(t.data(), t.size(), t.slot(0)); });
  }

  static void step(const tuner::Step& s) {
    s.inner_step();
    if (s.number() % s.options().integer(kK) != 0) return;
    s.for_each_tensor([](const auto& t) { synchronise(t); });
  }

  static void evaluation_point(const tuner_point_args& args) {
    for (std::uint32_t i = 0; i < args.n_tensors; ++i) {
      const auto& t = *reinterpret_cast<const tuner_tensor*>(reinterpret_cast<const char*>(args.tensors) +
                                                             std::size_t{i} * args.tensor_stride);
      if (t.slots[0] == nullptr) continue;  // frozen: the output holds its data
      const std::size_t bytes = t.numel * (t.dtype == TUNER_DTYPE_F32 ? sizeof(float) : sizeof(double));
      std::memcpy(args.outputs[i], t.slots[0], bytes);
    }
  }

 private:
  template <class T>
  static void synchronise(const tuner::Tensor<T>& t) {
    const T alpha = t[kAlpha];
    t.update(
        [=](T& x, T, T& slow) TUNER_INLINE {
          slow = slow + alpha * (x - slow);
          x = slow;
        },
        t.slot(0));
  }
};

}  // namespace

TUNER_LIBRARY("lookahead", "1.0.0", "MIT", tuner::optimizer<Lookahead>)
