#include <numeric>
#include <tuner/plugin.hpp>

#include "flat.hpp"

namespace {

using tuner::flat::ConstVector;
using tuner::flat::Vector;

constexpr std::uint64_t kLargest = 2000;

struct NelderMead {
  static constexpr tuner::Info info{
      .id = "nelder_mead",
      .name = "Nelder-Mead",
      .doc = "moves a simplex of n + 1 points by comparing losses alone, for up to 2000 parameters",
      .details =
          "Points x1 ... xn+1 by rising loss, c the mean of all but the last (worst), x(t) = c + t (xn+1 - c)\n"
          "reflect x(-rho); better than x1: expand x(-rho chi), the better of the two replaces xn+1\n"
          "better than xn: it replaces xn+1; better than xn+1: contract outside to x(-rho gamma), taken if not worse\n"
          "else contract inside to x(gamma), taken if better than xn+1; where not: shrink, xi = x1 + sigma (xi - x1)\n"
          "A step is one of these moves; the parameters are left at the best point. First step: xi+1 = x with element "
          "i\n"
          "times 1 + initial_step, or zero_step where it is 0.\n"
          "rho 1, chi 2, gamma 1/2, sigma 1/2; adaptive: chi = 1 + 2/n, gamma = 3/4 - 1/(2n), sigma = 1 - 1/n\n"
          "(n = 1 counts as 2).\n"
          "Variant: Lagarias et al.'s order of ties (a new point comes after old ones of the same loss). A loss that "
          "is\n"
          "not finite is worse than any other. No gradient is asked for. The run has converged where the losses "
          "differ\n"
          "by tolerance_loss and the points by tolerance_x at most, both at once. A simplex that rounding keeps from\n"
          "shrinking ends the run with no progress. For full batches: losses are kept.\n"
          "family  derivative-free\n"
          "rule    the worst of n + 1 points is reflected, expanded or contracted through the mean of the others, "
          "or all shrink to the best\n"
          "use     up to about ten parameters whose loss has no gradient and no noise\n"
          "not     more parameters, where it slows down (Gao, Han 2012), and where gradients exist; it can stop at "
          "points that are no minimum (McKinnon 1998)",
      .reference = "Nelder, Mead 1965; Lagarias, Reeds, Wright, Wright 1998, section 2; Gao, Han 2012, (4.1)",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_DERIVATIVE_FREE | TUNER_PLUGIN_FULL_BATCH | TUNER_PLUGIN_ONE_GROUP};

  enum { kInitialStep, kZeroStep, kAdaptive, kToleranceX, kToleranceLoss };
  static constexpr tuner::Param params[] = {
      tuner::real("initial_step", 0.05, "relative size of the first simplex").above(0).search(1e-3, 1, tuner::kLog),
      tuner::real("zero_step", 2.5e-4, "size of the first simplex along elements that are 0")
          .above(0)
          .search(1e-4, 1, tuner::kLog),
      tuner::boolean("adaptive", false, "coefficients that depend on n, for more than a few parameters"),
      tuner::real("tolerance_x", 0, "largest difference of any element from the best point's at convergence")
          .at_least(0),
      tuner::real("tolerance_loss", 0, "largest difference of a loss from the best one at convergence").at_least(0)};

  enum { kPoints, kLosses };
  static constexpr tuner::Slot slots[] = {
      tuner::global("points", "the simplex by rising loss: n + 1 rows of n"),
      tuner::global("losses", "at the points; NaN: no simplex yet").filled(std::numeric_limits<double>::quiet_NaN())};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const std::uint64_t n = tuner::flat::trainable(args);
    if (n > kLargest)
      throw tuner::Invalid(std::to_string(n) +
                           " parameters need a simplex of as many points and one more; nelder_mead " + "goes up to " +
                           std::to_string(kLargest) + " parameters, take spsa or a method with gradients");
    return args.slot == kPoints ? n * (n + 1) : n + 1;
  }

  static void step(const tuner::Step& s);
};

// Losses that are not finite compare as the worst.
double comparable(double loss) { return std::isfinite(loss) ? loss : tuner::kInfinity; }

class Simplex {
 public:
  explicit Simplex(const tuner::Step& s)
      : s_(s),
        p_(s),
        n_(p_.size()),
        points_(s.global_slot(NelderMead::kPoints), n_ * (n_ + 1)),
        losses_(s.global_slot(NelderMead::kLosses), n_ + 1),
        center_(p_.vector()),
        reflected_(p_.vector()),
        other_(p_.vector()) {}

