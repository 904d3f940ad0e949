// What the classifiers have in common: tensors, their starting values, and the way from a call to the network.
#pragma once

#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "classifier_options.hpp"
#include "network.hpp"
#include "tuner/plugin.hpp"
#include "tuner/sdk/predictions.hpp"

namespace tuner::objectives {

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
  void evaluate(const Evaluation& e) {
    const Batch batch{e.split(), e.indices(), e.training(), e.updates_buffers()};
    const BatchResult result =
        std::visit([&](auto& network) { return network.evaluate(batch, e.wants_gradient(), &e.rng()); }, network_);
    if (e.wants_loss()) e.loss(result.loss);
    e.metric(0, result.accuracy);
  }

  // How many classes there are. Throws Invalid where the outputs are not those of a softmax.
  [[nodiscard]] std::uint64_t classes() const {
    if (!softmax_) throw Invalid("with this loss its outputs are no probabilities; cross_entropy and focal have some");
    return static_cast<std::uint64_t>(layers_.back().channels);
  }
  void predict(const Prediction& p) {
    std::visit([&](auto& network) { network.predict(p.split(), p.indices(), p.probabilities()); }, network_);
  }

  void hvp(const tuner_hvp_args& args) {
    std::visit([&](auto& network) { product(network, args); }, network_);
  }

 protected:
  Classifier(const LabelledSamples& samples, const Bind& bind, const NetworkSettings& settings)
      : tensors_(tensors_of(bind)),
        layers_(layers_of(settings)),
        softmax_(has_softmax(settings)),
        network_(make(samples, settings)) {}

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
  static bool has_softmax(const NetworkSettings& settings) {
    return !settings.embedding &&
           (settings.loss.kind == LossKind::cross_entropy || settings.loss.kind == LossKind::focal);
  }
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
  bool softmax_;
  AnyNetwork network_;
};

}  // namespace tuner::objectives
