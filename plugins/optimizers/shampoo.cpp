#include <algorithm>

#include "preconditioner.hpp"

namespace {

using preconditioner::kLeft;
using preconditioner::kRight;
using preconditioner::Matrix;
using preconditioner::Side;

constexpr const char* kGraftings[] = {"none", "sgd"};

struct Shampoo {
  static constexpr tuner::Info info{
      .id = "shampoo",
      .name = "Shampoo",
      .version = "2.0.0",
      .doc = "gradients of a matrix divided by roots of their second moments on both sides",
      .details =
          "G is the gradient as a matrix, first extent x rest; a vector is a column.\n"
          "M = beta1 M + (1 - beta1) G,  M^ = M / (1 - beta1^t)\n"
          "L = L + G G',  R = R + G' G;  with beta2 < 1  L = beta2 L + (1 - beta2) G G', divided by 1 - beta2^t\n"
          "P = (L + eps I)^(-1/2k) M^ (R + eps I)^(-1/2k),  k = 2 sides: roots of the fourth order\n"
          "x = (1 - lr weight_decay) x - lr P;  grafting: sgd  P is given the norm of M^\n"
          "A side of length 1 or above max_dim has no preconditioner, and with one side left k = 1. Where none is "
          "left\n"
          "D = D + g^2, as L, and P = M^ / sqrt(D + eps): diagonal Adagrad.\n"
          "Roots are renewed in the steps precondition_frequency, 2 precondition_frequency, ..., by an "
          "eigendecomposition;\n"
          "until the first of them all eigenvalues count as their mean. One that is 0 but for rounding has the root 0: "
          "no gradient\n"
          "was seen along it, and nothing moves along it before the next renewal. L, R and roots are in double, "
          "whatever "
          "the\n"
          "tensor's type.\n"
          "Variant: defaults, late start and bias corrections of Meta's implementation, which takes the gradient "
          "itself "
          "before\n"
          "the first roots where nothing is grafted; its blocks and Adam grafting are not here.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it. In step 1 a matrix G = U S V' gives P = U V'\n"
          "where precondition_frequency is 1.\n"
          "family  matrix\n"
          "rule    x -= lr (L + eps I)^(-1/4) m^ (R + eps I)^(-1/4),  L, R: sums of G G', G' G\n"
          "use     large models, where roots cost little beside the gradients: a distributed form won AlgoPerf "
          "2024 with tuning, in wall-clock time too (Kasimbeg et al. 2025)\n"
          "not     small models with wide matrices: a root costs rows^3 + columns^3; sides above max_dim are not "
          "preconditioned; adam's lr does not carry over",
      .reference = "Gupta, Koren, Singer 2018, algorithm 1; Shi, Lee et al. 2023 (2309.06497)",
      .flags = 0};

