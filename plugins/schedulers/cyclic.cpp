#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kModes[] = {"triangular", "triangular2", "exp_range"};
constexpr const char* kLrTargets[] = {"lr"};
constexpr const char* kMomentumTargets[] = {"momentum", "beta1"};

struct Cyclic {
  static constexpr tuner::Info info{
      .id = "cyclic",
      .name = "Cyclic",
      .doc = "up and down between base_lr and lr, as torch's CyclicLR, with momentum going the other way",
      .details =
          "t = 0 at the first update; u = step_size_up, d = step_size_down;\n"
          "c = t mod (u + d) is the step within a cycle, k = floor(t / (u + d)) the cycles before it:\n"
          "x(t) = c / u while c <= u, then (u + d - c) / d\n"
          "a(t) = 1 (triangular), 2^-k (triangular2), gamma^t (exp_range)\n"
          "lr(t) = base_lr + (lr - base_lr) x a;  torch's max_lr is the optimizer's lr\n"
          "momentum(t) = max_momentum - (max_momentum - base_momentum) x a, where the optimizer has momentum or beta1\n"
          "and cycle_momentum is true; else it stays as configured.",
      .reference =
          "Smith 2017, Cyclical learning rates for training neural networks; torch.optim.lr_scheduler.CyclicLR 2.x",
      .flags = TUNER_PLUGIN_PURE};

  enum { kBaseLr, kUp, kDown, kMode, kGamma, kCycleMomentum, kBaseMomentum, kMaxMomentum };
  enum { kTriangular, kTriangular2, kExpRange };
  static constexpr tuner::Param params[] = {
      tuner::real("base_lr", 0, "lr at the ends of a cycle").at_least(0).with(TUNER_PARAM_REQUIRED),
      tuner::integer("step_size_up", 2000, "steps of the rise").at_least(1).in("steps"),
      tuner::integer("step_size_down", 0, "steps of the fall; 0: as many as of the rise").at_least(0).in("steps"),
      tuner::choice("mode", kModes, "what becomes of the height of the cycles"),
      tuner::real("gamma", 1, "factor of one step in mode exp_range").above(0).search(0.99, 0.99999, tuner::kLog1m),
      tuner::boolean("cycle_momentum", true, "drive momentum or beta1 too, where there is one"),
      tuner::real("base_momentum", 0.8, "momentum where lr is highest").at_least(0).below(1),
      tuner::real("max_momentum", 0.9, "momentum where lr is lowest").at_least(0).below(1)};
  static constexpr tuner::Output outputs[] = {tuner::drives("lr", kLrTargets),
                                              tuner::drives("momentum", kMomentumTargets, TUNER_OUTPUT_OPTIONAL)};

  static double height(const tuner::Schedule& s, std::int64_t period) {
    switch (s.options().choice(kMode)) {
      case kTriangular2:
        return std::exp2(-static_cast<double>(s.step() / period));
      case kExpRange:
        return std::pow(s[kGamma], static_cast<double>(s.step()));
      default:
        return 1;
    }
  }

  static void values(const tuner::Schedule& s, std::span<double> values) {
    const std::int64_t up = s.options().integer(kUp), given = s.options().integer(kDown), down = given > 0 ? given : up;
    const std::int64_t c = s.step() % (up + down);
    const double x = c <= up ? static_cast<double>(c) / static_cast<double>(up)
                             : static_cast<double>(up + down - c) / static_cast<double>(down);
    const double xa = x * height(s, up + down);
    values[0] = s[kBaseLr] + (s.base() - s[kBaseLr]) * xa;
    values[1] =
        s.options().flag(kCycleMomentum) ? s[kMaxMomentum] - (s[kMaxMomentum] - s[kBaseMomentum]) * xa : s.base(1);
  }
};

}  // namespace

TUNER_LIBRARY("cyclic", "1.0.0", "MIT", tuner::scheduler<Cyclic>)
