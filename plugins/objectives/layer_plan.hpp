// What a network consists of: its settings, and the layers and tensors that follow from them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "activation.hpp"
#include "convolution.hpp"
#include "embedding_losses.hpp"
#include "losses.hpp"

namespace tuner::objectives {

enum class Norm : std::uint32_t { none, batch, ghost, layer, group };

struct NetworkSettings {
  ImageShape image{};                    // what convolutions begin with; a dense network takes size() features of it
  std::vector<std::int64_t> channels{};  // of every convolution, each followed by pooling
  std::int64_t kernel = 5;
  std::vector<std::int64_t> hidden{};  // units of every dense hidden layer
  std::int64_t outputs = 0;            // of the last layer: one for each class, or those of an embedding
  Activation activation = Activation::relu;
  double dropout = 0;  // probability of dropping a dense hidden unit; the rest are scaled by 1 / (1 - dropout)
  double l2 = 0;       // on weights, not on biases nor on what belongs to a normalization
  LossSettings loss{};
  std::optional<EmbeddingSettings> embedding{};  // in place of loss
  Norm norm = Norm::none;                        // in every hidden layer, before its activation
  std::int64_t virtual_batch = 128;
  std::int64_t norm_groups = 1;
  double norm_momentum = 0.1;
  std::int64_t piece = 512;           // samples that go through at once
  std::int64_t largest_batch = 8192;  // that norm: batch takes
};

// One layer: a linear map, and in hidden layers normalization, activation, pooling and dropout.
struct LayerPlan {
  bool convolves = false;  // and is pooled
  bool hidden = false;
  bool drops = false;
  ImageShape input{};         // of a convolution; a dense layer has size() inputs
  std::int64_t channels = 0;  // units, or channels of a convolution
  std::int64_t places = 1;    // pixels of a channel
  std::int64_t fan_in = 0, fan_out = 0;
  // Where its tensors stand among all; -1: it has none.
  int weight = -1, bias = -1, scale = -1, shift = -1, running_mean = -1, running_variance = -1;
};

// Tensors of a layer stand in the order of their names in LayerPlan, layer by layer. A layer with norm batch or ghost
// has no bias, which the mean would take away.
// Errors: std::invalid_argument for groups that do not divide the channels of a hidden layer.
[[nodiscard]] std::vector<LayerPlan> plan_layers(const NetworkSettings& settings);

}  // namespace tuner::objectives
