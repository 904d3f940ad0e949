#include "tuner/commands/study_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tuner/commands/study_files.hpp"
#include "tuner/end_measures.hpp"
#include "tuner/error.hpp"
#include "tuner/memory.hpp"
#include "tuner/objective.hpp"
#include "tuner/optimizer.hpp"
#include "tuner/report/table.hpp"
#include "tuner/schedule.hpp"
#include "tuner/search/grid.hpp"
#include "tuner/study/method.hpp"
#include "tuner/text.hpp"
#include "tuner/trainer.hpp"

namespace tuner::commands {

using executor::Subjects;

namespace {

// The branches that a point takes: trials that agree in them allocate and bind the same things.
std::string shape_of(const Space& space, const Configuration& point) {
  std::string shape;
  for (std::size_t i = 0; i < point.size(); ++i)
    if (point[i] && std::holds_alternative<Branches>(space.dimensions[i].domain)) shape += to_display(*point[i]) + "\n";
  return shape;
}

// The objective of a branch, with the first value of every option.
PluginUse first_objective(const executor::Inspected& asked, std::size_t branch) {
  const StudyPlan& plan = asked.study.plan;
  asked.about({{TUNER_KIND_OBJECTIVE, std::string(plan.objective.branches[branch].plugin->id())}});
  try {
    return resolve(plan, first_point(plan.space, plan.objective.dimension, branch), {}).objective;
  } catch (Error& error) {
    throw error.at(asked.study.source.path);
  }
}

std::vector<MetricName> names_of(const executor::Inspected& asked, const PluginUse& objective) {
  const std::string& file = asked.study.source.path;
  try {
    const Calling calling(asked.trace, TUNER_KIND_OBJECTIVE);
    return metric_names(objective, asked.shared, asked.study.plan.seed);
  } catch (const OutOfMemory& e) {
    throw Error(Message::plugin_data, e.what(), "name less data, or free some memory").at(file);
  } catch (Error& e) {
    throw Error(e).at(file);
  }
}

std::vector<TensorSpec> tensors_of(const executor::Inspected& asked, const PluginUse& objective) {
  const Calling calling(asked.trace, TUNER_KIND_OBJECTIVE);
  const HostServices host;
  const void* data = asked.shared.get(*objective.plugin, objective.options, asked.study.plan.seed);
  return describe(objective, data, host.abi()).tensors;
}

bool has_groups(const OneOf<PluginPlan>& optimizers) {
  return std::ranges::any_of(optimizers.branches, [](const PluginPlan& optimizer) {
    return !optimizer.groups.empty() || std::ranges::any_of(optimizer.inner, has_groups);
  });
}

// Everything but the objective at its first value, and of a range of reals the first one too: tensors do not depend on
// it. What is inside of a branch that is left out stands in the one that is kept.
Space space_of_layouts(const Space& space) {
  Space reduced = space;
  for (Dimension& dimension : reduced.dimensions) {
    const bool of_objective = dimension.name == "objective" || dimension.name.starts_with("objective.");
    auto* range = std::get_if<Range>(&dimension.domain);
    if (of_objective && range != nullptr && range->integer && !range->step) range->step = 1;
    if (of_objective && (range == nullptr || range->step)) continue;
    const Value first = first_value(dimension);
    for (Dimension& inside : reduced.dimensions)
      if (inside.parent && &reduced.dimensions[*inside.parent] == &dimension) inside.branch = 0;
    if (std::holds_alternative<Branches>(dimension.domain))
      dimension.domain = Branches{{std::get<std::string>(first)}};
    else
      dimension.domain = Values{first};
  }
  return reduced;
}

// A point of that space as one of the plan's.
Configuration without_inactive(const Space& space, Configuration point) {
  for (std::size_t i = 0; i < point.size(); ++i)
    if (!is_active(space, point, i)) point[i].reset();
  return point;
}

// The different layouts that trials of the study can have. `complete`: are these all?
std::vector<std::vector<TensorSpec>> layouts_of(const executor::Inspected& asked, bool& complete) {
  const StudyPlan& plan = asked.study.plan;
  constexpr std::uint64_t kMostLayouts = 256;
  const Space reduced = space_of_layouts(plan.space);
  const std::uint64_t size = grid_size(reduced);
  complete = size <= kMostLayouts;
  std::vector<std::vector<TensorSpec>> layouts;
  if (!complete) return layouts;
  const search::Grid grid(reduced);
  for (std::uint64_t n = 0; n < size; ++n) try {
      const TrialSpec spec = resolve(plan, without_inactive(plan.space, grid.propose(n)), {});
      asked.about({{TUNER_KIND_OBJECTIVE, std::string(spec.objective.plugin->id())}});
      layouts.push_back(tensors_of(asked, spec.objective));
    } catch (const Error&) {
      complete = false;  // the trial that has it will say so
    }
  return layouts;
}

void check_groups(const OneOf<PluginPlan>& optimizers, const std::vector<std::vector<TensorSpec>>& layouts) {
  for (const PluginPlan& optimizer : optimizers.branches) {
    std::vector<GroupMatch> matches;
    for (const GroupPlan& group : optimizer.groups) matches.push_back(group.match);
    for (std::size_t g = 0; g < matches.size(); ++g) {
      const auto takes = [&](std::span<const GroupMatch> groups, std::uint32_t number) {
        return std::ranges::any_of(layouts, [&](const auto& tensors) {
          return std::ranges::any_of(tensors, [&](const TensorSpec& t) { return group_of(groups, t) == number; });
        });
      };
      if (takes(matches, static_cast<std::uint32_t>(g + 1))) continue;
      const bool alone = takes(std::span(matches).subspan(g, 1), 1);
      throw Error(Message::config_impossible,
                  fmt::format("this group of optimizer '{}' takes no tensor: {}", optimizer.plugin->id(),
                              alone ? "those that it matches belong to earlier groups" : "none matches"),
                  fmt::format("the tensors are {}", tensor_names(layouts.front())))
          .at(optimizer.groups[g].place);
    }
    for (const auto& inner : optimizer.inner) check_groups(inner, layouts);
  }
}

Error at_trial(Error error, const Study& study, const Configuration& point, std::uint64_t number) {
  const std::string parameters = report::parameters_text(parameters_of(study.plan.space, point));
  error.at(fmt::format("trial {}{}", number, parameters.empty() ? "" : " (" + parameters + ")"));
  return error.at(study.source.path);
}

}  // namespace

std::vector<ObjectiveTensors> objective_tensors(const executor::Inspected& asked) {
  const StudyPlan& plan = asked.study.plan;
  std::vector<ObjectiveTensors> all;
  for (std::size_t branch = 0; branch < plan.objective.branches.size(); ++branch) {
    const PluginUse use = first_objective(asked, branch);
    all.push_back({plan.objective.branches[branch].label, tensors_of(asked, use)});
  }
  return all;
}

std::vector<std::vector<MetricName>> metric_names_of(const executor::Inspected& asked) {
  std::vector<std::vector<MetricName>> all;
  for (std::size_t branch = 0; branch < asked.study.plan.objective.branches.size(); ++branch)
    all.push_back(names_of(asked, first_objective(asked, branch)));
  return all;
}

namespace {

void check_stopping_metrics(const StudyPlan& plan, const std::vector<std::vector<MetricName>>& all) {
  for (const auto& [name, place] : plan.stopping_metrics)
    for (std::size_t branch = 0; branch < plan.objective.branches.size(); ++branch) {
      std::vector<std::string> known;
      for (const MetricName& metric : all[branch])
        if (!metric.name.starts_with("test_")) known.push_back(metric.name);
      if (std::ranges::find(known, name) != known.end()) continue;
      const bool late = std::ranges::find(all[branch], name, &MetricName::name) != all[branch].end();
      throw Error(Message::config_unknown_metric,
                  late ? fmt::format("early_stopping listens to '{}', which is measured once, at the end", name)
                       : fmt::format("objective '{}' has no metric '{}' for early_stopping",
                                     plan.objective.branches[branch].plugin->id(), shown(name)),
                  did_you_mean(name, known))
          .at(place);
    }
}

void check_further_metrics(const StudyPlan& plan, const std::vector<std::vector<MetricName>>& all) {
  for (const FurtherMetric& metric : plan.further_metrics)
    for (std::size_t branch = 0; branch < plan.objective.branches.size(); ++branch) {
      std::vector<std::string> known;
      for (const MetricName& name : all[branch]) known.push_back(name.name);
      if (std::ranges::find(known, metric.name) != known.end()) continue;
      throw Error(Message::config_unknown_metric,
                  fmt::format("objective '{}' has no metric '{}'", plan.objective.branches[branch].plugin->id(),
                              shown(metric.name)),
                  did_you_mean(metric.name, known))
          .at(metric.place);
    }
}

}  // namespace

Study with_metric(Study study, const std::vector<std::vector<MetricName>>& all) {
  StudyPlan& plan = study.plan;
  for (std::size_t branch = 0; branch < plan.objective.branches.size(); ++branch) {
    const auto& names = all[branch];
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
                fmt::format("objective '{}' has no metric '{}'", plan.objective.branches[branch].plugin->id(),
                            shown(plan.metric.name)),
                did_you_mean(plan.metric.name, known))
        .at(plan.metric_place);
  }
  if (plan.optimizer) check_stopping_metrics(plan, all);
  if (plan.optimizer) check_further_metrics(plan, all);
  return study;
}

