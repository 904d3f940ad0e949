#include <algorithm>
#include <limits>

#include "shape.hpp"

namespace {

constexpr const char* kEpsPlaces[] = {"clamp", "added"};

struct Adafactor {
  static constexpr tuner::Info info{
      .id = "adafactor",
      .name = "Adafactor",
      .doc = "second moments of a matrix from its row and column sums, steps relative to the size of x",
      .details =
          "w = t^beta2_decay,  rate = min(lr, 1 / sqrt(t)), without relative_step lr\n"
          "rank 2 and more, the last two extents:  r = (1 - w) r + w mean of g^2 over a row,  c likewise over a "
          "column\n"
          "                                        v = r c' / mean(r)\n"
          "else:  v = (1 - w) v + w g^2\n"
          "u = g / sqrt(v),  u = u / max(1, RMS(u) / d),  with beta1 > 0 u = m = beta1 m + (1 - beta1) u\n"
          "x = (1 - lr weight_decay) x - rate max(eps2, RMS(x)) u, without scale_parameter - rate u\n"
          "eps_place: clamp  mean(r) >= eps1 and v >= eps1^2, as torch.optim.Adafactor 2.5;  added  g^2 + eps1, the\n"
          "paper's, there 1e-30. eps1 = 0 with clamp is the machine's epsilon.\n"
          "lr = 0 leaves x alone, g = 0 on fresh state too. Step 1 has w = 1: v = g^2 for a vector, |u| = 1.\n"
          "State of a matrix: rows + columns values; one per element more with beta1 > 0.\n"
          "family  adaptive\n"
          "rule    x -= rate max(eps2, RMS(x)) u / max(1, RMS(u) / d),  u = g / sqrt(v),  v = r c' / mean(r)\n"
          "use     when state does not fit: rows + columns values for a matrix instead of two per element "
          "(Shazeer, Stern 2018)\n"
          "not     when it fits: v is coarser than adam's, there is no momentum by default, and a rate relative to "
          "the size of x takes no lr from elsewhere",
      .reference = "Shazeer, Stern 2018, algorithms 4 and 5; torch.optim.Adafactor 2.5",
      .flags = 0};

  enum { kLr, kBeta2Decay, kEps1, kEps2, kD, kWeightDecay, kBeta1, kRelativeStep, kScaleParameter, kEpsPlace };
  static constexpr tuner::Param params[] = {
      tuner::real("lr", 1e-2, "largest relative step").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("beta2_decay", -0.8, "exponent of t in the share of a new g^2").at_most(0).search(-1, -0.3),
      tuner::real("eps1", 0, "keeps v from 0").at_least(0),
      tuner::real("eps2", 1e-3, "least size of x that a step is relative to").at_least(0).search(1e-4, 1, tuner::kLog),
      tuner::real("d", 1, "largest RMS of u").above(0).search(0.3, 3, tuner::kLog),
      tuner::real("weight_decay", 0, "decoupled weight decay").at_least(0).search(1e-6, 1e-1, tuner::kLog),
      tuner::real("beta1", 0, "decay of the first moment; 0: none").at_least(0).below(1).structural(),
      tuner::boolean("relative_step", true, "bound the rate by 1 / sqrt(t)"),
      tuner::boolean("scale_parameter", true, "multiply the rate by the size of x"),
      tuner::choice("eps_place", kEpsPlaces, "what eps1 does")};
  enum { kRowVar, kColVar, kVariance, kExpAvg };
  static constexpr tuner::Slot slots[] = {tuner::per_tensor("row_var", "moving average r of a row's mean g^2"),
                                          tuner::per_tensor("col_var", "moving average c of a column's mean g^2"),
                                          tuner::per_tensor("variance", "moving average v of g^2, of vectors"),
                                          tuner::per_tensor("exp_avg", "moving average m of u, with beta1 > 0")};

  static std::uint64_t slot_extent(const tuner_extent_args& args) {
    const tuner_tensor_info& info = *args.tensors[args.tensor];
    const std::uint64_t n = shape::numel(info);
    if (args.slot == kExpAvg) return tuner::Options(args.options)[kBeta1] > 0 ? n : 0;
    if (info.rank < 2) return args.slot == kVariance ? n : 0;
    if (args.slot == kVariance || n == 0) return 0;
    return n / static_cast<std::uint64_t>(info.shape[info.rank - (args.slot == kRowVar ? 1 : 2)]);
  }

