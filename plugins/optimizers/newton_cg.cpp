#include <tuner/plugin.hpp>

#include "hessian.hpp"
#include "line_search.hpp"

namespace {

using tuner::flat::Vector;

constexpr const char* kSearches[] = {"armijo", "strong_wolfe", "none"};

struct NewtonCg {
  static constexpr tuner::Info info{
      .id = "newton_cg",
      .name = "Newton-CG",
      .doc = "Newton's method without a Hessian: conjugate gradients on its products, cut short where it curves down",
      .details =
          "z = 0, r = g, q = -g;  at most max_cg times (0: n):\n"
          "  q'Hq <= 0: d = -g the first time, else z; end\n"
          "  a = r'r / q'Hq,  z += a q,  r' = r + a Hq;  |r'| < eps: d = z; end\n"
          "  q = -r' + (r''r' / r'r) q\n"
          "eps = min(0.5, sqrt|g|) |g| (forcing: superlinear), min(0.5, |g|) |g| (quadratic), 0.5 |g| (linear)\n"
          "x += t d;  t from lr by backtracking (c1), strong_wolfe (c1, c2), or t = lr (none)\n"
          "Each product costs two evaluations. A search without a better point ends the run with no progress.\n"
          "No state. For full batches (batch_size 0). lr = 0 and g = 0 leave x alone; the latter ends the run as\n"
          "converged.\n"
          "family  second order\n"
          "rule    x += t d,  H d = -g solved roughly by conjugate gradients\n"
          "use     large smooth functions with exact Hessian-vector products: superlinear convergence without n^2 "
          "memory (Nocedal, Wright 2006, theorem 7.2)\n"
          "not     mini-batches, and badly conditioned Hessians: every inner iteration costs as much as two "
          "gradients",
      .reference = "Nocedal, Wright 2006, algorithm 7.1; Dembo, Eisenstat, Steihaug 1982",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_NEEDS_HVP | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kSearch, kForcing, kMaxCg, kC1, kC2, kToleranceGrad };
  enum { kArmijo, kStrongWolfe, kNone };
  enum { kSuperlinear, kQuadratic, kLinear };
  static constexpr const char* kForcings[] = {"superlinear", "quadratic", "linear"};
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "step length, or the first one that the search tries")
          .at_least(0)
          .search(0.1, 1, tuner::kLog),
      tuner::choice("line_search", kSearches, "how the step length is found"),
      tuner::choice("forcing", kForcings, "how exactly the Newton equation is solved"),
      tuner::integer("max_cg", 0, "Hessian-vector products in a step; 0: as many as parameters").at_least(0),
      tuner::real("c1", 1e-4, "share of the predicted decrease that is asked for")
          .above(0)
          .below(1)
          .search(1e-5, 0.1, tuner::kLog),
      tuner::real("c2", 0.9, "share of the slope that may be left (strong_wolfe)").above(0).below(1).search(0.1, 0.9),
      tuner::real("tolerance_grad", 0, "largest element of g at which the run has converged").at_least(0)};

  static void check(const tuner::Options& o) {
    if (o.choice(kSearch) == kStrongWolfe && !(o[kC1] < o[kC2]))
      throw tuner::Invalid("c1 must be below c2: no step could satisfy both Wolfe conditions");
  }

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (o[kLr] == 0) return;
    const tuner::flat::Parameters p(s);
    const Vector g = p.vector(), d = p.vector(), x = p.vector();
    p.read_gradient(g);
    if (tuner::flat::max_abs(g) <= o[kToleranceGrad]) return s.flag(TUNER_STEP_CONVERGED);
    p.read_point(x);
    direction(s, o, p, g, d);
    if (o.choice(kSearch) == kNone) return p.write_point(x, o[kLr], d);
    tuner::flat::Line line(s, p, x, d);
    const tuner::flat::Trial start{0, s.loss(), tuner::flat::dot(g, d), g};
    const tuner::flat::Rule rule{.sufficient = o[kC1], .curvature = o[kC2]};
    tuner::flat::Step1d end;
    if (o.choice(kSearch) == kArmijo) {
      end = tuner::flat::armijo(line, start, o[kLr], rule);
    } else {
      Vector work[] = {p.vector(), p.vector(), p.vector()};
      end = tuner::flat::StrongWolfe(line, start, rule, 1, work).run(o[kLr]);
    }
    line.go(end.at.t);
    if (p.at(x)) s.flag(TUNER_STEP_NO_PROGRESS);
  }

 private:
  static double precision(const tuner::Options& o, double norm) {
    if (o.choice(kForcing) == kLinear) return 0.5 * norm;
    return std::min(0.5, o.choice(kForcing) == kQuadratic ? norm : std::sqrt(norm)) * norm;
  }

  // d: the truncated solution of H d = -g.
  static void direction(const tuner::Step& s, const tuner::Options& o, const tuner::flat::Parameters& p, Vector g,
                        Vector d) {
    tuner::flat::Hessian hessian(s);
    const Vector r = p.vector(), q = p.vector(), hq = p.vector();
    const std::size_t most = o.integer(kMaxCg) > 0 ? static_cast<std::size_t>(o.integer(kMaxCg)) : p.size();
    double rr = tuner::flat::dot(g, g);
    const double enough = precision(o, std::sqrt(rr));
    std::fill(d.begin(), d.end(), 0.0);
    tuner::flat::copy(g, r);
    tuner::flat::scale(-1, g, q);
    for (std::size_t i = 0; i < most; ++i) {
      hessian.times(q, hq);
      const double curvature = tuner::flat::dot(q, hq);
      if (!(curvature > 0)) {
        if (i == 0) tuner::flat::scale(-1, g, d);
        return;
      }
      const double a = rr / curvature;
      tuner::flat::add(a, q, d);
      tuner::flat::add(a, hq, r);
      const double before = rr;
      rr = tuner::flat::dot(r, r);
      if (std::sqrt(rr) < enough) return;
      for (std::size_t k = 0; k < q.size(); ++k) q[k] = rr / before * q[k] - r[k];
    }
  }
};

}  // namespace

TUNER_LIBRARY("newton_cg", "1.0.0", "MIT", tuner::optimizer<NewtonCg>)
