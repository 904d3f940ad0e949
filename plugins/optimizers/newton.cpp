#include <tuner/plugin.hpp>

#include "hessian.hpp"
#include "line_search.hpp"
#include "linear_algebra/decompositions.hpp"

namespace {

using tuner::flat::Vector;

constexpr const char* kSearches[] = {"none", "armijo"};
constexpr std::uint64_t kLargest = 4096;

struct Newton {
  static constexpr tuner::Info info{
      .id = "newton",
      .name = "Newton's method",
      .doc = "steps with the exact Hessian, for up to 4096 parameters",
      .details =
          "(H + (damping + tau) I) d = -g,  x += t d\n"
          "H: the objective's Hessian from n products with unit vectors, made symmetric, taken anew every `interval`\n"
          "steps. tau = 0 where H + damping I has a Cholesky factor; else the first of\n"
          "max(0, 1e-3 - min diagonal), and then 1e-3 or twice the value before, that gives it one.\n"
          "t = lr, or with line_search: armijo the first of lr, lr/2, lr/4, ... with\n"
          "f(x + t d) <= f(x) + 1e-4 t g'd (at most 26 evaluations; none found ends the run with no progress).\n"
          "With damping 0 and lr 1 a convex quadratic is solved in one step. A new Hessian costs 2n evaluations.\n"
          "State: n^2 values in double. lr = 0 and g = 0 leave x alone; the latter ends the run as converged.\n"
          "family  second order\n"
          "rule    x -= t (H + (damping + tau) I)^-1 g\n"
          "use     up to a few thousand parameters with exact Hessian-vector products: near a minimum the number "
          "of right digits doubles with every step (Nocedal, Wright 2006, theorem 3.5)\n"
          "not     mini-batches, or many parameters: a Hessian costs n products, its factor n^3 / 3 operations, "
          "and 4096 is the limit",
      .reference = "Nocedal, Wright 2006, (3.30), algorithms 3.2 and 3.3; Levenberg 1944 for damping",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_NEEDS_HVP | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kDamping, kInterval, kSearch, kToleranceGrad };
  enum { kNone, kArmijo };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "step length, or the first one that the search tries")
          .at_least(0)
          .search(0.1, 1, tuner::kLog),
      tuner::real("damping", 0, "added to the Hessian's diagonal").at_least(0).search(1e-6, 1e2, tuner::kLog),
      tuner::integer("interval", 1, "steps between two Hessians").at_least(1).search(1, 10),
      tuner::choice("line_search", kSearches, "how the step length is found"),
      tuner::real("tolerance_grad", 0, "largest element of g at which the run has converged").at_least(0)};

  enum { kHessian, kAge };
  static constexpr tuner::Slot slots[] = {tuner::global("hessian", "H as it was last taken, n rows of n"),
                                          tuner::global("age", "steps since then, 0: never taken").as(TUNER_DTYPE_I64)};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    if (args.slot != kHessian) return 1;
    const std::uint64_t n = tuner::flat::trainable(args);
    if (n > kLargest)
      throw tuner::Invalid(std::to_string(n) + " parameters make a Hessian of " +
                           std::to_string(n * n * sizeof(double) >> 20) + " MB at " + std::to_string(2 * n) +
                           " evaluations; newton goes up to " + std::to_string(kLargest) +
                           " parameters, take newton_cg or lbfgs");
    return n * n;
  }

  static void step(const tuner::Step& s) {
    const tuner::Options o = s.options();
    if (o[kLr] == 0) return;
    const tuner::flat::Parameters p(s);
    const Vector g = p.vector(), d = p.vector(), x = p.vector();
    p.read_gradient(g);
    if (tuner::flat::max_abs(g) <= o[kToleranceGrad]) return s.flag(TUNER_STEP_CONVERGED);
    p.read_point(x);
    const Vector hessian{s.global_slot(kHessian), p.size() * p.size()};
    auto& age = *s.global_slot<std::int64_t>(kAge);
    if (age == 0 || age >= o.integer(kInterval)) {
      take(s, hessian, p.vector(), d);
      age = 0;
    }
    ++age;
    solve(s, hessian, o[kDamping], g, d);
    if (o.choice(kSearch) == kNone) return p.write_point(x, o[kLr], d);
    tuner::flat::Line line(s, p, x, d);
    const tuner::flat::Step1d end = tuner::flat::armijo(line, {0, s.loss(), tuner::flat::dot(g, d), g}, o[kLr], {});
    line.go(end.at.t);
    if (p.at(x)) s.flag(TUNER_STEP_NO_PROGRESS);
  }

 private:
  static void take(const tuner::Step& s, Vector hessian, Vector unit, Vector product) {
    tuner::flat::Hessian products(s);
    const std::size_t n = unit.size();
    std::fill(unit.begin(), unit.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      unit[i] = 1;
      products.times(unit, product);
      unit[i] = 0;
      tuner::flat::copy(product, hessian.subspan(i * n, n));
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < i; ++k)
        hessian[i * n + k] = hessian[k * n + i] = (hessian[i * n + k] + hessian[k * n + i]) / 2;
  }

  // d = -(H + (damping + tau) I)^-1 g
  static void solve(const tuner::Step& s, Vector hessian, double damping, Vector g, Vector d) {
    const std::size_t n = g.size();
    const auto all_finite = [](Vector values) {
      return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
    };
    if (!all_finite(hessian)) throw std::runtime_error("the objective's Hessian is not finite");
    const std::span<double> work = s.host().scratch<double>(hessian.size());
    double least = hessian[0];
    for (std::size_t i = 1; i < n; ++i) least = std::min(least, hessian[i * n + i]);
    least += damping;
    for (double tau = least > 0 ? 0 : kFirstShift - least;;
         tau = std::max(2 * tau, kFirstShift)) {  // ends: tau outgrows |H|
      std::copy(hessian.begin(), hessian.end(), work.begin());
      for (std::size_t i = 0; i < n; ++i) work[i * n + i] += damping + tau;
      if (!tuner::linear_algebra::cholesky(n, work.data())) continue;
      for (std::size_t i = 0; i < n; ++i) d[i] = -g[i];
      tuner::linear_algebra::cholesky_solve(n, work.data(), d);
      if (all_finite(d)) return;
    }
  }
  static constexpr double kFirstShift = 1e-3;
};

}  // namespace

TUNER_LIBRARY("newton", "1.0.0", "MIT", tuner::optimizer<Newton>)
