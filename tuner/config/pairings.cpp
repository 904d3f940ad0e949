#include "tuner/config/pairings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tuner/config/plugins.hpp"
#include "tuner/error.hpp"
#include "tuner/optimizer.hpp"

namespace tuner::config {
namespace {

// Can the setting, an integer or null, be above 0 in some trial?
bool may_be_positive(const Setting& setting, const Space& space) {
  const auto positive = [](const Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number != nullptr && *number > 0;
  };
  const auto* searched = std::get_if<SearchParameter>(&setting);
  if (searched == nullptr) return positive(std::get<Value>(setting));
  const auto& domain = space.dimensions[searched->dimension].domain;
  if (const auto* values = std::get_if<Values>(&domain)) return std::ranges::any_of(*values, positive);
  return std::get<Range>(domain).max > 0;
}

void check_objectives(const Plugin& optimizer, const StudyPlan& plan) {
  if (!optimizer.has(TUNER_PLUGIN_NEEDS_HVP)) return;
  for (const PluginPlan& objective : plan.objective.branches)
    if (objective.plugin->objective().hvp == nullptr)
      throw Error(Message::config_impossible,
                  fmt::format("optimizer '{}' asks for Hessian-vector products, and objective '{}' has none",
                              optimizer.id(), objective.plugin->id()),
                  "take an optimizer that needs gradients alone, such as lbfgs or adam");
}

void check_batches(const Plugin& optimizer, const StudyPlan& plan) {
  const auto size = plan.training.find("batch_size");
  if (!optimizer.has(TUNER_PLUGIN_FULL_BATCH) || size == plan.training.end()) return;
  if (may_be_positive(size->second, plan.space))
    throw Error(Message::config_impossible,
                fmt::format("optimizer '{}' compares evaluations of different steps, which must all be on the same "
                            "samples, and batch_size makes batches",
                            optimizer.id()),
                "remove batch_size, so that every step sees all samples");
}

void check_groups(const PluginPlan& optimizer) {
  if (!optimizer.plugin->has(TUNER_PLUGIN_ONE_GROUP) || optimizer.groups.empty()) return;
  throw Error(
      Message::config_impossible,
      fmt::format("optimizer '{}' takes every option for all tensors at once, and groups give some of them others",
                  optimizer.plugin->id()),
      "remove groups, or take an optimizer that updates tensor by tensor, such as adam");
}

// wrappers: those around these optimizers.
void check(const OneOf<PluginPlan>& optimizers, std::vector<const Plugin*> wrappers, const StudyPlan& plan) {
  for (const PluginPlan& optimizer : optimizers.branches) {
    for (const Plugin* wrapper : wrappers) check_wrapping(*wrapper, *optimizer.plugin);
    check_objectives(*optimizer.plugin, plan);
    check_batches(*optimizer.plugin, plan);
    check_groups(optimizer);
    if (optimizer.inner.empty()) continue;
    wrappers.push_back(optimizer.plugin);
    check(optimizer.inner.front(), wrappers, plan);
    wrappers.pop_back();
  }
}

void check_lr_scaling(const StudyPlan& plan) {
  if (!plan.training.contains("lr_scaling")) return;
  each_chain(*plan.optimizer, [](const Chain& chain) {
    const auto has_lr = [](const PluginPlan* use) { return use->plugin->find_param("lr").has_value(); };
    if (std::ranges::any_of(chain, has_lr)) return;
    throw Error(Message::config_impossible,
                fmt::format("lr_scaling scales lr, and optimizer '{}' has none", chain.front()->plugin->id()),
                "remove lr_scaling, or take an optimizer with an lr, such as sgd");
  });
}

}  // namespace

void check_pairings(const StudyPlan& plan, const std::string& place) {
  if (!plan.optimizer) return;
  try {
    check(*plan.optimizer, {}, plan);
    check_lr_scaling(plan);
  } catch (Error& error) {
    throw error.at(place);
  }
}

}  // namespace tuner::config
