// What the classifiers on images have in common: data, options, tensors, and the border to the network.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "network.hpp"
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

inline constexpr Metric kAccuracy = metric("accuracy", TUNER_MAXIMIZE, "share of samples classified rightly");

class Classifier {
 public:
  static constexpr Metric metrics[] = {kAccuracy};

  struct Shared {
    explicit Shared(const Open& open) : images(source(open.options())) {
      for (const std::string& path : LabelledImages::files_in(source(open.options()).folder)) open.reads(path.c_str());
    }
    LabelledImages images;
  };

  // Throws Invalid.
  static void check(const Options& o) {
    if (o.choice(kDataset) == 1 && o.text(kDataDir).empty())
      throw Invalid("dataset: idx needs data_dir, the folder of its files");
  }

  void evaluate(const Evaluation& e) {
    const Batch batch{e.split(), e.indices(), e.training()};
    const BatchResult result =
        std::visit([&](auto& network) { return network.evaluate(batch, e.wants_gradient(), &e.rng()); }, network_);
    if (e.wants_loss()) e.loss(result.loss);
    e.metric(0, result.accuracy);
  }

  void hvp(const tuner_hvp_args& args) {
    std::visit([&](auto& network) { product(network, args); }, network_);
  }

 protected:
  Classifier(const Shared& shared, const Bind& bind, NetworkSettings settings)
      : tensors_(tensors_of(bind)), network_(make(shared, std::move(settings))) {}

  // The tensors layers.L.weight (out x in) and layers.L.bias of a network, and the splits.
  static void describe_layers(const Shared& shared, const std::vector<std::int64_t>& widths, const Options& o,
                              const Layout& layout) {
    check(o);
    const std::uint32_t dtype = o.choice(kDtype) == 1 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const bool last = l + 2 == widths.size();
      const std::string name = "layers." + std::to_string(l);
      const std::string weight = name + ".weight", bias = name + ".bias";
      const std::int64_t in = widths[l], out = widths[l + 1], shape[] = {out, in};
      layout.tensor({weight.c_str(), shape, dtype, last ? TUNER_ROLE_HEAD : TUNER_ROLE_WEIGHT, 0,
                     static_cast<std::int32_t>(l), in, out});
      layout.tensor({bias.c_str(), {shape, 1}, dtype, TUNER_ROLE_BIAS, 0, static_cast<std::int32_t>(l), in, out});
    }
    for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) layout.samples(split, shared.images.size(split));
  }

  static std::vector<std::int64_t> widths_of(const Shared& shared, std::span<const std::int64_t> hidden) {
    std::vector<std::int64_t> widths{static_cast<std::int64_t>(shared.images.features())};
    widths.insert(widths.end(), hidden.begin(), hidden.end());
    widths.push_back(static_cast<std::int64_t>(shared.images.classes()));
    return widths;
  }

  // fill(tensor index, element index) is the starting value of every element, asked for in order.
  template <class Fill>
  void fill(Fill&& value) {
    for (std::size_t t = 0; t < tensors_.size(); ++t)
      for (std::uint64_t i = 0; i < tensors_[t].numel; ++i) {
        if (tensors_[t].dtype == TUNER_DTYPE_F32)
          static_cast<float*>(tensors_[t].data)[i] = static_cast<float>(value(t));
        else
          static_cast<double*>(tensors_[t].data)[i] = value(t);
      }
  }
  [[nodiscard]] std::size_t tensor_count() const { return tensors_.size(); }

 private:
  static ImageSource source(const Options& o) {
    check(o);
    std::string folder(o.text(kDataDir));
    if (folder.empty()) folder = "/usr/share/datasets/fashion-mnist";
    return {.folder = folder,
            .valid_size = static_cast<std::uint64_t>(o.integer(kValidSize)),
            .train_limit = static_cast<std::uint64_t>(o.integer(kTrainLimit)),
            .standardize = o.choice(kPixels) == 1};
  }
  static std::vector<BoundTensor> tensors_of(const Bind& bind) {
    std::vector<BoundTensor> tensors;
    for (std::size_t i = 0; i < bind.tensor_count(); ++i) tensors.push_back(bind.bound(i));
    return tensors;
  }
  template <class T>
  Network<T> make_for(const Shared& shared, NetworkSettings settings) const {
    std::vector<T*> parameters, gradients;
    for (const BoundTensor& t : tensors_) {
      parameters.push_back(static_cast<T*>(t.data));
      gradients.push_back(static_cast<T*>(t.grad));
    }
    return Network<T>(std::move(settings), shared.images, std::move(parameters), std::move(gradients));
  }
  using AnyNetwork = std::variant<Network<float>, Network<double>>;
  AnyNetwork make(const Shared& shared, NetworkSettings settings) const {
    if (tensors_.front().dtype == TUNER_DTYPE_F32) return make_for<float>(shared, std::move(settings));
    return make_for<double>(shared, std::move(settings));
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
  AnyNetwork network_;
};

}  // namespace tuner::objectives
