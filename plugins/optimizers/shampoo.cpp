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
          "Roots are renewed in step 1 and then every precondition_frequency steps, by an eigendecomposition in "
          "double.\n"
          "Variant: defaults and bias corrections of Meta's implementation; its blocks and Adam grafting are not "
          "here.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it. In step 1 a matrix G = U S V' gives P = U V'.\n"
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
      tuner::integer("precondition_frequency", 1, "steps between two renewals of the roots").at_least(1).search(1, 100),
      tuner::integer("max_dim", 1024, "longest side with a preconditioner").at_least(1).structural(),
      tuner::boolean("precondition_1d", false, "the full matrix for vectors too").structural(),
      tuner::choice("grafting", kGraftings, "whose norm a step has")};
  enum { kExpAvg, kSumLeft, kSumRight, kRootLeft, kRootRight, kDiagonal };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average M of G"),
      tuner::per_tensor("left", "L: sum or average of G G'"),
      tuner::per_tensor("right", "R: sum or average of G' G"),
      tuner::per_tensor("root_left", "inverse root of L"),
      tuner::per_tensor("root_right", "inverse root of R"),
      tuner::per_tensor("diagonal", "D: sum or average of g^2, where no side has a preconditioner")};

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
    const shape::Matrix shape = shape::flattened(t.info());
    const Matrix g = preconditioner::gradient_of(t);
    View<T> m(t.slot(kExpAvg), shape.rows, shape.columns);
    const Matrix average = o[kBeta1] * m.template cast<double>() + (1 - o[kBeta1]) * g;
    m = average.template cast<T>();
    const Matrix corrected = average / (1 - std::pow(o[kBeta1], steps));
    Matrix p = corrected;
    const int k = sides(t.info(), limits(o));
    if (k == 0) p = divided(t, g, corrected, steps);
    for (const Side side : {kLeft, kRight})
      if (preconditioner::has(t.info(), side, limits(o))) precondition(t, side, g, p, steps, -0.5 / k);
    if (o.choice(kGrafting) == 1) p *= tuner::ratio(corrected.norm(), p.norm());
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
  static void precondition(const tuner::Tensor<T>& t, Side side, const Matrix& g, Matrix& p, double steps,
                           double exponent) {
    const tuner::Options& o = t.options();
    const Weights weight(o, steps);
    const std::int64_t n = preconditioner::extent(shape::flattened(t.info()), side);
    auto sum = preconditioner::square(t.slot(side == kLeft ? kSumLeft : kSumRight), n);
    auto root = preconditioner::square(t.slot(side == kLeft ? kRootLeft : kRootRight), n);
    const Matrix updated = weight.old * sum.template cast<double>() + weight.fresh * preconditioner::outer(g, side);
    sum = updated.template cast<T>();
    if (std::fmod(steps - 1, o[kPreconditionFrequency]) == 0)
      root = power(updated * weight.correction, exponent, o[kEps]).template cast<T>();
    if (side == kLeft)
      p = root.template cast<double>() * p;
    else
      p = p * root.template cast<double>();
  }

  // (a + eps I)^exponent of a symmetric matrix that is positive but for rounding; an eigenvalue of 0 stays one.
  static Matrix power(const Matrix& a, double exponent, double eps) {
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(a);
    if (solver.info() != Eigen::Success) throw std::runtime_error("an eigendecomposition did not converge");
    const auto raised = [&](double value) {
      const double shifted = std::max(value, 0.0) + eps;
      return shifted > 0 ? std::pow(shifted, exponent) : 0;
    };
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

TUNER_LIBRARY("shampoo", "1.0.0", "MIT", tuner::optimizer<Shampoo>)
