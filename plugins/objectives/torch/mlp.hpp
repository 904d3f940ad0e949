// DeepOBS's multilayer perceptron: what it says about itself.
#pragma once

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct Mlp {
  static constexpr tuner::Info info{
      .id = "torch_mlp",
      .name = "Multilayer perceptron on LibTorch",
      .version = kEngineVersion,
      .doc = "dense layers with ReLU and a softmax on images: DeepOBS's mlp by default",
      .details =
          "a0 = pixels,  a = max(0, W a + b) for every hidden layer,  loss = mean cross entropy of softmax(W a + "
          "b).\n"
          "Weights start at a normal distribution of deviation init_std, cut at two deviations, biases at 0.\n"
          "The defaults have 1,336,610 parameters on 28 x 28 pixels in 10 classes. One thread; hvp by a second "
          "derivative.",
      .reference = "DeepOBS (Schneider, Balles, Hennig 2019), problems mlp"};
  enum { kHidden = kImageOptions, kInitStd };
  static constexpr Param kOwn[] = {
      integers("hidden", "[1000, 500, 100]", "units of every hidden layer").at_least(1).at_most(1e6).structural(),
      real("init_std", 0.03, "deviation of the starting weights").above(0).structural().search(0.001, 0.3, kLog)};
  static constexpr auto kTable = joined(kImageTable.items, kOwn);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {kAccuracy};
  static constexpr bool has_hvp = true;
  static void check(const Options& o) { require_folder(o); }
};

}  // namespace tuner::objectives::torch_objectives
