// What the objectives on LibTorch have in common: the host's tensors as LibTorch's, batches in pieces, gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/labelled_images.hpp"
#include "tuner/plugin.hpp"

namespace tuner::objectives::torch_objectives {

// Samples that are computed at once.
struct Piece {
  std::uint32_t split;
  std::span<const std::uint64_t> indices;
  bool training;
  bool moves_buffers;  // statistics may move
  bool with_metrics;
  const tuner_rng* rng;
};

// Scalars of a piece: the losses, means over it, and metrics that are no losses.
struct Outcome {
  std::vector<at::Tensor> losses;
  std::vector<double> metrics;
};

struct Combination {
  bool mgda = false;
  std::vector<double> weights;  // one for each loss, or none
};

// Everything on one thread: bits depend neither on the machine's cores nor on how many trials run.
void compute_on_this_thread();

// A tensor of the host's memory. Nothing is copied: what the optimizer writes is what the next evaluation reads.
[[nodiscard]] at::Tensor tensor_of(void* data, std::span<const std::int64_t> shape, std::uint32_t dtype);
[[nodiscard]] std::vector<std::int64_t> shape_of(const tuner_tensor& tensor);

// One trial. Batches larger than a piece go through in several, whose gradients are added up.
class Trained {
 public:
  virtual ~Trained() = default;
  Trained(const Trained&) = delete;
  Trained& operator=(const Trained&) = delete;
  void evaluate(const Evaluation& e);

 protected:
  Trained(const Bind& bind, std::size_t piece, Combination combination = {});
  // At the present tensors. Throws what LibTorch throws.
  [[nodiscard]] virtual Outcome forward(const Piece& piece) = 0;
  // Of the sum of the losses on training samples.
  void product(const HessianProduct& p);

  [[nodiscard]] const at::Tensor& tensor(std::size_t index) const { return tensors_[index]; }
  [[nodiscard]] const BoundTensor& bound(std::size_t index) const { return bound_[index]; }
  [[nodiscard]] std::size_t tensor_count() const { return tensors_.size(); }
  [[nodiscard]] std::uint32_t dtype() const { return bound_.empty() ? TUNER_DTYPE_F32 : bound_[0].dtype; }

 private:
  [[nodiscard]] double factor(std::size_t loss) const {
    return combination_.weights.empty() ? 1.0 : combination_.weights[loss];
  }
  [[nodiscard]] at::Tensor sum_of(const std::vector<at::Tensor>& losses) const;
  void add_gradients(const Outcome& outcome, double share, bool first);
  void combine(std::size_t losses);

  std::size_t piece_;
  Combination combination_;
  std::vector<BoundTensor> bound_;
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> trained_;                      // those with gradients
  std::vector<at::Tensor> gradients_;                    // where the host reads them
  std::vector<std::vector<at::Tensor>> loss_gradients_;  // of every loss, for mgda
};

// fill(tensor, value) writes value(), asked for in order, into every element.
template <class Value>
void fill(const BoundTensor& tensor, Value&& value) {
  for (std::uint64_t i = 0; i < tensor.numel; ++i) {
    if (tensor.dtype == TUNER_DTYPE_F32)
      static_cast<float*>(tensor.data)[i] = static_cast<float>(value());
    else
      static_cast<double*>(tensor.data)[i] = value();
  }
}
[[nodiscard]] double truncated_normal(tuner_rng& rng, double deviation);  // cut at two deviations
[[nodiscard]] double uniform_within(tuner_rng& rng, double bound);        // of +-bound
void fill_glorot(tuner_rng& rng, const BoundTensor& tensor, double fan_in, double fan_out);

// The images that all trials share.
struct Images {
  explicit Images(const Open& open);
  std::unique_ptr<LabelledImages> samples;
};

// Declares the tensors of an objective in turn.
class Declaration {
 public:
  Declaration(const Layout& layout, std::uint32_t dtype) : layout_(layout), dtype_(dtype) {}
  // name.weight of out x in x kernel x kernel, or out x in where kernel is 0, and name.bias of `biases` values.
  void layer(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel, std::uint32_t role,
             std::int64_t biases);
  void tensor(const std::string& name, std::span<const std::int64_t> shape, std::uint32_t role, std::int64_t fan_in,
              std::int64_t fan_out);
  void next_layer() { ++layer_; }

 private:
  const Layout& layout_;
  std::uint32_t dtype_;
  std::int32_t layer_ = 0;
};
void declare_splits(const LabelledSamples& samples, const Layout& layout);
[[nodiscard]] std::uint32_t dtype_of(const Options& options);

// Buffers for the samples of a piece.
class Gathered {
 public:
  Gathered(const LabelledSamples& samples, std::uint32_t dtype) : samples_(samples), dtype_(dtype) {}
  void read(const Piece& piece);
  // As samples x features, and as samples x 1 x rows x columns where the samples are images.
  [[nodiscard]] const at::Tensor& inputs() const { return inputs_; }
  [[nodiscard]] const at::Tensor& labels() const { return labels_; }

 private:
  const LabelledSamples& samples_;
  std::uint32_t dtype_;
  std::vector<std::uint32_t> numbers_;
  at::Tensor inputs_, labels_;
};

// Mean cross entropy and the share of samples classified rightly.
[[nodiscard]] Outcome classified(const at::Tensor& logits, const at::Tensor& labels, bool with_accuracy);

}  // namespace tuner::objectives::torch_objectives
