// tuner curve: a metric over the steps, of a trial or of many trials together.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tuner/commands/options.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/report/chart.hpp"
#include "tuner/report/filter.hpp"
#include "tuner/report/mean_curve.hpp"
#include "tuner/report/optimizer_ranking.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner curve STUDY/NUMBER METRIC | STUDY METRIC --mean|--median  [--db FILE] [options]",
    "Draws a metric of a trial over its steps. --format csv and --json print the points: step and value.\n"
    "Of a study, with --mean the mean of its trials at each step with its 95 % interval (Student's t), with --median "
    "the\n"
    "median and the quartiles, and the number n of the trials that have measured there. --where chooses trials, --by "
    "makes a\n"
    "curve for each optimizer, configuration, or value of a parameter.",
    "  tuner curve quickstart/7 loss\n"
    "  tuner curve quickstart/7 val_accuracy --format csv > curve.csv\n"
    "  tuner curve quickstart loss --median --by optimizer\n"
    "  tuner curve quickstart loss --mean --where 'lr < 0.1' --format csv > mean.csv"};

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

std::string drawn(const std::vector<storage::CurvePoint>& points) {
  return report::chart(by_column(points), "step",
                       {.width = kWidth, .height = 12, .ends = {{points.front().step, points.back().step}}});
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

int print_trial(const po::variables_map& values) {
  const std::string name = required(values, "STUDY/NUMBER", kPage), metric = required(values, "METRIC", kPage);
  const auto [study, number] = trial_name(name, kPage);
  const storage::Store store(database(values), storage::Access::read_only);
  storage::Damage damage;
  const auto points = points_of(store.trial(study, number, &damage), metric, name);
  if (format(values) != "table") {
    report::TableWriter table(std::cout, format(values));
    table.header({"step", "value"});
    for (const auto& [step, value] : points) table.row({step, value});
    table.end();
  } else if (points.size() > 1) {
    std::cout << fmt::format("{} of {}, {} points\n", metric, name, points.size()) << drawn(points);
  } else {
    std::cout << fmt::format("{} of {}: {} at step {}\n", metric, name, format_number(points.front().value),
                             points.front().step);
  }
  damage.raise(database(values));
  return 0;
}

// ---- Of many trials.

constexpr std::size_t kMostGroups = 50, kMostDrawn = 8;

// Which trials, and the name of the curve that each is part of; nothing: all trials are one curve.
using GroupOfTrial = std::optional<std::unordered_map<std::uint64_t, std::string>>;

GroupOfTrial groups_of(const storage::Store& store, const std::string& study, const po::variables_map& values,
                       storage::Damage& damage) {
  if (!values.count("where") && !values.count("by")) return std::nullopt;
  const report::StudyNames names = report::names_of(store, study, &damage);
  std::optional<report::Filter> where;
  if (values.count("where")) where.emplace(values["where"].as<std::string>(), names);
  const std::string by = values.count("by") ? values["by"].as<std::string>() : "";
  std::optional<report::Column> column;
  if (!by.empty() && by != "optimizer") column.emplace(by, names, "--by");
  const report::OptimizerOfTrial optimizer(store, study);
  std::map<std::uint64_t, std::vector<std::string>> tags;
  if ((where && where->asks_for_tags()) || (column && column->is_tag())) tags = store.tags_of_trials(study, &damage);
  std::unordered_map<std::uint64_t, std::string> groups;
  const auto take = [&](storage::RunRow run) {
    if (const auto found = tags.find(run.number); found != tags.end()) run.tags = found->second;
    if (where && !where->matches(run)) return;
    groups.emplace(run.number, by.empty() ? "" : column ? to_display(column->of(run)) : optimizer.of(run));
  };
  store.read_runs(study, 0, false, take, &damage);
  return groups;
}

std::map<std::string, report::MeanCurve> mean_curves(const storage::Store& store, const std::string& study,
                                                     const std::string& metric, const GroupOfTrial& groups,
                                                     storage::Damage& damage) {
  std::map<std::string, report::MeanCurve> curves;
  const auto take = [&](const storage::Curve& curve) {
    if (!groups) return curves[""].add(curve.points);
    const auto group = groups->find(curve.number);
    if (group == groups->end()) return;
    curves[group->second].add(curve.points);
    if (curves.size() > kMostGroups)
      throw Error(Message::usage_bad_option, fmt::format("--by makes more than {} curves", kMostGroups),
                  "choose trials with --where, or take a parameter of few values");
  };
  store.read_curves(study, metric, 0, take, &damage);
  return curves;
}

Value cell_of(const std::optional<double>& number) { return number ? Value(*number) : Value(Null{}); }

std::vector<std::string> columns_of(report::Middle middle) {
  if (middle == report::Middle::mean) return {"step", "n", "mean", "low", "high", "deviation"};
  return {"step", "n", "median", "lower_quartile", "upper_quartile"};
}

std::vector<Value> cells_of(const report::BandPoint& point, report::Middle middle) {
  std::vector<Value> cells{point.step, static_cast<std::int64_t>(point.n), point.middle, cell_of(point.low),
                           cell_of(point.high)};
  if (middle == report::Middle::mean) cells.push_back(cell_of(point.deviation));
  return cells;
}

// A drawing, and what the band is at eleven steps.
void print_curve(const std::string& title, const std::vector<report::BandPoint>& points, report::Middle middle,
                 bool is_drawn) {
  std::cout << title << "\n";
  std::vector<storage::CurvePoint> line;
  for (const report::BandPoint& point : points) line.push_back({point.step, point.middle});
  if (is_drawn && points.size() > 1) std::cout << drawn(line);
  report::TableWriter table(std::cout, "table");
  table.header(columns_of(middle));
  const std::size_t shown = std::min<std::size_t>(points.size(), is_drawn ? 11 : 2);
  for (std::size_t i = 0; i < shown; ++i)
    table.row(cells_of(points[shown > 1 ? i * (points.size() - 1) / (shown - 1) : 0], middle));
  table.end();
}

void print_curves(std::map<std::string, report::MeanCurve>& curves, const std::string& of, report::Middle middle,
                  const std::string& how, bool grouped) {
  std::optional<report::TableWriter> all;
  if (how != "table") {
    auto columns = columns_of(middle);
    if (grouped) columns.insert(columns.begin(), "group");
    all.emplace(std::cout, how).header(std::move(columns));
  }
  bool is_first = true;
  for (auto& [group, curve] : curves) {
    const auto points = curve.points(middle);
    if (all) {
      for (const report::BandPoint& point : points) {
        auto cells = cells_of(point, middle);
        if (grouped) cells.insert(cells.begin(), group);
        all->row(cells);
      }
      continue;
    }
    std::string title = fmt::format("{}{}, {} trials", of, grouped ? ", " + printable(group) : "", curve.trials());
    if (curve.left_out() > 0) title += fmt::format(", {} values that are not finite left out", curve.left_out());
    if (!std::exchange(is_first, false)) std::cout << "\n";
    if (points.empty())
      std::cout << title << "\n";
    else
      print_curve(title, points, middle, curves.size() <= kMostDrawn);
  }
  if (all) all->end();
}

int print_study(const po::variables_map& values) {
  const std::string study = required(values, "STUDY/NUMBER", kPage), metric = required(values, "METRIC", kPage);
  if (values.count("mean") && values.count("median"))
    throw Error(Message::usage_bad_option, "--mean and --median are two curves", "give one of them");
  if (study.find('/') != std::string::npos)
    throw Error(Message::usage_bad_option,
                fmt::format("--mean and --median are of a study, and '{}' is a trial", shown(study)),
                "name the study, and choose trials with --where 'trial in [3, 7]'");
  const std::string how = format(values);
  const storage::Store store(database(values), storage::Access::read_only);
  static_cast<void>(store.study(study));
  storage::Damage damage;
  const auto groups = groups_of(store, study, values, damage);
  auto curves = mean_curves(store, study, metric, groups, damage);
  if (curves.empty())
    throw Error(Message::usage_bad_option,
                fmt::format("no trial of study '{}'{} has measured '{}'", study,
                            values.count("where") ? " that matches" : "", shown(metric)),
                "`tuner show STUDY/NUMBER` lists what a trial has measured");
  const auto middle = values.count("mean") ? report::Middle::mean : report::Middle::median;
  const std::string of =
      fmt::format("{} of {} of {}", middle == report::Middle::mean ? "mean" : "median", printable(metric), study);
  print_curves(curves, of, middle, how, values.count("by") > 0);
  damage.raise(database(values));
  return 0;
}

}  // namespace

int curve(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("mean", "of all trials of a study: the mean at each step")(
      "median", "of all trials of a study: the median at each step")(
      "where", po::value<std::string>()->value_name("EXPRESSION"), "trials that match alone")(
      "by", po::value<std::string>()->value_name("NAME"),
      "a curve for each optimizer, or for each value of a column or a parameter");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY/NUMBER", "METRIC"}, kPage);
  if (!values) return 0;
  if (values->count("mean") || values->count("median")) return print_study(*values);
  for (const char* option : {"where", "by"})
    if (values->count(option))
      throw Error(Message::usage_bad_option, fmt::format("--{} chooses among the trials of a study", option),
                  "add --mean or --median");
  return print_trial(*values);
}

}  // namespace tuner::commands
