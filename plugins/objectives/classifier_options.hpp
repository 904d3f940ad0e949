// Options that classifiers have in common, and what they say: data, losses, normalization.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "class_weights.hpp"
#include "data/labelled_images.hpp"
#include "layer_plan.hpp"
#include "param_table.hpp"
#include "tuner/plugin.hpp"

namespace tuner::objectives {

inline constexpr const char* kDatasets[] = {"fashion_mnist", "idx"};
inline constexpr const char* kPixelForms[] = {"unit", "standardized"};
inline constexpr const char* kDtypes32[] = {"f32", "f64"};

// First in the option table of every classifier.
enum ClassifierOption {
  kDataset,
  kDataDir,
  kValidSize,
  kTrainLimit,
  kPixels,
  kDtype,
  kLabelSmoothing,
  kL2,
  kClassifierOptions
};
inline constexpr Param kClassifierParams[] = {
    choice("dataset", kDatasets,
           "fashion_mnist: as Debian installs it; idx: any data in MNIST's four files, in data_dir")
        .with(TUNER_PARAM_DATA)
        .structural(),
    text("data_dir", nullptr, "folder of the IDX files (plain or .gz); fashion_mnist has Debian's as its default")
        .with(TUNER_PARAM_DATA | TUNER_PARAM_PATH)
        .structural(),
    integer("valid_size", 10000, "validation images: the last ones of the training file")
        .at_least(0)
        .with(TUNER_PARAM_DATA)
        .structural(),
    integer("train_limit", 0, "train on the first so many images alone; 0: on all but the validation images")
        .at_least(0)
        .with(TUNER_PARAM_DATA)
        .structural(),
    choice("pixels", kPixelForms, "unit: bytes to [0, 1]; standardized: mean 0 and deviation 1 over the training split")
        .with(TUNER_PARAM_DATA)
        .structural(),
    choice("dtype", kDtypes32, "precision of parameters, gradients and arithmetic").structural(),
    real("label_smoothing", 0, "share of a label's weight that goes to all classes evenly; training loss alone")
        .at_least(0)
        .below(1)
        .structural()
        .search(0, 0.2),
    real("l2", 0, "l2 / 2 times the sum of squared weights (not biases) is added to the training loss")
        .at_least(0)
        .structural()
        .search(1e-7, 1e-2, kLog)};

// What a network learns by and what stands in its hidden layers: after the options of its own. A softmax regression has
// the first three.
enum NetworkOption {
  kLoss,
  kFocalGamma,
  kClassWeights,
  kNorm,
  kVirtualBatch,
  kNormGroups,
  kNormMomentum,
  kEmbedding,
  kMargin,
  kPairBatch,
  kNetworkOptions
};
inline constexpr const char* kLosses[] = {"cross_entropy", "mse", "binary_cross_entropy", "focal"};
inline constexpr const char* kNorms[] = {"none", "batch", "ghost", "layer", "group"};
inline constexpr double kDefaultFocalGamma = 2;
inline constexpr Param kLossParams[] = {
    choice("loss", kLosses, "what is minimized, of the last layer's outputs; see the details").structural(),
    real("focal_gamma", kDefaultFocalGamma, "exponent of loss: focal")
        .at_least(0)
        .at_most(10)
        .structural()
        .search(0.5, 5),
    kClassWeightsParam};
inline constexpr Param kNormParams[] = {
    choice("norm", kNorms, "normalization in every hidden layer, before its activation").structural(),
    integer("virtual_batch", 128,
            "samples with common statistics, of norm: ghost; the last ones of a batch may be fewer")
        .at_least(1)
        .at_most(1024)
        .structural(),
    integer("norm_groups", 1, "groups of norm: group; divides the channels or units of every hidden layer")
        .at_least(1)
        .structural(),
    real("norm_momentum", 0.1, "share of the latest statistics in the running ones, of norm: batch and ghost")
        .above(0)
        .at_most(1)
        .structural()};

// The losses of embedding_losses.hpp follow those of losses.hpp.
inline constexpr const char* kNetworkLosses[] = {"cross_entropy", "mse",         "binary_cross_entropy",
                                                 "focal",         "contrastive", "triplet"};
inline constexpr std::uint32_t kContrastive = 4;
inline constexpr Param kEmbeddingParams[] = {
    integer("embedding", 16, "outputs of the last layer, of loss: contrastive and triplet")
        .at_least(1)
        .at_most(4096)
        .structural()
        .search(2, 128, kLog),
    real("margin", 1, "distance up to which contrastive pushes unequal labels apart; of triplet, of squared distances")
        .above(0)
        .at_most(1e6)
        .structural()
        .search(0.1, 10, kLog),
    integer("pair_batch", 256, "consecutive samples of a batch among which contrastive and triplet form pairs")
        .at_least(2)
        .at_most(1024)
        .structural()};
inline constexpr auto kNetworkTable = [] {
  auto table = joined(kLossParams, kNormParams, kEmbeddingParams);
  table.items[kLoss] =
      choice("loss", kNetworkLosses, "what is minimized, of the last layer's outputs; see the details").structural();
  return table;
}();

inline constexpr Metric kNetworkAccuracy =
    metric("accuracy", TUNER_MAXIMIZE,
           "share of samples classified rightly; with loss: contrastive and triplet, of those whose nearest other "
           "sample among pair_batch has their label");
inline constexpr Metric kAccuracy = metric("accuracy", TUNER_MAXIMIZE, "share of samples classified rightly");

// Of the options that every classifier on images has.
inline void require_folder(const Options& o) {
  if (o.choice(kDataset) == 1 && o.text(kDataDir).empty())
    throw Invalid("dataset: idx needs data_dir, the folder of its files");
}
inline ImageSource image_source(const Options& o) {
  require_folder(o);
  std::string folder(o.text(kDataDir));
  if (folder.empty()) folder = "/usr/share/datasets/fashion-mnist";
  return {.folder = folder,
          .valid_size = static_cast<std::uint64_t>(o.integer(kValidSize)),
          .train_limit = static_cast<std::uint64_t>(o.integer(kTrainLimit)),
          .standardize = o.choice(kPixels) == 1};
}
inline std::unique_ptr<LabelledImages> read_images(const Open& open) {
  const ImageSource source = image_source(open.options());
  auto images = std::make_unique<LabelledImages>(source);
  for (const std::string& path : LabelledImages::files_in(source.folder)) open.reads(path.c_str());
  return images;
}

// Of the options from `first` on, the samples' classes being known. Throws Invalid.
inline LossSettings loss_settings(const Options& o, std::size_t first, std::size_t classes) {
  return {.kind = static_cast<LossKind>(o.choice(first + kLoss)),
          .label_smoothing = o[kLabelSmoothing],
          .focal_gamma = o[first + kFocalGamma],
          .class_weights = class_weights(o.reals(first + kClassWeights), classes)};
}

// Of the options of kNetworkTable from `first` on.
inline bool learns_embedding(const Options& o, std::size_t first) { return o.choice(first + kLoss) >= kContrastive; }
// What does not apply to an embedding. Throws Invalid.
inline void check_network_loss(const Options& o, std::size_t first) {
  if (!learns_embedding(o, first)) return;
  const std::string loss = kNetworkLosses[o.choice(first + kLoss)];
  if (o[kLabelSmoothing] != 0)
    throw Invalid("label_smoothing moves shares of a label to other classes, and loss: " + loss +
                  " compares embeddings, which have no classes: leave it at 0");
  if (o[first + kFocalGamma] != kDefaultFocalGamma)
    throw Invalid("focal_gamma is the exponent of loss: focal, and loss is " + loss + ": leave it out");
  if (!o.reals(first + kClassWeights).empty())
    throw Invalid("class_weights are factors on the loss of a sample, and loss: " + loss +
                  " is one of several samples together: leave them out");
}
inline void add_loss(NetworkSettings& settings, const Options& o, std::size_t first, std::size_t classes) {
  settings.outputs = static_cast<std::int64_t>(classes);
  if (!learns_embedding(o, first)) {
    settings.loss = loss_settings(o, first, classes);
    return;
  }
  settings.outputs = o.integer(first + kEmbedding);
  settings.embedding = {.kind = static_cast<EmbeddingLossKind>(o.choice(first + kLoss) - kContrastive),
                        .margin = o[first + kMargin],
                        .pair_batch = o.integer(first + kPairBatch)};
}
inline void add_norm(NetworkSettings& settings, const Options& o, std::size_t first) {
  settings.norm = static_cast<Norm>(o.choice(first + kNorm));
  settings.virtual_batch = o.integer(first + kVirtualBatch);
  settings.norm_groups = o.integer(first + kNormGroups);
  settings.norm_momentum = o[first + kNormMomentum];
}

}  // namespace tuner::objectives
