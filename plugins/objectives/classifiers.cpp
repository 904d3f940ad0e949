#include <iterator>
#include <memory>
#include <vector>

#include "classifier.hpp"
#include "table_options.hpp"

namespace tuner::objectives {
namespace {

constexpr const char* kDenseDatasets[] = {"fashion_mnist", "idx", "csv"};
constexpr Param kDenseDatasetParam[] = {
    choice("dataset", kDenseDatasets,
           "fashion_mnist: as Debian installs it; idx: any images in MNIST's four files, in data_dir; csv: the table "
           "data_file")
        .with(TUNER_PARAM_DATA)
        .structural()};
// As kClassifierParams, with tables among the data.
constexpr auto kDenseTable = [] {
  auto table = joined(kClassifierParams);
  table.items[kDataset] = kDenseDatasetParam[0];
  return table;
}();

// Images, or a table whose options stand from `table` on.
template <std::size_t table>
struct DenseData {
  explicit DenseData(const Open& open) {
    const Options& o = open.options();
    if (!is_table(o)) {
      samples = read_images(open);
      return;
    }
    TableSource source = table_source(o, table, TargetKind::label);
    source.shares.train_limit = static_cast<std::uint64_t>(o.integer(kTrainLimit));
    samples = std::make_unique<Table>(source);
  }
  // Throws Invalid.
  static void check(const Options& o) {
    if (is_table(o) && !o.text(kDataDir).empty())
      throw Invalid("data_dir is the folder of images, and dataset: csv reads data_file");
    if (!is_table(o) && !o.text(table + kDataFile).empty())
      throw Invalid("data_file is a table, which is read with dataset: csv");
    if (is_table(o))
      (void)table_source(o, table, TargetKind::label);
    else
      require_folder(o);
  }
  std::unique_ptr<LabelledSamples> samples;

 private:
  static bool is_table(const Options& o) { return o.choice(kDataset) == 2; }
};

struct LogisticRegression : Classifier {
  static constexpr tuner::Info info{
      .id = "logistic_regression",
      .name = "Softmax regression",
      .version = "1.1.0",
      .doc = "one linear layer with a softmax on images or a table; starts at zero",
      .details =
          "loss = mean cross entropy of softmax(W a + b), a the pixels or columns; W and b start at 0, where it is "
          "log(classes).\n"
          "It is convex, as loss: mse and binary_cross_entropy are (see mlp); focal is not. The losses of embeddings\n"
          "have no gradient at 0, where this objective starts; a linear embedding is mlp with hidden: [].\n"
          "There is no dropout; l2, label smoothing and class weights count in training alone, so validation losses "
          "compare.\n"
          "dataset: csv learns the column target of data_file: its words, or different numbers, are the classes.",
      .reference = "textbook; as DeepOBS's mnist_logreg and the first experiment of Kingma and Ba 2015"};
  enum { kMore = kClassifierOptions, kData = kMore + std::size(kLossParams) };
  static constexpr auto kTable = joined(kDenseTable.items, kLossParams, kTableParams.items);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {kAccuracy};
  static constexpr const char* extensions[] = {TUNER_EXTENSION_PREDICTIONS};
  static const void* get_extension(const char* id) { return predictions<LogisticRegression>(id); }

  using Shared = DenseData<kData>;
  static void check(const Options& o) { Shared::check(o); }
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    describe_layers(*shared.samples, settings(*shared.samples, o), o, layout);
  }
  LogisticRegression(const Shared& shared, const Bind& bind)
      : Classifier(*shared.samples, bind, settings(*shared.samples, bind.options())) {}
  void init(tuner_rng&) {
    fill(0, [](const LayerPlan&) { return 0.0; });
  }

