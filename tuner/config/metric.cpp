#include "tuner/config/metric.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/config/keys.hpp"
#include "tuner/config/language.hpp"
#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace {

Goal goal_of(const Node& node) {
  return word_of(node, "metric.goal", words(kGoals)) == "maximize" ? Goal::maximize : Goal::minimize;
}

FurtherMetric read_one_of_several(const Node& node) {
  if (!node.is_map())
    throw Error(Message::config_bad_value, "an item of metric is no map: with several metrics each says its goal",
                "write {name: loss, goal: minimize}")
        .at(node.place);
  FurtherMetric metric{.name = {}, .goal = Goal::minimize, .place = node.place};
  const auto name = [&](const Entry& entry) { metric.name = string_of(entry.value, "metric.name"); };
  const auto goal = [&](const Entry& entry) { metric.goal = goal_of(entry.value); };
  read_keys(node, "metric", readers_of(kSeveralMetricsKeys, {{"name", name}, {"goal", goal}}));
  for (const HostKey& key : kSeveralMetricsKeys)
    if (node.given(key.key) == nullptr)
      throw Error(Message::config_missing_key, fmt::format("an item of metric has no {}", key.key),
                  "write {name: loss, goal: minimize}")
          .at(node.place);
  return metric;
}

void read_several(const Node& node, StudyPlan& plan) {
  std::vector<FurtherMetric> metrics;
  for (const Node& item : node.items) {
    metrics.push_back(read_one_of_several(item));
    const FurtherMetric& last = metrics.back();
    if (std::ranges::count(metrics, last.name, &FurtherMetric::name) > 1)
      throw Error(Message::config_bad_value, fmt::format("metric names '{}' twice", shown(last.name)), "remove one")
          .at(last.place);
  }
  if (metrics.empty())
    throw Error(Message::config_bad_value, "metric is an empty list", "name a metric, or remove the key")
        .at(node.place);
  plan.metric.name = metrics.front().name;
  plan.metric.goal = metrics.front().goal;
  plan.metric_place = metrics.front().place;
  plan.goal_given = true;
  plan.further_metrics.assign(metrics.begin() + 1, metrics.end());
}

}  // namespace

void read_metric(const Node& node, StudyPlan& plan, RunSettings& run) {
  plan.metric_place = node.place;
  if (node.is_list()) return read_several(node, plan);
  if (!node.is_map()) {
    plan.metric.name = string_of(node, "metric");
    return;
  }
  const auto name = [&](const Entry& entry) {
    plan.metric.name = string_of(entry.value, "metric.name");
    plan.metric_place = entry.value.place;
  };
  const auto goal = [&](const Entry& entry) {
    plan.goal_given = true;
    plan.metric.goal = goal_of(entry.value);
  };
  const auto target = [&](const Entry& entry) { plan.metric.target = real_of(entry.value, "metric.target"); };
  const auto on_target = [&](const Entry& entry) {
    run.end_at_target = word_of(entry.value, "metric.on_target", words(kOnTargets)) == "end";
  };
  read_keys(node, "metric",
            readers_of(kMetricKeys, {{"name", name}, {"goal", goal}, {"target", target}, {"on_target", on_target}}));
  if (run.end_at_target && !plan.metric.target)
    throw Error(Message::config_missing_key, "metric says what happens at its target, and has no target",
                "add target: NUMBER, or remove on_target")
        .at(node.find("on_target")->place);
}

void check_metrics(const StudyPlan& plan, const std::string& pruner_at) {
  if (plan.further_metrics.empty()) return;
  if (lr_range::is_test(plan) || lr_range::needs_test(plan))
    throw Error(Message::config_impossible, "an LR range test measures the loss, and the study has several metrics",
                "name one metric, or write the lr that `tuner lr-range` suggests")
        .at(plan.metric_place);
  if (plan.pruner)
    throw Error(Message::config_impossible, "a pruner judges trials by one metric, and the study has several",
                "remove the pruner, or name one metric")
        .at(pruner_at);
  const auto summary = plan.training.find("summary");
  const auto* word = summary == plan.training.end() ? nullptr : std::get_if<Value>(&summary->second);
  if (word != nullptr && *word == Value(std::string("best")))
    throw Error(Message::config_impossible,
                "summary: best takes the values of several metrics from different steps of a trial",
                "remove summary: with several metrics the last values count, or name one metric")
        .at(plan.metric_place);
}

}  // namespace tuner::config
