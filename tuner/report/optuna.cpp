#include "tuner/report/optuna.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/library.hpp"
#include "tuner/measured.hpp"
#include "tuner/report/record.hpp"
#include "tuner/text.hpp"

namespace tuner::report {

namespace {

constexpr const char* kImportedMetric = "value";

std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

// "2026-11-27T04:00:00.123Z" -> "2026-11-27 04:00:00.123000": Optuna's times have no zone, and are read as UTC
// since 5.0.
std::string optuna_time(const std::string& time) {
  if (time.size() < 24) return "";
  return time.substr(0, 10) + " " + time.substr(11, 12) + "000";
}
std::int64_t milliseconds_of(const std::string& time) {
  std::tm parts{};
  double seconds = 0;
  if (std::sscanf(time.c_str(), "%d-%d-%d %d:%d:%lf", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                  &parts.tm_min, &seconds) != 6)
    return 0;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000 + std::llround(seconds * 1000);
}

// A list cannot be a choice there.
Json choice_of(const std::string& json) {
  Json choice = Json::parse(json);
  return choice.is_array() || choice.is_object() ? Json(json) : choice;
}

std::string distribution_of(const StoredParameter& parameter) {
  if (!parameter.is_range()) {
    Json choices = Json::array();
    for (const std::string& choice : parameter.choices) choices.push_back(choice_of(choice));
    return Json{{"name", "CategoricalDistribution"}, {"attributes", {{"choices", std::move(choices)}}}}.line();
  }
  const bool log = parameter.scale == Scale::log;
  if (parameter.integer)
    return Json{{"name", "IntDistribution"},
                {"attributes",
                 {{"log", log},
                  {"step", log ? 1 : static_cast<std::int64_t>(parameter.step.value_or(1))},
                  {"low", static_cast<std::int64_t>(*parameter.low)},
                  {"high", static_cast<std::int64_t>(*parameter.high)}}}}
        .line();
  return Json{{"name", "FloatDistribution"},
              {"attributes",
               {{"step", log ? Json() : json_of(parameter.step)},
                {"low", *parameter.low},
                {"high", *parameter.high},
                {"log", log}}}}
      .line();
}

// Ends for the ranges that have none, and for those that a searcher went beyond.
void widen(std::vector<StoredParameter>& parameters, std::span<const storage::TrialDetail> trials) {
  for (StoredParameter& parameter : parameters)
    for (const storage::TrialDetail& trial : trials)
      for (const auto& [name, value] : trial.run.parameters)
        if (const auto number = number_of(value); name == parameter.name && parameter.is_range() && number) {
          parameter.low = std::min(parameter.low.value_or(*number), *number);
          parameter.high = std::max(parameter.high.value_or(*number), *number);
        }
}

std::string state_of(const storage::RunRow& run) {
  const bool has_value = run.value && std::isfinite(*run.value);
  if (run.outcome == Outcome::completed && has_value) return "COMPLETE";
  return run.outcome == Outcome::pruned ? "PRUNED" : "FAIL";
}

storage::OptunaTrial optuna_trial(const storage::StudyRow& study, const std::vector<FurtherMetric>& further,
                                  const std::vector<StoredParameter>& parameters, const storage::TrialDetail& detail) {
  const storage::RunRow& run = detail.run;
  storage::OptunaTrial trial{.number = run.number,
                             .state = state_of(run),
                             .started = optuna_time(run.started_at),
                             .finished = optuna_time(run.finished_at),
                             .values = {},
                             .parameters = {},
                             .intermediate = {},
                             .attributes = {}};
  if (trial.state != "FAIL" && run.value && std::isfinite(*run.value)) {
    trial.values.push_back(*run.value);
    for (const FurtherMetric& metric : further)
      trial.values.push_back(last_value(detail.metrics, metric.name).value_or(std::nan("")));
  }
  trial.constraints = constraints_of(detail.metrics);
  for (const auto& [name, value] : run.parameters) {
    const auto parameter = std::ranges::find(parameters, name, &StoredParameter::name);
    if (parameter == parameters.end()) continue;
    const auto choice = parameter->is_range() ? std::nullopt : parameter->choice_of(value);
    const auto number = parameter->is_range() ? number_of(value)
                        : choice              ? std::optional(static_cast<double>(*choice))
                                              : std::nullopt;
    if (number) trial.parameters.push_back({name, *number, distribution_of(*parameter)});
  }
  for (const MetricPoint& point : detail.metrics)
    if (further.empty() && point.name == study.metric) trial.intermediate.push_back({point.step, point.value});
  trial.attributes = {{"outcome", Json(std::string(to_string(run.outcome))).line()},
                      {"seconds", Json(run.wall_seconds).line()},
                      {"configuration", Json(run.configuration).line()},
                      {"replicate", Json(static_cast<std::uint64_t>(run.replicate)).line()}};
  if (!run.error.empty()) trial.attributes.emplace_back("error", Json(printable(run.error)).line());
  return trial;
}

// A distribution as a domain of a canonical plan.
Json domain_of(const Json& distribution) {
  const std::string name = distribution.at("name").get<std::string>();
  const Json& attributes = distribution.at("attributes");
  if (name == "CategoricalDistribution") return {{"values", attributes.at("choices")}};
  // Before 3.0 there was a distribution for each kind.
  const auto says = [&](const char* key) { return attributes.contains(key) && attributes.at(key) == Json(true); };
  const bool log = says("log") || name.starts_with("Log") || name.starts_with("IntLog");
  Json domain{{"min", attributes.at("low").get<double>()},
              {"max", attributes.at("high").get<double>()},
              {"scale", log ? "log" : "linear"}};
  for (const char* key : {"step", "q"})
    if (attributes.contains(key) && !attributes.at(key).is_null()) domain["step"] = attributes.at(key).get<double>();
  if (name.starts_with("Int")) domain["integer"] = true;
  return domain;
}

Value value_of(const storage::OptunaParameter& parameter, const Json& distribution) {
  const std::string name = distribution.at("name").get<std::string>();
  if (name == "CategoricalDistribution")
    return value_from(distribution.at("attributes").at("choices").at(static_cast<std::size_t>(parameter.value)));
  if (name.starts_with("Int")) return static_cast<std::int64_t>(std::llround(parameter.value));
  return parameter.value;
}

// Of objective i, after the first.
std::string further_name(std::size_t i) { return fmt::format("{}_{}", kImportedMetric, i); }

storage::TrialRecord imported_trial(const storage::OptunaTrial& trial, Json& space) {
  storage::TrialRecord record;
  record.id = {.number = trial.number, .configuration = trial.number, .replicate = 0};
  record.started_at_ms = milliseconds_of(trial.started);
  record.finished_at_ms = milliseconds_of(trial.finished);
  for (const storage::OptunaParameter& parameter : trial.parameters) {
    const Json distribution = Json::parse(parameter.distribution);
    record.parameters.emplace_back(parameter.name, value_of(parameter, distribution));
    if (!space.contains(parameter.name)) space[parameter.name] = domain_of(distribution);
  }
  TrialResult& result = record.result;
  const std::optional<double> value = trial.values.empty() ? std::nullopt : std::optional(trial.values.front());
  for (std::size_t i = 1; i < trial.values.size(); ++i) result.metrics.push_back({0, further_name(i), trial.values[i]});
  for (std::size_t i = 0; i < trial.constraints.size(); ++i)
    result.metrics.push_back({0, fmt::format("{}{}", kConstraint, i), trial.constraints[i]});
  for (const auto& [step, value] : trial.intermediate) {
    result.metrics.push_back({step, kImportedMetric, value});
    result.steps = std::max(result.steps, step);
  }
  result.wall_seconds = std::max(0.0, static_cast<double>(record.finished_at_ms - record.started_at_ms) / 1000);
  result.value = value;
  result.last_value = result.best_value = value;
  const bool has_value = value && std::ranges::all_of(trial.values, [](double v) { return std::isfinite(v); });
  if (trial.state == "FAIL") {
    result.outcome = Outcome::failed;
    result.failure = Failure::error;
    result.error = "it failed in Optuna";
  } else if (trial.state == "PRUNED") {
    result.outcome = Outcome::pruned;
    if (!has_value && !trial.intermediate.empty()) result.value = trial.intermediate.back().value;
  } else if (!has_value) {
    result.outcome = Outcome::diverged;
    result.error = "its value is not finite";
  }
  if (result.outcome == Outcome::failed || result.outcome == Outcome::diverged || !result.value ||
      !std::isfinite(*result.value))
    result.value.reset();
  record.plugins.push_back(
      {.kind = "program", .id = "optuna", .version = {}, .sha256 = std::string(64, '0'), .path = {}, .build = {}});
  return record;
}

}  // namespace

storage::OptunaStudy optuna_study(const storage::StudyRow& study, const std::vector<FurtherMetric>& further,
                                  std::vector<StoredParameter> parameters,
                                  std::span<const storage::TrialDetail> trials) {
  widen(parameters, trials);
  std::erase_if(parameters, [](const StoredParameter& p) { return p.is_range() && !(p.low && p.high); });
  storage::OptunaStudy exported{.name = study.name, .directions = {study.goal}, .trials = {}};
  for (const FurtherMetric& metric : further) exported.directions.push_back(metric.goal);
  for (const storage::TrialDetail& trial : trials)
    if (trial.run.outcome != Outcome::cancelled)
      exported.trials.push_back(optuna_trial(study, further, parameters, trial));
  return exported;
}

ImportedStudy imported_study(const storage::OptunaStudy& study, const std::string& name, const std::string& file) {
  ImportedStudy imported{.study = {}, .trials = {}, .left_out = 0};
  Json space = Json::object();
  try {
    for (const storage::OptunaTrial& trial : study.trials) {
      if (trial.state == "RUNNING" || trial.state == "WAITING")
        ++imported.left_out;
      else
        imported.trials.push_back(imported_trial(trial, space));
    }
  } catch (const std::exception& error) {
    throw Error(Message::storage_damaged, fmt::format("{}: a distribution cannot be read: {}", file, error.what()),
                "open it with Optuna, which may repair it");
  }
  const Goal goal = study.directions.empty() ? Goal::minimize : study.directions.front();
  Json plan{{"imported", {{"from", "optuna"}, {"study", study.name}}},
            {"metric", {{"name", kImportedMetric}, {"goal", to_string(goal)}}},
            {"space", std::move(space)}};
  for (std::size_t i = 1; i < study.directions.size(); ++i)
    plan["further_metrics"].push_back({{"name", further_name(i)}, {"goal", to_string(study.directions[i])}});
  imported.study.name = name;
  imported.study.config_text =
      fmt::format("# study '{}' of Optuna, imported from {}\n", printable(study.name), printable(file));
  imported.study.config_sha256 = sha256_of_text(imported.study.config_text);
  imported.study.plan = plan.line();
  imported.study.metric = kImportedMetric;
  imported.study.goal = goal;
  return imported;
}

}  // namespace tuner::report
