#include "tuner/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"

namespace tuner::report {

namespace {

using Row = SideBySide::Row;

constexpr std::string_view kSeconds = "seconds";

std::string short_hash(const std::string& sha256) { return sha256.substr(0, 12); }

// The row of that name; a new one at the end where there is none.
Row& row_of(SideBySide& trials, const std::string& section, const std::string& name) {
  const auto found =
      std::ranges::find_if(trials.rows, [&](const Row& row) { return row.section == section && row.name == name; });
  if (found != trials.rows.end()) return *found;
  trials.rows.push_back({section, name, std::vector<std::optional<Value>>(trials.names.size())});
  return trials.rows.back();
}

void add_trial(SideBySide& all, std::size_t index, const storage::TrialDetail& trial) {
  const auto put = [&](const char* name, Value value) { row_of(all, "trial", name).cells[index] = std::move(value); };
  const storage::RunRow& run = trial.run;
  put("outcome", std::string(to_string(run.outcome)));
  if (run.value) put("value", *run.value);
  put("steps", run.steps);
  put("evaluations", static_cast<std::int64_t>(run.evaluations));
  put(kSeconds.data(), run.wall_seconds);
  put("seed", static_cast<std::int64_t>(run.seed));
  for (const auto& [name, value] : run.parameters) row_of(all, "parameter", name).cells[index] = value;
  for (std::size_t i = 0; i < trial.metrics.size(); ++i) {
    const bool last = i + 1 == trial.metrics.size() || trial.metrics[i + 1].name != trial.metrics[i].name;
    if (last) row_of(all, "metric", trial.metrics[i].name).cells[index] = trial.metrics[i].value;
  }
  for (const storage::PluginRecord& plugin : trial.plugins)
    row_of(all, "plugin", fmt::format("{} {}", plugin.kind, plugin.id)).cells[index] =
        fmt::format("{}{}{}", plugin.version, plugin.version.empty() ? "" : " ", short_hash(plugin.sha256));
}

std::string interval_text(const Mean& mean) {
  return mean.low ? fmt::format("{:.6g} to {:.6g}", *mean.low, *mean.high) : "";
}

std::string test_text(const GroupResult& result) {
  if (!result.test) return "";
  const std::string pairs = result.pairs > 0 ? fmt::format(", {} pairs", result.pairs) : "";
  return fmt::format("p = {:.2g} ({}{})", result.test->p, result.test->name, pairs);
}

std::optional<double> median_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void test_against(const Group& first, const Group& other, GroupResult& result) {
  std::map<std::string, double> by_pairing;
  for (std::size_t i = 0; i < first.values.size(); ++i) by_pairing.emplace(first.pairing[i], first.values[i]);
  std::vector<double> a, b;
  for (std::size_t i = 0; i < other.values.size(); ++i)
    if (const auto pair = by_pairing.find(other.pairing[i]); pair != by_pairing.end()) {
      a.push_back(pair->second);
      b.push_back(other.values[i]);
      by_pairing.erase(pair);
    }
  if (!a.empty() && a.size() == std::min(first.values.size(), other.values.size())) {
    result.test = paired_test(a, b);
    result.pairs = a.size();
  } else {
    result.test = unpaired_test(first.values, other.values);
  }
}

}  // namespace

bool SideBySide::Row::differs() const {
  if (section == "trial" && name == kSeconds) return false;
  return std::ranges::any_of(cells, [&](const auto& cell) { return cell != cells.front(); });
}

SideBySide side_by_side(const std::vector<std::string>& names, const std::vector<storage::TrialDetail>& trials) {
  SideBySide all{.names = names, .rows = {}};
  for (std::size_t i = 0; i < trials.size(); ++i) add_trial(all, i, trials[i]);
  // Rows of a later trial stand behind those of the first: together with their section again.
  constexpr std::string_view kSections[] = {"trial", "parameter", "metric", "plugin"};
  const auto place = [&](const Row& row) { return std::ranges::find(kSections, row.section) - std::begin(kSections); };
  std::ranges::stable_sort(all.rows, {}, place);
  return all;
}

void print(std::ostream& out, const SideBySide& trials, bool differences_alone) {
  TableWriter table(out, "table");
  std::vector<std::string> columns{"", "", "differs"};
  columns.insert(columns.end(), trials.names.begin(), trials.names.end());
  table.header(columns);
  for (const Row& row : trials.rows) {
    if (differences_alone && !row.differs()) continue;
    std::vector<Value> cells{row.section, row.name, std::string(row.differs() ? "*" : "")};
    for (const auto& cell : row.cells) cells.push_back(cell ? *cell : Value(std::string()));
    table.row(cells);
  }
  table.end();
}

Json json_of(const SideBySide& trials) {
  Json rows = Json::array();
  for (const Row& row : trials.rows) {
    Json values = Json::array();
    for (const auto& cell : row.cells) values.push_back(cell ? json_of({{"value", *cell}}).at("value") : Json());
    rows.push_back(
        {{"section", row.section}, {"name", row.name}, {"differs", row.differs()}, {"values", std::move(values)}});
  }
  return {{"trials", trials.names}, {"rows", std::move(rows)}};
}

GroupComparison compare(std::string metric, Goal goal, std::vector<Group> groups) {
  GroupComparison comparison{.metric = std::move(metric), .goal = goal, .groups = std::move(groups), .results = {}};
  for (const Group& group : comparison.groups) {
    GroupResult result{.best = {}, .median = median_of(group.values), .mean = mean_of(group.values), .test = {}};
    if (!group.values.empty())
      result.best = goal == Goal::minimize ? std::ranges::min(group.values) : std::ranges::max(group.values);
    if (&group != &comparison.groups.front()) test_against(comparison.groups.front(), group, result);
    comparison.results.push_back(std::move(result));
  }
  return comparison;
}

void print(std::ostream& out, const GroupComparison& comparison) {
  out << fmt::format("{} ({}) of completed trials\n", comparison.metric, to_string(comparison.goal));
  const auto number = [](const std::optional<double>& value) { return value ? Value(*value) : Value(Null{}); };
  TableWriter table(out, "table");
  std::vector<std::string> columns{"",       "trials", "completed",     "best",
                                   "median", "mean",   "95 % interval", "against the first"};
  table.header(columns);
  for (std::size_t i = 0; i < comparison.groups.size(); ++i) {
    const Group& group = comparison.groups[i];
    const GroupResult& result = comparison.results[i];
    table.row({group.name, static_cast<std::int64_t>(group.trials), static_cast<std::int64_t>(group.completed),
               number(result.best), number(result.median), result.mean.n > 0 ? Value(result.mean.mean) : Value(Null{}),
               interval_text(result.mean), test_text(result)});
  }
  table.end();
  for (const Group& group : comparison.groups)
    if (!group.what.empty()) out << fmt::format("{}: {}\n", group.name, group.what);
}

Json json_of(const GroupComparison& comparison) {
  Json groups = Json::array();
  for (std::size_t i = 0; i < comparison.groups.size(); ++i) {
    const Group& group = comparison.groups[i];
    const GroupResult& result = comparison.results[i];
    groups.push_back({{"name", group.name},
                      {"what", group.what.empty() ? Json() : Json(group.what)},
                      {"trials", group.trials},
                      {"completed", group.completed},
                      {"best", json_of(result.best)},
                      {"median", json_of(result.median)},
                      {"mean", result.mean.n > 0 ? json_of(result.mean.mean) : Json()},
                      {"standard_deviation", json_of(result.mean.deviation)},
                      {"low", json_of(result.mean.low)},
                      {"high", json_of(result.mean.high)},
                      {"interval", result.mean.method.empty() ? Json() : Json(std::string(result.mean.method))},
                      {"p", result.test ? json_of(result.test->p) : Json()},
                      {"test", result.test ? Json(std::string(result.test->name)) : Json()},
                      {"pairs", static_cast<std::uint64_t>(result.pairs)}});
  }
  return {{"metric", comparison.metric}, {"goal", to_string(comparison.goal)}, {"groups", std::move(groups)}};
}

}  // namespace tuner::report
