#include "network.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace tuner::objectives {
namespace {

template <class Action>
void for_pieces(std::span<const std::uint64_t> all, std::size_t size, Action&& action) {
  for (std::size_t first = 0; first < all.size(); first += size)
    action(first, all.subspan(first, std::min(size, all.size() - first)));
}

// In eight partial sums, of which a compiler makes vectors.
template <class T>
double sum_of_squares(const T* values, Index count) {
  constexpr Index kSums = 8;
  double sums[kSums] = {};
  const auto square = [=](Index i) { return static_cast<double>(values[i]) * static_cast<double>(values[i]); };
  Index i = 0;
  for (; i + kSums <= count; i += kSums)
    for (Index k = 0; k < kSums; ++k) sums[k] += square(i + k);
  for (; i < count; ++i) sums[0] += square(i);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}
// out += factor values
template <class T>
void add_multiple(T factor, const T* values, Index count, T* out) {
  for (Index i = 0; i < count; ++i) out[i] += factor * values[i];
}
// out *= factors
template <class T>
void multiply_by(const T* factors, Index count, T* out) {
  for (Index i = 0; i < count; ++i) out[i] *= factors[i];
}

template <class T>
T* tensor_of(const std::vector<T*>& tensors, int index) {
  return index < 0 ? nullptr : tensors[static_cast<std::size_t>(index)];
}
template <class Pointer>
Pointer tensor_of(const Pointer* tensors, int index) {
  return index < 0 ? nullptr : tensors[index];
}

}  // namespace

template <class T>
Network<T>::Network(NetworkSettings settings, const LabelledSamples& samples, std::vector<T*> parameters,
                    std::vector<T*> gradients)
    : settings_(std::move(settings)), samples_(samples), losses_(Losses<T>(settings_.loss, settings_.outputs)) {
  if (settings_.embedding) losses_ = EmbeddingLosses<T>(*settings_.embedding, settings_.outputs);
  for (const LayerPlan& plan : plan_layers(settings_)) make_layer(plan, parameters, gradients);
}

template <class T>
void Network<T>::make_layer(const LayerPlan& plan, const std::vector<T*>& parameters,
                            const std::vector<T*>& gradients) {
  Layer& layer = layers_.emplace_back();
  layer.plan = plan;
  layer.in = plan.input.size();
  layer.out = plan.channels;
  layer.units = plan.channels * plan.places;
  layer.first_block = blocks_per_sample_;
  if (plan.hidden && !plan.convolves) blocks_per_sample_ += (static_cast<std::uint64_t>(layer.out) + 3) / 4;
  layer.weight = tensor_of(parameters, plan.weight);
  layer.bias = tensor_of(parameters, plan.bias);
  layer.weight_grad = tensor_of(gradients, plan.weight);
  layer.bias_grad = tensor_of(gradients, plan.bias);
  if (plan.convolves) {
    layer.convolution.emplace(plan.input, plan.channels, settings_.kernel);
    layer.pool.emplace(layer.convolution->output());
  }
  if (plan.scale < 0) return;
  const bool across = settings_.norm == Norm::batch || settings_.norm == Norm::ghost;
  const std::int64_t groups = settings_.norm == Norm::group ? settings_.norm_groups : 1;
  layer.norm.emplace(NormalizationShape{.channels = static_cast<std::size_t>(plan.channels),
                                        .places = static_cast<std::size_t>(plan.places),
                                        .together = static_cast<std::size_t>(across ? 1 : plan.channels / groups),
                                        .across_samples = across,
                                        .running_momentum = settings_.norm_momentum},
                     NormalizationTensors<T>{.scale = tensor_of(parameters, plan.scale),
                                             .shift = tensor_of(parameters, plan.shift),
                                             .scale_grad = tensor_of(gradients, plan.scale),
                                             .shift_grad = tensor_of(gradients, plan.shift),
                                             .running_mean = tensor_of(parameters, plan.running_mean),
                                             .running_variance = tensor_of(parameters, plan.running_variance)});
}

