#include <algorithm>

#include "preconditioner.hpp"

namespace {

using preconditioner::kLeft;
using preconditioner::kRight;
using preconditioner::Matrix;
using preconditioner::Side;
using preconditioner::View;

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
    const shape::Matrix shape = shape::flattened(t.info());
    const Matrix g = preconditioner::gradient_of(t);
    View<T> m(t.slot(kExpAvg), shape.rows, shape.columns);
    const Matrix average = o[kBeta1] * m.template cast<double>() + (1 - o[kBeta1]) * g;
    m = average.template cast<T>();
    const Matrix corrected = average / (1 - std::pow(o[kBeta1], steps));
    Matrix p = corrected;
    const int k = sides(t.info(), limits(o));
    if (k == 0) p = divided(t, g, corrected, steps);
    for (const Side side : {kLeft, kRight}) {
      if (!preconditioner::has(t.info(), side, limits(o))) continue;
      accumulate(t, side, g);
      if (renews) renew(t, side, steps, -0.5 / k);
      if (has_roots)
        apply(t, side, p);
      else
        p *= mean_root(t, side, steps, -0.5 / k);
    }
    if (o.choice(kGrafting) == 1) p *= tuner::ratio(norm(corrected), norm(p));
    View<T> x(t.data(), shape.rows, shape.columns);
    const double kept = 1 - o[kLr] * o[kWeightDecay];
    x = (kept * x.template cast<double>() - o[kLr] * p).template cast<T>();
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

  template <class T>
  static View<double> square(const tuner::Tensor<T>& t, Side side, std::size_t left, std::size_t right) {
    return preconditioner::square(t.template slot<double>(side == kLeft ? left : right),
                                  preconditioner::extent(shape::flattened(t.info()), side));
  }

  template <class T>
  static void accumulate(const tuner::Tensor<T>& t, Side side, const Matrix& g) {
    const Weights weight(t.options(), 1);
    View<double> sum = square(t, side, kSumLeft, kSumRight);
    sum = weight.old * sum + weight.fresh * preconditioner::outer(g, side);
  }

  template <class T>
  static void renew(const tuner::Tensor<T>& t, Side side, double steps, double exponent) {
    const View<double> sum = square(t, side, kSumLeft, kSumRight);
    const double rounding = preconditioner::rounding<T>(shape::flattened(t.info()), sum.rows());
    square(t, side, kRootLeft, kRootRight) =
        power(sum * Weights(t.options(), steps).correction, exponent, t.options()[kEps], rounding);
  }

  // What the root is of L or R with all eigenvalues at their mean.
  template <class T>
  static double mean_root(const tuner::Tensor<T>& t, Side side, double steps, double exponent) {
    const View<double> sum = square(t, side, kSumLeft, kSumRight);
    const double mean = sum.trace() * Weights(t.options(), steps).correction / static_cast<double>(sum.rows());
    return mean > 0 ? std::pow(mean + t.options()[kEps], exponent) : 0;
  }

  template <class T>
  static void apply(const tuner::Tensor<T>& t, Side side, Matrix& p) {
    const View<double> root = square(t, side, kRootLeft, kRootRight);
    p = side == kLeft ? Matrix(root * p) : Matrix(p * root);
  }

  static double norm(const Matrix& m) {
    const double plain = m.norm();
    return shape::ordinary(plain * plain) ? plain : m.stableNorm();
  }

  // (a + eps I)^exponent of a symmetric matrix that is positive but for rounding; an eigenvalue of 0 stays one, and so
  // does one that is no more than `rounding` of the largest.
  static Matrix power(const Matrix& a, double exponent, double eps, double rounding) {
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(a);
    if (solver.info() != Eigen::Success) throw std::runtime_error("an eigendecomposition did not converge");
    const double least = rounding * solver.eigenvalues().maxCoeff();
    const auto raised = [&](double value) { return value > least ? std::pow(value + eps, exponent) : 0; };
    const Eigen::VectorXd values = solver.eigenvalues().unaryExpr(raised);
    return solver.eigenvectors() * values.asDiagonal() * solver.eigenvectors().transpose();
  }

  template <class T>
  static Matrix divided(const tuner::Tensor<T>& t, const Matrix& g, const Matrix& m, double steps) {
    const Weights weight(t.options(), steps);
    View<T> diagonal(t.slot(kDiagonal), g.rows(), g.cols());
    const Matrix updated = weight.old * diagonal.template cast<double>() + weight.fresh * g.cwiseAbs2();
    diagonal = updated.template cast<T>();
    const double eps = t.options()[kEps];
    return m.binaryExpr(updated, [&](double numerator, double sum) {
      return tuner::ratio(numerator, std::sqrt(sum * weight.correction + eps));
    });
  }
};

}  // namespace

TUNER_LIBRARY("shampoo", "2.0.0", "MIT", tuner::optimizer<Shampoo>)
