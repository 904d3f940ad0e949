#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "activation.hpp"

namespace tuner::objectives {
namespace {

constexpr std::size_t kPiece = 512;  // samples that go through at once: activations stay in the cache

template <class T, class Action>
void for_pieces(std::span<const T> all, Action&& action) {
  for (std::size_t first = 0; first < all.size(); first += kPiece)
    action(first, all.subspan(first, std::min(kPiece, all.size() - first)));
}

// log sum_k exp(z_k - top) and, in p, the probabilities; no exponential overflows since z_k <= top.
template <class T>
T softmax_of(const T* z, Eigen::Index classes, T top, T* p) {
  T sum = 0;
  for (Eigen::Index k = 0; k < classes; ++k) sum += p[k] = std::exp(z[k] - top);
  for (Eigen::Index k = 0; k < classes; ++k) p[k] /= sum;
  return std::log(sum);
}

}  // namespace

template <class T>
Network<T>::Network(NetworkSettings settings, const LabelledImages& images, std::vector<T*> parameters,
                    std::vector<T*> gradients)
    : settings_(std::move(settings)), images_(images) {
  const auto& widths = settings_.widths;
  layers_.resize(widths.size() - 1);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.in = widths[l];
    layer.out = widths[l + 1];
    layer.first_block = blocks_per_sample_;
    if (l + 1 < layers_.size()) blocks_per_sample_ += (static_cast<std::uint64_t>(layer.out) + 3) / 4;
    layer.weight = parameters[2 * l];
    layer.bias = parameters[2 * l + 1];
    layer.weight_grad = gradients[2 * l];
    layer.bias_grad = gradients[2 * l + 1];
  }
}

template <class T>
void Network<T>::reserve(Eigen::Index samples, bool with_rates) {
  const auto grow = [&](Matrix& matrix, Eigen::Index rows) {
    if (matrix.cols() < samples) matrix.resize(rows, samples);
  };
  if (input_.cols() < samples) gathered_.clear();
  grow(input_, layers_.front().in);
  if (labels_.size() < static_cast<std::size_t>(samples)) labels_.resize(static_cast<std::size_t>(samples));
  for (Layer& layer : layers_) {
    const bool last = &layer == &layers_.back();
    grow(layer.z, layer.out);
    grow(layer.delta, layer.out);
    if (!last) grow(layer.activated, layer.out);
    if (!last && settings_.dropout > 0) grow(layer.mask, layer.out);
    if (!with_rates) continue;
    grow(layer.z_rate, layer.out);
    grow(layer.delta_rate, layer.out);
    if (!last) grow(layer.activated_rate, layer.out);
  }
}

// Line searches, sam and ramps evaluate one batch several times; its pixels are a tenth of the work.
template <class T>
void Network<T>::gather(std::uint32_t split, std::span<const std::uint64_t> piece) {
  if (split == gathered_split_ && std::ranges::equal(piece, gathered_)) return;
  gathered_.clear();
  images_.gather(split, piece, input_.data(), labels_.data());
  gathered_split_ = split;
  gathered_.assign(piece.begin(), piece.end());
}

template <class T>
void Network<T>::forward(Eigen::Index n, std::uint64_t first, const tuner_rng* dropout) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const Eigen::Map<const Weights> weight(layer.weight, layer.out, layer.in);
    auto z = layer.z.leftCols(n);
    z.noalias() = weight * input_of(l).leftCols(n);
    z.colwise() += Eigen::Map<const Vector>(layer.bias, layer.out);
    if (l + 1 == layers_.size()) return;
    activate(settings_.activation, z.data(), layer.activated.data(), static_cast<std::size_t>(z.size()));
    if (dropout != nullptr) drop(layer, n, first, *dropout);
  }
}

// Inverted dropout. Four units share one Philox block, 32 bits each. Blocks count on from the stream's position, by the
// sample's place in the whole batch, then by layer and unit: masks do not depend on how the batch is cut into pieces.
template <class T>
void Network<T>::drop(Layer& layer, Eigen::Index n, std::uint64_t first, const tuner_rng& rng) {
  const auto width = static_cast<std::uint64_t>(layer.out);
  const auto threshold = static_cast<std::uint64_t>(settings_.dropout * 0x1p32);
  const T keep = static_cast<T>(1 / (1 - settings_.dropout));
  for (Eigen::Index i = 0; i < n; ++i) {
    T* mask = layer.mask.col(i).data();
    const std::uint64_t start =
        rng.position / 2 + (first + static_cast<std::uint64_t>(i)) * blocks_per_sample_ + layer.first_block;
    for (std::uint64_t unit = 0; unit < width; unit += 4) {
      std::uint64_t words[2];
      tuner_rng_block(&rng, start + unit / 4, words);
      const std::uint64_t draws[4] = {words[0] & 0xffffffffu, words[0] >> 32, words[1] & 0xffffffffu, words[1] >> 32};
      for (std::uint64_t j = 0; j < std::min<std::uint64_t>(4, width - unit); ++j)
        mask[unit + j] = draws[j] < threshold ? T(0) : keep;
    }
  }
  layer.activated.leftCols(n).array() *= layer.mask.leftCols(n).array();
}