template <class T>
void Network<T>::reserve(Index samples, bool with_rates) {
  const auto grow = [&](Values& values, Index width) {
    values.width = width;
    values.all.resize(std::max(values.all.size(), static_cast<std::size_t>(width * samples)));
  };
  if (static_cast<Index>(input_.all.size()) < layers_.front().in * samples) gathered_.clear();
  grow(input_, layers_.front().in);
  if (labels_.size() < static_cast<std::size_t>(samples)) labels_.resize(static_cast<std::size_t>(samples));
  for (Layer& layer : layers_) {
    const Index outputs = layer.pool ? layer.pool->output().size() : layer.units;
    grow(layer.z, layer.units);
    grow(layer.delta, layer.units);
    if (layer.plan.hidden) grow(layer.activated, outputs);
    if (layer.plan.drops) grow(layer.mask, layer.units);
    if (layer.pool) {
      grow(layer.unpooled, layer.units);
      grow(layer.pooled_delta, outputs);
      layer.winners.resize(std::max(layer.winners.size(), static_cast<std::size_t>(outputs * samples)));
    }
    if (!with_rates) continue;
    grow(layer.z_rate, layer.units);
    grow(layer.delta_rate, layer.units);
    if (layer.plan.hidden) grow(layer.activated_rate, outputs);
    if (layer.pool) grow(layer.pooled_rate, outputs);
  }
}

template <class T>
std::size_t Network<T>::piece_of(std::size_t samples, bool training) const {
  const auto limit = static_cast<std::size_t>(settings_.largest_batch);
  if (!training || (settings_.norm != Norm::batch && settings_.norm != Norm::ghost)) {
    const std::int64_t together = settings_.embedding ? settings_.embedding->pair_batch : 1;
    return static_cast<std::size_t>(std::max<std::int64_t>(1, settings_.piece / together) * together);
  }
  if (settings_.norm == Norm::ghost) return static_cast<std::size_t>(settings_.virtual_batch);
  if (samples > limit)
    throw std::invalid_argument("a batch has " + std::to_string(samples) + " samples, and norm: batch takes at most " +
                                std::to_string(limit) +
                                " at once; norm: ghost takes batches of any size, by virtual batches");
  return samples;
}

// Line searches, sam and ramps evaluate one batch several times; its values are a tenth of the work.
template <class T>
void Network<T>::gather(std::uint32_t split, std::span<const std::uint64_t> piece) {
  if (split == gathered_split_ && std::ranges::equal(piece, gathered_)) return;
  gathered_.clear();
  samples_.gather(split, piece, input_.data(), labels_.data());
  gathered_split_ = split;
  gathered_.assign(piece.begin(), piece.end());
}

template <class T>
void Network<T>::product(Layer& layer, const T* weight, const Values& input, Index n, Values& out, bool add) {
  if (layer.convolution) return layer.convolution->apply(weight, input.data(), n, out.data(), add);
  multiply(kProducts, input.of(n), layer.matrix(weight).transposed(),
           linear_algebra::Target<T>{out.data(), static_cast<std::size_t>(layer.out), 1, add});
}

template <class T>
void Network<T>::transposed_product(Layer& layer, const T* weight, const Values& delta, Index n, Values& out,
                                    bool add) {
  if (layer.convolution) return layer.convolution->apply_transposed(weight, delta.data(), n, out.data(), add);
  multiply(kProducts, delta.of(n), layer.matrix(weight),
           linear_algebra::Target<T>{out.data(), static_cast<std::size_t>(layer.in), 1, add});
}

template <class T>
void Network<T>::outer_product(Layer& layer, const Values& delta, const Values& input, Index n, T* out, bool add) {
  if (layer.convolution) return layer.convolution->outer(delta.data(), input.data(), n, out, add);
  multiply(kProducts, delta.of(n).transposed(), input.of(n),
           linear_algebra::Target<T>{out, static_cast<std::size_t>(layer.in), 1, add});
}

