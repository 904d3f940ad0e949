#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "analytic.hpp"
#include "data/number_table.hpp"
#include "quadratic_form.hpp"

namespace {

using tuner::objectives::QuadraticForm;
using tuner::objectives::VectorView;

struct NoisyQuadratic {
  static constexpr tuner::Info info{
      .id = "noisy_quadratic",
      .name = "Stochastic quadratic",
      .doc = "a quadratic bowl around every sample: the simplest problem with gradient noise",
      .details =
          "loss of a batch = mean over its samples x_i of 0.5 (x - x_i)' Q (x - x_i),  gradient Q (x - mean x_i)\n"
          "Q as the matrix of `quadratic`. Samples are noise * N(0, I) from the study's seed, or the rows of CSV "
          "files.\n"
          "Default start all ones. The least training loss is at the mean of the training samples.\n"
          "example  dim 3, condition 100, noise 0: x 1 -2 0.5 -> 33; gradient 1 -20 50",
      .reference =
          "Schaul, Zhang, LeCun 2013, section 4; DeepOBS (Schneider, Balles, Hennig 2019), problem quadratic_deep"};
  enum { kNoise = QuadraticForm::kOptions, kTrain, kValid, kTest, kTrainFile, kValidFile, kTestFile, kStart, kDtype };
  static constexpr std::uint32_t kPath = TUNER_PARAM_DATA | TUNER_PARAM_PATH;
  static constexpr const tuner::Param* kForm = tuner::objectives::kFormParams;
  static constexpr tuner::Param params[] = {
      kForm[0],
      kForm[1],
      kForm[2],
      kForm[3],
      kForm[4],
      tuner::real("noise", 0.6, "standard deviation of every coordinate of a sample")
          .at_least(0)
          .with(TUNER_PARAM_DATA)
          .structural(),
      tuner::integer("n_samples", 1000, "training samples")
          .at_least(1)
          .at_most(1e8)
          .with(TUNER_PARAM_DATA)
          .structural(),
      tuner::integer("n_valid", 1000, "validation samples; 0: no such split")
          .at_least(0)
          .at_most(1e8)
          .with(TUNER_PARAM_DATA)
          .structural(),
      tuner::integer("n_test", 1000, "test samples; 0: no such split")
          .at_least(0)
          .at_most(1e8)
          .with(TUNER_PARAM_DATA)
          .structural(),
      tuner::text("train_file", nullptr, "CSV of training samples, one a line, instead of random ones")
          .with(kPath)
          .structural(),
      tuner::text("valid_file", nullptr, "CSV of validation samples; goes with train_file").with(kPath).structural(),
      tuner::text("test_file", nullptr, "CSV of test samples; goes with train_file").with(kPath).structural(),
      tuner::objectives::kStartParam,
      tuner::objectives::kDtype64};

  struct Shared {
    explicit Shared(const tuner::Open& open) : form(open.options(), open.rng()) {
      check(open.options());
      if (open.options().text(kTrainFile).empty())
        draw(open.options(), open.rng());
      else
        read(open.options());
    }
    QuadraticForm form;
    std::array<std::vector<double>, TUNER_N_SPLITS> samples;  // one after another

   private:
    void draw(const tuner::Options& o, tuner_rng rng) {
      const std::size_t n = form.size();
      // Behind the n * n words that a rotation takes, so that samples do not repeat them; the same with and without
      // one.
      rng.position = std::uint64_t{n} * n;
      for (std::size_t split = 0; split < samples.size(); ++split) {
        samples[split].resize(n * static_cast<std::size_t>(o.integer(kTrain + split)));
        for (double& value : samples[split]) value = o[kNoise] * tuner_rng_next_normal(&rng);
      }
    }
    void read(const tuner::Options& o) {
      for (std::size_t split = 0; split < samples.size(); ++split) {
        const std::string path(o.text(kTrainFile + split));
        if (path.empty()) continue;
        const auto table = tuner::objectives::read_number_table(path);
        if (table.columns != form.size())
          throw std::runtime_error(path + " has " + std::to_string(table.columns) + " columns, but the matrix has " +
                                   std::to_string(form.size()) + " dimensions");
        samples[split].assign(table.values.begin(), table.values.end());
      }
    }
  };

