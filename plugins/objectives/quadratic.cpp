#include <cmath>
#include <numeric>

#include "analytic.hpp"
#include "quadratic_form.hpp"

namespace {

using tuner::objectives::QuadraticForm;
using tuner::objectives::VectorView;

struct Quadratic {
  static constexpr tuner::Info info{
      .id = "quadratic",
      .name = "Quadratic bowl",
      .doc = "0.5 x'Ax with chosen eigenvalues, condition or matrix, along the axes or rotated",
      .details =
          "f(x) = 0.5 x'Ax,  gradient A x,  default start all ones.\n"
          "A = diag(eigenvalues); by default `dim` of them from 1 to `condition`, log-spaced. rotate: true makes it\n"
          "Q diag Q' with a uniformly random orthogonal Q. A negative eigenvalue makes a saddle, without minimum.\n"
          "example  dim 3, condition 100: x 1 -2 0.5 -> 33; gradient 1 -20 50",
      .reference = "textbook"};
  enum { kStart = QuadraticForm::kOptions, kDtype };
  static constexpr const tuner::Param* kForm = tuner::objectives::kFormParams;
  static constexpr tuner::Param params[] = {
      kForm[0], kForm[1], kForm[2], kForm[3], kForm[4], tuner::objectives::kStartParam, tuner::objectives::kDtype64};
  static constexpr double minimisers[] = {0, 0};
  static constexpr tuner::Known known{.minimum = 0, .minimisers = minimisers, .dimension = 2};

  struct Shared {
    explicit Shared(const tuner::Open& open) : form(open.options(), open.rng()) {}
    QuadraticForm form;
  };

  static void check(const tuner::Options& o) {
    QuadraticForm::check(o);
    if (o.text(QuadraticForm::kMatrixFile).empty())  // the file's size is known to describe() alone
      tuner::objectives::check_start(o.reals(kStart),
                                     o.reals(0).empty() ? o.integer(QuadraticForm::kDim) : o.reals(0).size());
  }

  static void describe(const Shared& shared, const tuner::Options& o, const tuner::Layout& layout) {
    const std::size_t n = shared.form.size();
    tuner::objectives::check_start(o.reals(kStart), n);
    tuner::objectives::describe_vector(layout, n, o.choice(kDtype) == 1);
  }

  Quadratic(const Shared& shared, const tuner::Bind& bind)
      : form_(shared.form), x_(bind), start_(x_.size(), 1.0), product_(form_.size()) {
    const auto given = bind.options().reals(kStart);
    std::copy(given.begin(), given.end(), start_.begin());
  }

  void init(tuner_rng&) {
    x_.write(x_.data(), [&](double* x) { std::copy(start_.begin(), start_.end(), x); });
  }

  void evaluate(const tuner::Evaluation& e) {
    const double* const x = x_.read();
    form_.apply(x, 1, product_.data());
    if (e.wants_loss()) e.loss(0.5 * std::inner_product(product_.begin(), product_.end(), x, 0.0));
    if (e.wants_gradient()) store(x_.grad());
  }

  void hvp(const tuner_hvp_args& args) {
    if (args.vectors[0] == nullptr) return;
    form_.apply(x_.read(args.vectors[0]), 1, product_.data());
    store(args.products[0]);
  }

 private:
  void store(void* buffer) {
    x_.write(buffer, [&](double* out) { std::copy(product_.begin(), product_.end(), out); });
  }
  const QuadraticForm& form_;
  VectorView x_;
  std::vector<double> start_, product_;
};

}  // namespace

TUNER_LIBRARY("quadratic", "1.0.0", "MIT", tuner::objective<Quadratic>)