template <class T>
void Network<T>::add_bias(const Layer& layer, const T* bias, Index n, Values& out) {
  if (bias == nullptr) return;
  T* values = out.data();
  for (Index place = 0; place < layer.plan.places * n; ++place, values += layer.out)
    for (Index c = 0; c < layer.out; ++c) values[c] += bias[c];
}

template <class T>
void Network<T>::store_bias(const Layer& layer, const Values& delta, Index n, bool overwrite, T* out) {
  if (out == nullptr) return;
  if (overwrite) std::fill_n(out, layer.out, T(0));
  const T* values = delta.data();
  for (Index place = 0; place < layer.plan.places * n; ++place, values += layer.out)
    for (Index c = 0; c < layer.out; ++c) out[c] += values[c];
}

template <class T>
void Network<T>::forward(Index n, std::uint64_t first, const tuner_rng* dropout, Statistics statistics) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    product(layer, layer.weight, input_of(l), n, layer.z, false);
    add_bias(layer, layer.bias, n, layer.z);
    if (!layer.plan.hidden) return;
    if (layer.norm) layer.norm->forward(layer.z.data(), static_cast<std::size_t>(n), statistics);
    T* const activated = layer.pool ? layer.unpooled.data() : layer.activated.data();
    activate(settings_.activation, layer.z.data(), activated, static_cast<std::size_t>(layer.units * n));
    if (layer.pool) layer.pool->apply(activated, n, layer.activated.data(), layer.winners.data());
    if (dropout != nullptr && layer.plan.drops) drop(layer, n, first, *dropout);
  }
}

// Inverted dropout. Four units share one Philox block, 32 bits each. Blocks count on from the stream's position, by the
// sample's place in the whole batch, then by layer and unit: masks do not depend on how the batch is cut into pieces.
template <class T>
void Network<T>::drop(Layer& layer, Index n, std::uint64_t first, const tuner_rng& rng) {
  const auto width = static_cast<std::uint64_t>(layer.out);
  const auto threshold = static_cast<std::uint64_t>(settings_.dropout * 0x1p32);
  const T keep = static_cast<T>(1 / (1 - settings_.dropout));
  for (Index i = 0; i < n; ++i) {
    T* mask = layer.mask.data() + i * layer.units;
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
  multiply_by(layer.mask.data(), layer.units * n, layer.activated.data());
}

template <class T>
void Network<T>::store_gradients(Layer& layer, const Values& input, Index n, bool overwrite) {
  if (layer.weight_grad != nullptr) outer_product(layer, layer.delta, input, n, layer.weight_grad, !overwrite);
  store_bias(layer, layer.delta, n, overwrite, layer.bias_grad);
}

template <class T>
void Network<T>::backward(Index n, bool overwrite) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    if (layer.norm) layer.norm->backward(layer.delta.data(), static_cast<std::size_t>(n), overwrite);
    store_gradients(layer, input_of(l), n, overwrite);
    if (l == 0) return;
    Layer& below = layers_[l - 1];
    Values& out = below.pool ? below.pooled_delta : below.delta;
    transposed_product(layer, layer.weight, layer.delta, n, out, false);
    if (dropout_.struct_size != 0 && below.plan.drops) multiply_by(below.mask.data(), below.units * n, out.data());
    if (below.pool) below.pool->spread(out.data(), below.winners.data(), n, below.delta.data());
    multiply_slope(settings_.activation, below.z.data(), below.delta.data(), static_cast<std::size_t>(below.units * n));
  }
}

