#include <cmath>
#include <iterator>
#include <stdexcept>

#include "linear_tensor.hpp"
#include "table_options.hpp"

namespace {

using namespace tuner::objectives;
using tuner::Bind;
using tuner::Evaluation;
using tuner::Layout;
using tuner::Metric;
using tuner::Open;
using tuner::Options;
using tuner::Param;

class LinearRegression {
 public:
  static constexpr tuner::Info info{
      .id = "linear_regression",
      .name = "Linear regression",
      .doc = "least squares on a table; convex, starts at zero",
      .details =
          "loss = mean of (w x + b - y)^2 over the samples, the training loss + l2 / 2 w w;  w and b start at 0.\n"
          "x are the columns of data_file beside target, y is target as it stands there; mae is the mean of\n"
          "|w x + b - y|. Of the rows, shuffled by split_seed, the first are for training, then come validation\n"
          "and test. hvp is exact. Computed in double precision whatever the dtype.",
      .reference = "textbook (Legendre 1805)"};
  enum { kL2 = std::size(kTableParams.items), kIntercept, kDtype };
  static constexpr Param kOwn[] = {kLinearL2Param, kInterceptParam, kLinearDtypeParam};
  static constexpr auto kTable = joined(kTableParams.items, kOwn);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {
      tuner::metric("mae", TUNER_MINIMIZE, "mean absolute error, in units of the target")};

  struct Shared {
    explicit Shared(const Open& open) : table(table_source(open.options(), 0, TargetKind::number)) {}
    Table table;
  };
  static void check(const Options& o) { (void)table_source(o, 0, TargetKind::number); }

  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const auto n = static_cast<std::int64_t>(shared.table.features());
    const std::int64_t shape[] = {1, n};
    const std::uint32_t dtype = linear_dtype(o.choice(kDtype));
    layout.tensor({"weight", shape, dtype, TUNER_ROLE_HEAD, 0, 0, n, 1});
    if (o.flag(kIntercept)) layout.tensor({"bias", {shape, 1}, dtype, TUNER_ROLE_BIAS, 0, 0, n, 1});
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) layout.samples(split, shared.table.size(split));
  }

  LinearRegression(const Shared& shared, const Bind& bind)
      : table_(shared.table), l2_(bind.options()[kL2]), weight_(bind.bound(0)) {
    if (bind.tensor_count() > 1) bias_ = LinearTensor(bind.bound(1));
  }

  void init(tuner_rng&) {
    weight_.start_at_zero();
    if (bias_.exists()) bias_.start_at_zero();
  }

  void evaluate(const Evaluation& e) {
    if (e.indices().empty()) throw std::invalid_argument("a batch without samples has no loss");
    const double *w = weight_.read(), *b = bias_.exists() ? bias_.read() : nullptr;
    double *g = weight_.clear(), *g_bias = bias_.clear(), loss = 0, distance = 0;
    const auto samples = static_cast<double>(e.indices().size());
    for (const std::uint64_t index : e.indices()) {
      const Table::Row row = table_.row(e.split(), index);
      const double residual = output(w, b, row.features) - row.target;
      loss += residual * residual / samples;
      distance += std::abs(residual) / samples;
      if (e.wants_gradient()) add(2 * residual / samples, row.features, g, g_bias);
    }
    for (std::size_t i = 0; e.training() && l2_ != 0 && i < table_.features(); ++i) {
      loss += 0.5 * l2_ * w[i] * w[i];
      g[i] += l2_ * w[i];
    }
    if (e.wants_loss()) e.loss(loss);
    e.metric(0, distance);
    if (!e.wants_gradient()) return;
    weight_.write(weight_.bound().grad);
    bias_.write(bias_.bound().grad);
  }

  // Whatever the parameters: 2 mean x (x v) + l2 v.
  void hvp(const tuner_hvp_args& args) {
    const double *v = weight_.read(args.vectors[0]), *v_bias = bias_.exists() ? bias_.read(args.vectors[1]) : nullptr;
    double *product = weight_.clear(), *product_bias = bias_.clear();
    for (std::uint64_t i = 0; i < args.n_indices; ++i) {
      const double* x = table_.row(TUNER_SPLIT_TRAIN, args.indices[i]).features;
      add(2 * output(v, v_bias, x) / static_cast<double>(args.n_indices), x, product, product_bias);
    }
    for (std::size_t i = 0; i < table_.features(); ++i) product[i] += l2_ * v[i];
    weight_.write(args.products[0]);
    if (bias_.exists()) bias_.write(args.products[1]);
  }

 private:
  double output(const double* w, const double* b, const double* x) const {
    double sum = b == nullptr ? 0 : *b;
    for (std::size_t i = 0; i < table_.features(); ++i) sum += w[i] * x[i];
    return sum;
  }
  void add(double factor, const double* x, double* g, double* g_bias) const {
    for (std::size_t i = 0; i < table_.features(); ++i) g[i] += factor * x[i];
    if (bias_.exists()) *g_bias += factor;
  }
  const Table& table_;
  double l2_;
  LinearTensor weight_, bias_;
};

}  // namespace

TUNER_LIBRARY("linear_regression", "1.0.0", "MIT", tuner::objective<LinearRegression>)
