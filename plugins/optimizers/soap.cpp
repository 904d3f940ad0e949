#include <algorithm>
#include <numeric>
#include <vector>

#include "preconditioner.hpp"

namespace {

using preconditioner::kLeft;
using preconditioner::kRight;
using preconditioner::Matrix;
using preconditioner::Side;
using preconditioner::View;

struct Soap {
  static constexpr tuner::Info info{
      .id = "soap",
      .name = "SOAP",
      .doc = "Adam in the eigenbasis of Shampoo's preconditioner",
      .details =
          "G is the gradient as a matrix, first extent x rest; a vector is a column, preconditioned with "
          "precondition_1d\n"
          "alone. b = shampoo_beta, beta2 where it is negative.\n"
          "Step 1:  L = (1 - b) G G',  R = (1 - b) G' G,  QL and QR are their eigenvectors, largest eigenvalue first,\n"
          "         each with its largest entry positive; x stays as it is\n"
          "Later, with n = t - 1 steps of Adam:\n"
          "  M = beta1 M + (1 - beta1) G,  V = beta2 V + (1 - beta2) (QL' G QR)^2\n"
          "  N = (QL' M QR) / (sqrt(V) + eps), times sqrt(1 - beta2^n) / (1 - beta1^n) with correct_bias\n"
          "  x = (1 - lr weight_decay) (x - lr QL N QR')\n"
          "  L = b L + (1 - b) G G',  R = b R + (1 - b) G' G\n"
          "  n a multiple of precondition_frequency: the columns of Q, and V along them, are sorted by Q' L Q, and Q "
          "is\n"
          "  the orthogonal factor of L Q (positive diagonal): one power iteration\n"
          "A side of length 1 or above max_precond_dim has Q = I. Variant: the authors' code, first step without an\n"
          "update; its merge_dims and normalize_grads are not here.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it.\n"
          "family  matrix\n"
          "rule    x -= lr QL adam(QL' G QR) QR',  QL, QR: eigenvectors of the means of G G', G' G\n"
          "use     language models at large batches: over 40 % fewer steps and 35 % less time than AdamW (Vyas, "
          "Morwani et al. 2024)\n"
          "not     where memory is short or networks are small: a square matrix has three times adam's state, and "
          "the eigenbasis costs rows^3 + columns^3",
      .reference = "Vyas, Morwani et al. 2024 (2409.11321), algorithms 3 and 4; github.com/nikhilvyas/SOAP",
      .flags = 0};