template <class T>
BatchResult Network<T>::evaluate(const Batch& batch, bool with_gradient, const tuner_rng* rng) {
  if (batch.indices.empty()) throw std::invalid_argument("a batch without samples has no loss");
  const auto samples = static_cast<double>(batch.indices.size());
  const bool drops = batch.training && settings_.dropout > 0;
  if (batch.training || with_gradient) dropout_ = drops ? *rng : tuner_rng{};
  const Statistics statistics = !batch.training          ? Statistics::running
                                : batch.moves_statistics ? Statistics::of_samples_moving_the_running
                                                         : Statistics::of_samples;
  const std::size_t size = piece_of(batch.indices.size(), batch.training);
  reserve(static_cast<Index>(std::min(size, batch.indices.size())), false);
  BatchResult result;
  for_pieces(batch.indices, size, [&](std::size_t first, std::span<const std::uint64_t> piece) {
    const auto n = static_cast<Index>(piece.size());
    gather(batch.split, piece);
    forward(n, first, drops ? &dropout_ : nullptr, statistics);
    Layer& last = layers_.back();
    const BatchResult sums = std::visit(
        [&](auto& losses) {
          return losses.evaluate(last.z.data(), labels_.data(), n, batch.training, with_gradient,
                                 static_cast<T>(1 / samples), last.delta.data());
        },
        losses_);
    result.loss += sums.loss;
    result.accuracy += sums.accuracy;
    if (with_gradient) backward(n, first == 0);
  });
  result.loss /= samples;
  result.accuracy /= samples;
  if (!batch.training || settings_.l2 == 0) return result;
  for (const Layer& layer : layers_) {
    const Index size = layer.out * layer.plan.fan_in;
    result.loss += 0.5 * settings_.l2 * sum_of_squares(layer.weight, size);
    if (with_gradient && layer.weight_grad != nullptr)
      add_multiple(static_cast<T>(settings_.l2), layer.weight, size, layer.weight_grad);
  }
  return result;
}

template <class T>
void Network<T>::predict(std::uint32_t split, std::span<const std::uint64_t> indices, double* probabilities) {
  const std::size_t size = piece_of(indices.size(), false);
  reserve(static_cast<Index>(std::min(size, indices.size())), false);
  const Index outputs = layers_.back().units;
  for_pieces(indices, size, [&](std::size_t first, std::span<const std::uint64_t> piece) {
    const auto n = static_cast<Index>(piece.size());
    gather(split, piece);
    forward(n, first, nullptr, Statistics::running);
    for (Index i = 0; i < n; ++i)
      softmax(layers_.back().z.data() + i * outputs, outputs,
              probabilities + (static_cast<Index>(first) + i) * outputs);
  });
}

// Along the vectors V, v:  z' = V a + W a' + v,  a' = mask act'(z) z', of the winners where it is pooled
template <class T>
void Network<T>::forward_rates(Index n, const T* const* vectors, bool dropped) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (const T* v = tensor_of(vectors, layer.plan.weight))
      product(layer, v, input_of(l), n, layer.z_rate, false);
    else
      std::fill_n(layer.z_rate.data(), layer.units * n, T(0));
    add_bias(layer, tensor_of(vectors, layer.plan.bias), n, layer.z_rate);
    if (l > 0) product(layer, layer.weight, layers_[l - 1].activated_rate, n, layer.z_rate, true);
    if (!layer.plan.hidden) return;
    if (layer.norm)
      layer.norm->forward_rates(layer.z_rate.data(), static_cast<std::size_t>(n), tensor_of(vectors, layer.plan.scale),
                                tensor_of(vectors, layer.plan.shift));
    Values& activated = layer.pool ? layer.unpooled : layer.activated_rate;
    std::copy_n(layer.z_rate.data(), layer.units * n, activated.data());
    multiply_slope(settings_.activation, layer.z.data(), activated.data(), static_cast<std::size_t>(layer.units * n));
    if (layer.pool) layer.pool->pick(activated.data(), layer.winners.data(), n, layer.activated_rate.data());
    if (dropped && layer.plan.drops) multiply_by(layer.mask.data(), layer.units * n, layer.activated_rate.data());
  }
}

template <class T>
void Network<T>::store_products(std::size_t l, T* const* products, Index n, bool overwrite) {
  Layer& layer = layers_[l];
  if (T* product = tensor_of(products, layer.plan.weight)) {
    outer_product(layer, layer.delta_rate, input_of(l), n, product, !overwrite);
    if (l > 0) outer_product(layer, layer.delta, layers_[l - 1].activated_rate, n, product, true);
  }
  if (T* product = tensor_of(products, layer.plan.bias)) {
    store_bias(layer, layer.delta_rate, n, overwrite, product);
  }
}

