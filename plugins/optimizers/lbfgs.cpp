#include <tuner/plugin.hpp>

#include "line_search.hpp"

namespace {

using tuner::flat::Vector;

constexpr const char* kSearches[] = {"none", "strong_wolfe"};

struct Lbfgs {
  static constexpr tuner::Info info{
      .id = "lbfgs",
      .name = "L-BFGS",
      .version = "2.0.0",
      .doc = "quasi-Newton steps from the last gradients' differences, as torch.optim.LBFGS",
      .details =
          "A step is up to max_iter iterations on one batch:\n"
          "s = last move, y = change of g;  y's > 1e-10: s, y join the history (the oldest leaves), gamma = y's / y'y\n"
          "d = -H g by the two-loop recursion with H0 = gamma I (first iteration: d = -g)\n"
          "x += t d;  t = lr, first iteration lr min(1, 1 / |g|_1), or what strong_wolfe (c1 1e-4, c2 0.9) finds from "
          "it\n"
          "An iteration is the last one when max|g| <= tolerance_grad, g'd > -tolerance_change, max|t d| or the "
          "change\n"
          "of the loss is below tolerance_change, or max_eval evaluations (0: 5/4 max_iter) are used up.\n"
          "Variant: PyTorch's, history and last move carried from step to step; inner products in double. For full\n"
          "batches (batch_size 0): on mini-batches y compares two functions. Clipping and noise of the training\n"
          "loop reach every gradient, and not the losses that strong_wolfe compares. A step that moves nothing drops\n"
          "the history; one along -g that moves nothing, or without a line search any, ends the run with no progress. "
          "With\n"
          "strong_wolfe the first iteration of a step searches whatever g'd; PyTorch stays where it is for ever.\n"
          "lr = 0 and g = 0 leave x alone; the latter ends the run as converged.\n"
          "family  second order\n"
          "rule    x -= t H g,  H: from the last history_size changes of x and g\n"
          "use     smooth full-batch problems of any size, such as logistic regression, with line_search: "
          "strong_wolfe\n"
          "not     mini-batches: y would compare two functions; without a line search (the default, as PyTorch's) "
          "a step of lr = 1 may diverge where the function is not convex",
      .reference = "Liu, Nocedal 1989; Nocedal, Wright 2006, algorithms 7.4, 7.5, 3.5, 3.6; torch.optim.LBFGS 2.x",
      .flags = TUNER_PLUGIN_CLOSURE | TUNER_PLUGIN_ONE_GROUP};

  enum { kLr, kMaxIter, kMaxEval, kToleranceGrad, kToleranceChange, kHistory, kSearch };
  enum { kNone, kStrongWolfe };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1, "step length, or the first one that a line search tries")
          .at_least(0)
          .search(1e-2, 1, tuner::kLog),
      tuner::integer("max_iter", 20, "iterations in a step").at_least(1).search(1, 50),
      tuner::integer("max_eval", 0, "evaluations in a step; 0: 5/4 max_iter").at_least(0),
      tuner::real("tolerance_grad", 1e-7, "largest element of g at which the run has converged").at_least(0),
      tuner::real("tolerance_change", 1e-9, "change of x or of the loss that ends a step").at_least(0),
      tuner::integer("history_size", 100, "pairs s, y that are kept")
          .at_least(1)
          .at_most(10000)
          .search(3, 100)
          .structural(),
      tuner::choice("line_search", kSearches, "how the step length is found")};

  enum { kS, kY, kPrevGrad, kDirection, kRho, kLength, kGamma, kIterations, kCount, kOldest };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("s", "moves, history_size rows used in a ring").times(kHistory),
      tuner::per_element("y", "changes of the gradient, in the same order").times(kHistory),
      tuner::per_element("prev_grad", "gradient before the last move"),
      tuner::per_element("direction", "direction of the last move"),
      tuner::global("rho", "1 / y's of every pair").times(kHistory),
      tuner::global("length", "step length t of the last move"),
      tuner::global("gamma", "scale of the initial inverse Hessian").filled(1),
      tuner::global("iterations", "iterations so far").as(TUNER_DTYPE_I64),
      tuner::global("pairs", "pairs in the history").as(TUNER_DTYPE_I64),
      tuner::global("oldest", "row of the oldest pair").as(TUNER_DTYPE_I64)};

  static void step(const tuner::Step& s);
};

// One call of step(): vectors of the trial's size and the state in its slots.
class Run {
 public:
  explicit Run(const tuner::Step& s)
      : s_(s),
        o_(s.options()),
        p_(s),
        x_(p_.vector()),
        g_(p_.vector()),
        d_(p_.vector()),
        last_g_(p_.vector()),
        work_{p_.vector(), p_.vector(), p_.vector()},
        history_(o_.integer(Lbfgs::kHistory)),
        alpha_(s.host().scratch<double>(static_cast<std::size_t>(history_))) {}

  void run() {
    p_.read_gradient(g_);
    loss_ = s_.loss();
    if (tuner::flat::max_abs(g_) <= o_[Lbfgs::kToleranceGrad]) return s_.flag(TUNER_STEP_CONVERGED);
    p_.read(Lbfgs::kDirection, 0, d_);
    p_.read(Lbfgs::kPrevGrad, 0, last_g_);
    const Vector start = p_.vector();
    p_.read_point(start);
    const bool along_gradient = iterations_ == 0;
    const std::int64_t max_iter = o_.integer(Lbfgs::kMaxIter);
    max_eval_ = o_.integer(Lbfgs::kMaxEval) > 0 ? o_.integer(Lbfgs::kMaxEval) : max_iter * 5 / 4;
    std::int64_t n = 1;
    while (iterate(n == 1, n == max_iter) && n < max_iter) ++n;
    p_.write(Lbfgs::kDirection, 0, d_);
    p_.write(Lbfgs::kPrevGrad, 0, last_g_);
    if (!p_.at(start)) return;
    // The next step would be the same again. A search has the gradient left to try; without one that could go anywhere.
    if (along_gradient || !searches()) s_.flag(TUNER_STEP_NO_PROGRESS);
    iterations_ = 0;
  }