// Sums of the losses and hits of a piece; delta = weight (p - q), the derivative by the logits.
template <class T>
BatchResult Network<T>::softmax(Eigen::Index n, bool training, bool with_delta, T weight) {
  Layer& last = layers_.back();
  const double smoothing = training ? settings_.label_smoothing : 0;
  const T off = static_cast<T>(smoothing / static_cast<double>(last.out)), on = static_cast<T>(1 - smoothing);
  BatchResult sums;
  for (Eigen::Index i = 0; i < n; ++i) {
    const T* z = last.z.col(i).data();
    T* delta = last.delta.col(i).data();
    const Eigen::Index label = labels_[static_cast<std::size_t>(i)];
    const Eigen::Index best = std::max_element(z, z + last.out) - z;
    const T top = z[best];
    const T log_sum = softmax_of(z, last.out, top, delta);
    // -sum q_k log p_k = log_sum - sum q_k (z_k - top): differences first, so that large logits cancel exactly.
    double loss = static_cast<double>(log_sum) - static_cast<double>(on) * static_cast<double>(z[label] - top);
    if (off != 0)
      for (Eigen::Index k = 0; k < last.out; ++k) loss -= static_cast<double>(off) * static_cast<double>(z[k] - top);
    sums.loss += loss;
    sums.accuracy += best == label && std::isfinite(log_sum) ? 1 : 0;
    if (!with_delta) continue;
    for (Eigen::Index k = 0; k < last.out; ++k) delta[k] = weight * (delta[k] - off - (k == label ? on : T(0)));
  }
  return sums;
}

template <class T>
void Network<T>::backward(Eigen::Index n, bool overwrite) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const auto delta = layer.delta.leftCols(n);
    if (layer.weight_grad != nullptr) {
      Eigen::Map<Weights> gradient(layer.weight_grad, layer.out, layer.in);
      const auto input = input_of(l).leftCols(n);
      if (overwrite)
        gradient.noalias() = delta * input.transpose();
      else
        gradient.noalias() += delta * input.transpose();
    }
    if (layer.bias_grad != nullptr) {
      Eigen::Map<Vector> gradient(layer.bias_grad, layer.out);
      if (overwrite)
        gradient = delta.rowwise().sum();
      else
        gradient += delta.rowwise().sum();
    }
    if (l == 0) return;
    Layer& below = layers_[l - 1];
    auto out = below.delta.leftCols(n);
    out.noalias() = Eigen::Map<const Weights>(layer.weight, layer.out, layer.in).transpose() * delta;
    if (dropout_.struct_size != 0) out.array() *= below.mask.leftCols(n).array();
    multiply_slope(settings_.activation, below.z.data(), out.data(), static_cast<std::size_t>(out.size()));
  }
}

template <class T>
BatchResult Network<T>::evaluate(const Batch& batch, bool with_gradient, const tuner_rng* rng) {
  if (batch.indices.empty()) throw std::invalid_argument("a batch without samples has no loss");
  const auto samples = static_cast<double>(batch.indices.size());
  const bool drops = batch.training && settings_.dropout > 0;
  if (batch.training || with_gradient) dropout_ = drops ? *rng : tuner_rng{};
  reserve(static_cast<Eigen::Index>(std::min(kPiece, batch.indices.size())), false);
  BatchResult result;
  for_pieces(batch.indices, [&](std::size_t first, std::span<const std::uint64_t> piece) {
    const auto n = static_cast<Eigen::Index>(piece.size());
    gather(batch.split, piece);
    forward(n, first, drops ? &dropout_ : nullptr);
    const BatchResult sums = softmax(n, batch.training, with_gradient, static_cast<T>(1 / samples));
    result.loss += sums.loss;
    result.accuracy += sums.accuracy;
    if (with_gradient) backward(n, first == 0);
  });
  result.loss /= samples;
  result.accuracy /= samples;
  if (!batch.training || settings_.l2 == 0) return result;
  for (const Layer& layer : layers_) {
    const Eigen::Map<const Vector> weight(layer.weight, layer.in * layer.out);
    result.loss += 0.5 * settings_.l2 * static_cast<double>(weight.squaredNorm());
    if (with_gradient && layer.weight_grad != nullptr)
      Eigen::Map<Vector>(layer.weight_grad, weight.size()) += static_cast<T>(settings_.l2) * weight;
  }
  return result;
}