// From u and u', the derivatives by what the layer below gave:  u, u' times its mask,
//   delta = act'(z) u,  delta' = act'(z) u' + act''(z) z' u
template <class T>
void Network<T>::slope_rates(Layer& below, Index n, bool dropped) {
  const auto size = static_cast<std::size_t>(below.units * n);
  if (dropped && below.plan.drops) {
    multiply_by(below.mask.data(), below.units * n, below.delta.data());
    multiply_by(below.mask.data(), below.units * n, below.delta_rate.data());
  }
  if (below.pool) {
    below.pool->spread(below.pooled_delta.data(), below.winners.data(), n, below.delta.data());
    below.pool->spread(below.pooled_rate.data(), below.winners.data(), n, below.delta_rate.data());
  }
  T *delta = below.delta.data(), *rate = below.delta_rate.data();
  multiply_slope(settings_.activation, below.z.data(), rate, size);
  add_curvature(settings_.activation, below.z.data(), delta, below.z_rate.data(), rate, size);
  multiply_slope(settings_.activation, below.z.data(), delta, size);
}

// Carries delta and delta' down together:  u = W'delta,  u' = W'delta' + V'delta
template <class T>
void Network<T>::backward_rates(Index n, const T* const* vectors, T* const* products, bool dropped, bool overwrite) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    if (layer.norm)
      layer.norm->backward_rates(layer.delta.data(), layer.delta_rate.data(), static_cast<std::size_t>(n),
                                 {tensor_of(vectors, layer.plan.scale), tensor_of(products, layer.plan.scale),
                                  tensor_of(products, layer.plan.shift)},
                                 overwrite);
    store_products(l, products, n, overwrite);
    if (l == 0) return;
    Layer& below = layers_[l - 1];
    Values& out = below.pool ? below.pooled_delta : below.delta;
    Values& out_rate = below.pool ? below.pooled_rate : below.delta_rate;
    transposed_product(layer, layer.weight, layer.delta, n, out, false);
    transposed_product(layer, layer.weight, layer.delta_rate, n, out_rate, false);
    if (const T* v = tensor_of(vectors, layer.plan.weight))
      transposed_product(layer, v, layer.delta, n, out_rate, true);
    slope_rates(below, n, dropped);
  }
}

template <class T>
void Network<T>::hvp(std::span<const std::uint64_t> indices, const T* const* vectors, T* const* products) {
  if (indices.empty()) throw std::invalid_argument("a batch without samples has no loss");
  const bool dropped = dropout_.struct_size != 0;
  const T weight = static_cast<T>(1.0 / static_cast<double>(indices.size()));
  const std::size_t size = piece_of(indices.size(), true);
  reserve(static_cast<Index>(std::min(size, indices.size())), true);
  for_pieces(indices, size, [&](std::size_t first, std::span<const std::uint64_t> piece) {
    const auto n = static_cast<Index>(piece.size());
    gather(TUNER_SPLIT_TRAIN, piece);
    forward(n, first, dropped ? &dropout_ : nullptr, Statistics::of_samples);
    Layer& last = layers_.back();
    forward_rates(n, vectors, dropped);
    std::visit(
        [&](auto& losses) {
          losses.evaluate(last.z.data(), labels_.data(), n, true, true, weight, last.delta.data());
          losses.rates(last.z.data(), last.z_rate.data(), labels_.data(), n, weight, last.delta_rate.data());
        },
        losses_);
    backward_rates(n, vectors, products, dropped, first == 0);
  });
  if (settings_.l2 == 0) return;
  for (const Layer& layer : layers_) {
    const T* vector = tensor_of(vectors, layer.plan.weight);
    T* product = tensor_of(products, layer.plan.weight);
    if (vector == nullptr || product == nullptr) continue;
    add_multiple(static_cast<T>(settings_.l2), vector, layer.out * layer.plan.fan_in, product);
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace tuner::objectives