  static void check(const tuner::Options& o) {
    QuadraticForm::check(o);
    if (o.text(kTrainFile).empty() && !(o.text(kValidFile).empty() && o.text(kTestFile).empty()))
      throw tuner::Invalid("valid_file and test_file go with train_file, which is missing");
  }

  static void describe(const Shared& shared, const tuner::Options& o, const tuner::Layout& layout) {
    const std::size_t n = shared.form.size();
    tuner::objectives::check_start(o.reals(kStart), n);
    tuner::objectives::describe_vector(layout, n, o.choice(kDtype) == 1);
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split)
      layout.samples(split, shared.samples[split].size() / n);
  }

  NoisyQuadratic(const Shared& shared, const tuner::Bind& bind)
      : shared_(shared), x_(bind), start_(x_.size(), 1.0), product_(shared.form.size()) {
    const auto given = bind.options().reals(kStart);
    std::copy(given.begin(), given.end(), start_.begin());
  }

  void init(tuner_rng&) {
    x_.write(x_.data(), [&](double* x) { std::copy(start_.begin(), start_.end(), x); });
  }

  void evaluate(const tuner::Evaluation& e) {
    const std::vector<double>& samples = shared_.samples.at(e.split());
    const std::size_t n = x_.size(), count = e.indices().size();
    const double* const x = x_.read();
    if (differences_.size() < n * count) {
      differences_.resize(n * count);
      products_.resize(n * count);
    }
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < n; ++k) differences_[i * n + k] = x[k] - samples[e.indices()[i] * n + k];
    shared_.form.apply(differences_.data(), count, products_.data());
    if (e.wants_loss())
      e.loss(0.5 * product_sum(differences_.data(), products_.data(), n * count) / static_cast<double>(count));
    if (!e.wants_gradient()) return;
    for (std::size_t k = 0; k < n; ++k) product_[k] = column_sum(k, n, count) / static_cast<double>(count);
    store(x_.grad());
  }

  // The Hessian is Q, whatever the batch.
  void hvp(const tuner_hvp_args& args) {
    if (args.vectors[0] == nullptr) return;
    shared_.form.apply(x_.read(args.vectors[0]), 1, product_.data());
    store(args.products[0]);
  }

 private:
  // In four partial sums, as the recorded studies of older versions have it.
  static double product_sum(const double* a, const double* b, std::size_t size) {
    double sums[4] = {};
    const std::size_t fours = size / 4 * 4, pairs = size / 2 * 2;
    for (std::size_t i = 0; i < fours; i += 4)
      for (std::size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
    double even = sums[0] + sums[2], odd = sums[1] + sums[3];
    for (std::size_t i = fours; i < pairs; i += 2) {
      even += a[i] * b[i];
      odd += a[i + 1] * b[i + 1];
    }
    return even + odd + (pairs < size ? a[pairs] * b[pairs] : 0);
  }
  // Of coordinate k over the samples: four by four behind the first, an odd last coordinate one by one; as above.
  double column_sum(std::size_t k, std::size_t n, std::size_t count) const {
    const double* const p = products_.data() + k;
    double sum = p[0];
    std::size_t i = 1;
    for (; k < n / 2 * 2 && i < (count - 1) / 4 * 4; i += 4)
      sum += (p[i * n] + p[(i + 1) * n]) + (p[(i + 2) * n] + p[(i + 3) * n]);
    for (; i < count; ++i) sum += p[i * n];
    return sum;
  }
  void store(void* buffer) {
    x_.write(buffer, [&](double* out) { std::copy(product_.begin(), product_.end(), out); });
  }
  const Shared& shared_;
  VectorView x_;
  std::vector<double> start_, product_;
  std::vector<double> differences_, products_;  // of as many samples as the largest batch so far
};

}  // namespace

TUNER_LIBRARY("noisy_quadratic", "1.0.0", "MIT", tuner::objective<NoisyQuadratic>)
