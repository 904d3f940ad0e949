#include <algorithm>
#include <cmath>
#include <tuner/plugin.hpp>

namespace {

// lr = m s, with a digit m and a power of ten s = 10^e, drawn anew around it in every update; the digit walks when the
// metric gets worse. Digit and exponent are state, one set per group.
struct Aslr {
  static constexpr tuner::Info info{
      .id = "aslr",
      .name = "ASLR",
      .doc = "lr is drawn around a digit times a power of ten, which walks up and down when the metric gets worse",
      .details =
          "lr = m s with a digit m = 1 .. 9 and a power of ten s; it begins at the optimizer's, cut to one digit.\n"
          "every update:    lr' ~ Uniform((m - 1/2) s, (m + 1/2) s), for each group of its own\n"
          "every new value of the study's metric (one per evaluation point, training.eval_every: an epoch):\n"
          "  better than best:  best = it, the walk ends, and lr stays\n"
          "  worse:             a walk of radius 1 begins upwards; one that has made as many steps as its radius is\n"
          "                     made longer by 1 and turned round; then it makes one step:\n"
          "                     up m + 1 (9 s: 10 s), down m - 1 (s: 9 s / 10)\n"
          "  equal:             nothing\n"
          "From 0.1 a walk goes 0.2, 0.1, 0.09, 0.1, 0.2, 0.3, 0.2, ... A step that leaves [min_lr, max_lr] counts "
          "and\n"
          "is not made. A metric that is NaN is worse. Values from before the schedule's first step do not count.\n"
          "The draws are Philox's of `seed`: equal options and metrics give equal rates, bit for bit.",
      .reference = "Khodamoradi, Denolf, Vissers, Kastner, IJCNN 2021; Xilinx/AdaptiveSchedulers aslr.py",
      .flags = TUNER_PLUGIN_NEEDS_METRIC};

  enum { kMinLr, kMaxLr, kSeed };
  static constexpr tuner::Param params[] = {tuner::real("min_lr", 0, "the walk goes no deeper").at_least(0),
                                            tuner::real("max_lr", 0, "and no higher; 0 is no limit").at_least(0),
                                            tuner::integer("seed", 1, "of the draws").at_least(0)};

  enum { kDigit, kExponent, kBest, kRadius, kMade, kUp, kSeen };
  static constexpr tuner::Slot slots[] = {tuner::global("digit", "m").as(TUNER_DTYPE_I64),
                                          tuner::global("exponent", "log10 of s").as(TUNER_DTYPE_I64),
                                          tuner::global("best", "best value of the metric"),
                                          tuner::global("radius", "steps of this walk; 0: none").as(TUNER_DTYPE_I64),
                                          tuner::global("made", "steps made of it").as(TUNER_DTYPE_I64),
                                          tuner::global("up", "1: it goes up").as(TUNER_DTYPE_I64),
                                          tuner::global("seen", "values of the metric so far").as(TUNER_DTYPE_I64)};

  static void check(const tuner::Options& o) {
    if (o[kMaxLr] > 0 && o[kMaxLr] < o[kMinLr]) throw tuner::Invalid("max_lr is below min_lr");
  }

  // Decimal numbers are off by a few ulp: 0.3 / 0.1 is below 3, and 6 x 0.1 above 0.6.
  static constexpr double kUlps = 1e-12;

  static std::int64_t& whole(const tuner::Schedule& s, std::size_t slot) { return *s.slot<std::int64_t>(slot); }
  static double rate(std::int64_t digit, std::int64_t exponent) {
    return static_cast<double>(digit) * std::pow(10.0, static_cast<double>(exponent));
  }

  static void begin(const tuner::Schedule& s) {
    for (const std::size_t slot : {kRadius, kMade}) whole(s, slot) = 0;
    whole(s, kUp) = 1;
    *s.slot(kBest) = std::nan("");
    std::int64_t &digit = whole(s, kDigit), &exponent = whole(s, kExponent);
    digit = exponent = 0;
    if (!(s.base() > 0)) return;
    exponent = static_cast<std::int64_t>(std::floor(std::log10(s.base()) + kUlps));
    digit = static_cast<std::int64_t>(s.base() / rate(1, exponent) * (1 + kUlps));
  }

  static void make_step(const tuner::Schedule& s) {
    std::int64_t digit = whole(s, kDigit), exponent = whole(s, kExponent);
    if (whole(s, kUp) == 1)
      ++digit;
    else
      --digit;
    if (digit == 10) digit = 1, ++exponent;
    if (digit == 0) digit = 9, --exponent;
    ++whole(s, kMade);
    const double lr = rate(digit, exponent), most = s[kMaxLr];
    if (lr < s[kMinLr] * (1 - kUlps) || (most > 0 && lr > most * (1 + kUlps))) return;
    whole(s, kDigit) = digit;
    whole(s, kExponent) = exponent;
  }

  static void hear(const tuner::Schedule& s, double value) {
    double& best = *s.slot(kBest);
    const bool first = std::isnan(best), better = s.minimize() ? value < best : value > best;
    if (!std::isnan(value) && (first || better)) {
      best = value;
      whole(s, kRadius) = 0;
      return;
    }
    if (first || value == best || whole(s, kDigit) == 0) return;
    if (whole(s, kRadius) == 0) {
      whole(s, kRadius) = 1, whole(s, kMade) = 0, whole(s, kUp) = 1;
    } else if (whole(s, kMade) >= whole(s, kRadius)) {
      ++whole(s, kRadius), whole(s, kMade) = 0, whole(s, kUp) = 1 - whole(s, kUp);
    }
    make_step(s);
  }

  static double value(const tuner::Schedule& s) {
    if (s.step() == 0)
      begin(s);
    else if (s.metric_count() > whole(s, kSeen))
      hear(s, s.metric());
    whole(s, kSeen) = s.metric_count();
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.seed = static_cast<std::uint64_t>(s.options().integer(kSeed));
    rng.trial = s.group();
    rng.position = static_cast<std::uint64_t>(s.step());
    const double shift = tuner_rng_next_uniform(&rng) - 0.5;
    const double scale = whole(s, kDigit) == 0 ? 0 : rate(1, whole(s, kExponent));
    return (static_cast<double>(whole(s, kDigit)) + shift) * scale;
  }
};

}  // namespace

TUNER_LIBRARY("aslr", "1.0.0", "MIT", tuner::scheduler<Aslr>)
