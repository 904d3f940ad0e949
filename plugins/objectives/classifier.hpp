// What the classifiers have in common: options, data, tensors, and the way from a call to the network.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/labelled_images.hpp"
#include "network.hpp"
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

// What a network learns by and what stands in its hidden layers: after the options of its own.
enum NetworkOption {
  kLoss,
  kFocalGamma,
  kClassWeights,
  kNorm,
  kVirtualBatch,
  kNormGroups,
  kNormMomentum,
  kNetworkOptions
};
inline constexpr const char* kLosses[] = {"cross_entropy", "mse", "binary_cross_entropy", "focal"};
inline constexpr const char* kNorms[] = {"none", "batch", "ghost", "layer", "group"};
inline constexpr Param kLossParams[] = {
    choice("loss", kLosses, "what is minimized, of the last layer's outputs; see the details").structural(),
    real("focal_gamma", 2, "exponent of loss: focal").at_least(0).at_most(10).structural().search(0.5, 5),
    reals("class_weights", "[]", "factor on the training loss of a sample, one for each class; []: 1 for all")
        .at_least(0)
        .at_most(1e6)
        .structural()};
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
  const auto weights = o.reals(first + kClassWeights);
  if (!weights.empty() && weights.size() != classes)
    throw Invalid("class_weights has " + std::to_string(weights.size()) + " values, and the data has " +
                  std::to_string(classes) + " classes: give one for each, or none");
  return {.kind = static_cast<LossKind>(o.choice(first + kLoss)),
          .label_smoothing = o[kLabelSmoothing],
          .focal_gamma = o[first + kFocalGamma],
          .class_weights = {weights.begin(), weights.end()}};
}
inline void add_norm(NetworkSettings& settings, const Options& o, std::size_t first) {
  settings.norm = static_cast<Norm>(o.choice(first + kNorm));
  settings.virtual_batch = o.integer(first + kVirtualBatch);
  settings.norm_groups = o.integer(first + kNormGroups);
  settings.norm_momentum = o[first + kNormMomentum];
}

// A distribution of starting weights.
enum class Init : std::uint32_t { he, glorot, truncated_normal, zeros };
inline double draw(tuner_rng& rng, Init init, double deviation, const LayerPlan& layer) {
  const auto in = static_cast<double>(layer.fan_in), out = static_cast<double>(layer.fan_out);
  switch (init) {
    case Init::he:
      return std::sqrt(2 / in) * tuner_rng_next_normal(&rng);
    case Init::glorot:
      return std::sqrt(6 / (in + out)) * (2 * tuner_rng_next_uniform(&rng) - 1);
    case Init::truncated_normal: {
      double normal = tuner_rng_next_normal(&rng);
      while (std::abs(normal) > 2) normal = tuner_rng_next_normal(&rng);
      return deviation * normal;
    }
    case Init::zeros:
      return 0;
  }
  return 0;
}

class Classifier {
 public:
  static constexpr Metric metrics[] = {kAccuracy};

  void evaluate(const Evaluation& e) {
    const Batch batch{e.split(), e.indices(), e.training(), e.updates_buffers()};
    const BatchResult result =
        std::visit([&](auto& network) { return network.evaluate(batch, e.wants_gradient(), &e.rng()); }, network_);
    if (e.wants_loss()) e.loss(result.loss);
    e.metric(0, result.accuracy);
  }

  void hvp(const tuner_hvp_args& args) {
    std::visit([&](auto& network) { product(network, args); }, network_);
  }

 protected:
  Classifier(const LabelledSamples& samples, const Bind& bind, const NetworkSettings& settings)
      : tensors_(tensors_of(bind)), layers_(layers_of(settings)), network_(make(samples, settings)) {}

