#include "tuner/program/reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "tuner/json.hpp"
#include "tuner/text.hpp"

namespace tuner::program {

namespace {

constexpr std::int64_t kMostPerSecond = 1000;
constexpr std::string_view kBlanks = " \t\r\n";

// Strings that stand for the numbers that JSON has not: no program can write them, since they have a character that
// JSON would escape.
constexpr std::pair<std::string_view, double> kNumbers[] = {{"-Infinity", -std::numeric_limits<double>::infinity()},
                                                            {"Infinity", std::numeric_limits<double>::infinity()},
                                                            {"NaN", std::numeric_limits<double>::quiet_NaN()}};
constexpr std::string_view kMark = "\\u0000";

// The line with these words, outside of strings, as strings.
std::string with_marks(std::string_view line) {
  std::string text;
  bool in_string = false;
  for (std::size_t at = 0; at < line.size();) {
    if (in_string && line[at] == '\\' && at + 1 < line.size()) {
      text += line.substr(at, 2);
      at += 2;
      continue;
    }
    if (line[at] == '"') in_string = !in_string;
    const auto* word = std::end(kNumbers);
    if (!in_string)
      word = std::ranges::find_if(kNumbers, [&](const auto& w) { return line.substr(at).starts_with(w.first); });
    if (word == std::end(kNumbers)) {
      text += line[at++];
      continue;
    }
    text += fmt::format("\"{}{}\"", kMark, word->first);
    at += word->first.size();
  }
  return text;
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1.0 : 0.0;
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  for (const auto& [word, number] : kNumbers)
    if (!text.empty() && text[0] == '\0' && std::string_view(text).substr(1) == word) return number;
  return std::nullopt;
}

void read_step(const Json& value, Said& said) {
  if (value.is_null()) return;
  said.has_step = true;
  const std::optional<double> step = value.is_boolean() ? std::nullopt : number_of(value);
  if (step && *step >= 0 && *step <= 0x1p53 && *step == std::floor(*step))
    said.step = static_cast<std::int64_t>(*step);
  else if (said.ignored.empty())
    said.ignored = "step, which is no integer from 0 on";
}

void read_outcome(const Json& value, Said& said) {
  for (const Outcome outcome : {Outcome::completed, Outcome::diverged, Outcome::failed})
    if (value.is_string() && value.get<std::string>() == to_string(outcome)) said.outcome = outcome;
  if (!said.outcome && said.ignored.empty()) said.ignored = "outcome, which is not completed, diverged or failed";
}

// Anything is better than NaN.
bool is_better(double a, double b, Goal goal) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(b) && !std::isnan(a);
  return goal == Goal::minimize ? a < b : a > b;
}

}  // namespace

std::optional<Said> read_report(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || line[first] != '{') return std::nullopt;
  if (line[line.find_last_not_of(kBlanks)] != '}' || utf8_prefix(line) < line.size()) return std::nullopt;
  const bool marked =
      std::ranges::any_of(kNumbers, [&](const auto& word) { return line.find(word.first) != std::string_view::npos; });
  Json json;
  try {
    json = marked ? Json::parse(with_marks(line)) : Json::parse(line);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  Said said;
  for (const auto& [key, value] : json.items()) {
    if (key == "step")
      read_step(value, said);
    else if (key == "outcome")
      read_outcome(value, said);
    else if (key == "error" && value.is_string())
      said.error = value.get<std::string>();
    else if (const auto number = number_of(value); number && !key.empty())
      said.values.emplace_back(key, *number);
    else if (!value.is_null() && said.ignored.empty())
      said.ignored = key.empty() ? "a key without a name" : fmt::format("{}, whose value is no number", shown(key));
  }
  if (said.values.empty() && !said.outcome) return std::nullopt;
  return said;
}

