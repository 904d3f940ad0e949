#include "tuner/lr_range/settings.hpp"

#include <algorithm>

namespace tuner::lr_range {

Json canonical(const TestSettings& s) {
  if (s.of_program)
    return {{"lr_min", s.lr_min},
            {"lr_max", s.lr_max},
            {"seeds", s.seeds},
            {"parameter", s.lr_parameter},
            {"ladder", {{"points", s.grid_points}, {"budget", s.grid_budget}}}};
  Json object{{"lr_min", s.lr_min},       {"lr_max", s.lr_max}, {"steps", s.steps},   {"seeds", s.seeds},
              {"smoothing", s.smoothing}, {"stop", s.stop},     {"extend", s.extend}, {"curvature", s.curvature}};
  for (const char* part : {"ladder", "stability", "probe"}) object[part] = Json();
  if (s.grid_points > 0) object["ladder"] = {{"points", s.grid_points}, {"steps", s.grid_steps}};
  if (s.stability_steps > 0) object["stability"] = {{"steps", s.stability_steps}, {"precision", s.stability_precision}};
  if (s.probes > 0) object["probe"] = {{"times", s.probes}};
  return object;
}

TestSettings settings_of(const StudyPlan& plan) {
  TestSettings s;
  const auto found = plan.sections.find(kMethod);
  if (found == plan.sections.end()) return s;
  const Json& section = found->second;
  s.lr_min = section["lr_min"].get<double>();
  s.lr_max = section["lr_max"].get<double>();
  s.seeds = section["seeds"].get<std::int64_t>();
  if (plan.program) {
    s.of_program = true;
    s.lr_parameter = section["parameter"].get<std::string>();
    s.grid_points = section["ladder"]["points"].get<std::int64_t>();
    s.grid_budget = section["ladder"]["budget"].get<double>();
    s.stability_steps = 0;
    s.probes = 0;
    s.curvature = false;
    s.metric = plan.metric.name;
    s.goal = plan.metric.goal;
    return s;
  }
  s.steps = section["steps"].get<std::int64_t>();
  s.smoothing = section["smoothing"].get<double>();
  s.stop = section["stop"].get<double>();
  s.extend = section["extend"].get<bool>();
  s.curvature = section["curvature"].get<bool>();
  const Json& grid = section["ladder"];
  s.grid_points = grid.is_null() ? 0 : grid["points"].get<std::int64_t>();
  if (!grid.is_null()) s.grid_steps = grid["steps"].get<std::int64_t>();
  const Json& stability = section["stability"];
  s.stability_steps = stability.is_null() ? 0 : stability["steps"].get<std::int64_t>();
  if (!stability.is_null()) s.stability_precision = stability["precision"].get<double>();
  const Json& probe = section["probe"];
  s.probes = probe.is_null() ? 0 : probe["times"].get<std::int64_t>();
  return s;
}

bool is_test(const StudyPlan& plan) { return plan.method == kMethod; }

bool is_tested(const Dimension& dimension) {
  const auto* range = std::get_if<Range>(&dimension.domain);
  return range != nullptr && range->source && range->source->study == kMethod;
}

bool needs_test(const StudyPlan& plan) {
  return is_test(plan) || std::ranges::any_of(plan.space.dimensions, is_tested);
}

}  // namespace tuner::lr_range
