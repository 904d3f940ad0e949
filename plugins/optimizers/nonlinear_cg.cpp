#include <tuner/plugin.hpp>

#include "line_search.hpp"

namespace {

constexpr const char* kBetas[] = {"pr_plus", "fr", "hs", "dy"};
constexpr const char* kSearches[] = {"strong_wolfe", "exact"};

struct NonlinearCg {
  static constexpr tuner::Info info{
      .id = "nonlinear_cg",
      .name = "Nonlinear conjugate gradients",
      .doc = "conjugate directions from two gradients and a line search: two vectors of state",
      .details =
          "d = -g + beta d,  x += t d,  with h the gradient before, y = g - h and d the direction before\n"
          "fr:       beta = g'g / h'h              pr_plus:  beta = max(0, g'y / h'h)\n"
          "hs:       beta = g'y / d'y              dy:       beta = g'g / d'y\n"
          "d = -g at the first step, every restart steps (0: never), where d'y = 0, and where d would not descend.\n"
          "t: strong Wolfe conditions with c1, c2, or exact: phi'(t) = 0 to 1e-10 (1e-5 with float32 tensors), which\n"
          "solves an n-dimensional quadratic in n steps. Searched from lr min(1, 1 / |g|_1) at the first step, then\n"
          "from lr t phi'_before / phi', the length of the same predicted decrease.\n"
          "A search that fails takes the best point it saw and restarts; failing along -g ends the run with no "
          "progress.\n"
          "For full batches (batch_size 0). lr = 0 and g = 0 leave x alone; the latter ends the run as converged.\n"
          "family  line search\n"
          "rule    d = -g + beta d,  x += t d,  t searched along d\n"
          "use     smooth functions on full batches with little memory: two vectors, and n steps for a quadratic "
          "with exact searches\n"
          "not     mini-batches, whose noise destroys conjugacy; where memory for it is there lbfgs is the better "
          "choice, it forgives inexact searches",
      .reference =
          "Nocedal, Wright 2006, algorithm 5.4, (5.41a), (5.44), (5.45), (5.46), (5.49), (3.60); Fletcher, Reeves "
          "1964; "
          "Gilbert, Nocedal 1992; Hestenes, Stiefel 1952; Dai, Yuan 1999",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_FULL_BATCH | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kBeta, kSearch, kC1, kC2, kMaxSearch, kRestart, kToleranceGrad };
  enum { kPolakRibierePlus, kFletcherReeves, kHestenesStiefel, kDaiYuan };
  enum { kStrongWolfe, kExact };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "factor of the first step length of every search").at_least(0).search(1e-2, 10, tuner::kLog),
      tuner::choice("beta", kBetas, "formula of beta"),
      tuner::choice("line_search", kSearches, "how the step length is found"),
      tuner::real("c1", 1e-4, "share of the predicted decrease that is asked for")
          .above(0)
          .below(1)
          .search(1e-5, 0.1, tuner::kLog),
      tuner::real("c2", 0.1, "share of the slope that may be left; fr and dy need c2 < 0.5")
          .above(0)
          .below(1)
          .search(0.01, 0.49),
      tuner::integer("max_search", 25, "evaluations of a search after its first").at_least(0).at_most(1000),
      tuner::integer("restart", 0, "steps between restarts; 0: none but the necessary ones").at_least(0),
      tuner::real("tolerance_grad", 0, "largest element of g at which the run has converged").at_least(0)};

  enum { kPrevGrad, kDirection, kLength, kSlope, kAge };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("prev_grad", "gradient h at the step before"),
      tuner::per_element("direction", "direction d of the step before"),
      tuner::global("length", "step length t of the step before"), tuner::global("slope", "g'd of the step before"),
      tuner::global("age", "steps since the last restart; 0: the next one is the first").as(TUNER_DTYPE_I64)};

  static void check(const tuner::Options& o) {
    if (o.choice(kSearch) == kStrongWolfe && !(o[kC1] < o[kC2]))
      throw tuner::Invalid("c1 must be below c2: no step could satisfy both Wolfe conditions");
  }

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (o[kLr] == 0) return;
    const tuner::flat::Parameters p(s);
    const tuner::flat::Vector g = p.vector(), d = p.vector(), x = p.vector();
    p.read_gradient(g);
    if (tuner::flat::max_abs(g) <= o[kToleranceGrad]) return s.flag(TUNER_STEP_CONVERGED);
    auto& age = *s.global_slot<std::int64_t>(kAge);
    double &length = *s.global_slot(kLength), &slope_before = *s.global_slot(kSlope);
    const bool first = s.number() <= 1 || length == 0;
    double slope = first ? 0 : direction(s, o, p, g, d, age);
    if (!(slope < 0)) {
      tuner::flat::scale(-1, g, d);
      slope = -tuner::flat::dot(g, g);
      age = 0;
    }
    const double from = o[kLr] * (first ? std::min(1.0, 1 / tuner::flat::sum_abs(g)) : length * slope_before / slope);
    p.read_point(x);
    tuner::flat::Line line(s, p, x, d);
    const tuner::flat::Trial start{0, s.loss(), slope, g};
    const tuner::flat::Step1d end = search(o, p, line, start, from);
    line.go(end.at.t);
    const bool stays = p.at(x);
    if (stays && age == 0) s.flag(TUNER_STEP_NO_PROGRESS);
    p.write(kPrevGrad, 0, g);
    p.write(kDirection, 0, d);
    age = end.found && !stays ? age + 1 : 0;
    length = stays ? 0 : end.at.t;
    slope_before = slope;
  }

 private:
  // d = -g + beta d; returns g'd. 0 where a restart is due.
  static double direction(const tuner::Step& s, const tuner::Options& o, const tuner::flat::Parameters& p,
                          tuner::flat::ConstVector g, tuner::flat::Vector d, std::int64_t age) {
    const bool due = age == 0 || (o.integer(kRestart) > 0 && age >= o.integer(kRestart));
    if (due) return 0;
    const tuner::flat::Vector h = s.host().scratch<double>(p.size());
    p.read(kPrevGrad, 0, h);
    p.read(kDirection, 0, d);
    const double gg = tuner::flat::dot(g, g), hh = tuner::flat::dot(h, h), gy = gg - tuner::flat::dot(g, h);
    const double dy = tuner::flat::dot(d, g) - tuner::flat::dot(d, h);
    const auto formula = o.choice(kBeta);
    const double beta = formula == kFletcherReeves    ? gg / hh
                        : formula == kHestenesStiefel ? gy / dy
                        : formula == kDaiYuan         ? gg / dy
                                                      : std::max(0.0, gy / hh);
    if (!std::isfinite(beta)) return 0;
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = beta * d[i] - g[i];
    return tuner::flat::dot(g, d);
  }

  static tuner::flat::Step1d search(const tuner::Options& o, const tuner::flat::Parameters& p, tuner::flat::Line& line,
                                    const tuner::flat::Trial& start, double from) {
    tuner::flat::Rule rule{
        .sufficient = o[kC1], .curvature = o[kC2], .evaluations = static_cast<int>(o.integer(kMaxSearch))};
    tuner::flat::Vector work[] = {p.vector(), p.vector(), p.vector()};
    if (o.choice(kSearch) == kStrongWolfe) return tuner::flat::StrongWolfe(line, start, rule, 1, work).run(from);
    rule.curvature = tuner::flat::exactness(p);
    return tuner::flat::exact(line, start, from, rule, work);
  }
};

}  // namespace

TUNER_LIBRARY("nonlinear_cg", "1.0.0", "MIT", tuner::optimizer<NonlinearCg>)
