#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "preconditioner.hpp"

namespace {

using preconditioner::kLeft;
using preconditioner::kRight;
using preconditioner::Matrix;
using preconditioner::product;
using preconditioner::Side;

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
  static T* slot_of(const tuner::Tensor<T>& t, Side side, int left_slot, int right_slot) {
    return t.slot(static_cast<std::size_t>(side == kLeft ? left_slot : right_slot));
  }
  template <class T>
  static Matrix square(const tuner::Tensor<T>& t, Side side, int left_slot, int right_slot) {
    const auto n = static_cast<std::size_t>(preconditioner::extent(shape::flattened(t.info()), side));
    return {n, n, slot_of(t, side, left_slot, right_slot)};
  }

  // QL and QR, where there are any.
  struct Bases {
    std::optional<Matrix> left, right;
  };
  template <class T>
  static Bases bases_of(const tuner::Tensor<T>& t) {
    Bases bases;
    if (has(t.info(), kLeft, t.options())) bases.left = square(t, kLeft, kBasisLeft, kBasisRight);
    if (has(t.info(), kRight, t.options())) bases.right = square(t, kRight, kBasisLeft, kBasisRight);
    return bases;
  }

  // QL' a QR, or back QL a QR'.
  static Matrix rotated(const Bases& bases, Matrix a, bool back) {
    if (bases.left) a = product(back ? bases.left->view() : bases.left->view().transposed(), a.view());
    if (bases.right) a = product(a.view(), back ? bases.right->view().transposed() : bases.right->view());
    return a;
  }

  template <class T>
  static void adam_step(const tuner::Tensor<T>& t, const Matrix& g, double steps) {
    const tuner::Options& o = t.options();
    T* const m = t.slot(kExpAvg);
    T* const v = t.slot(kExpAvgSq);
    const double beta1 = o[kBeta1], beta2 = o[kBeta2], eps = o[kEps];
    const Bases bases = bases_of(t);
    Matrix average(g.rows(), g.columns(), m), squares = rotated(bases, copy(g), false);
    for (std::size_t i = 0; i < t.size(); ++i) {
      average[i] = beta1 * average[i] + (1 - beta1) * g[i];
      squares[i] = beta2 * static_cast<double>(v[i]) + (1 - beta2) * (squares[i] * squares[i]);
    }
    average.store(m);
    squares.store(v);
    double step_size = o[kLr];
    if (o.flag(kCorrectBias)) step_size *= std::sqrt(1 - std::pow(beta2, steps)) / (1 - std::pow(beta1, steps));
    Matrix n = rotated(bases, std::move(average), false);
    for (std::size_t i = 0; i < t.size(); ++i) n[i] = tuner::ratio(n[i], std::sqrt(squares[i]) + eps);
    n = rotated(bases, std::move(n), true);
    const double kept = 1 - o[kLr] * o[kWeightDecay];
    T* const x = t.data();
    for (std::size_t i = 0; i < t.size(); ++i)
      x[i] = static_cast<T>(kept * (static_cast<double>(x[i]) - step_size * n[i]));
  }
  static Matrix copy(const Matrix& m) { return {m.rows(), m.columns(), m.data()}; }

  template <class T>
  static void accumulate(const tuner::Tensor<T>& t, Side side, const Matrix& g) {
    const tuner::Options& o = t.options();
    const double beta = o[kShampooBeta] < 0 ? o[kBeta2] : o[kShampooBeta];
    T* const sum = slot_of(t, side, kSumLeft, kSumRight);
    const Matrix fresh = preconditioner::outer(g, side);
    for (std::size_t i = 0; i < fresh.size(); ++i)
      sum[i] = static_cast<T>(beta * static_cast<double>(sum[i]) + (1 - beta) * fresh[i]);
  }

  // An eigenvector's sign, which is left open, makes its entry of largest magnitude positive.
  template <class T>
  static void find_basis(const tuner::Tensor<T>& t, Side side) {
    const preconditioner::Eigenvectors e = preconditioner::eigenvectors_of(square(t, side, kSumLeft, kSumRight));
    const std::size_t n = e.vectors.rows();
    T* const q = slot_of(t, side, kBasisLeft, kBasisRight);
    for (std::size_t column = 0; column < n; ++column) {
      const double* const vector = e.vectors.row(n - 1 - column);
      const double* const largest =
          std::max_element(vector, vector + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
      for (std::size_t i = 0; i < n; ++i) q[i * n + column] = static_cast<T>(*largest < 0 ? -vector[i] : vector[i]);
    }
  }

  // The columns of q, and v along them, in the order of q' sum q, largest first.
  static std::vector<std::size_t> order_of(const Matrix& q, const Matrix& sum_by_q) {
    const std::size_t n = q.rows();
    std::vector<double> estimate(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) estimate[j] += q.row(i)[j] * sum_by_q.row(i)[j];
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return estimate[a] > estimate[b]; });
    return order;
  }

  template <class T>
  static void renew_basis(const tuner::Tensor<T>& t, Side side) {
    const Matrix sum = square(t, side, kSumLeft, kSumRight), q = square(t, side, kBasisLeft, kBasisRight);
    const std::size_t n = q.rows();
    const Matrix moved = product(sum.view(), q.view());
    const std::vector<std::size_t> order = order_of(q, moved);
    const shape::Matrix shape = shape::flattened(t.info());
    const auto rows = static_cast<std::size_t>(shape.rows), columns = static_cast<std::size_t>(shape.columns);
    T* const v = t.slot(kExpAvgSq);
    const std::vector<T> before(v, v + rows * columns);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        v[i * columns + j] = side == kLeft ? before[order[i] * columns + j] : before[i * columns + order[j]];
    // Transposed: the columns of sum q in their new order are its rows.
    Matrix turned(n, n), renewed(n, n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) turned.row(j)[i] = moved.row(i)[order[j]];
    preconditioner::algebra::orthogonal_factor(n, turned.data(), renewed.data());
    renewed.store(slot_of(t, side, kBasisLeft, kBasisRight));
  }
};

}  // namespace

TUNER_LIBRARY("soap", "1.0.0", "MIT", tuner::optimizer<Soap>)
