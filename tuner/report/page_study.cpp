#include "tuner/report/page_study.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include "tuner/plan.hpp"
#include "tuner/report/importance.hpp"
#include "tuner/report/optimizer_ranking.hpp"
#include "tuner/report/page_columns.hpp"
#include "tuner/report/page_sections.hpp"
#include "tuner/report/performance_profile.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/stored_space.hpp"

namespace tuner::report {

namespace {

using storage::Damage;
using storage::RunRow;
using storage::Store;

constexpr std::size_t kBest = 100, kDrawn = 100;

// So many of the items that pass, each with the same chance, always the same ones (Vitter 1985, algorithm R).
template <class Item>
class Draw {
 public:
  explicit Draw(std::size_t most) : most_(most) {}
  void add(Item item) {
    if (items_.size() < most_) {
      items_.push_back(std::move(item));
    } else if (const std::uint64_t at = random_() % (seen_ + 1); at < most_) {
      items_[at] = std::move(item);
    }
    ++seen_;
  }
  [[nodiscard]] const std::vector<Item>& items() const { return items_; }

 private:
  std::size_t most_;
  std::uint64_t seen_ = 0;
  std::mt19937_64 random_{1};
  std::vector<Item> items_;
};

Json json_of(const StoredParameter& parameter) {
  return {{"name", parameter.name},
          {"choices", Json(parameter.choices)},
          {"integer", parameter.integer},
          {"log", parameter.scale == Scale::log},
          {"low", report::json_of(parameter.low)},
          {"high", report::json_of(parameter.high)}};
}

Json parameters_json(const std::vector<StoredParameter>& parameters) {
  Json list = Json::array();
  for (const StoredParameter& parameter : parameters) list.push_back(json_of(parameter));
  return list;
}

// As `tuner importance` has it; empty where there is nothing to weigh.
Json importance_json(const std::vector<StoredParameter>& parameters, const std::vector<Assessed>& trials) {
  Json list = Json::array();
  if (parameters.empty() || trials.size() < 2) return list;
  const std::vector<double> shares = normalized(ped_anova(parameters, trials));
  for (std::size_t p = 0; p < parameters.size(); ++p)
    list.push_back({{"parameter", parameters[p].name}, {"importance", report::json_of(shares[p])}});
  return list;
}

Json plugins_json(const Store& store, const std::string& name) {
  Json list = Json::array();
  for (const storage::PluginRecord& plugin : store.plugins(name)) list.push_back(report::json_of(plugin));
  return list;
}

// Every metric of these trials. {"trial", "metric", "at", "count", "measured"}: where its points begin in the arrays of
// steps and values, how many they are, and of how many.
Json curves_json(const Store& store, const std::string& name, const std::vector<std::uint64_t>& trials,
                 PackedArrays& arrays, Damage& damage) {
  constexpr std::size_t kMostOfCurve = 300, kMostOfTrial = 6000, kLeastOfCurve = 20;
  std::vector<double> steps, values;
  Json list = Json::array();
  for (const std::uint64_t number : trials) {
    std::map<std::string, std::vector<storage::CurvePoint>> metrics;
    for (const MetricPoint& point : store.trial(name, number, &damage).metrics)
      metrics[point.name].push_back({point.step, point.value});
    const std::size_t most =
        std::clamp(kMostOfTrial / std::max<std::size_t>(metrics.size(), 1), kLeastOfCurve, kMostOfCurve);
    for (auto& [metric, points] : metrics) {
      const std::size_t measured = points.size();
      storage::thin(points, most);
      list.push_back({{"trial", number},
                      {"metric", metric},
                      {"at", steps.size()},
                      {"count", points.size()},
                      {"measured", measured}});
      for (const storage::CurvePoint& point : points) {
        steps.push_back(static_cast<double>(point.step));
        values.push_back(point.value);
      }
    }
  }
  return {{"list", std::move(list)}, {"steps", arrays.add(steps)}, {"values", arrays.add(values)}};
}

// Of each optimizer the best completed trial, the first one among equals.
class BestOfOptimizers {
 public:
  void add(const RunRow& run, const std::string& optimizer, Goal goal) {
    if (run.outcome != Outcome::completed || !run.value || !std::isfinite(*run.value)) return;
    const double cost = goal == Goal::minimize ? *run.value : -*run.value;
    const auto [best, is_new] = best_.try_emplace(optimizer, cost, run.number);
    if (!is_new && cost < best->second.first) best->second = {cost, run.number};
  }
  // From the best optimizer on.
  [[nodiscard]] std::vector<std::uint64_t> trials() const {
    std::vector<std::pair<double, std::uint64_t>> ranked;
    for (const auto& [optimizer, best] : best_) ranked.push_back(best);
    std::ranges::sort(ranked);
    std::vector<std::uint64_t> numbers;
    for (const auto& [cost, number] : ranked) numbers.push_back(number);
    return numbers;
  }

