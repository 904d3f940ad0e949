#include "layer_plan.hpp"

#include <stdexcept>
#include <string>

namespace tuner::objectives {
namespace {

void require_groups(const NetworkSettings& settings, std::int64_t channels) {
  if (settings.norm != Norm::group || channels % settings.norm_groups == 0) return;
  throw std::invalid_argument("norm_groups is " + std::to_string(settings.norm_groups) +
                              ", which does not divide the " + std::to_string(channels) +
                              " channels or units of a hidden layer into equal groups");
}

void number_tensors(LayerPlan& layer, const NetworkSettings& settings, int& next) {
  const bool normalized = layer.hidden && settings.norm != Norm::none;
  const bool runs = normalized && (settings.norm == Norm::batch || settings.norm == Norm::ghost);
  layer.weight = next++;
  if (!runs) layer.bias = next++;
  if (!normalized) return;
  require_groups(settings, layer.channels);
  layer.scale = next++;
  layer.shift = next++;
  if (!runs) return;
  layer.running_mean = next++;
  layer.running_variance = next++;
}

}  // namespace

std::vector<LayerPlan> plan_layers(const NetworkSettings& settings) {
  std::vector<LayerPlan> layers;
  ImageShape image = settings.image;
  for (const std::int64_t channels : settings.channels) {
    const std::int64_t area = settings.kernel * settings.kernel;
    layers.push_back({.convolves = true,
                      .hidden = true,
                      .input = image,
                      .channels = channels,
                      .places = image.pixels(),
                      .fan_in = area * image.channels,
                      .fan_out = area * channels});
    image = MaxPool<float>({image.rows, image.columns, channels}).output();
  }
  std::int64_t in = image.size();
  for (std::size_t l = 0; l <= settings.hidden.size(); ++l) {
    const bool hidden = l < settings.hidden.size();
    const std::int64_t out = hidden ? settings.hidden[l] : settings.outputs;
    layers.push_back({.hidden = hidden,
                      .drops = hidden && settings.dropout > 0,
                      .input = {1, 1, in},
                      .channels = out,
                      .fan_in = in,
                      .fan_out = out});
    in = out;
  }
  int next = 0;
  for (LayerPlan& layer : layers) number_tensors(layer, settings, next);
  return layers;
}

}  // namespace tuner::objectives
