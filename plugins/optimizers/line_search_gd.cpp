#include <tuner/plugin.hpp>

#include "line_search.hpp"

namespace {

constexpr const char* kSearches[] = {"armijo", "exact", "strong_wolfe"};

struct LineSearchGd {
  static constexpr tuner::Info info{
      .id = "line_search_gd",
      .name = "Gradient descent with line search",
      .doc = "steepest descent whose step length is searched along the gradient",
      .details =
          "x -= t g, f along it: phi(t) = f(x - t g), searched from t = lr\n"
          "armijo:        the first of lr, shrink lr, shrink^2 lr, ... with phi(t) <= phi(0) + c1 t phi'(0)\n"
          "exact:         phi'(t) = 0 to 1e-10 of phi'(0) (1e-5 with float32 tensors); g'g / g'Ag on a quadratic\n"
          "strong_wolfe:  Armijo's condition and |phi'(t)| <= c2 |phi'(0)|\n"
          "At most max_search evaluations after the first. A search that fails takes the best point it saw; where no\n"
          "point is better than x the run ends with no progress. For full batches (batch_size 0).\n"
          "lr = 0 and g = 0 leave x alone; the latter ends the run as converged.\n"
          "family  line search\n"
          "rule    x -= t g,  t searched along the gradient\n"
          "use     smooth functions on full batches, as a baseline without lr to tune\n"
          "not     ill-conditioned functions: with condition k the loss falls only by ((k - 1) / (k + 1))^2 a step "
          "even with exact searches (Nocedal, Wright 2006, theorem 3.3); mini-batches",
      .reference = "Armijo 1966; Nocedal, Wright 2006, (3.4), (3.7), algorithms 3.1, 3.5, 3.6; Cauchy 1847 for exact",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kSearch, kC1, kC2, kShrink, kMaxSearch, kToleranceGrad };
  enum { kArmijo, kExact, kStrongWolfe };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "first step length of every search").at_least(0).search(1e-3, 10, tuner::kLog),
      tuner::choice("line_search", kSearches, "how the step length is found"),
      tuner::real("c1", 1e-4, "share of the predicted decrease that is asked for")
          .above(0)
          .below(1)
          .search(1e-5, 0.3, tuner::kLog),
      tuner::real("c2", 0.9, "share of the slope that may be left (strong_wolfe)").above(0).below(1).search(0.1, 0.9),
      tuner::real("shrink", 0.5, "factor of backtracking (armijo)").above(0).below(1).search(0.1, 0.9),
      tuner::integer("max_search", 25, "evaluations of a search after its first").at_least(0).at_most(1000),
      tuner::real("tolerance_grad", 0, "largest element of g at which the run has converged").at_least(0)};

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
    tuner::flat::scale(-1, g, d);
    p.read_point(x);
    tuner::flat::Line line(s, p, x, d);
    const tuner::flat::Trial start{0, s.loss(), -tuner::flat::dot(g, g), g};
    const tuner::flat::Step1d end = search(o, p, line, start);
    line.go(end.at.t);
    if (p.at(x)) s.flag(TUNER_STEP_NO_PROGRESS);
  }

 private:
  static tuner::flat::Step1d search(const tuner::Options& o, const tuner::flat::Parameters& p, tuner::flat::Line& line,
                                    const tuner::flat::Trial& start) {
    tuner::flat::Rule rule{.sufficient = o[kC1],
                           .curvature = o[kC2],
                           .shrink = o[kShrink],
                           .evaluations = static_cast<int>(o.integer(kMaxSearch))};
    if (o.choice(kSearch) == kArmijo) return tuner::flat::armijo(line, start, o[kLr], rule);
    tuner::flat::Vector work[] = {p.vector(), p.vector(), p.vector()};
    if (o.choice(kSearch) == kStrongWolfe) return tuner::flat::StrongWolfe(line, start, rule, 1, work).run(o[kLr]);
    rule.curvature = tuner::flat::exactness(p);
    return tuner::flat::exact(line, start, o[kLr], rule, work);
  }
};

}  // namespace

TUNER_LIBRARY("line_search_gd", "1.0.0", "MIT", tuner::optimizer<LineSearchGd>)
