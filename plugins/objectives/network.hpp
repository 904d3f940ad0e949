// A network of dense layers with a softmax at its end: loss, gradient and Hessian products of a batch.
//
//   a_0 = pixels,  z_l = W_l a_l + b_l,  a_{l+1} = dropout(act(z_l)),  p = softmax(z_last)
//   loss = mean over samples of -sum_k q_k log p_k  (+ l2/2 sum |W|^2 in training)
//   q_k = (1 - label_smoothing) [k = label] + label_smoothing / classes
//
// Dropout, l2 and label smoothing act in training mode alone: a validation loss is the plain cross entropy, comparable
// between trials whatever their regularization.
#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <span>
#include <vector>

#include "data/labelled_images.hpp"
#include "tuner/abi.h"

namespace tuner::objectives {

// gelu is the exact one, x Phi(x); leaky_relu has slope 0.01 below 0. At its kink a relu's derivative is 0, as
// PyTorch's.
enum class Activation : std::uint32_t { relu, leaky_relu, tanh, sigmoid, gelu };

struct NetworkSettings {
  std::vector<std::int64_t> widths;  // features, hidden layers, classes
  Activation activation = Activation::relu;
  double dropout = 0;  // probability of dropping a hidden unit; the rest are scaled by 1 / (1 - dropout)
  double label_smoothing = 0;
  double l2 = 0;  // on weights, not on biases
};

struct Batch {
  std::uint32_t split = TUNER_SPLIT_TRAIN;
  std::span<const std::uint64_t> indices;
  bool training = true;
};

struct BatchResult {
  double loss = 0;
  double accuracy = 0;  // share of samples whose largest logit is their label's
};

// One context: views on the host's tensors and workspaces, sized at the first batch. T is float or double.
// Batches beyond 512 samples go through in pieces, so memory stays bounded.
// Threads: one at a time; any number of networks side by side.
template <class T>
class Network {
 public:
  // parameters and gradients: weight (out x in, row-major) and bias of every layer in turn, gradients null where there
  // is none. All of them and images must outlive the network.
  Network(NetworkSettings settings, const LabelledImages& images, std::vector<T*> parameters,
          std::vector<T*> gradients);

  // Gradients are overwritten where asked for. rng decides the dropout of a training batch: a unit's fate depends on
  // its place in the batch, the layer and the stream, so the same batch and stream give the same masks.
  BatchResult evaluate(const Batch& batch, bool with_gradient, const tuner_rng* rng);

  // products = Hessian of the training loss times vectors, buffers as the parameters', null ones count as zero and are
  // not written. With dropout: under the masks of the latest training evaluation. Source: B. Pearlmutter, "Fast exact
  // multiplication by the Hessian", 1994 (the R-operator).
  void hvp(std::span<const std::uint64_t> indices, const T* const* vectors, T* const* products);

 private:
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;  // units x samples
  using Weights = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

  struct Layer {
    Eigen::Index in, out;
    std::uint64_t first_block;  // of a sample's dropout
    const T *weight, *bias;
    T *weight_grad, *bias_grad;
    Matrix z, activated, mask, delta;           // mask: only with dropout; activated: not in the last layer
    Matrix z_rate, activated_rate, delta_rate;  // derivatives along the vectors of hvp, else empty
  };

  void reserve(Eigen::Index samples, bool with_rates);
  void gather(std::uint32_t split, std::span<const std::uint64_t> piece);
  void forward(Eigen::Index n, std::uint64_t first, const tuner_rng* dropout);
  void drop(Layer& layer, Eigen::Index n, std::uint64_t first, const tuner_rng& rng);
  BatchResult softmax(Eigen::Index n, bool training, bool with_delta, T weight);
  void backward(Eigen::Index n, bool overwrite);
  void forward_rates(Eigen::Index n, const T* const* vectors, bool dropped);
  void softmax_rates(Eigen::Index n, T weight);
  void backward_rates(Eigen::Index n, const T* const* vectors, T* const* products, bool dropped, bool overwrite);
  const Matrix& input_of(std::size_t layer) const { return layer == 0 ? input_ : layers_[layer - 1].activated; }

  NetworkSettings settings_;
  const LabelledImages& images_;
  std::vector<Layer> layers_;
  std::uint64_t blocks_per_sample_ = 0;
  Matrix input_;
  std::vector<std::uint8_t> labels_;
  std::uint32_t gathered_split_ = 0;
  std::vector<std::uint64_t> gathered_;  // the samples whose pixels and labels these are
  tuner_rng dropout_{};                  // stream of the latest training evaluation
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace tuner::objectives
