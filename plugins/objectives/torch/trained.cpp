#include "torch/trained.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "classifier_options.hpp"
#include "torch/errors.hpp"
#include "torch/min_norm.hpp"

namespace tuner::objectives::torch_objectives {

namespace {

at::ScalarType type_of(std::uint32_t dtype) { return dtype == TUNER_DTYPE_F64 ? at::kDouble : at::kFloat; }

void store(at::Tensor& out, const at::Tensor& gradient, double share, bool first) {
  if (!gradient.defined()) {
    if (first) out.zero_();
  } else if (!first) {
    out.add_(gradient, share);
  } else {
    out.copy_(gradient);
    if (share != 1) out.mul_(share);
  }
}

// Calls of(first, piece, share) for pieces of at most `size` samples.
template <class Of>
void for_pieces(std::span<const std::uint64_t> indices, std::size_t size, Of&& of) {
  if (indices.empty()) throw std::invalid_argument("a batch without samples has no loss");
  for (std::size_t at = 0; at < indices.size(); at += size) {
    const auto piece = indices.subspan(at, std::min(size, indices.size() - at));
    of(at == 0, piece, static_cast<double>(piece.size()) / static_cast<double>(indices.size()));
  }
}

}  // namespace

void compute_on_this_thread() {
  // OpenMP keeps the number for every thread.
  thread_local const bool told = [] {
    at::init_num_threads();
    return true;
  }();
  (void)told;
}

at::Tensor tensor_of(void* data, std::span<const std::int64_t> shape, std::uint32_t dtype) {
  return at::from_blob(data, at::IntArrayRef(shape.data(), shape.size()), at::TensorOptions().dtype(type_of(dtype)));
}

std::vector<std::int64_t> shape_of(const tuner_tensor& tensor) {
  return {tensor.info->shape, tensor.info->shape + tensor.info->rank};
}

Trained::Trained(const Bind& bind, std::size_t piece, Combination combination)
    : piece_(piece), combination_(std::move(combination)) {
  compute_on_this_thread();
  for (std::size_t i = 0; i < bind.tensor_count(); ++i) {
    bound_.push_back(bind.bound(i));
    const BoundTensor& b = bound_.back();
    const auto shape = shape_of(bind.tensor(i));
    tensors_.push_back(tensor_of(b.data, shape, b.dtype));
    if (b.grad == nullptr) continue;
    tensors_.back().set_requires_grad(true);
    trained_.push_back(tensors_.back());
    gradients_.push_back(tensor_of(b.grad, shape, b.dtype));
  }
}

at::Tensor Trained::sum_of(const std::vector<at::Tensor>& losses) const {
  at::Tensor sum;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const at::Tensor part = factor(i) == 1 ? losses[i] : losses[i].mul(factor(i));
    sum = sum.defined() ? sum.add(part) : part;
  }
  return sum;
}

void Trained::add_gradients(const Outcome& outcome, double share, bool first) {
  if (trained_.empty()) return;
  const auto differentiate = [&](const at::Tensor& loss, bool last, std::vector<at::Tensor>& into) {
    std::vector<at::Tensor> gradients;
    // A loss on which no parameter has an influence has the gradient 0.
    if (loss.requires_grad()) gradients = torch::autograd::grad({loss}, trained_, {}, !last, false, true);
    gradients.resize(trained_.size());
    for (std::size_t i = 0; i < into.size(); ++i) store(into[i], gradients[i], share, first);
  };
  if (!combination_.mgda) return differentiate(sum_of(outcome.losses), true, gradients_);
  while (loss_gradients_.size() < outcome.losses.size()) {
    auto& own = loss_gradients_.emplace_back();
    for (const at::Tensor& gradient : gradients_) own.push_back(at::empty(gradient.sizes(), gradient.options()));
  }
  for (std::size_t i = 0; i < outcome.losses.size(); ++i)
    differentiate(outcome.losses[i].mul(factor(i)), i + 1 == outcome.losses.size(), loss_gradients_[i]);
}

// The host's gradient is the shortest convex combination of those of the losses.
void Trained::combine(std::size_t losses) {
  std::vector<double> gram(losses * losses, 0.0);
  for (std::size_t i = 0; i < losses; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::size_t t = 0; t < gradients_.size(); ++t)
        sum += at::dot(loss_gradients_[i][t].view(-1), loss_gradients_[j][t].view(-1)).item<double>();
      gram[i * losses + j] = gram[j * losses + i] = sum;
    }
  const std::vector<double> weights = min_norm_weights(gram, losses);
  for (std::size_t t = 0; t < gradients_.size(); ++t)
    for (std::size_t i = 0; i < losses; ++i) store(gradients_[t], loss_gradients_[i][t], weights[i], i == 0);
}

void Trained::evaluate(const Evaluation& e) {
  compute_on_this_thread();
  const at::AutoGradMode records(e.wants_gradient());
  double loss = 0;
  std::vector<double> metrics;
  std::size_t losses = 0;
  with_short_errors([&] {
    for_pieces(e.indices(), piece_, [&](bool first, std::span<const std::uint64_t> indices, double share) {
      const Outcome outcome = forward({.split = e.split(),
                                       .indices = indices,
                                       .training = e.training(),
                                       .moves_buffers = e.updates_buffers(),
                                       .with_metrics = e.wants_metrics(),
                                       .rng = &e.rng()});
      losses = outcome.losses.size();
      if (first) metrics.resize(outcome.metrics.size(), 0.0);
      for (std::size_t i = 0; i < losses; ++i) loss += share * factor(i) * outcome.losses[i].item<double>();
      for (std::size_t i = 0; i < metrics.size(); ++i) metrics[i] += share * outcome.metrics[i];
      if (e.wants_gradient()) add_gradients(outcome, share, first);
    });
    const at::NoGradGuard plain;
    if (e.wants_gradient() && combination_.mgda) combine(losses);
  });
  if (e.wants_loss()) e.loss(loss);
  for (std::size_t i = 0; i < metrics.size(); ++i) e.metric(i, metrics[i]);
}

