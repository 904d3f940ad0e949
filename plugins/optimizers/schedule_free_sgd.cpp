#include <algorithm>

#include "schedule_free.hpp"

namespace {

struct ScheduleFreeSgd {
  static constexpr tuner::Info info{
      .id = "schedule_free_sgd",
      .name = "Schedule-Free SGD",
      .doc = "gradient descent that averages instead of a schedule; evaluated at the average",
      .details =
          "y is trained, x is evaluated, z is kept; all start at the same point\n"
          "z' = z - lr (grad(y) + weight_decay y)\n"
          "x' = (1 - c) x + c z',  c = w / (sum of w),  w = t^r lr_max^weight_lr_power\n"
          "y' = (1 - momentum) z' + momentum x',  evaluation point x = z + (y - z) / momentum\n"
          "lr_max is the largest lr so far: warm up by the host's warmup_steps, and let no schedule lower lr. lr is "
          "10\n"
          "to 50 times that of SGD with momentum. Keep momentum fixed: x is read from y and z with it.\n"
          "lr = 0 and g = 0 leave x, y and z alone. Step 1 has c = 1: x = y = z.\n"
          "family  self-tuning\n"
          "rule    y = (1 - momentum) z + momentum x,  z -= lr grad(y),  x: average of z\n"
          "use     runs whose length is not known in advance: as good as schedules that know it (Defazio et al. "
          "2024); lr 10 to 50 times that of SGD with momentum\n"
          "not     together with a schedule that lowers lr; with batch normalization, whose statistics belong to y "
          "and not to x",
      .reference = "Defazio, Yang, Mehta et al. 2024 (2405.15682), eq. 7 to 9",
      .flags = 0};

  enum { kLr, kMomentum, kWeightDecay, kR, kWeightLrPower };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "step size").at_least(0).search(1e-2, 100, tuner::kLog),
      tuner::real("momentum", 0.9, "share of the average in y")
          .above(0)
          .below(1)
          .search(0.8, 0.98, tuner::kLog1m)
          .structural(),
      tuner::real("weight_decay", 0, "L2 penalty, taken at y").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::real("r", 0, "power of the step in an average's weight").at_least(0),
      tuner::real("weight_lr_power", 2, "power of lr in an average's weight").at_least(0)};
  enum { kZ, kWeights };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("z", "the point that descends"),
      tuner::global("weights", "sum of the weights and largest lr, of every group")};

  static std::uint64_t slot_extent(const tuner_extent_args& args) { return schedule_free::weights_extent(args); }

  template <class T>
  static void init(const tuner::Step&, const tuner::Tensor<T>& t) {
    std::copy_n(t.data(), t.size(), t.slot(kZ));
  }

  static void step(const tuner::Step& s) {
    const auto shares = schedule_free::shares(s, s.global_slot(kWeights), kLr, kR, kWeightLrPower);
    s.for_each_tensor([&](const auto& t) { move(t, shares[t.group()]); });
  }

  static void evaluation_point(const tuner_point_args& args) { schedule_free::evaluation_point(args, kZ, kMomentum); }

 private:
  template <class T>
  static void move(const tuner::Tensor<T>& t, double share) {
    const tuner::Options& o = t.options();
    const T lr = t[kLr], decay = t[kWeightDecay], c = static_cast<T>(share);
    const T pull = static_cast<T>(o[kMomentum] * (1 - share) - 1);
    t.update(
        [=](T& y, T g, T& z) TUNER_INLINE {
          const T change = lr * (g + decay * y);
          y = y + c * (z - y) + pull * change;
          z = z - change;
        },
        t.slot(kZ));
  }
};

}  // namespace

TUNER_LIBRARY("schedule_free_sgd", "1.0.0", "MIT", tuner::optimizer<ScheduleFreeSgd>)