  enum { kLr, kBeta1, kBeta2, kEps, kWeightDecay, kPreconditionFrequency, kMaxDim, kPrecondition1d, kGrafting };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "step size").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("beta1", 0.9, "decay of M").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 1, "decay of L and R; 1: sums").at_least(0).at_most(1),
      tuner::real("eps", 1e-12, "added to the eigenvalues").at_least(0).search(1e-12, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::integer("precondition_frequency", 1, "steps before the first roots, and between two renewals")
          .at_least(1)
          .search(1, 100),
      tuner::integer("max_dim", 1024, "longest side with a preconditioner").at_least(1).structural(),
      tuner::boolean("precondition_1d", false, "the full matrix for vectors too").structural(),
      tuner::choice("grafting", kGraftings, "whose norm a step has")};
  enum { kExpAvg, kSumLeft, kSumRight, kRootLeft, kRootRight, kDiagonal };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average M of G"),
      tuner::per_tensor("left", "L: sum or average of G G'").as(TUNER_DTYPE_F64),
      tuner::per_tensor("right", "R: sum or average of G' G").as(TUNER_DTYPE_F64),
      tuner::per_tensor("root_left", "inverse root of L").as(TUNER_DTYPE_F64),
      tuner::per_tensor("root_right", "inverse root of R").as(TUNER_DTYPE_F64),
      tuner::per_tensor("diagonal", "D: sum or average of g^2, where no side has a preconditioner")};

  static constexpr std::uint32_t state_version = 2;

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const tuner_tensor_info& info = *args.tensors[args.tensor];
    const preconditioner::Limits limit = limits(tuner::Options(args.options));
    if (args.slot == kDiagonal) return sides(info, limit) == 0 ? shape::numel(info) : 0;
    const bool left = args.slot == kSumLeft || args.slot == kRootLeft;
    return preconditioner::square_extent(info, left ? kLeft : kRight, limit);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    if (t.size() == 0) return;
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const bool renews = s.number() % o.integer(kPreconditionFrequency) == 0;
    const bool has_roots = s.number() >= o.integer(kPreconditionFrequency);
    const Matrix g = preconditioner::gradient_of(t);
    T* const m = t.slot(kExpAvg);
    Matrix corrected(g.rows(), g.columns(), m);
    const double beta1 = o[kBeta1], correction = 1 - std::pow(o[kBeta1], steps);
    for (std::size_t i = 0; i < g.size(); ++i) {
      const double average = beta1 * corrected[i] + (1 - beta1) * g[i];
      m[i] = static_cast<T>(average);
      corrected[i] = average / correction;
    }
    const int k = sides(t.info(), limits(o));
    Matrix p = k == 0 ? divided(t, g, corrected, steps) : Matrix(g.rows(), g.columns(), corrected.data());
    for (const Side side : {kLeft, kRight}) {
      if (!preconditioner::has(t.info(), side, limits(o))) continue;
      accumulate(t, side, g);
      if (renews) renew(t, side, steps, -0.5 / k);
      if (has_roots)
        apply(t, side, p);
      else
        scale(p, mean_root(t, side, steps, -0.5 / k));
    }
    if (o.choice(kGrafting) == 1) scale(p, tuner::ratio(norm(corrected), norm(p)));
    const double kept = 1 - o[kLr] * o[kWeightDecay], lr = o[kLr];
    T* const x = t.data();
    for (std::size_t i = 0; i < t.size(); ++i) x[i] = static_cast<T>(kept * static_cast<double>(x[i]) - lr * p[i]);
  }

 private:
  static preconditioner::Limits limits(const tuner::Options& o) {
    return {o.integer(kMaxDim), o.flag(kPrecondition1d)};
  }
  static int sides(const tuner_tensor_info& info, const preconditioner::Limits& limit) {
    return preconditioner::has(info, kLeft, limit) + preconditioner::has(info, kRight, limit);
  }

  // Weight of the old sum, weight of the new square, and the bias correction of beta2.
  struct Weights {
    double old, fresh, correction;
    Weights(const tuner::Options& o, double steps)
        : old(o[kBeta2]),
          fresh(o[kBeta2] < 1 ? 1 - o[kBeta2] : 1),
          correction(o[kBeta2] < 1 ? 1 / (1 - std::pow(o[kBeta2], steps)) : 1) {}
  };

  // A slot with a square matrix, `extent` values to a row.
  struct Square {
    double* values;
    std::size_t extent;
    [[nodiscard]] std::size_t size() const { return extent * extent; }
  };
  template <class T>
  static Square square(const tuner::Tensor<T>& t, Side side, std::size_t left, std::size_t right) {
    return {t.template slot<double>(side == kLeft ? left : right),
            static_cast<std::size_t>(preconditioner::extent(shape::flattened(t.info()), side))};
  }

  template <class T>
  static void accumulate(const tuner::Tensor<T>& t, Side side, const Matrix& g) {
    const Weights weight(t.options(), 1);
    const Square sum = square(t, side, kSumLeft, kSumRight);
    const Matrix fresh = preconditioner::outer(g, side);
    for (std::size_t i = 0; i < sum.size(); ++i) sum.values[i] = weight.old * sum.values[i] + weight.fresh * fresh[i];
  }

  template <class T>
  static void renew(const tuner::Tensor<T>& t, Side side, double steps, double exponent) {
    const Square sum = square(t, side, kSumLeft, kSumRight);
    const auto extent = static_cast<std::int64_t>(sum.extent);
    const double rounding = preconditioner::rounding<T>(shape::flattened(t.info()), extent);
    Matrix a(sum.extent, sum.extent, sum.values);
    scale(a, Weights(t.options(), steps).correction);
    power(std::move(a), exponent, t.options()[kEps], rounding).store(square(t, side, kRootLeft, kRootRight).values);
  }

  // What the root is of L or R with all eigenvalues at their mean.
  template <class T>
  static double mean_root(const tuner::Tensor<T>& t, Side side, double steps, double exponent) {
    const Square sum = square(t, side, kSumLeft, kSumRight);
    double trace = 0;
    for (std::size_t i = 0; i < sum.extent; ++i) trace += sum.values[i * sum.extent + i];
    const double mean = trace * Weights(t.options(), steps).correction / static_cast<double>(sum.extent);
    return mean > 0 ? std::pow(mean + t.options()[kEps], exponent) : 0;
  }

  template <class T>
  static void apply(const tuner::Tensor<T>& t, Side side, Matrix& p) {
    const Square square_root = square(t, side, kRootLeft, kRootRight);
    const auto root =
        preconditioner::algebra::by_rows<double>(square_root.values, square_root.extent, square_root.extent);
    p = side == kLeft ? preconditioner::product(root, p.view()) : preconditioner::product(p.view(), root);
  }

  static void scale(Matrix& m, double factor) {
    for (std::size_t i = 0; i < m.size(); ++i) m[i] *= factor;
  }
  static double norm(const Matrix& m) { return shape::norm(m.data(), m.size()); }

  // (a + eps I)^exponent of a symmetric matrix that is positive but for rounding; an eigenvalue of 0 stays one, and so
  // does one that is no more than `rounding` of the largest. With V' in the rows of the eigenvectors: V diag V'.
  static Matrix power(Matrix a, double exponent, double eps, double rounding) {
    const std::size_t n = a.rows();
    const preconditioner::Eigenvectors e = preconditioner::eigenvectors_of(std::move(a));
    const double least = rounding * e.values[n - 1];
    Matrix scaled(n, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double value = e.values[i] > least ? std::pow(e.values[i] + eps, exponent) : 0;
      for (std::size_t j = 0; j < n; ++j) scaled.row(i)[j] = value * e.vectors.row(i)[j];
    }
    return preconditioner::symmetric_product(scaled.view().transposed(), e.vectors.view());
  }

  template <class T>
  static Matrix divided(const tuner::Tensor<T>& t, const Matrix& g, const Matrix& m, double steps) {
    const Weights weight(t.options(), steps);
    T* const diagonal = t.slot(kDiagonal);
    const double eps = t.options()[kEps];
    Matrix quotient(g.rows(), g.columns());
    for (std::size_t i = 0; i < g.size(); ++i) {
      const double updated = weight.old * static_cast<double>(diagonal[i]) + weight.fresh * g[i] * g[i];
      diagonal[i] = static_cast<T>(updated);
      quotient[i] = tuner::ratio(m[i], std::sqrt(updated * weight.correction + eps));
    }
    return quotient;
  }
};

}  // namespace

TUNER_LIBRARY("shampoo", "2.0.0", "MIT", tuner::optimizer<Shampoo>)
