// Steps along a direction: how far to go from x towards x + d.
//
// phi(t) = f(x + t d) for t >= 0, with phi'(0) < 0. Each search takes a line, any type with
//   void evaluate(Trial&)     loss, slope = phi'(t) and gradient at trial.t
//   double loss(double t)     phi(t) alone
// and says where it ended: no point is worse than the start. Losses and slopes that are not finite count as too far.
// Source: Nocedal, Wright 2006, chapter 3: Armijo's condition (3.4), strong Wolfe conditions (3.7), algorithms 3.5
// and 3.6, cubic interpolation (3.59).
#pragma once

#include <algorithm>
#include <cmath>

#include "flat.hpp"

namespace tuner::flat {

struct Trial {
  double t = 0, loss = 0, slope = 0;
  Vector gradient;
};

struct Rule {
  double sufficient = 1e-4;  // c1 of (3.4)
  double curvature = 0.9;    // c2 of (3.7b)
  double shrink = 0.5;       // of armijo()
  int evaluations = 25;      // at most, after the first
  double least_change = 0;   // strong_wolfe() ends where its bracket moves no element by more
};

// Where a search ended. found: all its conditions hold; else t is the best point that it saw, 0 if none beats the
// start.
struct Step1d {
  bool found = false;
  Trial at;
};

inline bool decreases(const Rule& rule, const Trial& start, double t, double loss) {
  return loss <= start.loss + rule.sufficient * t * start.slope;
}

// (3.59) within [low, high]; the middle where the cubic has no minimum.
inline double cubic_minimum(const Trial& a, const Trial& b, double low, double high) {
  const Trial &left = a.t <= b.t ? a : b, &right = a.t <= b.t ? b : a;
  const double d1 = left.slope + right.slope - 3 * (left.loss - right.loss) / (left.t - right.t);
  const double square = d1 * d1 - left.slope * right.slope;
  const double d2 = std::sqrt(std::max(square, 0.0));
  const double t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  if (!(square >= 0) || !std::isfinite(t)) return (low + high) / 2;
  return std::min(std::max(t, low), high);
}

// Backtracking: the first of t, shrink t, shrink^2 t, ... with enough decrease.
template <class Line>
Step1d armijo(Line& line, const Trial& start, double t, const Rule& rule) {
  for (int i = 0; i <= rule.evaluations; ++i, t *= rule.shrink) {
    const double loss = line.loss(t);
    if (decreases(rule, start, t, loss)) return {true, {t, loss, 0, {}}};
  }
  return {false, start};
}

// Algorithms 3.5 (going out until a minimum lies between) and 3.6 (going in), in the variant that minFunc and PyTorch
// share: a trial leaves the bracket's tenth at either end when it came close to an end twice.
template <class Line>
class StrongWolfe {
 public:
  // gradients: three vectors of the parameters' size, to work in.
  StrongWolfe(Line& line, const Trial& start, const Rule& rule, double longest, Vector (&gradients)[3])
      : line_(line), start_(start), rule_(rule), longest_(longest) {
    ends_[0].gradient = gradients[0];
    ends_[1].gradient = gradients[1];
    next_.gradient = gradients[2];
  }

  Step1d run(double t) {
    if (go_out(t)) return {true, next_};
    low_ = ends_[1].loss < ends_[0].loss ? 1 : 0;
    while (evaluations_ < rule_.evaluations && width() * longest_ >= rule_.least_change) {
      if (narrow()) return {true, ends_[low_]};
    }
    return {false, ends_[low_]};
  }

 private:
  // True where next_ is accepted; else a minimum lies between ends_.
  bool go_out(double t) {
    take(ends_[0], start_);
    evaluate(t);
    for (; evaluations_ < rule_.evaluations; ++evaluations_) {
      // The second trial may be above the first one, as in minFunc, whose count starts there.
      if (!decreases(rule_, start_, next_.t, next_.loss) || (evaluations_ > 1 && !(next_.loss < ends_[0].loss)))
        return std::swap(ends_[1], next_), false;
      if (level(next_)) return true;
      if (!(next_.slope < 0)) return std::swap(ends_[1], next_), false;
      const double further = cubic_minimum(ends_[0], next_, next_.t + 0.01 * (next_.t - ends_[0].t), 10 * next_.t);
      std::swap(ends_[0], next_);
      evaluate(further);
    }
    take(ends_[0], start_);
    std::swap(ends_[1], next_);
    return false;
  }