// Along the vectors V, v:  z' = V a + W a' + v,  a' = mask act'(z) z'
template <class T>
void Network<T>::forward_rates(Eigen::Index n, const T* const* vectors, bool dropped) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    auto rate = layer.z_rate.leftCols(n);
    rate.setZero();
    if (const T* v = vectors[2 * l])
      rate.noalias() += Eigen::Map<const Weights>(v, layer.out, layer.in) * input_of(l).leftCols(n);
    if (const T* v = vectors[2 * l + 1]) rate.colwise() += Eigen::Map<const Vector>(v, layer.out);
    if (l > 0)
      rate.noalias() +=
          Eigen::Map<const Weights>(layer.weight, layer.out, layer.in) * layers_[l - 1].activated_rate.leftCols(n);
    if (l + 1 == layers_.size()) return;
    auto activated = layer.activated_rate.leftCols(n);
    activated = rate;
    multiply_slope(settings_.activation, layer.z.data(), activated.data(), static_cast<std::size_t>(activated.size()));
    if (dropped) activated.array() *= layer.mask.leftCols(n).array();
  }
}

// delta = weight (p - q), so delta' = weight p (z' - p.z')
template <class T>
void Network<T>::softmax_rates(Eigen::Index n, T weight) {
  Layer& last = layers_.back();
  Vector p(last.out);
  for (Eigen::Index i = 0; i < n; ++i) {
    const auto z = last.z.col(i);
    softmax_of(z.data(), last.out, z.maxCoeff(), p.data());
    const T mean = p.dot(last.z_rate.col(i));
    last.delta_rate.col(i) = weight * p.array() * (last.z_rate.col(i).array() - mean);
  }
}

// Carries delta and delta' down together:  u = mask W'delta,  u' = mask (W'delta' + V'delta)
//   delta_below = act'(z) u,  delta_below' = act'(z) u' + act''(z) z' u
template <class T>
void Network<T>::backward_rates(Eigen::Index n, const T* const* vectors, T* const* products, bool dropped,
                                bool overwrite) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const auto delta = layer.delta.leftCols(n), rate = layer.delta_rate.leftCols(n);
    if (products[2 * l] != nullptr) {
      Eigen::Map<Weights> product(products[2 * l], layer.out, layer.in);
      if (overwrite) product.setZero();
      product.noalias() += rate * input_of(l).leftCols(n).transpose();
      if (l > 0) product.noalias() += delta * layers_[l - 1].activated_rate.leftCols(n).transpose();
    }
    if (products[2 * l + 1] != nullptr) {
      Eigen::Map<Vector> product(products[2 * l + 1], layer.out);
      if (overwrite) product.setZero();
      product += rate.rowwise().sum();
    }
    if (l == 0) return;
    Layer& below = layers_[l - 1];
    const auto size = static_cast<std::size_t>(below.out * n);
    const Eigen::Map<const Weights> weight(layer.weight, layer.out, layer.in);
    auto out = below.delta.leftCols(n), out_rate = below.delta_rate.leftCols(n);
    out.noalias() = weight.transpose() * delta;
    out_rate.noalias() = weight.transpose() * rate;
    if (const T* v = vectors[2 * l])
      out_rate.noalias() += Eigen::Map<const Weights>(v, layer.out, layer.in).transpose() * delta;
    if (dropped) {
      out.array() *= below.mask.leftCols(n).array();
      out_rate.array() *= below.mask.leftCols(n).array();
    }
    multiply_slope(settings_.activation, below.z.data(), out_rate.data(), size);
    add_curvature(settings_.activation, below.z.data(), out.data(), below.z_rate.data(), out_rate.data(), size);
    multiply_slope(settings_.activation, below.z.data(), out.data(), size);
  }
}

template <class T>
void Network<T>::hvp(std::span<const std::uint64_t> indices, const T* const* vectors, T* const* products) {
  if (indices.empty()) throw std::invalid_argument("a batch without samples has no loss");
  const bool dropped = dropout_.struct_size != 0;
  const T weight = static_cast<T>(1.0 / static_cast<double>(indices.size()));
  reserve(static_cast<Eigen::Index>(std::min(kPiece, indices.size())), true);
  for_pieces(indices, [&](std::size_t first, std::span<const std::uint64_t> piece) {
    const auto n = static_cast<Eigen::Index>(piece.size());
    gather(TUNER_SPLIT_TRAIN, piece);
    forward(n, first, dropped ? &dropout_ : nullptr);
    softmax(n, true, true, weight);
    forward_rates(n, vectors, dropped);
    softmax_rates(n, weight);
    backward_rates(n, vectors, products, dropped, first == 0);
  });
  if (settings_.l2 == 0) return;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (vectors[2 * l] == nullptr || products[2 * l] == nullptr) continue;
    const Eigen::Index size = layers_[l].in * layers_[l].out;
    Eigen::Map<Vector>(products[2 * l], size) +=
        static_cast<T>(settings_.l2) * Eigen::Map<const Vector>(vectors[2 * l], size);
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace tuner::objectives
