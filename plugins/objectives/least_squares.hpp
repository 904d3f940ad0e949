// Sums of squares as objectives: one tensor "x", no samples, loss f(x) = sum over i of f_i(x)^2.
//
// A problem is a struct P with
//
//   static constexpr tuner::Info info{...};
//   static constexpr tuner::Known known{...};            // at default options
//   static constexpr std::size_t kDimension;             // 0: chosen by the option dim
//   static constexpr tuner::Param params[];              // starting_point(...) or kStartParam, then kDtype64, then
//                                                        // dimensions(...) where n, residual_count(...) where m vary
//   static double start(std::size_t i, std::size_t n);   // any dimension: default of start[i]
//   static void check_size(Size size);                   // optional: throws tuner::Invalid
//   template <class S> static void residuals(const S* x, Size size, SquareSum<S>& sum);
//
// residuals() gives every f_i and behind it its derivatives, one row of the Jacobian J. From this one formula come the
// loss, the gradient 2 J'f, and the Hessian-vector product 2 (J'J v + sum f_i H_i v): it is the gradient at x + e v,
// with dual numbers for S. All three are exact to rounding.
#pragma once

#include <algorithm>

#include "analytic.hpp"

namespace tuner::objectives {

// Number of dimensions and of residuals. m is 0 where the problem itself says how many there are.
struct Size {
  std::size_t n = 0;
  std::size_t m = 0;
};

// Receives the residuals of one evaluation.
template <class S>
class SquareSum {
 public:
  // gradient: n values, 0 at first; null where only the sum is wanted.
  explicit SquareSum(S* gradient) : gradient_(gradient) {}
  // The next residual.
  void residual(const S& f) {
    total_ += f * f;
    twice_ = 2 * f;
  }
  // Its derivative by x[j]. Those that are not given are 0; several for one j are added.
  void slope(std::size_t j, const S& derivative) {
    if (gradient_ != nullptr) gradient_[j] += twice_ * derivative;
  }
  const S& total() const { return total_; }

 private:
  S* gradient_;
  S total_ = 0;
  S twice_ = 0;
};

template <class S>
using SquaresPass = S (*)(const S* x, Size size, S* gradient);

template <class P, class S>
S squares_pass(const S* x, Size size, S* gradient) {
  if (gradient != nullptr) std::fill_n(gradient, size.n, S(0.0));
  SquareSum<S> sum(gradient);
  P::residuals(x, size, sum);
  return sum.total();
}

consteval Param starting_point(const char* json) { return reals("start", json, "starting point").structural(); }
consteval Param dimensions(std::int64_t usual, double least, double most) {
  return integer("dim", usual, "number of dimensions").at_least(least).at_most(most).structural();
}
consteval Param residual_count(std::int64_t usual, double least, double most) {
  return integer("residuals", usual, "number of residuals").at_least(least).at_most(most).structural();
}
// Of problems whose n and m both vary.
inline constexpr Param kResidualsFromDim =
    integer("residuals", 0, "number of residuals, dim or more; 0: dim").at_least(0).at_most(1e4).structural();

inline void check_multiple(const char* id, Size size, std::size_t group) {
  if (size.n % group == 0) return;
  throw Invalid("dim is " + std::to_string(size.n) + ", but " + id + " takes its dimensions in groups of " +
                std::to_string(group) + ": dim must be a multiple of " + std::to_string(group));
}

inline void check_enough_residuals(Size size) {
  if (size.m >= size.n) return;
  throw Invalid("residuals is " + std::to_string(size.m) + " and dim is " + std::to_string(size.n) +
                ": residuals must be at least dim");
}

// One trial. What does not depend on the problem is compiled once.
class SquaresTrial {
 public:
  void init(tuner_rng&) {
    x_.write(x_.data(), [&](double* x) { std::copy(start_.begin(), start_.end(), x); });
  }

  void evaluate(const Evaluation& e) {
    const double* x = x_.read();
    double total = 0;
    if (e.wants_gradient() && x_.grad() != nullptr)
      x_.write(x_.grad(), [&](double* g) { total = pass_(x, size_, g); });
    else
      total = pass_(x, size_, nullptr);
    if (e.wants_loss()) e.loss(total);
  }

  void hvp(const tuner_hvp_args& args) {
    if (args.vectors[0] == nullptr) return;
    direction_.resize(size_.n);
    product_.resize(size_.n);
    const double* x = x_.read();
    for (std::size_t i = 0; i < size_.n; ++i) direction_[i].value = x[i];
    const double* v = x_.read(args.vectors[0]);
    for (std::size_t i = 0; i < size_.n; ++i) direction_[i].slope = v[i];
    dual_pass_(direction_.data(), size_, product_.data());
    x_.write(args.products[0], [&](double* out) {
      for (std::size_t i = 0; i < size_.n; ++i) out[i] = product_[i].slope;
    });
  }

 protected:
  SquaresTrial(const Bind& bind, Size size, SquaresPass<double> pass, SquaresPass<Dual<double>> dual_pass)
      : x_(bind), size_(size), pass_(pass), dual_pass_(dual_pass) {
    const auto given = bind.options().reals(0);
    start_.assign(given.begin(), given.end());
  }

  VectorView x_;
  const Size size_;
  const SquaresPass<double> pass_;
  const SquaresPass<Dual<double>> dual_pass_;
  std::vector<double> start_;
  std::vector<Dual<double>> direction_, product_;
};

template <class P>
class LeastSquares : public P, public SquaresTrial {
  static constexpr bool kAnyDimension = P::kDimension == 0;
  static constexpr std::uint32_t kStartOption = 0, kDtypeOption = 1, kNextOption = 2;
  static constexpr std::uint32_t kResidualsOption = kNextOption + (kAnyDimension ? 1 : 0);
  static constexpr bool kAnyResiduals = sizeof(P::params) / sizeof(P::params[0]) > kResidualsOption;

  static Size size(const Options& o) {
    Size size{.n = P::kDimension, .m = 0};
    if constexpr (kAnyDimension) size.n = static_cast<std::size_t>(o.integer(kNextOption));
    if constexpr (kAnyResiduals) {
      size.m = static_cast<std::size_t>(o.integer(kResidualsOption));
      if (size.m == 0) size.m = size.n;
    }
    return size;
  }

 public:
  static void check(const Options& o) {
    if constexpr (requires { P::check_size(Size{}); }) P::check_size(size(o));
    check_start(o.reals(kStartOption), size(o).n);
  }
  static void describe(const Options& o, const Layout& layout) {
    check(o);
    describe_vector(layout, size(o).n, o.choice(kDtypeOption) == 1);
  }

  explicit LeastSquares(const Bind& bind)
      : SquaresTrial(bind, size(bind.options()), &squares_pass<P, double>, &squares_pass<P, Dual<double>>) {
    if constexpr (kAnyDimension)
      for (std::size_t i = start_.size(); i < size_.n; ++i) start_.push_back(P::start(i, size_.n));
  }
};

}  // namespace tuner::objectives
