#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

constexpr const char* kReactions[] = {"pytorch", "keras"};
constexpr const char* kThresholdModes[] = {"auto", "rel", "abs", "torch_rel"};

// What happens when a value of the metric arrives; the state is in slots, one set per group.
struct Plateau {
  static constexpr tuner::Info info{
      .id = "plateau",
      .name = "Reduce on plateau",
      .version = "2.0.0",
      .doc = "lr times factor when the study's metric stops improving, as torch's ReduceLROnPlateau, or as Keras's",
      .details =
          "lr starts at the optimizer's and changes at new values m of the study's metric alone (one per evaluation\n"
          "point; training.eval_every sets how many). m is better than best: smaller by threshold |best| (rel) or by\n"
          "threshold (abs), larger where the goal is to maximize; auto: rel in reaction pytorch, abs in keras.\n"
          "torch_rel: smaller than best (1 - threshold), as torch has it: the same for a positive metric; for a "
          "negative one\n"
          "a value that is slightly worse counts as better, and lr never falls.\n"
          "pytorch:  bad = better ? 0 : bad + 1; in a cooldown bad = 0 and the cooldown falls by 1; then, if\n"
          "          bad > patience, lr' = max(lr factor, min_lr), taken if lr - lr' > eps; cooldown; bad = 0\n"
          "keras:    in a cooldown it falls by 1 and bad = 0; then better: bad = 0; else, out of the cooldown,\n"
          "          bad + 1, and if bad >= patience the same fall, without eps: one value earlier than PyTorch\n"
          "A metric that is NaN is not better. Values from before the schedule's first step (warmup, earlier stages) "
          "do not count.",
      .reference = "torch.optim.lr_scheduler.ReduceLROnPlateau 2.x; Keras ReduceLROnPlateau",
      .flags = TUNER_PLUGIN_NEEDS_METRIC};

  enum { kFactor, kPatience, kThreshold, kThresholdMode, kCooldown, kMinLr, kEps, kReaction };
  enum { kPytorch, kKeras };
  enum { kAuto, kRel, kAbs, kTorchRel };
  static constexpr tuner::Param params[] = {
      tuner::real("factor", 0.1, "factor of one fall").above(0).below(1).search(0.1, 0.9),
      tuner::integer("patience", 10, "values without improvement that are borne").at_least(0).in("values"),
      tuner::real("threshold", 1e-4, "least improvement (Keras's min_delta)").at_least(0),
      tuner::choice("threshold_mode", kThresholdModes, "relative to |best|, or absolute"),
      tuner::integer("cooldown", 0, "values after a fall that count for nothing").at_least(0).in("values"),
      tuner::real("min_lr", 0, "lr falls no deeper").at_least(0),
      tuner::real("eps", 1e-8, "reaction pytorch: a smaller fall of lr is left out").at_least(0),
      tuner::choice("reaction", kReactions, "whose rule")};

  enum { kLr, kBest, kBad, kRest, kSeen };
  static constexpr tuner::Slot slots[] = {tuner::global("lr", "the current lr"),
                                          tuner::global("best", "best value of the metric"),
                                          tuner::global("bad", "values without improvement").as(TUNER_DTYPE_I64),
                                          tuner::global("rest", "values left in the cooldown").as(TUNER_DTYPE_I64),
                                          tuner::global("seen", "values of the metric so far").as(TUNER_DTYPE_I64)};

  static bool is_better(const tuner::Schedule& s, double value, double best) {
    const std::size_t mode = s.options().choice(kThresholdMode);
    const bool relative =
        mode == kRel || mode == kTorchRel || (mode == kAuto && s.options().choice(kReaction) == kPytorch);
    // Towards better; a share of best, which then has the sign of best too.
    double change = s.minimize() ? -s[kThreshold] : s[kThreshold];
    if (relative && mode != kTorchRel && best < 0) change = -change;
    // Before the first value best is infinite, and any number is better.
    const double mark = relative && std::isfinite(best) ? best * (1 + change) : best + change;
    return s.minimize() ? value < mark : value > mark;
  }

  static void fall(const tuner::Schedule& s, double least_change) {
    double& lr = *s.slot(kLr);
    const double lower = std::max(lr * s[kFactor], s[kMinLr]);
    if (lr - lower > least_change) lr = lower;
    *s.slot<std::int64_t>(kRest) = s.options().integer(kCooldown);
    *s.slot<std::int64_t>(kBad) = 0;
  }

  static void react_as_pytorch(const tuner::Schedule& s, bool better) {
    auto &bad = *s.slot<std::int64_t>(kBad), &rest = *s.slot<std::int64_t>(kRest);
    bad = better ? 0 : bad + 1;
    if (rest > 0) {
      --rest;
      bad = 0;
    }
    if (bad > s.options().integer(kPatience)) fall(s, s[kEps]);
  }

  static void react_as_keras(const tuner::Schedule& s, bool better) {
    auto &bad = *s.slot<std::int64_t>(kBad), &rest = *s.slot<std::int64_t>(kRest);
    if (rest > 0) {
      --rest;
      bad = 0;
    }
    if (better)
      bad = 0;
    else if (rest == 0 && ++bad >= s.options().integer(kPatience))
      fall(s, 0);
  }

  static double value(const tuner::Schedule& s) {
    if (s.step() == 0) {
      *s.slot(kLr) = s.base(), *s.slot(kBest) = s.minimize() ? tuner::kInfinity : -tuner::kInfinity;
      *s.slot<std::int64_t>(kBad) = 0, *s.slot<std::int64_t>(kRest) = 0;
    } else if (s.metric_count() > *s.slot<std::int64_t>(kSeen)) {
      const bool better = is_better(s, s.metric(), *s.slot(kBest));
      if (better) *s.slot(kBest) = s.metric();
      s.options().choice(kReaction) == kPytorch ? react_as_pytorch(s, better) : react_as_keras(s, better);
    }
    *s.slot<std::int64_t>(kSeen) = s.metric_count();
    return *s.slot(kLr);
  }
};

}  // namespace

TUNER_LIBRARY("plateau", "2.0.0", "MIT", tuner::scheduler<Plateau>)
