// tuner curve: a metric of a trial over its steps.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/report/chart.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner curve STUDY/NUMBER METRIC [--db FILE] [options]",
    "Draws a metric of a trial over its steps. --format csv and --json print the points: step and value.",
    "  tuner curve quickstart/7 loss\n"
    "  tuner curve quickstart/7 val_accuracy --format csv > curve.csv"};

constexpr int kWidth = 60;

// What stands at each column of the chart: the last value at or before its step, so that uneven steps keep their
// places.
std::vector<double> by_column(const std::vector<storage::CurvePoint>& points) {
  const auto first = static_cast<double>(points.front().step), last = static_cast<double>(points.back().step);
  std::vector<double> values;
  std::size_t next = 0;
  for (int column = 0; column < kWidth; ++column) {
    const double step = first + (last - first) * column / (kWidth - 1);
    while (next + 1 < points.size() && static_cast<double>(points[next + 1].step) <= step) ++next;
    values.push_back(points[next].value);
  }
  return values;
}

std::vector<storage::CurvePoint> points_of(const storage::TrialDetail& trial, const std::string& metric,
                                           const std::string& name) {
  std::vector<storage::CurvePoint> points;
  std::vector<std::string> names;
  for (const MetricPoint& point : trial.metrics) {
    if (point.name == metric) points.push_back({point.step, point.value});
    if (names.empty() || names.back() != point.name) names.push_back(point.name);
  }
  if (points.empty())
    throw Error(Message::usage_bad_option, fmt::format("trial {} has not measured '{}'", name, shown(metric)),
                names.empty() ? "it has measured nothing" : did_you_mean(metric, names));
  return points;
}

}  // namespace

int curve(const Invocation& invocation) {
  po::options_description options("Options");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY/NUMBER", "METRIC"}, kPage);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY/NUMBER", kPage);
  const std::string metric = required(*values, "METRIC", kPage);
  const auto [study, number] = trial_name(name, kPage);
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  const auto points = points_of(store.trial(study, number, &damage), metric, name);
  if (format(*values) != "table") {
    report::TableWriter table(std::cout, format(*values));
    table.header({"step", "value"});
    for (const auto& [step, value] : points) table.row({step, value});
    table.end();
  } else if (points.size() > 1) {
    std::cout << fmt::format("{} of {}, {} points\n", metric, name, points.size())
              << report::chart(by_column(points), "step",
                               {.width = kWidth, .height = 12, .ends = {{points.front().step, points.back().step}}});
  } else {
    std::cout << fmt::format("{} of {}: {} at step {}\n", metric, name, format_number(points.front().value),
                             points.front().step);
  }
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
