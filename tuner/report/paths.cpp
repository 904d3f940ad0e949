#include "tuner/report/paths.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace tuner::report {

namespace {

struct Path {
  std::vector<double> steps, x, y;
};

// Nothing where it has another number of weights than two, or none that are finite.
std::optional<Path> path_of(const storage::Store& store, const std::string& study, std::uint64_t number,
                            storage::Damage& damage) {
  std::map<std::int64_t, std::pair<std::optional<double>, std::optional<double>>> points;
  for (const MetricPoint& point : store.trial(study, number, &damage).metrics) {
    if (point.name == "weights.2") return std::nullopt;
    if (!std::isfinite(point.value)) continue;
    if (point.name == "weights.0") points[point.step].first = point.value;
    if (point.name == "weights.1") points[point.step].second = point.value;
  }
  Path path;
  for (const auto& [step, point] : points) {
    if (!point.first || !point.second) continue;
    path.steps.push_back(static_cast<double>(step));
    path.x.push_back(*point.first);
    path.y.push_back(*point.second);
  }
  return path.steps.empty() ? std::nullopt : std::optional(std::move(path));
}

// Evenly, with both ends.
std::vector<double> thinned(const std::vector<double>& values, std::size_t most) {
  if (values.size() <= most) return values;
  std::vector<double> kept;
  for (std::size_t i = 0; i < most; ++i) kept.push_back(values[i * (values.size() - 1) / (most - 1)]);
  return kept;
}

void widen(std::optional<Interval>& interval, double at) {
  if (!interval) interval = Interval{at, at};
  interval->low = std::min(interval->low, at);
  interval->high = std::max(interval->high, at);
}

// A few steps that overshoot by far would hide all the others.
void enclose(std::optional<Interval>& interval, std::vector<double> values) {
  widen(interval, values.front());
  widen(interval, values.back());
  std::ranges::sort(values);
  const std::size_t out = values.size() / 40;
  widen(interval, values[out]);
  widen(interval, values[values.size() - 1 - out]);
}

// A margin; a path that stays where it is gets room of its own size.
Interval with_margin(const Interval& interval) {
  const double size = interval.size() > 0 ? interval.size() : std::max(1.0, std::abs(interval.low));
  return {interval.low - 0.15 * size, interval.high + 0.15 * size};
}

std::optional<Json> plan_of(const storage::Store& store, const std::string& study) {
  const auto versions = store.versions(study);
  if (versions.empty()) return std::nullopt;
  try {
    Json plan = Json::parse(versions.back().plan);
    if (plan.is_object()) return plan;
  } catch (const std::invalid_argument&) {  // no canonical plan
  }
  return std::nullopt;
}

}  // namespace

bool records_weights(const storage::Store& store, const std::string& study) {
  const std::optional<Json> plan = plan_of(store, study);
  if (!plan || !plan->contains("training")) return false;
  const Json& training = plan->at("training");
  return training.is_object() && training.contains("log_weights") && !(training.at("log_weights") == Json(false));
}

std::optional<PlannedObjective> planned_objective(const storage::Store& store, const std::string& study) {
  const std::optional<Json> plan = plan_of(store, study);
  if (!plan || !plan->contains("objective")) return std::nullopt;
  const Json& objective = plan->at("objective");
  if (!objective.is_object() || !objective.contains("plugin") || !objective.contains("options")) return std::nullopt;
  for (const Json& option : objective.at("options"))
    if (option.is_object()) return std::nullopt;  // a domain
  return PlannedObjective{.id = objective.at("plugin").get<std::string>(), .options = objective.at("options")};
}

Json paths_json(const storage::Store& store, const std::string& study, const std::vector<std::uint64_t>& first,
                const std::vector<std::uint64_t>& others, PackedArrays& arrays, std::optional<PathBox>& box,
                storage::Damage& damage) {
  constexpr std::size_t kMostPoints = 400;
  std::vector<std::uint64_t> trials = first;
  for (const std::uint64_t number : others)
    if (std::ranges::find(trials, number) == trials.end()) trials.push_back(number);
  Json list = Json::array();
  std::vector<double> steps, x, y;
  std::optional<Interval> across, up;
  bool is_any_of_first = false;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const std::optional<Path> path = path_of(store, study, trials[i], damage);
    if (!path) continue;
    // Of the first ones; where none of them has a path, of all.
    if (i < first.size() || !is_any_of_first) {
      enclose(across, path->x);
      enclose(up, path->y);
    }
    is_any_of_first = is_any_of_first || i < first.size();
    const std::size_t at = steps.size();
    for (const auto& [from, to] : {std::pair(&path->steps, &steps), std::pair(&path->x, &x), std::pair(&path->y, &y)})
      std::ranges::copy(thinned(*from, kMostPoints), std::back_inserter(*to));
    list.push_back({{"trial", trials[i]}, {"at", at}, {"count", steps.size() - at}, {"measured", path->steps.size()}});
  }
  if (list.empty()) return {};
  box = PathBox{.x = with_margin(*across), .y = with_margin(*up)};
  return {{"list", std::move(list)}, {"steps", arrays.add(steps)}, {"x", arrays.add(x)}, {"y", arrays.add(y)}};
}

}  // namespace tuner::report
