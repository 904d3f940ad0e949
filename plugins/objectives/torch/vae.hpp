// DeepOBS's variational autoencoder: what it says about itself.
#pragma once

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct Vae {
  static constexpr tuner::Info info{
      .id = "torch_vae",
      .name = "Variational autoencoder on LibTorch",
      .version = kEngineVersion,
      .doc = "convolutions to a few latent variables and back to the image: DeepOBS's vae by default",
      .details =
          "Encoder: three 4 x 4 convolutions with `filters` channels, strides 2, 2, 1, leaky ReLU of slope 0.3, "
          "dropout "
          "0.2 after\n"
          "each; two dense layers give the means m and, halved, the logarithms s of the deviations.  z = m + exp(s) "
          "noise.\n"
          "Decoder: dense layers of 24 units and of a quarter of the image's rows times a quarter of its columns, "
          "leaky "
          "ReLU;\n"
          "three 4 x 4 transposed convolutions with `filters` channels, strides 2, 1, 1, ReLU, dropout 0.2 after the "
          "first two;\n"
          "a dense layer to the pixels, sigmoid.  Extents that 2 does not divide are rounded up.\n"
          "  reconstruction = mean over samples of sum over pixels of (pixel - output)^2\n"
          "  kl = mean over samples of -1/2 sum over latents of (1 + 2 s - m^2 - exp(2 s))\n"
          "  loss = w1 reconstruction + w2 kl, w being `weights`.  With combine: mgda the loss stays this sum, and the "
          "gradient is\n"
          "  the shortest vector a1 g1 + a2 g2, a1 + a2 = 1, a >= 0, of the gradients g of its two parts.\n"
          "Weights start uniform within +-sqrt(6 / (fan_in + fan_out)), biases at 0. The defaults have 10,151,489 "
          "parameters on\n"
          "28 x 28 pixels. Padding is that of the authors' TensorFlow program. Noise and dropout depend on the step "
          "and "
          "on the\n"
          "sample, not on its place in the batch; noise is drawn in evaluations too. One thread; no hvp.",
      .reference =
          "DeepOBS (Schneider, Balles, Hennig 2019), problems vae; Kingma, Welling 2014; Desideri 2012 and "
          "Sener, Koltun 2018, eq. 3 for mgda"};
  static constexpr std::size_t kFilters = kImageOptions, kLatents = kFilters + 1, kDropout = kLatents + 1;
  static constexpr std::size_t kMore = kDropout + 1;
  static constexpr Param kOwn[] = {
      integer("filters", 64, "channels of every convolution").at_least(1).at_most(4096).structural(),
      integer("latents", 8, "latent variables").at_least(1).at_most(4096).structural(),
      real("dropout", 0.2, "probability of dropping an output of a convolution")
          .at_least(0)
          .below(1)
          .structural()
          .search(0, 0.6)};
  static constexpr auto kTable = joined(kImageTable.items, kOwn, kCombineParams);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {
      metric("reconstruction", TUNER_MINIMIZE, "squared distance between an image and its reconstruction"),
      metric("kl", TUNER_MINIMIZE, "divergence of the latents' distribution from the standard normal one", "nats")};
  static constexpr bool has_hvp = false;
  static void check(const Options& o) {
    require_folder(o);
    require_weights(o.reals(kMore + kWeights).size(), 2);
  }
};

}  // namespace tuner::objectives::torch_objectives
