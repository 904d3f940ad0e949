#include <fmt/format.h>

#include "tuner/objective.hpp"
#include "tuner/training.hpp"

namespace tuner {

std::vector<MetricName> metric_names(const PluginUse& objective, SharedObjectives& shared, std::uint64_t study_seed) {
  HostServices host;
  const ObjectiveLayout layout =
      describe(objective, shared.get(*objective.plugin, objective.options, study_seed), host.abi());
  const tuner_objective& plugin = objective.plugin->objective();
  std::vector<MetricName> names;
  const auto add_split = [&](std::uint32_t split, std::string_view prefix) {
    if (layout.samples[split] == 0) return;
    for (std::uint32_t m = 0; m < plugin.n_metrics; ++m)
      names.push_back({fmt::format("{}{}", prefix, plugin.metrics[m]->id),
                       plugin.metrics[m]->direction == TUNER_MAXIMIZE ? Goal::maximize : Goal::minimize});
    names.push_back({fmt::format("{}loss", prefix), Goal::minimize});
  };
  add_split(TUNER_SPLIT_VALID, "val_");
  names.push_back({"loss", Goal::minimize});
  if (layout.samples[TUNER_SPLIT_TRAIN] > 0) names.push_back({"train_loss", Goal::minimize});
  add_split(TUNER_SPLIT_TEST, "test_");
  return names;
}

}  // namespace tuner