  void step() {
    const tuner::Options o = s_.options();
    if (n_ == 0) return;
    if (std::isnan(losses_[0])) start(o);
    const double n = std::max(2.0, static_cast<double>(n_));
    const bool adaptive = o.flag(NelderMead::kAdaptive);
    move(adaptive ? 1 + 2 / n : 2, adaptive ? 0.75 - 1 / (2 * n) : 0.5, adaptive ? 1 - 1 / n : 0.5);
    p_.write_point(point(0));
    if (converged(o)) s_.flag(TUNER_STEP_CONVERGED);
  }

 private:
  void start(const tuner::Options& o) {
    p_.read_point(point(0));
    losses_[0] = comparable(s_.loss());
    for (std::size_t i = 0; i < n_; ++i) {
      const Vector p = point(i + 1);
      tuner::flat::copy(point(0), p);
      p[i] = p[i] == 0 ? o[NelderMead::kZeroStep] : (1 + o[NelderMead::kInitialStep]) * p[i];
      losses_[i + 1] = loss_at(p);
    }
    sort();
  }

  void move(double expand, double contract, double shrink) {
    find_center();
    const double worst = losses_[n_], second = losses_[n_ - 1];
    const double reflected = along(-1, reflected_);
    if (reflected < losses_[0]) {
      const double expanded = along(-expand, other_);
      return expanded < reflected ? replace_worst(other_, expanded) : replace_worst(reflected_, reflected);
    }
    if (reflected < second) return replace_worst(reflected_, reflected);
    if (reflected < worst) {
      const double outside = along(-contract, other_);
      if (outside <= reflected) return replace_worst(other_, outside);
    } else {
      const double inside = along(contract, other_);
      if (inside < worst) return replace_worst(other_, inside);
    }
    bool shrinks = false;
    for (std::size_t i = 1; i <= n_; ++i) {
      const Vector p = point(i);
      for (std::size_t k = 0; k < n_; ++k) {
        const double nearer = point(0)[k] + shrink * (p[k] - point(0)[k]);
        shrinks = shrinks || nearer != p[k];
        p[k] = nearer;
      }
      losses_[i] = loss_at(p);
    }
    sort();
    if (!shrinks) s_.flag(TUNER_STEP_NO_PROGRESS);  // as small as rounding lets it be: every step would be this one
  }

  void find_center() {
    std::fill(center_.begin(), center_.end(), 0.0);
    for (std::size_t i = 0; i < n_; ++i) tuner::flat::add(1, point(i), center_);
    for (double& c : center_) c /= static_cast<double>(n_);
  }
  // to = x(t); returns its loss.
  double along(double t, Vector to) {
    const Vector worst = point(n_);
    for (std::size_t k = 0; k < n_; ++k) to[k] = center_[k] + t * (worst[k] - center_[k]);
    return loss_at(to);
  }
  double loss_at(ConstVector p) {
    p_.write_point(p);
    return comparable(s_.evaluate(TUNER_WANT_LOSS));
  }

  // The new point goes behind all that are not worse.
  void replace_worst(ConstVector p, double loss) {
    tuner::flat::copy(p, point(n_));
    losses_[n_] = loss;
    const auto place = std::upper_bound(losses_.begin(), losses_.end() - 1, loss) - losses_.begin();
    std::rotate(losses_.begin() + place, losses_.end() - 1, losses_.end());
    const auto row = static_cast<std::ptrdiff_t>(n_);
    std::rotate(points_.begin() + place * row, points_.end() - row, points_.end());
  }
  // By insertion, stable: shrinking keeps the points nearly in order.
  void sort() {
    const auto row = static_cast<std::ptrdiff_t>(n_);
    for (std::size_t i = 1; i <= n_; ++i) {
      const auto end = static_cast<std::ptrdiff_t>(i);
      const auto place = std::upper_bound(losses_.begin(), losses_.begin() + end, losses_[i]) - losses_.begin();
      std::rotate(losses_.begin() + place, losses_.begin() + end, losses_.begin() + end + 1);
      std::rotate(points_.begin() + place * row, points_.begin() + end * row, points_.begin() + (end + 1) * row);
    }
  }

  [[nodiscard]] bool converged(const tuner::Options& o) const {
    if (losses_[n_] - losses_[0] > o[NelderMead::kToleranceLoss]) return false;
    for (std::size_t i = 1; i <= n_; ++i)
      for (std::size_t k = 0; k < n_; ++k)
        if (std::abs(point(i)[k] - point(0)[k]) > o[NelderMead::kToleranceX]) return false;
    return true;
  }
  [[nodiscard]] Vector point(std::size_t i) const { return points_.subspan(i * n_, n_); }

  const tuner::Step& s_;
  tuner::flat::Parameters p_;
  std::size_t n_;
  Vector points_, losses_, center_, reflected_, other_;
};

void NelderMead::step(const tuner::Step& s) { Simplex(s).step(); }

}  // namespace

TUNER_LIBRARY("nelder_mead", "1.0.0", "MIT", tuner::optimizer<NelderMead>)
