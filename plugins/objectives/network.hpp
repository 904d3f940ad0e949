// A network of layers: loss, gradient and Hessian products of a batch.
//
//   a_0 = values of the sample
//   a_{l+1} = dropout(pool(act(norm(L_l a_l + b_l)))),  L_l a dense matrix or a convolution
//   loss = mean over samples of the loss of the last layer's outputs (losses.hpp), or the loss of their pairs
//   (embedding_losses.hpp)  (+ l2/2 sum |L|^2 in training)
//
// Dropout, l2, label smoothing and class weights act in training mode alone: a validation loss is the plain one,
// comparable between trials whatever their regularization.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "data/labelled_samples.hpp"
#include "layer_plan.hpp"
#include "normalization.hpp"
#include "tuner/abi.h"

namespace tuner::objectives {

struct Batch {
  std::uint32_t split = TUNER_SPLIT_TRAIN;
  std::span<const std::uint64_t> indices;
  bool training = true;
  bool moves_statistics = false;  // the running ones of norm: batch and ghost, in training
};

// One context: views on the host's tensors and workspaces, sized at the first batch. T is float or double.
// Batches go through in pieces, so memory stays bounded. With norm: ghost a piece is a virtual batch, and with norm:
// batch the whole batch, up to the settings' largest_batch. Else a piece is a whole number of an embedding loss's
// pieces; no pair reaches beyond a piece.
// Threads: one at a time; any number of networks side by side.
template <class T>
class Network {
 public:
  // parameters and gradients: those of plan_layers(), a weight as out x in, row-major, in of a convolution being
  // kernel x kernel x channels; gradients null where a tensor has no gradient. All of them and samples must outlive the
  // network.
  Network(NetworkSettings settings, const LabelledSamples& samples, std::vector<T*> parameters,
          std::vector<T*> gradients);

  // Gradients are overwritten where asked for. rng decides the dropout of a training batch: a unit's fate depends on
  // its place in the batch, the layer and the stream, so the same batch and stream give the same masks.
  // Errors (std::invalid_argument): no samples, or more than norm: batch takes.
  BatchResult evaluate(const Batch& batch, bool with_gradient, const tuner_rng* rng);

  // The softmax of the last layer's outputs, of each sample as many probabilities as there are outputs.
  void predict(std::uint32_t split, std::span<const std::uint64_t> indices, double* probabilities);

  // products = Hessian of the training loss times vectors, buffers as the parameters', null ones count as zero and are
  // not written. With dropout: under the masks of the latest training evaluation. Source: B. Pearlmutter, "Fast exact
  // multiplication by the Hessian", 1994 (the R-operator).
  void hvp(std::span<const std::uint64_t> indices, const T* const* vectors, T* const* products);

 private:
  // The values of the samples, one sample after another.
  struct Values {
    Index width = 0;  // of a sample
    std::vector<T> all;
    [[nodiscard]] T* data() { return all.data(); }
    [[nodiscard]] const T* data() const { return all.data(); }
    [[nodiscard]] linear_algebra::Matrix<T> of(Index samples) const {
      return linear_algebra::by_rows(all.data(), static_cast<std::size_t>(samples), static_cast<std::size_t>(width));
    }
  };
  using Statistics = typename Normalization<T>::Statistics;

  struct Layer {
    LayerPlan plan;
    Index in, out, units;       // inputs; rows of the weight; values of z
    std::uint64_t first_block;  // of a sample's dropout
    const T *weight, *bias;     // bias null: none
    T *weight_grad, *bias_grad;
    std::optional<Convolution<T>> convolution;
    std::optional<MaxPool<T>> pool;
    std::optional<Normalization<T>> norm;
    Values z, activated, mask, delta;            // mask: only with dropout; activated: not in the last layer
    Values z_rate, activated_rate, delta_rate;   // derivatives along the vectors of hvp, else empty
    Values unpooled, pooled_delta, pooled_rate;  // before pooling, and what comes back to it; only with pooling
    std::vector<std::uint32_t> winners;
    // Of a dense layer: a weight, or what has its shape.
    [[nodiscard]] linear_algebra::Matrix<T> matrix(const T* values) const {
      return linear_algebra::by_rows(values, static_cast<std::size_t>(out), static_cast<std::size_t>(in));
    }
  };

  void make_layer(const LayerPlan& plan, const std::vector<T*>& parameters, const std::vector<T*>& gradients);
  void reserve(Index samples, bool with_rates);
  [[nodiscard]] std::size_t piece_of(std::size_t samples, bool training) const;
  void gather(std::uint32_t split, std::span<const std::uint64_t> piece);
  void forward(Index n, std::uint64_t first, const tuner_rng* dropout, Statistics statistics);
  void drop(Layer& layer, Index n, std::uint64_t first, const tuner_rng& rng);
  void backward(Index n, bool overwrite);
  void store_gradients(Layer& layer, const Values& input, Index n, bool overwrite);
  void forward_rates(Index n, const T* const* vectors, bool dropped);
  void backward_rates(Index n, const T* const* vectors, T* const* products, bool dropped, bool overwrite);
  void store_products(std::size_t layer, T* const* products, Index n, bool overwrite);
  void slope_rates(Layer& below, Index n, bool dropped);
  const Values& input_of(std::size_t layer) const { return layer == 0 ? input_ : layers_[layer - 1].activated; }

  // out = or += weight input, weight' delta, delta input', of a layer's linear map.
  static void product(Layer& layer, const T* weight, const Values& input, Index n, Values& out, bool add);
  static void transposed_product(Layer& layer, const T* weight, const Values& delta, Index n, Values& out, bool add);
  static void outer_product(Layer& layer, const Values& delta, const Values& input, Index n, T* out, bool add);
  // A bias for each channel, and its gradient.
  static void add_bias(const Layer& layer, const T* bias, Index n, Values& out);
  static void store_bias(const Layer& layer, const Values& delta, Index n, bool overwrite, T* out);

  NetworkSettings settings_;
  const LabelledSamples& samples_;
  std::variant<Losses<T>, EmbeddingLosses<T>> losses_;
  std::vector<Layer> layers_;
  std::uint64_t blocks_per_sample_ = 0;
  Values input_;
  std::vector<std::uint32_t> labels_;
  std::uint32_t gathered_split_ = 0;
  std::vector<std::uint64_t> gathered_;  // the samples whose values and labels these are
  tuner_rng dropout_{};                  // stream of the latest training evaluation
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace tuner::objectives
