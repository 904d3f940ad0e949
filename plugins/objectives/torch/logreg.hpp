// DeepOBS's softmax regression: what it says about itself.
#pragma once

#include "torch/options.hpp"

namespace tuner::objectives::torch_objectives {

struct Logreg {
  static constexpr tuner::Info info{
      .id = "torch_logreg",
      .name = "Softmax regression on LibTorch",
      .version = kEngineVersion,
      .doc = "one linear layer with a softmax on images, starting at zero: DeepOBS's logreg",
      .details =
          "loss = mean cross entropy of softmax(W a + b), a the pixels; W and b start at 0, where it is "
          "log(classes).\n"
          "7,850 parameters on 28 x 28 pixels in 10 classes. One thread; hvp by a second derivative.",
      .reference = "DeepOBS (Schneider, Balles, Hennig 2019), problems logreg"};
  static constexpr auto& params = kImageTable.items;
  static constexpr Metric metrics[] = {kAccuracy};
  static constexpr bool has_hvp = true;
  static void check(const Options& o) { require_folder(o); }
};

}  // namespace tuner::objectives::torch_objectives
