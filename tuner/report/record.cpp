#include "tuner/report/record.hpp"

#include <string>

#include "tuner/value.hpp"

namespace tuner::report {

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <class Item>
Json array_of(const std::vector<Item>& items) {
  Json array = Json::array();
  for (const Item& item : items) array.push_back(json_of(item));
  return array;
}

}  // namespace

Json json_of(double number) { return document_of(number); }

Json json_of(const std::optional<double>& number) { return number ? json_of(*number) : Json(); }

Json json_of(const Parameters& parameters) {
  Json json = Json::object();
  for (const auto& [name, value] : parameters) json[name] = document_of(value);
  return json;
}

Json json_of(const MetricPoint& point) {
  Json json;
  json["name"] = point.name;
  json["step"] = point.step;
  json["value"] = json_of(point.value);
  return json;
}

Json json_of(const storage::PluginRecord& plugin) {
  Json json;
  json["id"] = plugin.id;
  json["kind"] = plugin.kind;
  json["version"] = plugin.version;
  json["abi_minor"] = plugin.abi_minor;
  json["sha256"] = plugin.sha256;
  json["build"] = plugin.build;
  json["build_flags"] = plugin.build_flags;
  json["path"] = plugin.path;
  return json;
}

Json json_of(const storage::PrunerDecision& decision) {
  Json json;
  json["step"] = decision.step;
  json["value"] = json_of(decision.value);
  json["while_paused"] = decision.is_review;
  json["decision"] = decision.decision;
  json["why"] = text_or_null(decision.why);
  return json;
}

Json json_of(const storage::RunRow& run) {
  Json json;
  json["trial"] = run.number;
  json["outcome"] = to_string(run.outcome);
  json["value"] = json_of(run.value);
  json["steps"] = run.steps;
  json["evaluations"] = run.evaluations;
  json["seconds"] = json_of(run.wall_seconds);
  json["parameters"] = json_of(run.parameters);
  json["error"] = text_or_null(run.error);
  json["attempt"] = run.attempt;
  json["configuration"] = run.configuration;
  json["replicate"] = run.replicate;
  json["seed"] = run.seed;
  json["started_at"] = run.started_at;
  json["finished_at"] = run.finished_at;
  return json;
}

Json json_of(const storage::ConfigurationRow& configuration) {
  Json json;
  json["configuration"] = configuration.configuration;
  json["number"] = configuration.number;
  json["mean"] = json_of(configuration.mean);
  json["standard_deviation"] = json_of(configuration.standard_deviation);
  json["completed"] = configuration.completed;
  json["replicates"] = configuration.replicates;
  json["due"] = configuration.due;
  json["complete"] = configuration.complete();
  json["parameters"] = json_of(configuration.parameters);
  return json;
}

Json json_of(const storage::StudyRow& study) {
  Json json;
  json["study"] = study.name;
  json["trials"] = study.trials;
  json["completed"] = study.completed;
  json["metric"] = study.metric;
  json["goal"] = to_string(study.goal);
  json["best_value"] = json_of(study.best_value);
  json["best_trial"] = study.best_number ? Json(*study.best_number) : Json();
  json["seed"] = study.seed;
  json["created_at"] = study.created_at;
  json["repeats"] = study.repeats;
  json["tuner_version"] = study.tuner_version;
  return json;
}

void add_annotations(Json& json, const storage::Annotations& annotations) {
  json["notes"] = Json(annotations.notes);
  json["tags"] = Json(annotations.tags);
}

Json json_of(const storage::TrialDetail& trial) {
  Json json = json_of(trial.run);
  json["best_value"] = json_of(trial.best_value);
  json["last_value"] = json_of(trial.last_value);
  json["epochs"] = json_of(trial.epochs);
  json["loss_evaluations"] = trial.evaluations.loss;
  json["gradient_evaluations"] = trial.evaluations.gradient;
  json["hvp_evaluations"] = trial.evaluations.hvp;
  json["nonfinite_gradients"] = trial.nonfinite_gradients;
  json["target_step"] = trial.target_step ? Json(*trial.target_step) : Json();
  json["target_seconds"] = json_of(trial.target_seconds);
  json["log"] = Json(trial.log);
  json["exit"] = text_or_null(trial.exit);
  json["output"] = text_or_null(trial.output);
  json["metrics"] = array_of(trial.metrics);
  json["plugins"] = array_of(trial.plugins);
  json["decisions"] = array_of(trial.decisions);
  add_annotations(json, trial.annotations);
  return json;
}

}  // namespace tuner::report