  template <class T>
  static void step(const tuner::Step& s, const tuner::Tensor<T>& t) {
    const std::size_t n = t.size();
    if (n == 0) return;
    const tuner::Options& o = t.options();
    const double steps = static_cast<double>(s.number());
    const double w = std::pow(steps, o[kBeta2Decay]);
    double alpha = o.flag(kRelativeStep) ? std::min(o[kLr], 1 / std::sqrt(steps)) : o[kLr];
    if (o.flag(kScaleParameter)) alpha *= std::max(o[kEps2], root_mean_square(t.data(), n));
    if (t.info().rank < 2)
      divide_vector(t, w);
    else
      divide_matrices(t, w);
    const double size = root_mean_square(t.grad(), n);
    const T clip = static_cast<T>(1 / std::max(1.0, size / o[kD]));
    const T kept = static_cast<T>(1 - o[kLr] * o[kWeightDecay]), rate = static_cast<T>(alpha);
    if (o[kBeta1] == 0) return t.update([=](T& x, T u) TUNER_INLINE { x = kept * x - rate * (clip * u); });
    const T beta1 = t[kBeta1], rest1 = static_cast<T>(1 - o[kBeta1]);
    t.update(
        [=](T& x, T u, T& m) TUNER_INLINE {
          m = beta1 * m + rest1 * (clip * u);
          x = kept * x - rate * m;
        },
        t.slot(kExpAvg));
  }

 private:
  template <class T>
  static double root_mean_square(const T* values, std::size_t n) {
    const double sum = shape::sum_of_squares(values, n), count = static_cast<double>(n);
    return shape::ordinary(sum) ? std::sqrt(sum / count) : shape::norm(values, n) / std::sqrt(count);
  }

  struct Floors {
    double added, mean, v;
    template <class T>
    explicit Floors(const tuner::Tensor<T>& t) {
      const double eps = t.options()[kEps1];
      const bool clamp = t.options().choice(kEpsPlace) == 0;
      added = clamp ? 0 : eps;
      mean = !clamp ? 0 : eps > 0 ? eps : std::numeric_limits<T>::epsilon();
      v = mean * mean;
    }
  };

  // 0 / 0 is 0: an element that never had a gradient has none to scale.
  static double scaled(double g, double v) { return tuner::ratio(g, std::sqrt(v)); }

  // Leaves u in the place of the gradient; so does divide_matrices. v is wide: its square root is not to underflow.
  template <class T>
  static void divide_vector(const tuner::Tensor<T>& t, double w) {
    const Floors floor(t);
    T *g = t.grad(), *v = t.slot(kVariance);
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double wide = g[i];
      const double updated = (1 - w) * v[i] + w * (wide * wide + floor.added);
      v[i] = static_cast<T>(updated);
      g[i] = static_cast<T>(scaled(wide, std::max(updated, floor.v)));
    }
  }

  template <class T>
  static void divide_matrices(const tuner::Tensor<T>& t, double w) {
    const auto* shape = t.info().shape + t.info().rank - 2;
    const std::size_t rows = static_cast<std::size_t>(shape[0]), columns = static_cast<std::size_t>(shape[1]);
    const Floors floor(t);
    for (std::size_t k = 0; k < t.size() / (rows * columns); ++k)
      divide_matrix(t.grad() + k * rows * columns, t.slot(kRowVar) + k * rows, t.slot(kColVar) + k * columns, rows,
                    columns, w, floor);
  }

  template <class T>
  static void divide_matrix(T* g, T* row_var, T* col_var, std::size_t rows, std::size_t columns, double w,
                            const Floors& floor) {
    double mean = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      const T* row = g + i * columns;
      const double sum = shape::sum(columns, [=, added = floor.added](std::size_t j) TUNER_INLINE {
        const double wide = row[j];
        return wide * wide + added;
      });
      row_var[i] = static_cast<T>((1 - w) * row_var[i] + w * sum / static_cast<double>(columns));
      mean += row_var[i];
    }
    mean = std::max(mean / static_cast<double>(rows), floor.mean);
    add_columns(g, col_var, rows, columns, w, floor.added);
    for (std::size_t i = 0; i < rows; ++i) {
      const double relative = tuner::ratio(static_cast<double>(row_var[i]), mean);
      T* __restrict row = g + i * columns;
      for (std::size_t j = 0; j < columns; ++j)
        row[j] = static_cast<T>(scaled(row[j], std::max(relative * col_var[j], floor.v)));
    }
  }

  // Some columns at a time, row by row, as the memory lies.
  template <class T>
  static void add_columns(const T* g, T* col_var, std::size_t rows, std::size_t columns, double w, double added) {
    constexpr std::size_t kWidth = 128;
    for (std::size_t from = 0; from < columns; from += kWidth) {
      const std::size_t width = std::min(kWidth, columns - from);
      double sums[kWidth] = {};
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < width; ++j) {
          const double wide = g[i * columns + from + j];
          sums[j] += wide * wide + added;
        }
      for (std::size_t j = 0; j < width; ++j)
        col_var[from + j] = static_cast<T>((1 - w) * col_var[from + j] + w * sums[j] / static_cast<double>(rows));
    }
  }
};

}  // namespace

TUNER_LIBRARY("adafactor", "1.0.0", "MIT", tuner::optimizer<Adafactor>)
