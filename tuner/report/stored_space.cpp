#include "tuner/report/stored_space.hpp"

#include <algorithm>
#include <utility>

#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/report/record.hpp"

namespace tuner::report {

namespace {

std::optional<double> number_at(const Json& object, const char* key) {
  if (!object.contains(key) || object.at(key).is_null()) return std::nullopt;
  return object.at(key).get<double>();
}

std::string text_of(const Value& value) { return json_of(Parameters{{"value", value}}).at("value").line(); }

StoredParameter parameter_of(const std::string& name, const Json& domain) {
  StoredParameter parameter{.name = name, .choices = {}, .low = {}, .high = {}, .step = {}};
  for (const char* key : {"one_of", "values"})
    if (domain.contains(key))
      for (const Json& choice : domain.at(key)) parameter.choices.push_back(choice.line());
  if (!parameter.choices.empty()) return parameter;
  parameter.integer = domain.contains("integer");
  if (domain.contains("scale")) {
    const std::string word = domain.at("scale").get<std::string>();
    parameter.scale = static_cast<Scale>(std::ranges::find(kScales, word) - std::begin(kScales));
  }
  // log_normal is even on the logarithm, beta on 0 to 1.
  const std::string drawn = domain.contains("distribution") ? domain.at("distribution").get<std::string>() : "";
  if (drawn == "log_normal") parameter.scale = Scale::log;
  parameter.low = number_at(domain, "min");
  parameter.high = number_at(domain, "max");
  if (drawn == "beta" && !parameter.low) parameter.low = 0;
  if (drawn == "beta" && !parameter.high) parameter.high = 1;
  parameter.step = number_at(domain, "step");
  return parameter;
}

// The branches of a one_of that are plugins: {"one_of": [{"sgd": {...}}, {"adam": {...}}]}.
StoredParameter branches_of(const std::string& name, const Json& branches) {
  StoredParameter parameter{.name = name, .choices = {}, .low = {}, .high = {}, .step = {}};
  for (const Json& branch : branches)
    parameter.choices.push_back(branch.is_object() ? Json(branch.keys().front()).line() : branch.line());
  return parameter;
}

// As the sweep file has it, where the canonical form has another name.
std::string named(std::string name) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"early_stopping", "training.early_stopping"},
      {"training.noise_eta", "training.gradient_noise.eta"},
      {"training.noise_gamma", "training.gradient_noise.gamma"}};
  for (const auto& [canonical, written] : kNames)
    if (name == canonical) return std::string(written);
  return name;
}

bool is_domain(const Json& object) {
  return object.contains("values") || object.contains("distribution") ||
         (object.contains("min") && object.contains("max"));
}

// What is searched anywhere in a plan of plugins. The names of parameters are the keys on the way, but for those that
// the canonical form has in between.
void add_parameters(const Json& object, const std::string& name, std::vector<StoredParameter>& parameters) {
  constexpr std::string_view kBetween[] = {"options", "stages"};
  if (object.is_array())
    for (const Json& item : object) add_parameters(item, name, parameters);
  if (!object.is_object()) return;
  if (is_domain(object)) {
    parameters.push_back(parameter_of(name, object));
    return;
  }
  for (const auto& [key, value] : object.items()) {
    if (key == "one_of") parameters.push_back(branches_of(name, value));
    const bool is_between = key == "one_of" || std::ranges::find(kBetween, key) != std::end(kBetween);
    add_parameters(value, is_between ? name : named(name.empty() ? key : name + "." + key), parameters);
  }
}

std::vector<Value> values_of(const storage::Store& store, const std::string& study, const std::string& name,
                             storage::Damage& damage) {
  std::vector<Value> values;
  store.read_runs(
      study, 0, false,
      [&](const storage::RunRow& run) {
        for (const auto& [parameter, value] : run.parameters)
          if (parameter == name) values.push_back(value);
      },
      &damage);
  return values;
}

}  // namespace

std::optional<std::size_t> StoredParameter::choice_of(const Value& value) const {
  const auto found = std::ranges::find(choices, text_of(value));
  if (found == choices.end()) return std::nullopt;
  return static_cast<std::size_t>(found - choices.begin());
}

std::vector<StoredParameter> stored_space(std::string_view plan) {
  try {
    std::vector<StoredParameter> parameters;
    const Json document = Json::parse(std::string(plan));
    if (document.contains("space"))
      for (const auto& [name, domain] : document.at("space").items()) parameters.push_back(parameter_of(name, domain));
    else
      add_parameters(document, "", parameters);
    return parameters;
  } catch (const std::exception& error) {
    throw Error(Message::storage_damaged, std::string("the recorded plan cannot be read: ") + error.what(),
                "`tuner fsck` looks at the whole database");
  }
}

StoredParameter seen_parameter(const std::string& name, const std::vector<Value>& values) {
  StoredParameter parameter{.name = name, .choices = {}, .low = {}, .high = {}, .step = {}};
  const auto is_number = [](const Value& value) {
    return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
  };
  if (!values.empty() && std::ranges::all_of(values, is_number)) return parameter;
  for (const Value& value : values) {
    const std::string text = text_of(value);
    if (std::ranges::find(parameter.choices, text) == parameter.choices.end()) parameter.choices.push_back(text);
  }
  return parameter;
}

std::vector<StoredParameter> parameters_of_study(const storage::Store& store, const std::string& study,
                                                 storage::Damage& damage) {
  static_cast<void>(store.study(study));  // says where there is none
  const std::vector<StoredParameter> space = stored_space(store.versions(study).back().plan);
  std::vector<StoredParameter> ordered;
  for (const std::string& name : store.parameter_names(study, &damage)) {
    const auto found = std::ranges::find(space, name, &StoredParameter::name);
    ordered.push_back(found != space.end() ? *found : seen_parameter(name, values_of(store, study, name, damage)));
  }
  return ordered;
}

}  // namespace tuner::report
