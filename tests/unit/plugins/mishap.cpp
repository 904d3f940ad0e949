// An objective that is smooth but for one step, in which it meets what is not finite.
#include <cmath>
#include <tuner/plugin.hpp>
#include <vector>

namespace {

constexpr const char* kReference = "made for the tests of tuner";
constexpr const char* kKinds[] = {"none", "loss_inf", "gradient_nan", "further_gradient_nan", "further_loss_inf"};

// Sum of a x^2 / 2 + x^4 / 20 over a matrix and a vector, a from 1 to 2; no samples. `evaluations` counts the first
// evaluations of steps, as the statistics of a network would; a mishap there leaves NaN in it.
struct Mishap {
  static constexpr tuner::Info info{.id = "mishap", .name = "Mishap", .doc = "one bad step", .reference = kReference};
  enum { kKind, kAt };
  enum { kNone, kLossInf, kGradientNan, kFurtherGradientNan, kFurtherLossInf };
  static constexpr tuner::Param params[] = {tuner::choice("kind", kKinds, "what is not finite"),
                                            tuner::integer("at", 0, "the step where it happens").at_least(0)};

  static void describe(const tuner::Options&, const tuner::Layout& layout) {
    const std::int64_t matrix[] = {3, 2}, vector[] = {2}, one[] = {1};
    layout.tensor({.name = "w", .shape = matrix, .dtype = TUNER_DTYPE_F64, .role = TUNER_ROLE_WEIGHT, .layer = 0});
    layout.tensor({.name = "b", .shape = vector, .dtype = TUNER_DTYPE_F64, .role = TUNER_ROLE_BIAS, .layer = 0});
    layout.tensor({.name = "evaluations", .shape = one, .dtype = TUNER_DTYPE_F64, .flags = TUNER_TENSOR_BUFFER});
  }
  explicit Mishap(const tuner::Bind& bind)
      : parts_{bind.tensor(0), bind.tensor(1)},
        evaluations_(static_cast<double*>(bind.tensor(2).data)),
        kind_(bind.options().choice(kKind)),
        at_(bind.options().integer(kAt)) {}

  void init(tuner_rng&) {
    double start = 0.9;
    for_each([&](double& x, double*, double) { x = start, start = -0.9 * start; });
  }

  void evaluate(const tuner::Evaluation& e) {
    // Streams of dropout are 2^32 words apart; every evaluation of training but the first of a step is a closure's.
    step_ = static_cast<std::int64_t>(e.rng().position >> 32);
    const bool first = e.updates_buffers(), bad = e.training() && step_ == at_;
    double loss = 0;
    for_each([&](double& x, double* g, double a) {
      loss += a * x * x / 2 + x * x * x * x / 20;
      if (g && e.wants_gradient()) *g = a * x + x * x * x / 5;
    });
    const bool loss_fails = bad && kind_ == (first ? kLossInf : kFurtherLossInf);
    const bool gradient_fails = bad && kind_ == (first ? kGradientNan : kFurtherGradientNan);
    e.loss(loss_fails ? tuner::kInfinity : loss);
    if (gradient_fails && e.wants_gradient()) *static_cast<double*>(parts_[1].grad) = std::nan("");
    if (first) *evaluations_ = loss_fails || gradient_fails ? std::nan("") : *evaluations_ + 1;
    e.host().report("evaluations", step_, *evaluations_);
  }

  void hvp(const tuner_hvp_args& args) {
    std::size_t index = 0;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      const auto *x = static_cast<const double*>(parts_[k].data), *v = static_cast<const double*>(args.vectors[k]);
      for (std::uint64_t i = 0; i < parts_[k].numel; ++i, ++index)
        static_cast<double*>(args.products[k])[i] = (curvature(index) + 0.6 * x[i] * x[i]) * v[i];
    }
    if (kind_ == kFurtherGradientNan && step_ == at_) *static_cast<double*>(args.products[0]) = std::nan("");
  }

 private:
  static double curvature(std::size_t index) { return 1 + static_cast<double>(index) / 7; }
  // visit(x, its gradient or null, a)
  template <class Visit>
  void for_each(Visit visit) const {
    std::size_t index = 0;
    for (const tuner_tensor& part : parts_)
      for (std::uint64_t i = 0; i < part.numel; ++i, ++index)
        visit(static_cast<double*>(part.data)[i], part.grad ? static_cast<double*>(part.grad) + i : nullptr,
              curvature(index));
  }

  std::vector<tuner_tensor> parts_;
  double* evaluations_;
  std::size_t kind_;
  std::int64_t at_, step_ = 0;
};

}  // namespace

TUNER_LIBRARY("mishap", "1.0.0", "MIT", tuner::objective<Mishap>)