 private:
  std::map<std::string, std::pair<double, std::uint64_t>> best_;
};

// What the trials have of the metrics after the first.
struct FurtherValues {
  FurtherMetric metric;
  std::vector<double> values;  // what each trial measured last, NaN: nothing
};

struct Pass {
  TrialColumns columns;
  std::vector<Assessed> assessed;
  Draw<std::uint64_t> drawn{kDrawn + kBest};
  std::map<std::uint64_t, Replicates> replicates;  // by configuration, of those that are shown
  BestOfOptimizers best_of_optimizers;
  std::vector<FurtherValues> further;
  std::vector<std::size_t> assessed_rows;  // of each that is assessed its place among all
};

Pass read_trials(const Store& store, const storage::StudyRow& study, const std::vector<StoredParameter>& parameters,
                 Damage& damage) {
  std::vector<std::string> names;
  for (const StoredParameter& parameter : parameters) names.push_back(parameter.name);
  Pass pass{.columns = TrialColumns(names),
            .assessed = {},
            .replicates = {},
            .best_of_optimizers = {},
            .further = {},
            .assessed_rows = {}};
  for (FurtherMetric& metric : further_metrics_of(store.versions(study.name).back().plan))
    pass.further.push_back({.metric = std::move(metric), .values = {}});
  std::vector<std::uint64_t> numbers;
  if (study.is_repeated()) pass.replicates = shown_configurations(store, study.name, damage);
  const OptimizerOfTrial optimizer(store, study.name);
  const auto tags = store.tags_of_trials(study.name, &damage);
  const auto take = [&](RunRow run) {
    if (const auto found = tags.find(run.number); found != tags.end()) run.tags = found->second;
    const std::string trained_with = optimizer.of(run);
    pass.columns.add(run, trained_with);
    pass.best_of_optimizers.add(run, trained_with, study.goal);
    pass.drawn.add(run.number);
    if (auto trial = assessed(parameters, run, study.goal)) {
      pass.assessed.push_back(std::move(*trial));
      pass.assessed_rows.push_back(numbers.size());
    }
    numbers.push_back(run.number);
    if (const auto found = pass.replicates.find(run.configuration); found != pass.replicates.end())
      found->second.add(run);
  };
  store.read_runs(study.name, 0, false, take, &damage);
  for (FurtherValues& further : pass.further)
    for (const std::uint64_t number : numbers)
      further.values.push_back(store.last_value(study.name, number, further.metric.name).value_or(std::nan("")));
  return pass;
}

// The metrics after the first: {"name", "goal", "values", "importance"}; values are those of all trials, in their
// order.
Json further_json(const std::vector<StoredParameter>& parameters, const Pass& pass, PackedArrays& arrays) {
  Json list = Json::array();
  for (const auto& [metric, values] : pass.further) {
    std::vector<Assessed> trials;
    for (std::size_t i = 0; i < pass.assessed.size(); ++i) {
      const double value = values[pass.assessed_rows[i]];
      if (!std::isfinite(value)) continue;
      trials.push_back(pass.assessed[i]);
      trials.back().loss = metric.goal == Goal::minimize ? value : -value;
    }
    list.push_back({{"name", metric.name},
                    {"goal", to_string(metric.goal)},
                    {"values", arrays.add(values)},
                    {"importance", importance_json(parameters, trials)}});
  }
  return list;
}

std::vector<std::uint64_t> best_trials(const Store& store, const std::string& name, Damage& damage) {
  std::vector<std::uint64_t> best;
  store.read_runs(
      name, kBest, true, [&](const RunRow& run) { best.push_back(run.number); }, &damage);
  return best;
}

// The best ones first, then some of the others.
std::vector<std::uint64_t> trials_with_curves(const std::vector<std::uint64_t>& best,
                                              const std::vector<std::uint64_t>& drawn) {
  std::vector<std::uint64_t> trials = best;
  for (const std::uint64_t number : drawn)
    if (trials.size() < best.size() + kDrawn && std::ranges::find(best, number) == best.end()) trials.push_back(number);
  return trials;
}

}  // namespace

PageStudy page_study(const Store& store, const std::string& name, Damage& damage) {
  const storage::StudyRow study = store.study(name);
  const auto parameters = parameters_of_study(store, name, damage);
  PackedArrays arrays;
  Json json{{"study", report::json_of(study)}, {"parameters", parameters_json(parameters)}};
  std::optional<PathBox> box;
  const auto best = best_trials(store, name, damage);
  {
    const Pass pass = read_trials(store, study, parameters, damage);
    json["columns"] = pass.columns.pack(arrays);
    json["importance"] = importance_json(parameters, pass.assessed);
    json["further_metrics"] = further_json(parameters, pass, arrays);
    json["replicates"] = replicates_json(pass.replicates);
    const auto trials = trials_with_curves(best, pass.drawn.items());
    json["curves"] = curves_json(store, name, trials, arrays, damage);
    json["paths"] = records_weights(store, name)
                        ? paths_json(store, name, pass.best_of_optimizers.trials(), trials, arrays, box, damage)
                        : Json();
  }
  json["best"] = Json(std::vector<Json>(best.begin(), best.end()));
  json["pruning"] = pruning_json(store, name, arrays);
  json["front"] = front_json(store, name, arrays, damage);
  json["plugins"] = plugins_json(store, name);
  json["machines"] = Json(store.machines(name));
  json["config"] = store.study_config(name, &damage);
  json["overrides"] = Json(store.study_overrides(name, &damage));
  return {.description = std::move(json), .arrays = arrays.packed(), .paths = box};
}

Json page_ranking(const Store& store, const std::vector<std::string>& names, Damage& damage) {
  const OptimizerRanking ranking = optimizer_ranking(store, names, std::nullopt, damage);
  if (ranking.optimizers.empty()) return {};
  Json json = report::json_of(ranking), taus = Json::array(), profiles = Json::object();
  for (int point = 0; point < kProfilePoints; ++point) taus.push_back(profile_tau(point));
  const std::pair<const char*, double OptimizerResult::*> costs[] = {{"evaluations", &OptimizerResult::evaluations},
                                                                     {"seconds", &OptimizerResult::seconds}};
  for (const auto& [name, cost] : costs) {
    Json list = Json::array();
    for (const std::vector<double>& profile : performance_profiles(contenders(ranking, cost)))
      list.push_back(Json(std::vector<Json>(profile.begin(), profile.end())));
    profiles[name] = std::move(list);
  }
  json["taus"] = std::move(taus);
  json["profiles"] = std::move(profiles);
  return json;
}

}  // namespace tuner::report