 private:
  [[nodiscard]] bool searches() const { return o_.choice(Lbfgs::kSearch) == Lbfgs::kStrongWolfe; }

  // One iteration, the first or the last of its step; the last one's end point need not be evaluated. False: no more of
  // them.
  bool iterate(bool first, bool last) {
    find_direction();
    tuner::flat::copy(g_, last_g_);
    const double before = loss_, slope = tuner::flat::dot(g_, d_), tolerance = o_[Lbfgs::kToleranceChange];
    length_ = o_[Lbfgs::kLr] * (iterations_ == 1 ? std::min(1.0, 1 / tuner::flat::sum_abs(g_)) : 1);
    // A step begins with a search whatever the slope: PyTorch, which ends it here, would not move ever after.
    if (slope > -tolerance && !(first && searches() && slope < 0)) return false;
    p_.read_point(x_);
    if (searches()) {
      search(slope);
    } else {
      p_.write_point(x_, length_, d_);
      if (last) return false;
      loss_ = s_.evaluate();
      ++evaluations_;
      p_.read_gradient(g_);
    }
    if (!std::isfinite(loss_)) return false;  // the host will see it
    if (evaluations_ >= max_eval_ || tuner::flat::max_abs(g_) <= o_[Lbfgs::kToleranceGrad]) return false;
    return length_ * tuner::flat::max_abs(d_) > tolerance && !(std::abs(loss_ - before) < tolerance);
  }

  void search(double slope) {
    struct Counted : tuner::flat::Line {
      using tuner::flat::Line::Line;
      void evaluate(tuner::flat::Trial& trial) { Line::evaluate(trial), ++count; }
      std::int64_t count = 0;
    } line(s_, p_, x_, d_);
    const tuner::flat::Rule rule{.least_change = o_[Lbfgs::kToleranceChange]};
    const tuner::flat::Trial start{0, loss_, slope, last_g_};
    tuner::flat::StrongWolfe wolfe(line, start, rule, tuner::flat::max_abs(d_), work_);
    const tuner::flat::Step1d end = wolfe.run(length_);
    length_ = end.at.t;
    loss_ = end.at.loss;
    evaluations_ += line.count;
    tuner::flat::copy(end.at.gradient, g_);
    line.go(length_);
  }

  // d = -H g, after the last move has joined the history.
  void find_direction() {
    if (++iterations_ == 1) {
      tuner::flat::scale(-1, g_, d_);
      count_ = 0;
      oldest_ = 0;
      gamma_ = 1;
      return;
    }
    remember();
    tuner::flat::scale(-1, g_, d_);
    const Vector row = work_[0];
    for (std::int64_t i = count_ - 1; i >= 0; --i) {
      p_.read(Lbfgs::kS, row_of(i), row);
      alpha_[static_cast<std::size_t>(i)] = tuner::flat::dot(row, d_) * rho_[row_of(i)];
      p_.read(Lbfgs::kY, row_of(i), row);
      tuner::flat::add(-alpha_[static_cast<std::size_t>(i)], row, d_);
    }
    tuner::flat::scale(gamma_, d_, d_);
    for (std::int64_t i = 0; i < count_; ++i) {
      p_.read(Lbfgs::kY, row_of(i), row);
      const double beta = tuner::flat::dot(row, d_) * rho_[row_of(i)];
      p_.read(Lbfgs::kS, row_of(i), row);
      tuner::flat::add(alpha_[static_cast<std::size_t>(i)] - beta, row, d_);
    }
  }

  void remember() {
    const Vector move = work_[0], change = work_[1];
    tuner::flat::scale(length_, d_, move);
    tuner::flat::copy(g_, change);
    tuner::flat::add(-1, last_g_, change);
    const double product = tuner::flat::dot(change, move);
    if (!(product > 1e-10)) return;
    if (count_ == history_)
      oldest_ = (oldest_ + 1) % history_;
    else
      ++count_;
    const std::size_t row = row_of(count_ - 1);
    p_.write(Lbfgs::kS, row, move);
    p_.write(Lbfgs::kY, row, change);
    rho_[row] = 1 / product;
    gamma_ = product / tuner::flat::dot(change, change);
  }

  [[nodiscard]] std::size_t row_of(std::int64_t pair) const {
    return static_cast<std::size_t>((oldest_ + pair) % history_);
  }

  const tuner::Step& s_;
  tuner::Options o_;
  tuner::flat::Parameters p_;
  Vector x_, g_, d_, last_g_, work_[3];
  std::int64_t history_, max_eval_ = 0, evaluations_ = 1;
  Vector alpha_;
  double loss_ = 0;
  double* rho_ = s_.global_slot(Lbfgs::kRho);
  double& length_ = *s_.global_slot(Lbfgs::kLength);
  double& gamma_ = *s_.global_slot(Lbfgs::kGamma);
  std::int64_t& iterations_ = *s_.global_slot<std::int64_t>(Lbfgs::kIterations);
  std::int64_t& count_ = *s_.global_slot<std::int64_t>(Lbfgs::kCount);
  std::int64_t& oldest_ = *s_.global_slot<std::int64_t>(Lbfgs::kOldest);
};

void Lbfgs::step(const tuner::Step& s) {
  if (s.options()[kLr] != 0) Run(s).run();
}

}  // namespace

TUNER_LIBRARY("lbfgs", "2.0.0", "MIT", tuner::optimizer<Lbfgs>)
