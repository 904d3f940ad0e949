#include "tuner/lr_range/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "tuner/json.hpp"
#include "tuner/lr_range/diagnosis.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"

namespace tuner::lr_range {

namespace {

using storage::LrSuggestion;

constexpr std::string_view kRulePrefix = "rule.";

bool is_one_of_four(const LrSuggestion& suggestion) {
  return std::ranges::find(kSuggestions, suggestion.name) != std::end(kSuggestions);
}
bool is_rule(const LrSuggestion& suggestion) { return suggestion.name.starts_with(kRulePrefix); }

// Of every seed: what the runs of the LR grid came to.
std::vector<LrCurve> grid_curves(const LrBranch& branch) {
  std::vector<LrCurve> curves;
  for (const GridLr& grid_lr : branch.grid)
    for (std::size_t seed = 0; seed < grid_lr.losses.size(); ++seed) {
      if (curves.size() <= seed) curves.push_back({.name = fmt::format("seed {}", seed), .lr = {}, .loss = {}});
      if (!std::isfinite(grid_lr.losses[seed])) continue;
      curves[seed].lr.push_back(grid_lr.lr);
      curves[seed].loss.push_back(grid_lr.losses[seed]);
    }
  return curves;
}

LrChart chart_of(const LrReport& report, const LrBranch& branch) {
  LrChart chart{.title = fmt::format("{}: {}", report.study, branch.label), .curves = {}, .marks = {}};
  chart.y_label = branch.ramps.empty() ? report.metric : "loss after the step, smoothed";
  chart.curves = branch.ramps.empty() ? grid_curves(branch) : branch.ramps;
  if (chart.curves.size() > 1) {
    LrCurve median = median_curve(chart.curves, "median");
    median.bold = true;
    chart.curves.push_back(std::move(median));
  }
  for (const LrSuggestion& suggestion : branch.suggestions)
    if (is_one_of_four(suggestion) && suggestion.value)
      chart.marks.push_back({suggestion.name, *suggestion.value, suggestion.low, suggestion.high});
  return chart;
}

std::string number(const std::optional<double>& value) { return value ? fmt::format("{:.4g}", *value) : ""; }

void print_table(std::ostream& out, const LrBranch& branch) {
  report::TableWriter table(out, "table");
  table.header({branch.label, "value", "low", "high", "how", "note"});
  for (const LrSuggestion& s : branch.suggestions)
    if (!is_rule(s)) table.row({s.name, number(s.value), number(s.low), number(s.high), s.rule, s.note});
  table.end();
  if (std::ranges::none_of(branch.suggestions, is_rule)) return;
  out << "\n";
  report::TableWriter ruled(out, "table");
  ruled.header({"rule on the ramps", "lr", "low", "high", "note"});
  for (const LrSuggestion& s : branch.suggestions)
    if (is_rule(s))
      ruled.row({s.name.substr(kRulePrefix.size()), number(s.value), number(s.low), number(s.high), s.note});
  ruled.end();
}

void print_grid(std::ostream& out, const LrBranch& branch, const std::string& metric) {
  if (branch.grid.empty()) return;
  report::TableWriter table(out, "table");
  std::vector<std::string> columns{"grid: lr"};
  std::size_t seeds = 0;  // of a test that was interrupted some lrs have fewer
  for (const auto& grid_lr : branch.grid) seeds = std::max(seeds, grid_lr.losses.size());
  for (std::size_t seed = 0; seed < seeds; ++seed) columns.push_back(fmt::format("{}, seed {}", metric, seed));
  table.header(std::move(columns));
  for (const auto& grid_lr : branch.grid) {
    std::vector<Value> cells{fmt::format("{:.4g}", grid_lr.lr)};
    for (const double loss : grid_lr.losses)
      cells.emplace_back(std::isfinite(loss) ? fmt::format("{:.5g}", loss)
                         : std::isnan(loss)  ? std::string("failed")
                                             : std::string("diverged"));
    cells.resize(seeds + 1, std::string());
    table.row(cells);
  }
  table.end();
}

Json json_of(const LrSuggestion& s) {
  return {{"value", report::json_of(s.value)},
          {"low", report::json_of(s.low)},
          {"high", report::json_of(s.high)},
          {"rule", s.rule},
          {"note", s.note.empty() ? Json() : Json(s.note)}};
}

template <class Select>
Json chosen(const LrBranch& branch, Select select) {
  Json object = Json::object();
  for (const LrSuggestion& s : branch.suggestions)
    if (select(s)) object[is_rule(s) ? s.name.substr(kRulePrefix.size()) : s.name] = json_of(s);
  return object;
}

template <class Select>
Json by_branch(const LrReport& report, Select select) {
  if (report.branches.size() == 1) return chosen(report.branches.front(), select);
  Json object = Json::object();
  for (const LrBranch& branch : report.branches) object[branch.label] = chosen(branch, select);
  return object;
}

}  // namespace

LrCurve ramp_curve(std::int64_t seed, std::span<const MetricPoint> metrics) {
  std::map<std::int64_t, std::pair<const MetricPoint*, const MetricPoint*>> steps;
  for (const MetricPoint& metric : metrics) {
    if (metric.name == "lr") steps[metric.step].first = &metric;
    if (metric.name == "smoothed_loss") steps[metric.step].second = &metric;
  }
  LrCurve curve{.name = fmt::format("seed {}", seed), .lr = {}, .loss = {}};
  for (const auto& [step, pair] : steps) {
    if (pair.first == nullptr || pair.second == nullptr) continue;
    curve.lr.push_back(pair.first->value);
    curve.loss.push_back(pair.second->value);
  }
  return curve;
}

void add_part(LrBranch& branch, const Part& part, const TrialResult& result) {
  if (part.kind == PartKind::ramp) branch.ramps.push_back(ramp_curve(part.seed, result.metrics));
  if (part.kind != PartKind::grid) return;
  const bool ended = result.outcome == Outcome::completed || result.outcome == Outcome::diverged;
  add_grid_run(branch.grid, part, ended ? result.value : std::numeric_limits<double>::quiet_NaN());
}

std::string lr_text(const LrReport& report) {
  std::ostringstream out;
  for (const LrBranch& branch : report.branches) {
    out << lr_chart_text(chart_of(report, branch)) << "\n";
    print_table(out, branch);
    out << "\n";
    print_grid(out, branch, report.metric);
    out << "\n";
  }
  return std::move(out).str();
}

Json lr_json(const LrReport& report) {
  return {{"study", report.study},
          {"suggestions", by_branch(report, is_one_of_four)},
          {"limits", by_branch(report, [](const LrSuggestion& s) { return !is_one_of_four(s) && !is_rule(s); })},
          {"rules", by_branch(report, is_rule)}};
}

std::string lr_svg(const LrReport& report, const LrBranch& branch) { return lr_chart_svg(chart_of(report, branch)); }

}  // namespace tuner::lr_range
