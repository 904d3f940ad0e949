#include "tuner/commands/study_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tuner/error.hpp"
#include "tuner/report/table.hpp"

namespace tuner::commands {

namespace {

// A point with the first value of every dimension, but branch `branch` of dimension `fixed`.
Point first_point(const Space& space, std::optional<std::size_t> fixed, std::size_t branch) {
  Point point(space.dimensions.size());
  for (std::size_t i = 0; i < point.size(); ++i)
    if (is_active(space, point, i)) point[i] = grid_values(space.dimensions[i])[fixed == i ? branch : 0];
  return point;
}

// The branches that a point takes: trials that agree in them allocate and bind the same things.
std::string shape_of(const Space& space, const Point& point) {
  std::string shape;
  for (std::size_t i = 0; i < point.size(); ++i)
    if (point[i] && std::holds_alternative<Branches>(space.dimensions[i].domain)) shape += to_display(*point[i]) + "\n";
  return shape;
}

std::vector<MetricName> names_of(const StudyPlan& plan, const PluginUse& objective, SharedObjectives& shared) {
  try {
    return metric_names(objective, shared, plan.seed);
  } catch (Error& e) {
    throw Error(e).at(plan.config_path);
  }
}

}  // namespace

void complete_metric(StudyPlan& plan, SharedObjectives& shared) {
  for (std::size_t branch = 0; branch < plan.objective.branches.size(); ++branch) {
    const PluginUse objective = resolve(plan, first_point(plan.space, plan.objective.dimension, branch), 0).objective;
    const auto names = names_of(plan, objective, shared);
    if (plan.metric.name.empty()) {
      plan.metric.name = names.front().name;
      if (!plan.goal_given) plan.metric.goal = names.front().goal;
      continue;
    }
    const auto found = std::ranges::find(names, plan.metric.name, &MetricName::name);
    if (found != names.end()) {
      if (!plan.goal_given) plan.metric.goal = found->goal;
      plan.goal_given = true;
      continue;
    }
    // A black box reports what it likes, which shows only when it runs.
    if (!plan.optimizer) continue;
    std::vector<std::string> known;
    for (const auto& name : names) known.push_back(name.name);
    throw Error(Message::config_unknown_metric,
                fmt::format("objective '{}' has no metric '{}'", objective.plugin->id(), plan.metric.name),
                did_you_mean(plan.metric.name, known))
        .at(plan.metric_place);
  }
}

void check_study(const StudyPlan& plan, const search::Searcher& searcher, SharedObjectives& shared) {
  std::uint64_t total = std::min(searcher.size().value_or(kMostChecked), kMostChecked);
  if (plan.trials) total = std::min(total, *plan.trials);
  std::set<std::string> shapes;
  for (std::uint64_t number = 0; number < total && searcher.ready(number); ++number) {
    const Point point = searcher.propose(number);
    try {
      TrialSpec spec = resolve(plan, point, number);
      if (shapes.insert(shape_of(plan.space, point)).second) check_trial(std::move(spec), shared);
    } catch (Error& e) {
      const std::string parameters = report::parameters_text(parameters_of(plan.space, point));
      e.at(fmt::format("trial {}{}", number, parameters.empty() ? "" : " (" + parameters + ")"));
      throw Error(e).at(plan.config_path);
    }
  }
}

}  // namespace tuner::commands