void Reports::take(const Said& said) {
  if (ignored_.empty()) ignored_ = said.ignored;
  if (said.outcome) end_ = said;
  if (said.values.empty()) return;
  Point point{.step = said.step.value_or(last_step_ + 1), .values = said.values};
  if (point.step < last_step_) went_back_ = true;
  last_step_ = point.step;
  if (const auto now = Clock::now(); now - second_ >= std::chrono::seconds(1)) {
    flush();
    second_ = now;
    in_second_ = 0;
  }
  if (++in_second_ <= kMostPerSecond) return record(point);
  ++thinned_;
  const std::optional<double> value = metric_of(point);
  const std::optional<double> best = held_best_ ? metric_of(*held_best_) : std::nullopt;
  if (value && (!best || is_better(*value, *best, run_.rules().goal))) held_best_ = point;
  held_last_ = std::move(point);
}

void Reports::flush() {
  const std::optional<Point> best = std::exchange(held_best_, {}), last = std::exchange(held_last_, {});
  if (best && best->step != last->step) record(*best);
  if (last) record(*last);
}

void Reports::record(const Point& point) {
  for (const auto& [name, value] : point.values) {
    const auto known = names_.find(name);
    if (known != names_.end() && point.step <= known->second) has_repeated_ = true;
    names_[name] = point.step;
    has_metric_ = has_metric_ || name == run_.rules().metric;
    run_.record(point.step, name, value);
  }
  TrialResult& result = run_.result();
  result.steps = std::max(result.steps, point.step);
  run_.trace().step = result.steps;
  run_.report(point.step);
}

std::optional<double> Reports::metric_of(const Point& point) const {
  for (const auto& [name, value] : point.values)
    if (name == run_.rules().metric) return value;
  return std::nullopt;
}

void Reports::forget() {
  run_.begin_anew();
  names_.clear();
  last_step_ = 0;
  has_metric_ = has_repeated_ = went_back_ = false;
  held_last_.reset();
  held_best_.reset();
  record_earlier();
}

void Reports::go_on_from(const TrialResult& earlier) {
  earlier_ = earlier;
  record_earlier();
}

// The metrics of a trial stand in the order of their steps for each name, in whatever order the names come.
void Reports::record_earlier() {
  for (const MetricPoint& point : earlier_.metrics) {
    names_[point.name] = point.step;
    has_metric_ = has_metric_ || point.name == run_.rules().metric;
    last_step_ = std::max(last_step_, point.step);
    run_.record(point.step, point.name, point.value);
  }
  run_.result().steps = last_step_;
  run_.trace().step = last_step_;
}

std::int64_t Reports::last_step(std::string_view name) const {
  const auto known = names_.find(name);
  return known == names_.end() ? 0 : known->second;
}

void Reports::finish() {
  if (!has_repeated_) return;
  TrialResult& result = run_.result();
  std::map<std::pair<std::string, std::int64_t>, double> last;
  for (const MetricPoint& point : result.metrics) last[{point.name, point.step}] = point.value;
  result.metrics.clear();
  result.best_value.reset();
  result.last_value.reset();
  for (const auto& [key, value] : last) {
    result.metrics.push_back({.step = key.second, .name = key.first, .value = value});
    if (key.first != run_.rules().metric) continue;
    result.last_value = value;
    if (!result.best_value || is_better(value, *result.best_value, run_.rules().goal)) result.best_value = value;
  }
}

std::string Reports::names() const {
  std::string text;
  for (const auto& [name, step] : names_) text += (text.empty() ? "" : ", ") + shown(name);
  return text;
}

std::vector<std::string> Reports::warnings() const {
  std::vector<std::string> lines;
  if (!ignored_.empty())
    lines.push_back(fmt::format("in its reports the program has what is not recorded: {}", ignored_));
  if (went_back_) lines.emplace_back("the program's reports go back in steps; they are kept by step");
  if (thinned_ > 0)
    lines.push_back(
        fmt::format("the program reported more than {} times a second: of {} reports the last and the best "
                    "of each second were kept",
                    kMostPerSecond, thinned_));
  return lines;
}

}  // namespace tuner::program
