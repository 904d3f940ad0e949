// DeepOBS's network of two convolutions and two dense layers, 2c2d: what it says about itself.
#pragma once

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct TwoConvolutions {
  static constexpr tuner::Info info{
      .id = "torch_2c2d",
      .name = "Convolutional network on LibTorch",
      .version = kEngineVersion,
      .doc = "two convolutions with pooling, two dense layers and a softmax on images: DeepOBS's 2c2d by default",
      .details =
          "a0 = pixels,  a = pool(max(0, W * a + b)) twice (5 x 5, zeros around the image, stride 1; the largest of 2 "
          "x "
          "2,\n"
          "odd extents rounded up),  a = max(0, W a + b),  loss = mean cross entropy of softmax(W a + b).\n"
          "Weights start at a normal distribution of deviation init_std, cut at two deviations, biases at init_bias.\n"
          "The defaults have 3,274,634 parameters on 28 x 28 pixels in 10 classes. weight is out x in x 5 x 5, as "
          "PyTorch's.\n"
          "One thread; hvp by a second derivative. The objective convnet is the same network without LibTorch.",
      .reference = "DeepOBS (Schneider, Balles, Hennig 2019), problems 2c2d"};
  enum { kChannels = kImageOptions, kHidden, kInitStd, kInitBias };
  static constexpr Param kOwn[] = {
      integers("channels", "[32, 64]", "channels of the two convolutions").at_least(1).at_most(4096).structural(),
      integer("hidden", 1024, "units of the dense hidden layer").at_least(1).at_most(1e6).structural(),
      real("init_std", 0.05, "deviation of the starting weights").above(0).structural().search(0.001, 0.3, kLog),
      real("init_bias", 0.05, "starting value of all biases").at_least(-1e3).at_most(1e3).structural()};
  static constexpr auto kTable = joined(kImageTable.items, kOwn);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {kAccuracy};
  static constexpr bool has_hvp = true;
  static void check(const Options& o) {
    require_folder(o);
    if (o.integers(kChannels).size() != 2)
      throw Invalid("channels has " + std::to_string(o.integers(kChannels).size()) +
                    " numbers, and torch_2c2d has two convolutions: give two; convnet takes any number");
  }
};

}  // namespace tuner::objectives::torch_objectives