// With g the gradient:  H v = derivative of g . v
void Trained::product(const HessianProduct& p) {
  compute_on_this_thread();
  const at::AutoGradMode records(true);
  std::vector<at::Tensor> vectors, products;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (bound_[i].grad == nullptr) continue;
    auto* const vector = const_cast<void*>(static_cast<const void*>(p.vector<char>(i)));
    vectors.push_back(tensor_of(vector, tensors_[i].sizes(), bound_[i].dtype));
    products.push_back(tensor_of(p.product<char>(i), tensors_[i].sizes(), bound_[i].dtype));
  }
  with_short_errors([&] {
    for_pieces(p.indices(), piece_, [&](bool first, std::span<const std::uint64_t> indices, double share) {
      const Outcome outcome = forward({.split = TUNER_SPLIT_TRAIN,
                                       .indices = indices,
                                       .training = true,
                                       .moves_buffers = false,
                                       .with_metrics = false,
                                       .rng = nullptr});
      const auto gradients = torch::autograd::grad({sum_of(outcome.losses)}, trained_, {}, true, true, true);
      at::Tensor along;
      for (std::size_t i = 0; i < vectors.size(); ++i) {
        if (!gradients[i].defined()) continue;
        const at::Tensor part = gradients[i].mul(vectors[i]).sum();
        along = along.defined() ? along.add(part) : part;
      }
      std::vector<at::Tensor> derivatives(trained_.size());
      if (along.defined() && along.requires_grad())
        derivatives = torch::autograd::grad({along}, trained_, {}, false, false, true);
      for (std::size_t i = 0; i < products.size(); ++i) store(products[i], derivatives[i], share, first);
    });
  });
}

double truncated_normal(tuner_rng& rng, double deviation) {
  double normal = tuner_rng_next_normal(&rng);
  while (std::abs(normal) > 2) normal = tuner_rng_next_normal(&rng);
  return deviation * normal;
}

double uniform_within(tuner_rng& rng, double bound) { return bound * (2 * tuner_rng_next_uniform(&rng) - 1); }

void fill_glorot(tuner_rng& rng, const BoundTensor& tensor, double fan_in, double fan_out) {
  const double bound = std::sqrt(6 / (fan_in + fan_out));
  fill(tensor, [&] { return uniform_within(rng, bound); });
}

Images::Images(const Open& open) : samples(read_images(open)) {}

void Declaration::layer(const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel,
                        std::uint32_t role, std::int64_t biases) {
  const std::int64_t shape[] = {out, in, kernel, kernel};
  const std::int64_t patch = kernel == 0 ? 1 : kernel * kernel;
  tensor(name + ".weight", std::span(shape, kernel == 0 ? 2 : 4), role, in * patch, out * patch);
  tensor(name + ".bias", std::span(&biases, 1), TUNER_ROLE_BIAS, in * patch, out * patch);
  next_layer();
}

void Declaration::tensor(const std::string& name, std::span<const std::int64_t> shape, std::uint32_t role,
                         std::int64_t fan_in, std::int64_t fan_out) {
  layout_.tensor({.name = name.c_str(),
                  .shape = shape,
                  .dtype = dtype_,
                  .role = role,
                  .layer = layer_,
                  .fan_in = fan_in,
                  .fan_out = fan_out});
}

void declare_splits(const LabelledSamples& samples, const Layout& layout) {
  for (std::uint32_t split = 0; split < TUNER_N_SPLITS; ++split) layout.samples(split, samples.size(split));
}

std::uint32_t dtype_of(const Options& options) {
  return options.choice(kDtype) == 1 ? TUNER_DTYPE_F64 : TUNER_DTYPE_F32;
}

void Gathered::read(const Piece& piece) {
  const auto n = static_cast<std::int64_t>(piece.indices.size());
  const auto features = static_cast<std::int64_t>(samples_.features());
  numbers_.resize(piece.indices.size());
  if (!inputs_.defined() || inputs_.size(0) != n) {
    inputs_ = at::empty({n, features}, at::TensorOptions().dtype(type_of(dtype_)));
    labels_ = at::empty({n}, at::TensorOptions().dtype(at::kLong));
  }
  if (dtype_ == TUNER_DTYPE_F64)
    samples_.gather(piece.split, piece.indices, inputs_.data_ptr<double>(), numbers_.data());
  else
    samples_.gather(piece.split, piece.indices, inputs_.data_ptr<float>(), numbers_.data());
  std::ranges::copy(numbers_, labels_.data_ptr<std::int64_t>());
}

Outcome classified(const at::Tensor& logits, const at::Tensor& labels, bool with_accuracy) {
  Outcome outcome{.losses = {at::cross_entropy_loss(logits, labels)}, .metrics = {0}};
  if (with_accuracy) {
    const at::NoGradGuard plain;
    const auto right = logits.argmax(1).eq(labels).sum().item<std::int64_t>();
    outcome.metrics[0] = static_cast<double>(right) / static_cast<double>(labels.size(0));
  }
  return outcome;
}

}  // namespace tuner::objectives::torch_objectives
