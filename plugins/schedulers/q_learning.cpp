#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

// A tabular Q-learner that sets the learning rate from the course of the study's metric. Three states, three actions.
struct QLearning {
  static constexpr tuner::Info info{
      .id = "q_learning",
      .name = "Learned rate (Q-learning)",
      .doc = "a small Q-learner raises, keeps or lowers lr by what the study's metric did; an experiment, see its docs",
      .details =
          "Every `window` new values of the metric make one decision. M is their mean, M' that of the window before;\n"
          "the gain is g = (M' - M) / max(|M'|, |M|), negated where the goal is to maximize, kept in [-1, 1].\n"
          "state s:   worse (g < -tolerance), flat, better (g > tolerance)\n"
          "action a:  lower (lr / factor), keep, raise (lr factor); lr stays in its bounds\n"
          "learning:  Q(s', a') += learning_rate (g + discount max_a Q(s, a) - Q(s', a')), s', a' the decision before\n"
          "policy:    by lot with probability e, else the action of the largest Q; of equal ones keep, then lower;\n"
          "           e goes from epsilon_start to epsilon_end over the run, or stays where its length is unknown\n"
          "Q starts at 0. The lots are Philox's of `seed`: equal options and metrics give equal rates, bit for bit.\n"
          "It has 9 numbers to learn from a few dozen decisions: docs/q_learning.md measures what comes of it.",
      .reference =
          "Watkins, Dayan 1992, Q-learning; states, actions and reward are this project's, the idea is of Xu et al. "
          "2019",
      .flags = TUNER_PLUGIN_NEEDS_METRIC};

  enum {
    kFactor,
    kWindow,
    kTolerance,
    kLearningRate,
    kDiscount,
    kEpsilonStart,
    kEpsilonEnd,
    kMinFactor,
    kMaxFactor,
    kSeed
  };
  static constexpr tuner::Param params[] = {
      tuner::real("factor", 1.5, "factor of one change of lr").above(1).search(1.1, 3, tuner::kLog),
      tuner::integer("window", 3, "values of the metric per decision").at_least(1).in("values").search(1, 20),
      tuner::real("tolerance", 0.01, "gain below which the metric counts as flat")
          .at_least(0)
          .below(1)
          .search(1e-4, 0.1, tuner::kLog),
      tuner::real("learning_rate", 0.3, "step of the Q-learner").above(0).at_most(1).search(0.05, 1),
      tuner::real("discount", 0.5, "weight of what comes later").at_least(0).below(1).search(0, 0.95),
      tuner::real("epsilon_start", 0.3, "share of actions by lot at the start").at_least(0).at_most(1),
      tuner::real("epsilon_end", 0, "the same at the end").at_least(0).at_most(1),
      tuner::real("min_factor", 1e-3, "least lr over its start").above(0).at_most(1),
      tuner::real("max_factor", 4, "largest lr over its start").at_least(1),
      tuner::integer("seed", 1, "of the lots").at_least(0)};

  enum State { kWorse, kFlat, kBetter };
  enum Action { kLower, kKeep, kRaise };
  static constexpr std::size_t kActions = 3;
  enum { kQ = 0, kRatio = 9, kSum, kCount, kBefore, kState, kAction, kDecisions, kSeen };
  static constexpr tuner::Slot slots[] = {tuner::global("q_worse_lower", "Q(worse, lower)"),
                                          tuner::global("q_worse_keep", "Q(worse, keep)"),
                                          tuner::global("q_worse_raise", "Q(worse, raise)"),
                                          tuner::global("q_flat_lower", "Q(flat, lower)"),
                                          tuner::global("q_flat_keep", "Q(flat, keep)"),
                                          tuner::global("q_flat_raise", "Q(flat, raise)"),
                                          tuner::global("q_better_lower", "Q(better, lower)"),
                                          tuner::global("q_better_keep", "Q(better, keep)"),
                                          tuner::global("q_better_raise", "Q(better, raise)"),
                                          tuner::global("ratio", "lr over its start").filled(1),
                                          tuner::global("sum", "sum of the window's values"),
                                          tuner::global("count", "values in the window").as(TUNER_DTYPE_I64),
                                          tuner::global("before", "mean of the window before"),
                                          tuner::global("state", "state of the last decision").as(TUNER_DTYPE_I64),
                                          tuner::global("action", "the last action").as(TUNER_DTYPE_I64),
                                          tuner::global("decisions", "windows so far").as(TUNER_DTYPE_I64),
                                          tuner::global("seen", "values of the metric so far").as(TUNER_DTYPE_I64)};

