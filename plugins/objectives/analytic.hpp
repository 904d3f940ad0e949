// Analytic test functions as objectives: one tensor "x", no samples, loss f(x).
//
// A function is a struct F with
//
//   static constexpr tuner::Info info{...};
//   static constexpr tuner::Known known{...};            // minimum, minimisers, domain
//   static constexpr std::size_t kDimension;             // 0: any, chosen by the option dim
//   static constexpr const char* kStart;                 // fixed dimension: default of `start`, a JSON array
//   static double start(std::size_t i);                  // any dimension: default of start[i]
//   static void check_dimension(std::size_t n);          // any dimension, optional: throws tuner::Invalid
//   template <class S> static S value(const S* x, std::size_t n);
//   template <class S> static void gradient(const S* x, std::size_t n, S* g);   // optional
//
// S is double, or a dual number of it. Without gradient() the gradient is value() differentiated by dual numbers, n
// passes of it; hvp is always gradient() at x + e v, so both are exact to rounding.
//
// Everything is computed in f64; dtype is that of parameters and gradients, rounded once.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "dual.hpp"
#include "tuner/plugin.hpp"

namespace tuner::objectives {

inline constexpr const char* kDtypes64[] = {"f64", "f32"};
inline constexpr Param kDtype64 = choice("dtype", kDtypes64, "precision of parameters and gradients").structural();
inline constexpr Param kStartParam = reals("start", nullptr, "starting point, one value per dimension").structural();

// The option table of a function of fixed dimension, and of one of any dimension.
template <class F, std::size_t dimension>
struct AnalyticOptions {
  enum { kStartOption, kDtypeOption };
  static constexpr Param params[] = {reals("start", F::kStart, "starting point").structural(), kDtype64};
  static std::size_t size(const Options&) { return dimension; }
};
template <class F>
struct AnalyticOptions<F, 0> {
  enum { kStartOption, kDtypeOption, kDimOption };
  static constexpr Param params[] = {kStartParam, kDtype64,
                                     integer("dim", 2, "number of dimensions").at_least(1).at_most(1e7).structural()};
  static std::size_t size(const Options& o) { return static_cast<std::size_t>(o.integer(kDimOption)); }
};

// Throws Invalid unless `start` is absent or has one value for each of n dimensions.
inline void check_start(std::span<const double> start, std::size_t n) {
  if (start.empty() || start.size() == n) return;
  throw Invalid("start has " + std::to_string(start.size()) + " values, but the function has " + std::to_string(n) +
                " dimensions: give one value for each");
}

// One tensor "x" of n values.
inline void describe_vector(const Layout& layout, std::size_t n, bool f32) {
  const std::int64_t shape[] = {static_cast<std::int64_t>(n)};
  layout.tensor({.name = "x", .shape = shape, .dtype = f32 ? TUNER_DTYPE_F32 : TUNER_DTYPE_F64});
}

// The tensor "x" of one trial as f64, whatever its dtype: itself, or a rounded copy.
class VectorView {
 public:
  explicit VectorView(const Bind& bind) : tensor_(bind.bound(0)), copy_(is_f32() ? tensor_.numel : 0) {}

  std::size_t size() const { return tensor_.numel; }
  bool is_f32() const { return tensor_.dtype == TUNER_DTYPE_F32; }
  // The present parameters. Valid until the next call.
  const double* read() { return read(tensor_.data); }
  // A buffer of x's dtype and size, as f64; same validity.
  const double* read(const void* buffer) {
    if (!is_f32()) return static_cast<const double*>(buffer);
    for (std::size_t i = 0; i < size(); ++i) copy_[i] = static_cast<const float*>(buffer)[i];
    return copy_.data();
  }
  // Calls fill(double*) and stores what it wrote into a buffer of x's dtype. Null buffers are left alone.
  template <class Fill>
  void write(void* buffer, Fill&& fill) {
    if (buffer == nullptr) return;
    if (!is_f32()) return fill(static_cast<double*>(buffer));
    out_.resize(size());
    fill(out_.data());
    for (std::size_t i = 0; i < size(); ++i) static_cast<float*>(buffer)[i] = static_cast<float>(out_[i]);
  }
  void* data() const { return tensor_.data; }
  void* grad() const { return tensor_.grad; }

 private:
  const BoundTensor tensor_;
  std::vector<double> copy_, out_;
};

template <class F, class S>
void gradient_of(const S* x, std::size_t n, S* g) {
  if constexpr (requires { F::gradient(x, n, g); }) {
    F::gradient(x, n, g);
  } else {
    std::vector<Dual<S>> at(n);
    for (std::size_t i = 0; i < n; ++i) at[i] = {x[i], S(0.0)};
    for (std::size_t i = 0; i < n; ++i) {
      at[i].slope = S(1.0);
      g[i] = F::value(static_cast<const Dual<S>*>(at.data()), n).slope;
      at[i].slope = S(0.0);
    }
  }
}

template <class F>
class Analytic : public F, public AnalyticOptions<F, F::kDimension> {
  using Table = AnalyticOptions<F, F::kDimension>;

 public:
  static void check(const Options& o) {
    const std::size_t n = Table::size(o);
    if constexpr (requires { F::check_dimension(n); }) F::check_dimension(n);
    check_start(o.reals(Table::kStartOption), n);
  }
  static void describe(const Options& o, const Layout& layout) {
    check(o);
    describe_vector(layout, Table::size(o), o.choice(Table::kDtypeOption) == 1);
  }

  explicit Analytic(const Bind& bind) : x_(bind) {
    const auto given = bind.options().reals(Table::kStartOption);
    start_.assign(given.begin(), given.end());
    if constexpr (requires { F::start(0); })
      for (std::size_t i = start_.size(); i < x_.size(); ++i) start_.push_back(F::start(i));
  }

  void init(tuner_rng&) {
    x_.write(x_.data(), [&](double* x) { std::copy(start_.begin(), start_.end(), x); });
  }

  void evaluate(const Evaluation& e) {
    const double* x = x_.read();
    if (e.wants_loss()) e.loss(F::value(x, x_.size()));
    if (e.wants_gradient()) x_.write(x_.grad(), [&](double* g) { gradient_of<F>(x, x_.size(), g); });
  }

  void hvp(const tuner_hvp_args& args) {
    if (args.vectors[0] == nullptr) return;
    const std::size_t n = x_.size();
    direction_.resize(n);
    product_.resize(n);
    const double* x = x_.read();
    for (std::size_t i = 0; i < n; ++i) direction_[i].value = x[i];
    const double* v = x_.read(args.vectors[0]);
    for (std::size_t i = 0; i < n; ++i) direction_[i].slope = v[i];
    gradient_of<F>(static_cast<const Dual<double>*>(direction_.data()), n, product_.data());
    x_.write(args.products[0], [&](double* out) {
      for (std::size_t i = 0; i < n; ++i) out[i] = product_[i].slope;
    });
  }

 private:
  VectorView x_;
  std::vector<double> start_;
  std::vector<Dual<double>> direction_, product_;
};

}  // namespace tuner::objectives
