#include <string>
#include <vector>

#include "classifier.hpp"

namespace tuner::objectives {
namespace {

constexpr const char* kConvnetActivations[] = {"relu", "leaky_relu", "tanh", "sigmoid", "gelu"};
constexpr const char* kConvnetInits[] = {"truncated_normal", "he", "glorot", "zeros"};

constexpr Param kConvnetParams[] = {
    integers("channels", "[32, 64]", "channels of every convolution, each followed by pooling")
        .at_least(1)
        .at_most(4096)
        .structural(),
    integer("kernel", 5, "rows and columns that a convolution looks at").at_least(1).at_most(31).structural(),
    integers("hidden", "[1024]", "units of every dense hidden layer").at_least(1).at_most(1e6).structural(),
    choice("activation", kConvnetActivations, "function after every hidden layer").structural(),
    choice("init", kConvnetInits, "distribution of the starting weights").structural(),
    real("init_std", 0.05, "deviation of init: truncated_normal").above(0).structural().search(0.001, 0.3, kLog),
    real("init_bias", 0.05, "starting value of all biases").at_least(-1e3).at_most(1e3).structural(),
    real("dropout", 0, "probability of dropping a unit of a dense hidden layer")
        .at_least(0)
        .below(1)
        .structural()
        .search(0, 0.6)};
constexpr auto kConvnetTable = joined(kClassifierParams, kConvnetParams, kNetworkTable.items);

struct Convnet : Classifier {
  static constexpr tuner::Info info{
      .id = "convnet",
      .name = "Convolutional network",
      .version = "1.1.0",
      .doc = "convolutions with pooling, dense layers and a softmax on images; DeepOBS's 2c2d by default",
      .details =
          "a0 = pixels,  a = pool(act(norm(W * a + b))) for every convolution (zeros around the image, stride 1; the "
          "largest\n"
          "of 2 x 2, odd extents rounded up),  then dense layers as of mlp. The defaults on 28 x 28 pixels have "
          "3,274,634\n"
          "parameters. weight is out x kernel x kernel x in, and a dense layer takes an image pixel by pixel, the "
          "channels of a\n"
          "pixel side by side.\n"
          "init  truncated_normal: deviation init_std, cut at two deviations;  he, glorot as of mlp, fan_in being the "
          "patch.\n"
          "loss, norm and what counts in training alone: as of mlp. norm: layer and group have a scale and shift for "
          "each\n"
          "channel, and statistics over all pixels; norm: batch takes batches of at most 1024 samples.\n"
          "One thread. Batches go through by 64 samples, with a loss of embeddings by pair_batch, so memory does\n"
          "not grow with them. hvp is exact.",
      .reference =
          "DeepOBS (Schneider, Balles, Hennig 2019), problems 2c2d; LeCun et al. 1998; Pearlmutter 1994 for hvp"};
  enum { kChannels = kClassifierOptions, kKernel, kHidden, kActivation, kInit, kInitStd, kInitBias, kDropout, kMore };
  static constexpr auto& params = kConvnetTable.items;
  static constexpr Metric metrics[] = {kNetworkAccuracy};
  static constexpr const char* extensions[] = {TUNER_EXTENSION_PREDICTIONS};
  static const void* get_extension(const char* id) { return predictions<Convnet>(id); }

  struct Shared {
    explicit Shared(const Open& open) : images(read_images(open)) {}
    std::unique_ptr<LabelledImages> images;
  };

  // Throws Invalid.
  static void check(const Options& o) {
    require_folder(o);
    check_network_loss(o, kMore);
  }
  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    describe_layers(*shared.images, settings(*shared.images, o), o, layout);
  }
  Convnet(const Shared& shared, const Bind& bind)
      : Classifier(*shared.images, bind, settings(*shared.images, bind.options())),
        init_(init_of(bind.options())),
        init_std_(bind.options()[kInitStd]),
        init_bias_(bind.options()[kInitBias]) {}

  void init(tuner_rng& rng) {
    fill(init_bias_, [&](const LayerPlan& layer) { return draw(rng, init_, init_std_, layer); });
  }

 private:
  static Init init_of(const Options& o) {
    static constexpr Init kInitOrder[] = {Init::truncated_normal, Init::he, Init::glorot, Init::zeros};
    return kInitOrder[o.choice(kInit)];
  }
  static NetworkSettings settings(const LabelledImages& images, const Options& o) {
    const auto channels = o.integers(kChannels), hidden = o.integers(kHidden);
    NetworkSettings settings{.image = {static_cast<Index>(images.rows()), static_cast<Index>(images.columns()), 1},
                             .channels = {channels.begin(), channels.end()},
                             .kernel = o.integer(kKernel),
                             .hidden = {hidden.begin(), hidden.end()},
                             .activation = static_cast<Activation>(o.choice(kActivation)),
                             .dropout = o[kDropout],
                             .l2 = o[kL2],
                             .piece = 64,
                             .largest_batch = 1024};
    add_loss(settings, o, kMore, images.classes());
    add_norm(settings, o, kMore);
    return settings;
  }

  Init init_;
  double init_std_, init_bias_;
};

}  // namespace
}  // namespace tuner::objectives

TUNER_LIBRARY("convnet", "1.1.0", "MIT", tuner::objective<tuner::objectives::Convnet>)
