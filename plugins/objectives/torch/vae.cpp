#include "torch/vae.hpp"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>

#include "torch/engine.hpp"
#include "torch/trained.hpp"

namespace tuner::objectives::torch_objectives {
namespace {

constexpr std::int64_t kKernel = 4;
constexpr double kSlope = 0.3;

std::int64_t half(std::int64_t extent) { return (extent + 1) / 2; }

// Rows and columns of the image, after the first and after the second convolution; the decoder gives twice the last.
struct Extents {
  explicit Extents(const LabelledImages& images)
      : image{static_cast<std::int64_t>(images.rows()), static_cast<std::int64_t>(images.columns())},
        first{half(image[0]), half(image[1])},
        second{half(first[0]), half(first[1])} {}
  [[nodiscard]] std::int64_t latent_pixels() const { return second[0] * second[1]; }
  std::int64_t image[2], first[2], second[2];
};

// Zeros around the image so that the output has extent / stride pixels, rounded up; an odd one is below and right.
at::Tensor convolve(const at::Tensor& image, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride) {
  std::int64_t pads[4];
  for (const int dimension : {3, 2}) {
    const std::int64_t extent = image.size(dimension), outputs = (extent + stride - 1) / stride;
    const std::int64_t all = std::max<std::int64_t>((outputs - 1) * stride + kKernel - extent, 0);
    std::int64_t* const pad = pads + 2 * (3 - dimension);
    pad[0] = all / 2;
    pad[1] = all - pad[0];
  }
  if (pads[0] == pads[1] && pads[2] == pads[3]) return at::conv2d(image, weight, bias, stride, {pads[2], pads[0]});
  return at::conv2d(at::constant_pad_nd(image, pads), weight, bias, stride);
}

// The transpose of convolve from stride x extent pixels: with stride 1 there is one row and column too many.
at::Tensor convolve_back(const at::Tensor& image, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t stride) {
  const at::Tensor out = at::conv_transpose2d(image, weight, bias, stride, 1);
  return out.narrow(2, 0, image.size(2) * stride).narrow(3, 0, image.size(3) * stride);
}

struct TrainedVae : Vae, Trained {
  using Shared = Images;
  // In the order of describe(), a weight each, its bias behind it.
  enum Layer { kConv1, kConv2, kConv3, kMean, kDeviation, kDense1, kDense2, kBack1, kBack2, kBack3, kPixels, kLayers };