  enum {
    kLr,
    kBeta1,
    kBeta2,
    kShampooBeta,
    kEps,
    kWeightDecay,
    kPreconditionFrequency,
    kMaxPrecondDim,
    kPrecondition1d,
    kCorrectBias
  };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 3e-3, "step size").at_least(0).search(1e-5, 1e-1, tuner::kLog),
      tuner::real("beta1", 0.95, "decay of M").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("beta2", 0.95, "decay of V").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("shampoo_beta", -1, "decay of L and R; negative: beta2").below(1),
      tuner::real("eps", 1e-8, "keeps the divisor from 0").at_least(0).search(1e-10, 1e-3, tuner::kLog),
      tuner::real("weight_decay", 0.01, "decoupled weight decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::integer("precondition_frequency", 10, "steps between two renewals of Q").at_least(1).search(1, 100),
      tuner::integer("max_precond_dim", 10000, "longest side with a basis of its own").at_least(1).structural(),
      tuner::boolean("precondition_1d", false, "a basis for vectors too").structural(),
      tuner::boolean("correct_bias", true, "Adam's bias correction")};
  enum { kExpAvg, kExpAvgSq, kSumLeft, kSumRight, kBasisLeft, kBasisRight };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("exp_avg", "moving average M of G"),
      tuner::per_element("exp_avg_sq", "moving average V of the squares in the eigenbasis"),
      tuner::per_tensor("left", "L: moving average of G G'"),
      tuner::per_tensor("right", "R: moving average of G' G"),
      tuner::per_tensor("basis_left", "QL: eigenvectors of L, in columns"),
      tuner::per_tensor("basis_right", "QR: eigenvectors of R, in columns")};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const tuner_tensor_info& info = *args.tensors[args.tensor];
    const Side side = args.slot == kSumLeft || args.slot == kBasisLeft ? kLeft : kRight;
    return preconditioner::square_extent(info, side, limits(tuner::Options(args.options)));
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    if (t.size() == 0) return;
    const tuner::Options& o = t.options();
    const Matrix g = preconditioner::gradient_of(t);
    const std::int64_t adam_steps = s.number() - 1;
    if (adam_steps > 0) adam_step(t, g, static_cast<double>(adam_steps));
    for (const Side side : {kLeft, kRight})
      if (has(t.info(), side, o)) accumulate(t, side, g);
    const bool renew = adam_steps % o.integer(kPreconditionFrequency) == 0;
    for (const Side side : {kLeft, kRight}) {
      if (!renew || !has(t.info(), side, o)) continue;
      if (adam_steps == 0)
        find_basis(t, side);
      else
        renew_basis(t, side);
    }
  }

 private:
  static preconditioner::Limits limits(const tuner::Options& o) {
    return {o.integer(kMaxPrecondDim), o.flag(kPrecondition1d)};
  }
  static bool has(const tuner_tensor_info& info, Side side, const tuner::Options& o) {
    return preconditioner::has(info, side, limits(o));
  }

  template <class T>
  static View<T> square(const tuner::Tensor<T>& t, Side side, int left_slot, int right_slot) {
    return preconditioner::square(t.slot(static_cast<std::size_t>(side == kLeft ? left_slot : right_slot)),
                                  preconditioner::extent(shape::flattened(t.info()), side));
  }
  template <class T>
  static Matrix basis(const tuner::Tensor<T>& t, Side side) {
    return square(t, side, kBasisLeft, kBasisRight).template cast<double>();
  }

  // QL' a QR, or back QL a QR'.
  template <class T>
  static Matrix rotated(const tuner::Tensor<T>& t, Matrix a, bool back) {
    if (has(t.info(), kLeft, t.options())) {
      const Matrix q = basis(t, kLeft);
      a = back ? Matrix(q * a) : Matrix(q.transpose() * a);
    }
    if (has(t.info(), kRight, t.options())) {
      const Matrix q = basis(t, kRight);
      a = back ? Matrix(a * q.transpose()) : Matrix(a * q);
    }
    return a;
  }

  template <class T>
  static void adam_step(const tuner::Tensor<T>& t, const Matrix& g, double steps) {
    const tuner::Options& o = t.options();
    const shape::Matrix shape = shape::flattened(t.info());
    View<T> m(t.slot(kExpAvg), shape.rows, shape.columns), v(t.slot(kExpAvgSq), shape.rows, shape.columns);
    const Matrix average = o[kBeta1] * m.template cast<double>() + (1 - o[kBeta1]) * g;
    const Matrix squares = o[kBeta2] * v.template cast<double>() + (1 - o[kBeta2]) * rotated(t, g, false).cwiseAbs2();
    m = average.template cast<T>();
    v = squares.template cast<T>();
    double step_size = o[kLr];
    if (o.flag(kCorrectBias)) step_size *= std::sqrt(1 - std::pow(o[kBeta2], steps)) / (1 - std::pow(o[kBeta1], steps));
    const double eps = o[kEps];
    const Matrix n = rotated(t, average, false).binaryExpr(squares, [&](double numerator, double square) {
      return tuner::ratio(numerator, std::sqrt(square) + eps);
    });
    View<T> x(t.data(), shape.rows, shape.columns);
    const double kept = 1 - o[kLr] * o[kWeightDecay];
    x = (kept * (x.template cast<double>() - step_size * rotated(t, n, true))).template cast<T>();
  }

  template <class T>
  static void accumulate(const tuner::Tensor<T>& t, Side side, const Matrix& g) {
    const tuner::Options& o = t.options();
    const double beta = o[kShampooBeta] < 0 ? o[kBeta2] : o[kShampooBeta];
    auto sum = square(t, side, kSumLeft, kSumRight);
    sum = (beta * sum.template cast<double>() + (1 - beta) * preconditioner::outer(g, side)).template cast<T>();
  }

  template <class T>
  static void find_basis(const tuner::Tensor<T>& t, Side side) {
    const Matrix sum = square(t, side, kSumLeft, kSumRight).template cast<double>();
    const Eigen::SelfAdjointEigenSolver<Matrix> solver(sum);
    if (solver.info() != Eigen::Success) throw std::runtime_error("an eigendecomposition did not converge");
    Matrix q = solver.eigenvectors().rowwise().reverse();
    preconditioner::fix_signs(q);
    square(t, side, kBasisLeft, kBasisRight) = q.template cast<T>();
  }

  template <class T>
  static void renew_basis(const tuner::Tensor<T>& t, Side side) {
    const Matrix sum = square(t, side, kSumLeft, kSumRight).template cast<double>(), q = basis(t, side);
    const Eigen::VectorXd estimate = (q.transpose() * sum * q).diagonal();
    std::vector<Eigen::Index> order(static_cast<std::size_t>(estimate.size()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return estimate[a] > estimate[b]; });
    const Matrix sorted = q(Eigen::all, order);
    const shape::Matrix shape = shape::flattened(t.info());
    View<T> v(t.slot(kExpAvgSq), shape.rows, shape.columns);
    const Matrix squares = v.template cast<double>();
    v = (side == kLeft ? Matrix(squares(order, Eigen::all)) : Matrix(squares(Eigen::all, order))).template cast<T>();
    const Eigen::HouseholderQR<Matrix> qr(sum * sorted);
    Matrix renewed = qr.householderQ() * Matrix::Identity(q.rows(), q.cols());
    for (Eigen::Index j = 0; j < q.cols(); ++j)
      if (qr.matrixQR()(j, j) < 0) renewed.col(j) = -renewed.col(j);
    square(t, side, kBasisLeft, kBasisRight) = renewed.template cast<T>();
  }
};

}  // namespace

TUNER_LIBRARY("soap", "1.0.0", "MIT", tuner::optimizer<Soap>)
