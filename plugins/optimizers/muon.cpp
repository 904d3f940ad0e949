#include <algorithm>

#include "linear_algebra/products.hpp"
#include "shape.hpp"

namespace {

constexpr const char* kAdjustments[] = {"original", "rms"};

struct Muon {
  static constexpr tuner::Info info{
      .id = "muon",
      .name = "Muon",
      .doc = "orthogonalised momentum for hidden matrices, AdamW for everything else",
      .details =
          "Tensors of rank 2 and more with role weight, conv or unknown, flattened to first extent x rest:\n"
          "  m = momentum m + (1 - momentum) g,  u = momentum m + (1 - momentum) g with nesterov, else m\n"
          "  X = u / max(|u|, eps), then ns_steps times  X = a X + (b A + c A A) X  with A = X X'   (Newton-Schulz)\n"
          "  x = (1 - lr weight_decay) x - lr s X\n"
          "  adjust: original  s = sqrt(max(1, rows / columns));  rms  s = 0.2 sqrt(max(rows, columns))\n"
          "All others (embedding, head, bias, norm_scale, norm_bias, scalar, vectors): AdamW with\n"
          "  rate = lr adamw_lr_factor,  m = adamw_beta1 m + (1 - adamw_beta1) g,  v likewise of g^2\n"
          "  x = (1 - rate adamw_weight_decay) x - rate m / (1 - adamw_beta1^t) / (sqrt(v / (1 - adamw_beta2^t)) +\n"
          "  adamw_eps)\n"
          "A schedule of lr drives both. Variant: torch.optim.Muon 2.9's defaults and order; the products are made in\n"
          "the tensor's own type, not in bf16. The coefficients 3.4445, -4.775, 2.0315 bring singular values to 0.7 "
          "to\n"
          "1.2, not to 1: the length of a step is known to a third only.\n"
          "lr = 0 leaves x alone; g = 0 on fresh state only decays it. Step 1 has m = (1 - momentum) g: only its\n"
          "direction counts. One slot for a hidden matrix, two for the others.\n"
          "family  matrix\n"
          "rule    x = (1 - lr weight_decay) x - lr s orthogonalised(m) for hidden matrices,  adamw for the rest\n"
          "use     hidden matrices of transformers: about twice AdamW's efficiency in compute in language models "
          "(Liu et al. 2025)\n"
          "not     objectives that do not tell roles (an embedding or a head would count as hidden), and weights "
          "pre-trained by AdamW, where the same paper sees no gain from the change",
      .reference = "Jordan 2024, kellerjordan.github.io/posts/muon; Liu et al. 2025 (2502.16982), eq. 1 and 4",
      .flags = 0};

  enum {
    kLr,
    kMomentum,
    kNesterov,
    kWeightDecay,
    kNsSteps,
    kNsCoefficients,
    kEps,
    kAdjust,
    kAdamwLrFactor,
    kAdamwBeta1,
    kAdamwBeta2,
    kAdamwEps,
    kAdamwWeightDecay
  };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-3, "step size").at_least(0).search(1e-4, 1e-1, tuner::kLog),
      tuner::real("momentum", 0.95, "decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::boolean("nesterov", true, "look one step of momentum ahead"),
      tuner::real("weight_decay", 0.1, "decoupled, of hidden matrices").at_least(0).search(1e-3, 1, tuner::kLog),
      tuner::integer("ns_steps", 5, "Newton-Schulz iterations").at_least(1).at_most(100).search(3, 8),
      tuner::reals("ns_coefficients", "[3.4445, -4.775, 2.0315]", "a, b, c of the iteration"),
      tuner::real("eps", 1e-7, "least norm to divide by").at_least(0),
      tuner::choice("adjust", kAdjustments, "how a step depends on the shape"),
      tuner::real("adamw_lr_factor", 0.3, "AdamW's step size as a multiple of lr")
          .at_least(0)
          .search(1e-2, 10, tuner::kLog),
      tuner::real("adamw_beta1", 0.9, "AdamW: decay of m").at_least(0).below(1).search(0.8, 0.99, tuner::kLog1m),
      tuner::real("adamw_beta2", 0.95, "AdamW: decay of v").at_least(0).below(1).search(0.9, 0.999, tuner::kLog1m),
      tuner::real("adamw_eps", 1e-10, "AdamW: keeps the divisor from 0").at_least(0),
      tuner::real("adamw_weight_decay", 0, "AdamW: decoupled decay").at_least(0).search(1e-6, 1e-1, tuner::kLog)};
  enum { kMomentumBuffer, kExpAvgSq };
  static constexpr tuner::Slot slots[] = {
      tuner::per_element("momentum_buffer", "moving average m of g"),
      tuner::per_tensor("exp_avg_sq", "moving average v of g^2, where AdamW is at work")};

