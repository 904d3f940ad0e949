// A recurrent network that reads images row by row: what it says about itself.
#pragma once

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct Lstm {
  static constexpr tuner::Info info{
      .id = "torch_lstm",
      .name = "LSTM on the rows of images",
      .version = kEngineVersion,
      .doc = "a recurrent network that reads an image row by row, and a softmax on its last output",
      .details =
          "At row t, with x the row's pixels (or the layer below):  i, f, o = sigmoid(W x + U h + b),  g = tanh(W x + "
          "U "
          "h + b),\n"
          "c = f c + i g,  h = o tanh(c);  loss = mean cross entropy of softmax(V h + d), h of the last row and "
          "layer.\n"
          "Weights start uniform within +-1 / sqrt(hidden), biases at 0, but for those of f, which start at "
          "forget_bias.\n"
          "Tensors are named and laid out as those of PyTorch's nn.LSTM; of its two biases the second stays 0 at the "
          "start.\n"
          "Gradients of recurrent networks can explode: `training: {clip_norm: 1}` bounds them. One thread; hvp by a "
          "second\n"
          "derivative.",
      .reference =
          "Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000 for f; Pascanu, Mikolov, Bengio 2013 "
          "for clipping; Jozefowicz, Zaremba, Sutskever 2015 for forget_bias"};
  enum { kHidden = kImageOptions, kLayers, kForgetBias };
  static constexpr Param kOwn[] = {
      integer("hidden", 128, "units of every layer").at_least(1).at_most(65536).structural().search(16, 512, kLog),
      integer("layers", 1, "layers, each reading the one below").at_least(1).at_most(64).structural(),
      real("forget_bias", 1, "starting value of the bias of f").at_least(-1e3).at_most(1e3).structural()};
  static constexpr auto kTable = joined(kImageTable.items, kOwn);
  static constexpr auto& params = kTable.items;
  static constexpr Metric metrics[] = {kAccuracy};
  static constexpr bool has_hvp = true;
  static void check(const Options& o) { require_folder(o); }
};

}  // namespace tuner::objectives::torch_objectives
