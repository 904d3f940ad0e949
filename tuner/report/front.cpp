#include "tuner/report/front.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "tuner/plan.hpp"
#include "tuner/report/listing.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"

namespace tuner::report {

namespace {

// The smaller the better.
std::vector<double> costs_of(const FrontRow& row, const std::vector<Goal>& goals) {
  std::vector<double> costs = row.values;
  for (std::size_t i = 0; i < costs.size(); ++i)
    if (goals[i] == Goal::maximize) costs[i] = -costs[i];
  return costs;
}

// Requires: a comes before b in the order of all costs, so that b is no better where they are equal.
bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  return a != b && std::ranges::equal(a, b, std::less_equal<>());
}

// Trials of one configuration.
struct Replicates {
  FrontRow row;
  std::uint64_t count = 0;
  std::uint64_t ended = 0;  // with a value or not
};

// Those with all values, by configuration.
std::map<std::uint64_t, Replicates> completed(const storage::Store& store, const std::string& study, const Front& front,
                                              const Filter* where, storage::Damage* damage) {
  std::vector<storage::RunRow> runs;
  std::map<std::uint64_t, std::uint64_t> ended;
  store.read_runs(
      study, 0, false,
      [&](storage::RunRow run) {
        if (!is_open(run.outcome)) ++ended[run.configuration];
        const bool counts = run.outcome == Outcome::completed && run.value && run.violation.value_or(0) == 0;
        if (counts && (where == nullptr || where->matches(run))) runs.push_back(std::move(run));
      },
      damage);
  std::map<std::uint64_t, Replicates> all;
  for (storage::RunRow& run : runs) {
    std::vector<double> values{*run.value};
    for (std::size_t i = 1; i < front.metrics.size(); ++i)
      if (const auto value = store.last_value(study, run.number, front.metrics[i])) values.push_back(*value);
    if (values.size() < front.metrics.size()) continue;
    Replicates& replicates = all[run.configuration];
    replicates.ended = ended.at(run.configuration);
    if (replicates.count++ == 0) {
      replicates.row = {std::move(run), std::move(values)};
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i) replicates.row.values[i] += values[i];
  }
  return all;
}

}  // namespace

bool has_several_metrics(const storage::Store& store, const std::string& study) {
  return !further_metrics_of(store.versions(study).back().plan).empty();
}

Front front_of(const storage::Store& store, const std::string& study, const Filter* where, storage::Damage* damage) {
  const storage::StudyRow stored = store.study(study);
  Front front{.metrics = {stored.metric}, .goals = {stored.goal}, .rows = {}, .dominated = {}};
  for (const FurtherMetric& metric : further_metrics_of(store.versions(study).back().plan)) {
    front.metrics.push_back(metric.name);
    front.goals.push_back(metric.goal);
  }
  std::vector<std::pair<std::vector<double>, FrontRow>> candidates;
  for (auto& [configuration, replicates] : completed(store, study, front, where, damage)) {
    const std::uint64_t due = stored.repeats == 0 ? replicates.ended : stored.repeats;
    if (replicates.count < due) continue;
    for (double& value : replicates.row.values) value /= static_cast<double>(replicates.count);
    candidates.emplace_back(costs_of(replicates.row, front.goals), std::move(replicates.row));
  }
  std::ranges::stable_sort(candidates, {}, &std::pair<std::vector<double>, FrontRow>::first);
  // In this order nothing that comes later dominates what came before.
  std::vector<std::vector<double>> kept;
  for (auto& [costs, row] : candidates) {
    if (std::ranges::any_of(kept, [&](const auto& other) { return dominates(other, costs); })) {
      front.dominated.push_back(std::move(row));
      continue;
    }
    kept.push_back(costs);
    front.rows.push_back(std::move(row));
  }
  return front;
}

Json json_of(const Front& front, const FrontRow& row) {
  Json json;
  json["trial"] = row.run.number;
  json["configuration"] = row.run.configuration;
  Json& values = json["values"] = Json::object();
  for (std::size_t i = 0; i < row.values.size(); ++i) values[front.metrics[i]] = json_of(row.values[i]);
  json["parameters"] = json_of(row.run.parameters);
  return json;
}

namespace {

// A CSV has a column for each metric.
Json flat(const Front& front, const FrontRow& row) {
  Json json;
  json["trial"] = row.run.number;
  json["configuration"] = row.run.configuration;
  for (std::size_t i = 0; i < row.values.size(); ++i) json["value." + front.metrics[i]] = json_of(row.values[i]);
  json["parameters"] = json_of(row.run.parameters);
  return json;
}

void print_table(const Front& front, std::size_t rows) {
  TableWriter table(std::cout, "table");
  std::vector<std::string> header{"trial"};
  header.insert(header.end(), front.metrics.begin(), front.metrics.end());
  header.emplace_back("parameters");
  table.header(header);
  for (std::size_t i = 0; i < rows; ++i) {
    const FrontRow& row = front.rows[i];
    std::vector<Value> cells{static_cast<std::int64_t>(row.run.number)};
    cells.insert(cells.end(), row.values.begin(), row.values.end());
    cells.emplace_back(parameters_text(row.run.parameters));
    table.row(cells);
  }
  table.end();
}

}  // namespace

void print_front(const Front& front, std::string_view format, std::uint64_t most,
                 const std::vector<std::string>& parameters) {
  const std::size_t rows = most == 0 ? front.rows.size() : std::min<std::size_t>(most, front.rows.size());
  if (format == "table") return print_table(front, rows);
  const bool csv = format == "csv";
  const FrontRow like{.run = {}, .values = std::vector<double>(front.metrics.size())};
  RecordWriter records(std::cout, format, csv ? flat(front, like) : json_of(front, like),
                       csv ? parameters : std::vector<std::string>());
  for (std::size_t i = 0; i < rows; ++i) records.row(csv ? flat(front, front.rows[i]) : json_of(front, front.rows[i]));
  records.end();
}

}  // namespace tuner::report