std::vector<CheckedPoint> points_to_check(const Study& study, const search::Searcher& searcher) {
  const std::uint64_t total = std::min(searcher.size().value_or(kMostChecked), kMostChecked);
  // Of a search that learns what it proposes before the first result.
  const auto is_known = [&](std::uint64_t configuration) {
    return !searcher.learns() || searcher.needs(configuration).value_or(configuration) == 0;
  };
  // Replicates differ in their random numbers alone: the first one stands for all.
  std::vector<CheckedPoint> points;
  for (std::uint64_t configuration = 0; configuration < total && is_known(configuration); ++configuration) {
    const TrialId trial{.number = searcher.first_trial(configuration), .configuration = configuration, .replicate = 0};
    if (trial.number >= study.run.trials.value_or(UINT64_MAX)) break;
    points.push_back({trial, searcher.propose(configuration)});
  }
  return points;
}

void check_points(const executor::Inspected& asked, const std::vector<CheckedPoint>& points) {
  const StudyPlan& plan = asked.study.plan;
  if (plan.optimizer && has_groups(*plan.optimizer)) {
    bool complete = false;
    const auto layouts = layouts_of(asked, complete);
    const bool tensors = std::ranges::any_of(layouts, [](const auto& layout) { return !layout.empty(); });
    if (complete && tensors) check_groups(*plan.optimizer, layouts);
  }
  std::set<std::string> shapes;
  std::optional<Error> too_large;
  for (const auto& [trial, point] : points) {
    try {
      Subjects subjects;
      for (const Plugin* plugin : plugins_of(plan, point))
        subjects.emplace(static_cast<std::uint32_t>(plugin->kind()), plugin->id());
      asked.about(subjects);
      TrialSpec spec = resolve(asked.study, point, trial);
      study::check_trial(plan, spec);
      if (const std::string shape = shape_of(plan.space, point); !shapes.contains(shape)) {
        {
          const Calling calling(asked.trace, TUNER_KIND_OBJECTIVE);
          require_memory(spec, asked.shared);
        }
        check_trial(std::move(spec), asked.shared, &asked.trace, end_measures_of(asked.study, point));
        shapes.insert(shape);
      }
    } catch (const Error& e) {
      throw at_trial(e, asked.study, point, trial.number);
    } catch (const std::bad_alloc& e) {
      // That trial's outcome, unless it is that of all.
      if (!too_large)
        too_large = at_trial(Error(Message::config_impossible, e.what(),
                                   "make the model or the optimizer's state smaller, or run fewer workers"),
                             asked.study, point, trial.number);
    }
  }
  if (too_large && shapes.empty()) throw Error(*too_large);
}

}  // namespace tuner::commands
