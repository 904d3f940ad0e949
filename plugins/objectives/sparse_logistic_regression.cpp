#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "class_weights.hpp"
#include "data/sparse_table.hpp"
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

class SparseLogisticRegression {
 public:
  static constexpr tuner::Info info{
      .id = "sparse_logistic_regression",
      .name = "Logistic regression on sparse data",
      .version = "1.1.0",
      .doc = "one linear layer on a LIBSVM file, whose products touch only what is not 0; convex, starts at zero",
      .details =
          "Two labels: loss = mean of log(1 + exp(-s (w x + b))), s = 1 for the larger label and -1 for the smaller.\n"
          "More: mean cross entropy of softmax(W x + b).  Plus l2 / 2 W W in training. Everything starts at 0.\n"
          "In training class_weights multiply a sample's loss, one for each label in rising order.\n"
          "weight is features x outputs. A step costs the values of its batch, plus one pass over the gradient, which "
          "is not\n"
          "sparse. Values are taken as they stand. Of the rows of data_file, shuffled by split_seed, the first are "
          "for\n"
          "training, then come validation and, without a test_file, test. hvp is exact. Computed in double precision.",
      .reference = "textbook; Chang, Lin 2011, LIBSVM (the format); as the IMDB experiment of Kingma and Ba 2015"};
  enum { kDataFile, kTestFile, kSplits, kL2 = kSplits + kSplitOptions, kIntercept, kDtype, kClassWeights };
  static constexpr std::uint32_t kPath = TUNER_PARAM_DATA | TUNER_PARAM_PATH;
  static constexpr Param kFiles[] = {
      tuner::text("data_file", nullptr, "LIBSVM file: LABEL INDEX:VALUE INDEX:VALUE ... on each line")
          .with(kPath)
          .structural(),
      tuner::text("test_file", nullptr, "LIBSVM file of the test split, in place of test_share")
          .with(kPath)
          .structural()};
  static constexpr Param kOwn[] = {kLinearL2Param, kInterceptParam, kLinearDtypeParam, kClassWeightsParam};
  static constexpr auto kTable = joined(kFiles, kSplitParams, kOwn);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {
      tuner::metric("accuracy", TUNER_MAXIMIZE, "share of samples classified rightly")};