  // One trial within the bracket. True where ends_[low_] satisfies both conditions.
  bool narrow() {
    evaluate(inner_trial());
    ++evaluations_;
    Trial &low = ends_[low_], &high = ends_[1 - low_];
    if (!decreases(rule_, start_, next_.t, next_.loss) || !(next_.loss < low.loss)) {
      std::swap(high, next_);
      low_ = ends_[1].loss < ends_[0].loss ? 1 : 0;
      return false;
    }
    const bool found = level(next_);
    if (!found && next_.slope * (high.t - low.t) >= 0) std::swap(high, low);
    std::swap(low, next_);
    return found;
  }

  double inner_trial() {
    const double left = std::min(ends_[0].t, ends_[1].t), right = std::max(ends_[0].t, ends_[1].t);
    const double t = cubic_minimum(ends_[0], ends_[1], left, right), margin = 0.1 * (right - left);
    if (std::min(right - t, t - left) >= margin) return at_end_ = false, t;
    if (!at_end_ && t < right && t > left) return at_end_ = true, t;
    at_end_ = false;
    return right - t < t - left ? right - margin : left + margin;
  }

  void evaluate(double t) {
    next_.t = t;
    line_.evaluate(next_);
  }
  static void take(Trial& to, const Trial& from) {
    to.t = from.t;
    to.loss = from.loss;
    to.slope = from.slope;
    copy(from.gradient, to.gradient);
  }
  [[nodiscard]] bool level(const Trial& trial) const {
    return std::abs(trial.slope) <= -rule_.curvature * start_.slope;
  }
  [[nodiscard]] double width() const { return std::abs(ends_[1].t - ends_[0].t); }

  Line& line_;
  const Trial& start_;
  const Rule& rule_;
  double longest_;  // largest element of the direction
  Trial ends_[2], next_;
  int low_ = 0, evaluations_ = 0;
  bool at_end_ = false;
};

// A zero of phi' that is not above the start, to |phi'(t)| <= curvature |phi'(0)|: a secant through the slopes of the
// last two trials, on a quadratic exact at once; the middle of the bracket where that leaves it, and at every fourth
// trial.
template <class Line>
Step1d exact(Line& line, const Trial& start, double t, const Rule& rule, Vector (&gradients)[3]) {
  const double enough = -rule.curvature * start.slope;
  Trial low{0, start.loss, start.slope, gradients[0]}, high{kInfinity, 0, 0, gradients[1]};
  Trial next{t, 0, 0, gradients[2]};
  copy(start.gradient, low.gradient);
  double last_t = 0, last_slope = start.slope;
  for (int i = 1; i <= rule.evaluations + 1; ++i) {
    line.evaluate(next);
    const bool descended = next.loss <= start.loss;
    if (descended && std::abs(next.slope) <= enough) return {true, next};
    const double secant = next.t - next.slope * (next.t - last_t) / (next.slope - last_slope);
    last_t = next.t;
    last_slope = next.slope;
    std::swap(descended && next.slope < 0 ? low : high, next);
    if (high.t == kInfinity)
      next.t = std::isfinite(secant) ? std::min(std::max(secant, 1.01 * low.t), 10 * low.t) : 2 * low.t;
    else
      next.t = secant > low.t && secant < high.t && i % 4 != 0 ? secant : (low.t + high.t) / 2;
    if (next.t == low.t || next.t == high.t) break;
  }
  return {false, low};
}

// The share of phi'(0) that counts as 0 for exact(): what the points' rounding leaves to be found.
inline double exactness(const Parameters& parameters) { return parameters.single() ? 1e-5 : 1e-10; }

// f along x + t d as the searches see it. Evaluations move the tensors: go() says where they end.
class Line {
 public:
  Line(const Step& step, const Parameters& parameters, ConstVector x, ConstVector d)
      : step_(step), parameters_(parameters), x_(x), d_(d) {}

  void evaluate(Trial& trial) const {
    go(trial.t);
    trial.loss = step_.evaluate();
    parameters_.read_gradient(trial.gradient);
    trial.slope = dot(trial.gradient, d_);
  }
  [[nodiscard]] double loss(double t) const {
    go(t);
    return step_.evaluate(TUNER_WANT_LOSS);
  }
  void go(double t) const { parameters_.write_point(x_, t, d_); }

 private:
  const Step& step_;
  const Parameters& parameters_;
  ConstVector x_, d_;
};

}  // namespace tuner::flat
