#include <tuner/plugin.hpp>

#include "line_search.hpp"

namespace {

using tuner::flat::Vector;

constexpr std::uint64_t kLargest = 8192;

struct Bfgs {
  static constexpr tuner::Info info{
      .id = "bfgs",
      .name = "BFGS",
      .doc = "quasi-Newton steps with a dense inverse Hessian, for up to 8192 parameters",
      .details =
          "d = -H g,  x += t d with t from strong Wolfe conditions, searched from lr (first step: lr min(1, 1 / "
          "|g|_1))\n"
          "s = t d,  y = change of g over the step,  rho = 1 / y's\n"
          "H = (I - rho s y') H (I - rho y s') + rho s s';  before the first of these H = y's / y'y I\n"
          "Only where y's > 1e-10 |s| |y|, which keeps H positive definite. H = I at the start, where d does not\n"
          "descend, and after a search that failed; failing with H = I ends the run with no progress.\n"
          "State: n^2 values in double. For full batches (batch_size 0); both gradients of y are of one batch.\n"
          "lr = 0 and g = 0 leave x alone; the latter ends the run as converged.\n"
          "family  second order\n"
          "rule    x -= t H g,  H: inverse Hessian learnt from changes of x and g\n"
          "use     smooth functions of up to a few thousand parameters on full batches: superlinear without second "
          "derivatives (Nocedal, Wright 2006, theorem 6.6)\n"
          "not     mini-batches, where changes of g are noise, and many parameters: n^2 values of state, 8192 is "
          "the limit",
      .reference = "Nocedal, Wright 2006, algorithm 6.1, (6.17), (6.20); Broyden, Fletcher, Goldfarb, Shanno 1970",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kC1, kC2, kMaxSearch, kToleranceGrad };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "first step length of every search").at_least(0).search(1e-2, 1, tuner::kLog),
      tuner::real("c1", 1e-4, "share of the predicted decrease that is asked for")
          .above(0)
          .below(1)
          .search(1e-5, 0.1, tuner::kLog),
      tuner::real("c2", 0.9, "share of the slope that may be left").above(0).below(1).search(0.1, 0.9),
      tuner::integer("max_search", 25, "evaluations of a search after its first").at_least(0).at_most(1000),
      tuner::real("tolerance_grad", 0, "largest element of g at which the run has converged").at_least(0)};

  enum { kInverse, kUpdates };
  static constexpr tuner::Slot slots[] = {
      tuner::global("inverse_hessian", "H, n rows of n"),
      tuner::global("updates", "updates of H since it was I; -1: H is not set yet").filled(-1).as(TUNER_DTYPE_I64)};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    if (args.slot != kInverse) return 1;
    const std::uint64_t n = tuner::flat::trainable(args);
    if (n > kLargest)
      throw tuner::Invalid(std::to_string(n) + " parameters make an inverse Hessian of " +
                           std::to_string(n * n * sizeof(double) >> 20) + " MB; bfgs goes up to " +
                           std::to_string(kLargest) + " of them, take lbfgs");
    return n * n;
  }

  static void check(const tuner::Options& o) {
    if (!(o[kC1] < o[kC2])) throw tuner::Invalid("c1 must be below c2: no step could satisfy both Wolfe conditions");
  }

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (o[kLr] == 0) return;
    const tuner::flat::Parameters p(s);
    const Vector g = p.vector(), d = p.vector(), x = p.vector();
    const Vector inverse{s.global_slot(kInverse), p.size() * p.size()};
    auto& updates = *s.global_slot<std::int64_t>(kUpdates);
    p.read_gradient(g);
    if (tuner::flat::max_abs(g) <= o[kToleranceGrad]) return s.flag(TUNER_STEP_CONVERGED);
    const bool first = updates < 0;
    if (first) reset(inverse, p.size(), updates);
    times(inverse, g, d, -1);
    double slope = tuner::flat::dot(g, d);
    if (!(slope < 0)) {
      reset(inverse, p.size(), updates);
      tuner::flat::scale(-1, g, d);
      slope = -tuner::flat::dot(g, g);
    }
    p.read_point(x);
    tuner::flat::Line line(s, p, x, d);
    const tuner::flat::Trial start{0, s.loss(), slope, g};
    const tuner::flat::Rule rule{
        .sufficient = o[kC1], .curvature = o[kC2], .evaluations = static_cast<int>(o.integer(kMaxSearch))};
    Vector work[] = {p.vector(), p.vector(), p.vector()};
    const double from = o[kLr] * (first ? std::min(1.0, 1 / tuner::flat::sum_abs(g)) : 1);
    const tuner::flat::Step1d end = tuner::flat::StrongWolfe(line, start, rule, 1, work).run(from);
    line.go(end.at.t);
    if (p.at(x)) {
      if (updates == 0) s.flag(TUNER_STEP_NO_PROGRESS);
      return reset(inverse, p.size(), updates);
    }
    tuner::flat::scale(end.at.t, d, d);
    tuner::flat::copy(end.at.gradient, x);
    tuner::flat::add(-1, g, x);
    update(inverse, d, x, g, updates);
  }

 private:
  static void reset(Vector inverse, std::size_t n, std::int64_t& updates) {
    std::fill(inverse.begin(), inverse.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) inverse[i * (n + 1)] = 1;
    updates = 0;
  }
  // product = factor H v
  static void times(Vector inverse, tuner::flat::ConstVector v, Vector product, double factor) {
    for (std::size_t i = 0; i < v.size(); ++i)
      product[i] = factor * tuner::flat::dot(inverse.subspan(i * v.size(), v.size()), v);
  }
  // (6.17) multiplied out: H + (1 + rho y'Hy) rho s s' - rho (Hy s' + s (Hy)'), symmetric to the last bit.
  static void update(Vector inverse, tuner::flat::ConstVector s, tuner::flat::ConstVector y, Vector hy,
                     std::int64_t& updates) {
    const double ys = tuner::flat::dot(y, s), yy = tuner::flat::dot(y, y), ss = tuner::flat::dot(s, s);
    if (!(ys > 1e-10 * std::sqrt(ss) * std::sqrt(yy))) return;
    const std::size_t n = s.size();
    if (updates == 0)
      for (std::size_t i = 0; i < n; ++i) inverse[i * (n + 1)] = ys / yy;
    times(inverse, y, hy, 1);
    const double rho = 1 / ys, factor = (1 + rho * tuner::flat::dot(y, hy)) * rho;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k)
        inverse[i * n + k] += factor * (s[i] * s[k]) - rho * (hy[i] * s[k] + s[i] * hy[k]);
    ++updates;
  }
};

}  // namespace

TUNER_LIBRARY("bfgs", "1.0.0", "MIT", tuner::optimizer<Bfgs>)