  // layers.L.weight (out x in, or out x kernel x kernel x channels) and what else the plan says, and the splits.
  static void describe_layers(const LabelledSamples& samples, const NetworkSettings& settings, const Options& o,
                              const Layout& layout) {
    const std::uint32_t dtype = o.choice(kDtype) == 1 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32;
    std::int32_t number = 0;
    for (const LayerPlan& layer : layers_of(settings)) describe_layer(layer, settings.kernel, dtype, number++, layout);
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) layout.samples(split, samples.size(split));
  }

  // weight(layer) is the starting value of every weight, asked for in order; biases are `bias` throughout, scales and
  // variances 1, shifts and means 0.
  template <class Weight>
  void fill(double bias, Weight&& weight) {
    for (const LayerPlan& layer : layers_) {
      fill_tensor(layer.weight, [&] { return weight(layer); });
      fill_tensor(layer.bias, [&] { return bias; });
      for (const int tensor : {layer.scale, layer.running_variance}) fill_tensor(tensor, [] { return 1.0; });
      for (const int tensor : {layer.shift, layer.running_mean}) fill_tensor(tensor, [] { return 0.0; });
    }
  }

 private:
  static std::vector<LayerPlan> layers_of(const NetworkSettings& settings) {
    try {
      return plan_layers(settings);
    } catch (const std::invalid_argument& e) {
      throw Invalid(e.what());
    }
  }
  static void describe_layer(const LayerPlan& layer, std::int64_t kernel, std::uint32_t dtype, std::int32_t number,
                             const Layout& layout) {
    const std::int64_t in = layer.fan_in, out = layer.channels;
    const auto add = [&](int index, const char* part, std::span<const std::int64_t> shape, std::uint32_t role,
                         std::uint32_t flags = 0) {
      if (index < 0) return;
      const std::string name = "layers." + std::to_string(number) + "." + part;
      layout.tensor({name.c_str(), shape, dtype, role, flags, number, in, layer.fan_out});
    };
    const std::int64_t dense[] = {out, in}, image[] = {out, kernel, kernel, layer.input.channels};
    if (layer.convolves)
      add(layer.weight, "weight", image, TUNER_ROLE_CONV);
    else
      add(layer.weight, "weight", dense, layer.hidden ? TUNER_ROLE_WEIGHT : TUNER_ROLE_HEAD);
    const std::span<const std::int64_t> each(dense, 1);
    add(layer.bias, "bias", each, TUNER_ROLE_BIAS);
    add(layer.scale, "norm.scale", each, TUNER_ROLE_NORM_SCALE);
    add(layer.shift, "norm.shift", each, TUNER_ROLE_NORM_BIAS);
    add(layer.running_mean, "norm.running_mean", each, TUNER_ROLE_UNKNOWN, TUNER_TENSOR_BUFFER);
    add(layer.running_variance, "norm.running_variance", each, TUNER_ROLE_UNKNOWN, TUNER_TENSOR_BUFFER);
  }
  template <class Value>
  void fill_tensor(int index, Value&& value) {
    if (index < 0) return;
    const BoundTensor& tensor = tensors_[static_cast<std::size_t>(index)];
    for (std::uint64_t i = 0; i < tensor.numel; ++i) {
      if (tensor.dtype == TUNER_DTYPE_F32)
        static_cast<float*>(tensor.data)[i] = static_cast<float>(value());
      else
        static_cast<double*>(tensor.data)[i] = value();
    }
  }
  static std::vector<BoundTensor> tensors_of(const Bind& bind) {
    std::vector<BoundTensor> tensors;
    for (std::size_t i = 0; i < bind.tensor_count(); ++i) tensors.push_back(bind.bound(i));
    return tensors;
  }
  template <class T>
  Network<T> make_for(const LabelledSamples& samples, const NetworkSettings& settings) const {
    std::vector<T*> parameters, gradients;
    for (const BoundTensor& t : tensors_) {
      parameters.push_back(static_cast<T*>(t.data));
      gradients.push_back(static_cast<T*>(t.grad));
    }
    return Network<T>(settings, samples, std::move(parameters), std::move(gradients));
  }
  using AnyNetwork = std::variant<Network<float>, Network<double>>;
  AnyNetwork make(const LabelledSamples& samples, const NetworkSettings& settings) const {
    if (tensors_.front().dtype == TUNER_DTYPE_F32) return make_for<float>(samples, settings);
    return make_for<double>(samples, settings);
  }
  template <class T>
  void product(Network<T>& network, const tuner_hvp_args& args) const {
    std::vector<const T*> vectors;
    std::vector<T*> products;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      vectors.push_back(static_cast<const T*>(args.vectors[i]));
      products.push_back(static_cast<T*>(args.products[i]));
    }
    network.hvp({args.indices, args.n_indices}, vectors.data(), products.data());
  }

  std::vector<BoundTensor> tensors_;
  std::vector<LayerPlan> layers_;
  AnyNetwork network_;
};

}  // namespace tuner::objectives
