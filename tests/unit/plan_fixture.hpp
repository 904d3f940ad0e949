// Study plans made by hand.
#pragma once

#include "trial_fixture.hpp"
#include "tuner/plan.hpp"

namespace tuner::test {

inline PluginPlan plugin_plan(Kind kind, const std::string& id, Settings options = {}) {
  return {.plugin = &plugin(kind, id), .label = id, .options = std::move(options), .groups = {}, .inner = {}};
}
template <class T>
OneOf<T> only(T branch) {
  OneOf<T> choice;
  choice.branches.push_back(std::move(branch));
  return choice;
}
inline SchedulePlan schedule_plan(const std::string& scheduler, Settings warmup = {}) {
  SchedulePlan plan{.label = scheduler, .warmup = std::move(warmup), .stages = {}};
  plan.stages.push_back({only(plugin_plan(Kind::scheduler, scheduler)), Null{}});
  return plan;
}

// `rows` with `recorder`, two epochs; the lr is dimension 0: `lrs` of them, each twice the one before.
inline StudyPlan lr_study(std::size_t lrs = 6) {
  StudyPlan plan;
  plan.name = "demo";
  plan.method = "grid";
  plan.metric = {"val_loss", Goal::minimize, std::nullopt};
  plan.objective = only(plugin_plan(Kind::objective, "rows", {{"valid", Value(std::int64_t{4})}}));
  plan.optimizer = only(plugin_plan(Kind::optimizer, "recorder", {{"lr", SearchParameter{0}}, {"noise", Value(true)}}));
  plan.schedule = only(schedule_plan("constant"));
  plan.early_stopping = only(OptionalSettings{});
  plan.training = {{"epochs", Value(std::int64_t{2})}, {"batch_size", Value(std::int64_t{3})}};
  Values values;
  for (std::size_t i = 0; i < lrs; ++i) values.emplace_back(0.01 * static_cast<double>(1 << i));
  plan.space.dimensions.push_back({"optimizer.lr", values, std::nullopt, 0});
  return plan;
}

// Every number of a result but its times.
inline std::string fingerprint(const TrialResult& result) {
  std::string text = std::string(to_string(result.outcome)) + " " + std::to_string(result.steps) + " " +
                     to_json(result.value.value_or(-1)) + " " + result.error + "\n";
  for (const MetricPoint& p : result.metrics)
    text += std::to_string(p.step) + " " + p.name + " " + to_json(p.value) + "\n";
  return text;
}

}  // namespace tuner::test
