#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kForms[] = {"pytorch", "fastai"};
constexpr const char* kAnneals[] = {"cos", "linear"};
constexpr const char* kLrTargets[] = {"lr"};
constexpr const char* kMomentumTargets[] = {"momentum", "beta1"};

struct OneCycle {
  static constexpr tuner::Info info{
      .id = "one_cycle",
      .name = "One cycle",
      .doc = "up to lr and down to almost 0, momentum the other way, as torch's OneCycleLR or fastai's fit_one_cycle",
      .details =
          "The optimizer's lr is the peak (max_lr). Between the marks below, lr and momentum follow half a cosine, or\n"
          "a straight line with anneal_strategy: linear. t = 0 at the first update, N = total_steps, a = pct_start:\n"
          "pytorch           t = 0           a N - 1         N - 1          a = 0.3\n"
          "fastai            t = 0           a N             N              a = 0.25\n"
          "lr                lr/div_factor   lr              end\n"
          "momentum          max_momentum    base_momentum   max_momentum\n"
          "three_phase (pytorch): at 2 a N - 2 lr and momentum are back where they started, then comes the end.\n"
          "end: pytorch lr / div_factor / final_div_factor (1e4), fastai lr / final_div_factor (1e5).\n"
          "After the last mark everything stays (torch raises an error). momentum is driven where the optimizer has\n"
          "momentum or beta1 and cycle_momentum is true.",
      .reference =
          "Smith, Topin 2018, Super-convergence; torch.optim.lr_scheduler.OneCycleLR 2.x; fastai 2 fit_one_cycle",
      .flags = TUNER_PLUGIN_PURE};

  enum { kForm, kTotal, kStart, kAnneal, kThreePhase, kDiv, kFinalDiv, kCycleMomentum, kBaseMomentum, kMaxMomentum };
  enum { kPytorch, kFastai };
  enum { kCos, kLinear };
  static constexpr tuner::Param params[] = {
      tuner::choice("form", kForms, "whose marks and defaults"),
      tuner::integer("total_steps", 0, "length of the cycle; 0: the length of the run").at_least(0).in("steps"),
      tuner::real("pct_start", 0, "part of the steps that rise; 0: 0.3 in form pytorch, 0.25 in form fastai")
          .at_least(0)
          .at_most(1)
          .search(0.1, 0.5),
      tuner::choice("anneal_strategy", kAnneals, "the way from mark to mark"),
      tuner::boolean("three_phase", false, "form pytorch: down to the start, then to the end"),
      tuner::real("div_factor", 25, "lr over its value at the start").at_least(1).search(2, 100, tuner::kLog),
      tuner::real("final_div_factor", 0, "divisor at the end; 0: 1e4 in form pytorch, 1e5 in form fastai").at_least(0),
      tuner::boolean("cycle_momentum", true, "drive momentum or beta1 too, where there is one"),
      tuner::real("base_momentum", 0.85, "momentum where lr is highest").at_least(0).below(1),
      tuner::real("max_momentum", 0.95, "momentum at start and end").at_least(0).below(1)};
  static constexpr tuner::Output outputs[] = {tuner::drives("lr", kLrTargets),
                                              tuner::drives("momentum", kMomentumTargets, TUNER_OUTPUT_OPTIONAL)};

  static void check(const tuner::Options& o) {
    if (!o.flag(kThreePhase)) return;
    if (o.choice(kForm) == kFastai) throw tuner::Invalid("three_phase is of form pytorch alone");
    if (o[kStart] > 0.5) throw tuner::Invalid("three_phase rises and falls in pct_start each: it is at most 0.5");
  }

  struct Mark {
    double at, lr, momentum;
  };

  static void values(const tuner::Schedule& s, std::span<double> values) {
    const bool fastai = s.options().choice(kForm) == kFastai;
    const auto n = static_cast<double>(std::max<std::int64_t>(1, s.length(kTotal)));
    const double rise = s[kStart] > 0 ? s[kStart] : fastai ? 0.25 : 0.3;
    const double final_div = s[kFinalDiv] > 0 ? s[kFinalDiv] : fastai ? 1e5 : 1e4;
    const double low = s.base() / s[kDiv], end = (fastai ? s.base() : low) / final_div;
    const double base = s[kBaseMomentum], max = s[kMaxMomentum];
    const double peak = fastai ? rise * n : rise * n - 1, last = fastai ? n : n - 1;
    const Mark between{.at = s.options().flag(kThreePhase) ? 2 * rise * n - 2 : peak,
                       .lr = s.options().flag(kThreePhase) ? low : s.base(),
                       .momentum = s.options().flag(kThreePhase) ? max : base};
    const Mark marks[] = {{0, low, max}, {peak, s.base(), base}, between, {last, end, max}};
    const auto t = static_cast<double>(s.step());
    std::size_t i = 1;
    while (i < 3 && t > marks[i].at) ++i;
    const Mark &from = marks[i - 1], &to = marks[i];
    // A phase without steps is over at once.
    const double p = to.at > from.at ? std::clamp((t - from.at) / (to.at - from.at), 0.0, 1.0) : 1.0;
    // Written from the end of the phase, so that the last value is exact: it may be 1e-6 of the first.
    const double left = s.options().choice(kAnneal) == kLinear ? 1 - p : (1 + std::cos(std::numbers::pi * p)) / 2;
    values[0] = to.lr + (from.lr - to.lr) * left;
    values[1] = s.options().flag(kCycleMomentum) ? to.momentum + (from.momentum - to.momentum) * left : s.base(1);
  }
};

}  // namespace

TUNER_LIBRARY("one_cycle", "1.0.0", "MIT", tuner::scheduler<OneCycle>)