  static void describe(const Shared& shared, const Options& o, const Layout& layout) {
    const Extents extents(*shared.samples);
    const std::int64_t filters = o.integer(kFilters), latents = o.integer(kLatents), pixels = extents.latent_pixels();
    const auto features = static_cast<std::int64_t>(shared.samples->features());
    Declaration declare(layout, dtype_of(o));
    declare.layer("conv1", filters, 1, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("conv2", filters, filters, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("conv3", filters, filters, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("mean", latents, filters * pixels, 0, TUNER_ROLE_WEIGHT, latents);
    declare.layer("log_deviation", latents, filters * pixels, 0, TUNER_ROLE_WEIGHT, latents);
    declare.layer("dense1", kUnits, latents, 0, TUNER_ROLE_WEIGHT, kUnits);
    declare.layer("dense2", pixels, kUnits, 0, TUNER_ROLE_WEIGHT, pixels);
    // Inputs come first in the weight of a transposed convolution.
    declare.layer("deconv1", 1, filters, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("deconv2", filters, filters, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("deconv3", filters, filters, kKernel, TUNER_ROLE_CONV, filters);
    declare.layer("pixels", features, 4 * filters * pixels, 0, TUNER_ROLE_HEAD, features);
    declare_splits(*shared.samples, layout);
  }

  TrainedVae(const Shared& shared, const Bind& bind)
      : Trained(bind, 512, combination(bind.options())),
        extents_(*shared.samples),
        gathered_(*shared.samples, dtype_of(bind.options())),
        filters_(bind.options().integer(kFilters)),
        latents_(bind.options().integer(kLatents)),
        dropout_(bind.options()[kDropout]) {
    for (std::size_t i = 0; i < tensor_count(); ++i) {
      const tuner_tensor_info& info = *bind.tensor(i).info;
      fans_.push_back(static_cast<double>(info.fan_in + info.fan_out));
    }
  }
  void init(tuner_rng& rng) {
    for (std::size_t i = 0; i < tensor_count(); i += 2) {
      fill_glorot(rng, bound(i), fans_[i] / 2, fans_[i] / 2);
      fill(bound(i + 1), [] { return 0.0; });
    }
  }

 private:
  static constexpr std::int64_t kUnits = 24;
  static Combination combination(const Options& o) {
    const auto weights = o.reals(kMore + kWeights);
    return {.mgda = o.choice(kMore + kCombine) == 1, .weights = {weights.begin(), weights.end()}};
  }
  [[nodiscard]] const at::Tensor& weight(Layer layer) const { return tensor(2 * static_cast<std::size_t>(layer)); }
  [[nodiscard]] const at::Tensor& bias(Layer layer) const { return tensor(2 * static_cast<std::size_t>(layer) + 1); }

  // Noise first, then five masks of 32 bits a unit. They stand in the stream by the sample's number, so that they do
  // not depend on how a split is cut into batches.
  struct Draws {
    std::int64_t units[5];
    [[nodiscard]] std::uint64_t words(std::int64_t latents) const {
      std::int64_t blocks = 0;
      for (const std::int64_t u : units) blocks += (u + 3) / 4;
      return words_of_noise(latents) + 2 * static_cast<std::uint64_t>(blocks);
    }
  };
  // One for each, and whole blocks.
  static std::uint64_t words_of_noise(std::int64_t latents) {
    return (static_cast<std::uint64_t>(latents) + 1) / 2 * 2;
  }
  [[nodiscard]] Draws draws() const {
    const std::int64_t *first = extents_.first, *second = extents_.second;
    const std::int64_t large = filters_ * first[0] * first[1], small = filters_ * second[0] * second[1];
    return {{large, small, small, 4 * small, 4 * small}};
  }

  // The values of `shape`, one sample after another, by of(stream at the sample's place, values).
  template <class Of>
  [[nodiscard]] at::Tensor drawn(const Piece& piece, at::IntArrayRef shape, Of&& of) const {
    at::Tensor values = at::empty(shape, tensor(0).options().requires_grad(false));
    const auto each = static_cast<std::size_t>(values.numel()) / piece.indices.size();
    const std::uint64_t words = draws().words(latents_);
    for (std::size_t i = 0; i < piece.indices.size(); ++i) {
      tuner_rng stream = *piece.rng;
      stream.position = (stream.position + 1) / 2 * 2 + piece.indices[i] * words;
      if (dtype() == TUNER_DTYPE_F64)
        of(stream, std::span(values.data_ptr<double>() + i * each, each));
      else
        of(stream, std::span(values.data_ptr<float>() + i * each, each));
    }
    return values;
  }

  [[nodiscard]] at::Tensor noise(const Piece& piece) const {
    const auto n = static_cast<std::int64_t>(piece.indices.size());
    return drawn(piece, {n, latents_}, [](tuner_rng& stream, auto values) {
      for (auto& v : values) v = static_cast<std::remove_reference_t<decltype(v)>>(tuner_rng_next_normal(&stream));
    });
  }

  // Inverted dropout.
  [[nodiscard]] at::Tensor dropped(const at::Tensor& a, int mask, const Piece& piece) const {
    if (!piece.training || dropout_ == 0) return a;
    const Draws all = draws();
    std::uint64_t skipped = words_of_noise(latents_);
    for (int i = 0; i < mask; ++i) skipped += 2 * static_cast<std::uint64_t>((all.units[i] + 3) / 4);
    const auto threshold = static_cast<std::uint64_t>(dropout_ * 0x1p32);
    const double keep = 1 / (1 - dropout_);
    return a.mul(drawn(piece, a.sizes(), [&](const tuner_rng& stream, auto values) {
      using Value = typename decltype(values)::value_type;
      std::uint64_t block = (stream.position + skipped) / 2;
      for (std::size_t at = 0; at < values.size(); at += 4, ++block) {
        std::uint64_t words[2];
        tuner_rng_block(&stream, block, words);
        const std::uint64_t bits[4] = {words[0] & 0xffffffffu, words[0] >> 32, words[1] & 0xffffffffu, words[1] >> 32};
        for (std::size_t j = 0; j < std::min<std::size_t>(4, values.size() - at); ++j)
          values[at + j] = static_cast<Value>(bits[j] < threshold ? 0 : keep);
      }
    }));
  }

  [[nodiscard]] at::Tensor encode(const at::Tensor& pixels, const Piece& piece) const {
    at::Tensor a = pixels.view({-1, 1, extents_.image[0], extents_.image[1]});
    int mask = 0;
    for (const Layer layer : {kConv1, kConv2, kConv3}) {
      a = at::leaky_relu(convolve(a, weight(layer), bias(layer), layer == kConv3 ? 1 : 2), kSlope);
      a = dropped(a, mask++, piece);
    }
    return a.flatten(1);
  }
  [[nodiscard]] at::Tensor decode(const at::Tensor& z, const Piece& piece) const {
    at::Tensor a = at::leaky_relu(at::linear(z, weight(kDense1), bias(kDense1)), kSlope);
    a = at::leaky_relu(at::linear(a, weight(kDense2), bias(kDense2)), kSlope);
    a = a.view({-1, 1, extents_.second[0], extents_.second[1]});
    a = dropped(at::relu(convolve_back(a, weight(kBack1), bias(kBack1), 2)), 3, piece);
    a = dropped(at::relu(convolve_back(a, weight(kBack2), bias(kBack2), 1)), 4, piece);
    a = at::relu(convolve_back(a, weight(kBack3), bias(kBack3), 1));
    return at::sigmoid(at::linear(a.flatten(1), weight(kPixels), bias(kPixels)));
  }

  Outcome forward(const Piece& piece) override {
    gathered_.read(piece);
    const at::Tensor& pixels = gathered_.inputs();
    const at::Tensor encoded = encode(pixels, piece);
    const at::Tensor mean = at::linear(encoded, weight(kMean), bias(kMean));
    const at::Tensor deviation = at::linear(encoded, weight(kDeviation), bias(kDeviation)).mul(0.5);
    const at::Tensor image = decode(mean.add(at::exp(deviation).mul(noise(piece))), piece);
    const at::Tensor difference = image.sub(pixels);
    const auto n = static_cast<double>(piece.indices.size());
    Outcome outcome;
    outcome.losses.push_back(difference.mul(difference).sum().div(n));
    const at::Tensor terms = deviation.mul(2).add(1).sub(mean.mul(mean)).sub(at::exp(deviation.mul(2)));
    outcome.losses.push_back(terms.sum().mul(-0.5 / n));
    for (const at::Tensor& loss : outcome.losses) outcome.metrics.push_back(loss.item<double>());
    return outcome;
  }

  Extents extents_;
  Gathered gathered_;
  std::int64_t filters_, latents_;
  double dropout_;
  std::vector<double> fans_;
};

}  // namespace

const tuner_objective& vae_functions() { return tuner::detail::kObjectiveVtable<TrainedVae>; }

}  // namespace tuner::objectives::torch_objectives