  static bool is_hidden_matrix(const tuner_tensor_info& info) {
    return info.rank >= 2 &&
           (info.role == TUNER_ROLE_UNKNOWN || info.role == TUNER_ROLE_WEIGHT || info.role == TUNER_ROLE_CONV);
  }

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const tuner_tensor_info& info = *args.tensors[args.tensor];
    return is_hidden_matrix(info) ? 0 : shape::numel(info);
  }

  static void check(const tuner::Options& o) {
    if (o.reals(kNsCoefficients).size() != 3) throw tuner::Invalid("ns_coefficients are three numbers: [a, b, c]");
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    if (t.size() == 0) return;
    if (is_hidden_matrix(t.info()))
      orthogonal_step(s, t);
    else
      adamw_step(s, t);
  }

 private:
  template <class T>
  static void orthogonal_step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const shape::Matrix shape = shape::flattened(t.info());
    const T kept = t[kMomentum], rest = static_cast<T>(1 - o[kMomentum]);
    // u goes where the gradient was.
    T* m = t.slot(kMomentumBuffer);
    for (std::size_t i = 0; i < t.size(); ++i) {
      m[i] = kept * m[i] + rest * t.grad()[i];
      t.grad()[i] = o.flag(kNesterov) ? kept * m[i] + rest * t.grad()[i] : m[i];
    }
    const auto inverse = static_cast<T>(tuner::ratio(1.0, std::max(shape::norm(t.grad(), t.size()), o[kEps])));
    for (std::size_t i = 0; i < t.size(); ++i) t.grad()[i] *= inverse;
    orthogonalize(s, t.grad(), shape, o);
    const double rows = static_cast<double>(shape.rows), columns = static_cast<double>(shape.columns);
    const double scale =
        o.choice(kAdjust) == 0 ? std::sqrt(std::max(1.0, rows / columns)) : 0.2 * std::sqrt(std::max(rows, columns));
    const T decay = static_cast<T>(1 - o[kLr] * o[kWeightDecay]), step_size = static_cast<T>(o[kLr] * scale);
    t.update([=](T& x, T g) TUNER_INLINE { x = decay * x - step_size * g; });
  }

  // u = a u + (b A + c A A) u, ns_steps times. The smaller side makes the smaller products.
  template <class T>
  static void orthogonalize(const tuner::Step& s, T* u, const shape::Matrix& shape, const tuner::Options& o) {
    using namespace tuner::linear_algebra;
    const auto rows = static_cast<std::size_t>(shape.rows), columns = static_cast<std::size_t>(shape.columns);
    const bool wide = rows <= columns;
    const std::size_t n = std::min(rows, columns), size = rows * columns;
    T* const a = s.host().scratch<T>(n * n).data();
    T* const polynomial = s.host().scratch<T>(n * n).data();
    T* next = s.host().scratch<T>(size).data();
    const auto c = o.reals(kNsCoefficients);
    const T identity = static_cast<T>(c[0]), first = static_cast<T>(c[1]), second = static_cast<T>(c[2]);
    T* from = u;
    for (std::int64_t i = 0; i < o.integer(kNsSteps); ++i) {
      const Matrix<T> x = by_rows<T>(from, rows, columns), square = by_rows<T>(a, n, n);
      multiply_symmetric(Rounding::separate, wide ? x : x.transposed(), wide ? x.transposed() : x, a, n);
      multiply_symmetric(Rounding::separate, square, square, polynomial, n);
      for (std::size_t k = 0; k < n * n; ++k) polynomial[k] = first * a[k] + second * polynomial[k];
      for (std::size_t k = 0; k < n; ++k) polynomial[k * n + k] += identity;
      const Matrix<T> p = by_rows<T>(polynomial, n, n);
      multiply(Rounding::separate, wide ? p : x, wide ? x : p, into(next, columns));
      std::swap(from, next);
    }
    if (from != u) std::copy_n(from, size, u);
  }

  template <class T>
  static void adamw_step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number()), rate = o[kLr] * o[kAdamwLrFactor];
    const double c1 = 1 - std::pow(o[kAdamwBeta1], steps), c2 = 1 - std::pow(o[kAdamwBeta2], steps);
    const T beta1 = t[kAdamwBeta1], rest1 = static_cast<T>(1 - o[kAdamwBeta1]);
    const T beta2 = t[kAdamwBeta2], rest2 = static_cast<T>(1 - o[kAdamwBeta2]);
    const T step_size = static_cast<T>(rate / c1), correction = static_cast<T>(1 / c2), eps = t[kAdamwEps];
    const T decay = static_cast<T>(1 - rate * o[kAdamwWeightDecay]);
    t.update(
        [=](T& x, T g, T& m, T& v) TUNER_INLINE {
          m = beta1 * m + rest1 * g;
          v = beta2 * v + rest2 * g * g;
          x = decay * x - tuner::ratio(step_size * m, std::sqrt(v * correction) + eps);
        },
        t.slot(kMomentumBuffer), t.slot(kExpAvgSq));
  }
};

}  // namespace

TUNER_LIBRARY("muon", "1.0.0", "MIT", tuner::optimizer<Muon>)