 private:
  static NetworkSettings settings(const LabelledSamples& samples, const Options& o) {
    return {.image = {1, 1, static_cast<Index>(samples.features())},
            .outputs = static_cast<std::int64_t>(samples.classes()),
            .l2 = o[kL2],
            .loss = loss_settings(o, kMore, samples.classes())};
  }
};

constexpr const char* kMlpActivations[] = {"relu", "leaky_relu", "tanh", "sigmoid", "gelu"};
constexpr const char* kMlpInits[] = {"he", "glorot", "truncated_normal", "zeros"};
constexpr Param kMlpParams[] = {
    integers("hidden", "[100]", "units of every hidden layer").at_least(1).at_most(1e6).structural(),
    choice("activation", kMlpActivations, "function after every hidden layer").structural(),
    choice("init", kMlpInits, "distribution of the starting weights").structural(),
    real("init_std", 0.05, "deviation of init: truncated_normal").above(0).structural().search(0.001, 0.3, kLog),
    real("dropout", 0, "probability of dropping a hidden unit").at_least(0).below(1).structural().search(0, 0.6)};

struct Mlp : Classifier {
  static constexpr tuner::Info info{
      .id = "mlp",
      .name = "Multilayer perceptron",
      .version = "1.2.0",
      .doc = "dense layers with a softmax on images or a table",
      .details =
          "a0 = pixels or columns,  z = W a + b,  a = dropout(act(norm(z))) after every hidden layer,  loss = mean "
          "over samples "
          "of,\n"
          "with p = softmax(z) and q the label's share (label_smoothing moves some of it to all classes):\n"
          "  cross_entropy: -sum q log p;  focal: -sum q (1 - p)^gamma log p;  mse: mean over classes of (z - q)^2;\n"
          "  binary_cross_entropy: mean over classes of log(1 + exp z) - q z.  class_weights multiply a sample's "
          "loss.\n"
          "With d = |z - z'|, z being `embedding` outputs, which are not brought to length 1:\n"
          "  contrastive: mean over pairs of d^2 / 2 for equal labels, else of max(0, margin - d)^2 / 2;\n"
          "  triplet: mean over all triplets, also those at 0, of max(0, d(a, p)^2 - d(a, n)^2 + margin),\n"
          "    a and p of one label, n of another.\n"
          "  Pairs are formed among pair_batch consecutive samples of a batch, with norm: ghost of a virtual one.\n"
          "  The batch's loss is the mean of theirs, weighted by samples; samples without pairs count 0. accuracy is\n"
          "  the share of samples whose nearest other one among them has their label.\n"
          "norm  (z - mean) / sqrt(variance + 1e-5) scale + shift.  batch: statistics of a unit over the batch, at "
          "most "
          "8192\n"
          "samples;  ghost: over virtual_batch samples in their order;  layer, group: of a sample over all units or "
          "norm_groups\n"
          "groups. batch and ghost leave out the bias, and evaluate by running statistics, which the checkpoints "
          "keep.\n"
          "dataset: csv learns the column target of data_file: its words, or different numbers, are the classes.\n"
          "init  he: N(0, 2 / fan_in);  glorot: uniform within +-sqrt(6 / (fan_in + fan_out));  truncated_normal: "
          "deviation\n"
          "init_std, cut at two deviations;  biases 0.  gelu is x Phi(x), leaky_relu has slope 0.01.\n"
          "Dropout is inverted (kept units times 1 / (1 - p)). Dropout, l2, label smoothing and class weights count in "
          "training\n"
          "alone, so validation losses compare. hvp is exact; under dropout it uses the masks of the latest training "
          "evaluation,\n"
          "under norm: batch and ghost the statistics of its batch.",
      .reference =
          "textbook; He et al. 2015, eq. 10; Glorot, Bengio 2010, eq. 16; Srivastava et al. 2014; Pearlmutter "
          "1994; Ioffe, Szegedy 2015; Hoffer, Hubara, Soudry 2017; Lin et al. 2017; Hadsell, Chopra, "
          "LeCun 2006, eq. 4; Schroff, Kalenichenko, Philbin 2015, eq. 3; Hermans, Beyer, Leibe 2017, eq. 6"};
  enum {
    kHidden = kClassifierOptions,
    kActivation,
    kInit,
    kInitStd,
    kDropout,
    kMore,
    kData = kMore + std::size(kNetworkTable.items)
  };
  static constexpr auto kTable = joined(kDenseTable.items, kMlpParams, kNetworkTable.items, kTableParams.items);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {kNetworkAccuracy};
  static constexpr const char* extensions[] = {TUNER_EXTENSION_PREDICTIONS};
  static const void* get_extension(const char* id) { return predictions<Mlp>(id); }

  using Shared = DenseData<kData>;
  static void check(const Options& o) {
    Shared::check(o);
    check_network_loss(o, kMore);
  }
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    describe_layers(*shared.samples, settings(*shared.samples, o), o, layout);
  }
  Mlp(const Shared& shared, const Bind& bind)
      : Classifier(*shared.samples, bind, settings(*shared.samples, bind.options())),
        init_(static_cast<Init>(bind.options().choice(kInit))),
        init_std_(bind.options()[kInitStd]) {}

  void init(tuner_rng& rng) {
    fill(0, [&](const LayerPlan& layer) { return draw(rng, init_, init_std_, layer); });
  }

 private:
  static NetworkSettings settings(const LabelledSamples& samples, const Options& o) {
    const auto hidden = o.integers(kHidden);
    NetworkSettings settings{.image = {1, 1, static_cast<Index>(samples.features())},
                             .hidden = {hidden.begin(), hidden.end()},
                             .activation = static_cast<Activation>(o.choice(kActivation)),
                             .dropout = o[kDropout],
                             .l2 = o[kL2]};
    add_loss(settings, o, kMore, samples.classes());
    add_norm(settings, o, kMore);
    return settings;
  }

  Init init_;
  double init_std_;
};

}  // namespace
}  // namespace tuner::objectives

TUNER_LIBRARY("classifiers", "1.2.0", "MIT", tuner::objective<tuner::objectives::LogisticRegression>,
              tuner::objective<tuner::objectives::Mlp>)