  struct Shared {
    explicit Shared(const Open& open) : table(source(open.options())) {}
    SparseTable table;
  };
  static void check(const Options& o) { (void)source(o); }

  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const auto n = static_cast<std::int64_t>(shared.table.features());
    const auto outputs = static_cast<std::int64_t>(outputs_of(shared.table));
    (void)class_weights(o.reals(kClassWeights), shared.table.classes());
    const std::int64_t shape[] = {n, outputs};
    const std::uint32_t dtype = linear_dtype(o.choice(kDtype));
    layout.tensor({"weight", shape, dtype, TUNER_ROLE_HEAD, 0, 0, n, outputs});
    if (o.flag(kIntercept)) layout.tensor({"bias", {shape + 1, 1}, dtype, TUNER_ROLE_BIAS, 0, 0, n, outputs});
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) layout.samples(split, shared.table.size(split));
  }

  SparseLogisticRegression(const Shared& shared, const Bind& bind)
      : table_(shared.table),
        outputs_(outputs_of(shared.table)),
        l2_(bind.options()[kL2]),
        class_weights_(class_weights(bind.options().reals(kClassWeights), shared.table.classes())),
        weight_(bind.bound(0)),
        vector_(bind.bound(0)),
        z_(outputs_),
        p_(outputs_),
        rate_(outputs_) {
    if (bind.tensor_count() < 2) return;
    bias_ = LinearTensor(bind.bound(1));
    bias_vector_ = LinearTensor(bind.bound(1));
  }

  void init(tuner_rng&) {
    weight_.start_at_zero();
    if (bias_.exists()) bias_.start_at_zero();
  }

  void evaluate(const Evaluation& e) {
    if (e.indices().empty()) throw std::invalid_argument("a batch without samples has no loss");
    const double *w = weight_.read(), *b = bias_.exists() ? bias_.read() : nullptr;
    double *g = weight_.clear(), *g_bias = bias_.clear(), loss = 0, hits = 0;
    const auto samples = static_cast<double>(e.indices().size());
    for (const std::uint64_t index : e.indices()) {
      const SparseTable::Row row = table_.row(e.split(), index);
      outputs(w, b, row, z_);
      bool hit = false;
      const double factor = e.training() ? class_weight(row.label) : 1;
      loss += factor * (sample_loss(row.label, &hit) / samples);
      hits += hit ? 1 : 0;
      if (!e.wants_gradient()) continue;
      for (double& delta : p_) delta = factor * (delta / samples);
      add(p_, row, g, g_bias);
    }
    for (std::size_t i = 0; e.training() && l2_ != 0 && i < weight_.bound().numel; ++i) {
      loss += 0.5 * l2_ * w[i] * w[i];
      g[i] += l2_ * w[i];
    }
    if (e.wants_loss()) e.loss(loss);
    e.metric(0, hits / samples);
    if (!e.wants_gradient()) return;
    weight_.write(weight_.bound().grad);
    bias_.write(bias_.bound().grad);
  }

  void hvp(const tuner_hvp_args& args) {
    const double *w = weight_.read(), *b = bias_.exists() ? bias_.read() : nullptr;
    const double* v = vector_.read(args.vectors[0]);
    const double* v_bias = bias_.exists() ? bias_vector_.read(args.vectors[1]) : nullptr;
    double *product = weight_.clear(), *product_bias = bias_.clear();
    for (std::uint64_t i = 0; i < args.n_indices; ++i) {
      const SparseTable::Row row = table_.row(TUNER_SPLIT_TRAIN, args.indices[i]);
      outputs(w, b, row, z_);
      outputs(v, v_bias, row, rate_);
      sample_rate(class_weight(row.label) / static_cast<double>(args.n_indices));
      add(rate_, row, product, product_bias);
    }
    for (std::size_t i = 0; l2_ != 0 && i < weight_.bound().numel; ++i) product[i] += l2_ * v[i];
    weight_.write(args.products[0]);
    if (bias_.exists()) bias_.write(args.products[1]);
  }

 private:
  static std::size_t outputs_of(const SparseTable& table) { return table.classes() == 2 ? 1 : table.classes(); }
  static SparseSource source(const Options& o) {
    if (o.text(kDataFile).empty()) throw tuner::Invalid("data_file is missing, the LIBSVM file with the samples");
    return {.path = std::string(o.text(kDataFile)),
            .test_path = std::string(o.text(kTestFile)),
            .shares = split_shares(o, kSplits)};
  }

  [[nodiscard]] double class_weight(std::uint32_t label) const {
    return class_weights_.empty() ? 1 : class_weights_[label];
  }
  void outputs(const double* w, const double* b, const SparseTable::Row& row, std::vector<double>& z) const {
    for (std::size_t k = 0; k < outputs_; ++k) z[k] = b == nullptr ? 0 : b[k];
    for (std::size_t i = 0; i < row.columns.size(); ++i)
      for (std::size_t k = 0; k < outputs_; ++k) z[k] += w[row.columns[i] * outputs_ + k] * row.values[i];
  }
  void add(const std::vector<double>& factors, const SparseTable::Row& row, double* g, double* g_bias) const {
    for (std::size_t i = 0; i < row.columns.size(); ++i)
      for (std::size_t k = 0; k < outputs_; ++k) g[row.columns[i] * outputs_ + k] += factors[k] * row.values[i];
    for (std::size_t k = 0; bias_.exists() && k < outputs_; ++k) g_bias[k] += factors[k];
  }
  // 1 / (1 + exp(-x)) without overflow on either side.
  static double logistic(double x) {
    const double e = std::exp(-std::abs(x));
    return (x < 0 ? e : 1) / (1 + e);
  }
  // p_k = exp(z_k - top) / sum; returns log(sum).
  double softmax(double top) {
    double sum = 0;
    for (std::size_t k = 0; k < outputs_; ++k) sum += p_[k] = std::exp(z_[k] - top);
    for (double& p : p_) p /= sum;
    return std::log(sum);
  }
  // Of the outputs z_; p_ becomes the derivative by them.
  double sample_loss(std::uint32_t label, bool* hit) {
    if (outputs_ == 1) {
      const double s = label == 1 ? 1 : -1, x = s * z_[0];
      *hit = label == 1 ? z_[0] > 0 : z_[0] <= 0;
      p_[0] = -s * logistic(-x);
      return std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    }
    const auto best = std::max_element(z_.begin(), z_.end());
    *hit = best - z_.begin() == static_cast<std::ptrdiff_t>(label) && !std::isnan(*best);
    const double loss = softmax(*best) - (z_[label] - *best);
    p_[label] -= 1;
    return loss;
  }
  // Of the outputs z_ and their rates: rate_ becomes that of the derivative, times weight.
  void sample_rate(double weight) {
    if (outputs_ == 1) {
      const double p = logistic(z_[0]);
      rate_[0] *= weight * p * (1 - p);
      return;
    }
    softmax(*std::max_element(z_.begin(), z_.end()));
    double mean = 0;
    for (std::size_t k = 0; k < outputs_; ++k) mean += p_[k] * rate_[k];
    for (std::size_t k = 0; k < outputs_; ++k) rate_[k] = weight * p_[k] * (rate_[k] - mean);
  }

  const SparseTable& table_;
  std::size_t outputs_;
  double l2_;
  std::vector<double> class_weights_;  // one for each class, or none: all 1
  LinearTensor weight_, bias_, vector_, bias_vector_;
  std::vector<double> z_, p_, rate_;  // of one sample
};

}  // namespace

TUNER_LIBRARY("sparse_logistic_regression", "1.1.0", "MIT", tuner::objective<SparseLogisticRegression>)