  static std::int64_t& whole(const tuner::Schedule& s, std::size_t slot) { return *s.slot<std::int64_t>(slot); }
  static double& q(const tuner::Schedule& s, std::int64_t state, std::int64_t action) {
    return *s.slot(kQ + static_cast<std::size_t>(state) * kActions + static_cast<std::size_t>(action));
  }

  static Action best_action(const tuner::Schedule& s, std::int64_t state) {
    Action best = kKeep;
    for (const Action action : {kLower, kRaise})
      if (q(s, state, action) > q(s, state, best)) best = action;
    return best;
  }

  static Action choose(const tuner::Schedule& s, std::int64_t state) {
    const double done = s.horizon() > 0 ? static_cast<double>(s.step()) / static_cast<double>(s.horizon()) : 0;
    const double epsilon = s[kEpsilonStart] + (s[kEpsilonEnd] - s[kEpsilonStart]) * std::min(done, 1.0);
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.seed = static_cast<std::uint64_t>(s.options().integer(kSeed));
    // A stream for every decision: how many words its draws take does not matter.
    rng.trial = static_cast<std::uint32_t>(whole(s, kDecisions));
    if (tuner_rng_next_uniform(&rng) < epsilon) return static_cast<Action>(tuner_rng_next_below(&rng, kActions));
    return best_action(s, state);
  }

  // The gain of this window over the one before, in [-1, 1]; a mean that is not finite is the worst.
  static double gain(const tuner::Schedule& s, double mean) {
    const double before = *s.slot(kBefore), size = std::max(std::abs(before), std::abs(mean));
    if (!std::isfinite(mean)) return -1;
    if (!std::isfinite(before)) return 1;
    if (size == 0) return 0;
    return std::clamp((s.minimize() ? before - mean : mean - before) / size, -1.0, 1.0);
  }

  static void decide(const tuner::Schedule& s, double mean) {
    if (whole(s, kDecisions)++ == 0) return;  // nothing to compare with
    const double g = gain(s, mean);
    const std::int64_t state = g < -s[kTolerance] ? kWorse : g > s[kTolerance] ? kBetter : kFlat;
    if (whole(s, kDecisions) > 2) {
      double& value = q(s, whole(s, kState), whole(s, kAction));
      value += s[kLearningRate] * (g + s[kDiscount] * q(s, state, best_action(s, state)) - value);
    }
    const Action action = choose(s, state);
    double& ratio = *s.slot(kRatio);
    if (action != kKeep) ratio *= action == kRaise ? s[kFactor] : 1 / s[kFactor];
    ratio = std::clamp(ratio, s[kMinFactor], s[kMaxFactor]);
    whole(s, kState) = state;
    whole(s, kAction) = action;
  }

  static double value(const tuner::Schedule& s) {
    // Values from before the schedule's first step (warmup, earlier stages) do not count.
    if (s.step() > 0 && s.metric_count() > whole(s, kSeen)) {
      *s.slot(kSum) += s.metric();
      if (++whole(s, kCount) == s.options().integer(kWindow)) {
        const double mean = *s.slot(kSum) / static_cast<double>(whole(s, kCount));
        decide(s, mean);
        *s.slot(kBefore) = mean, *s.slot(kSum) = 0, whole(s, kCount) = 0;
      }
    }
    whole(s, kSeen) = s.metric_count();
    return s.base() * *s.slot(kRatio);
  }
};

}  // namespace

TUNER_LIBRARY("q_learning", "1.0.0", "MIT", tuner::scheduler<QLearning>)
