#include "tuner/program/program.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tuner::program {

namespace {

void add_fixed(const std::vector<Parameter>& parameters, const std::string& path, Json& object) {
  for (const Parameter& parameter : parameters) {
    const std::string name = path.empty() ? parameter.name : path + "." + parameter.name;
    if (!parameter.inside.empty()) {
      add_fixed(parameter.inside, path, object);
      continue;
    }
    if (const auto* value = std::get_if<Value>(&parameter.setting)) object[name] = Json::parse(to_json(*value));
    for (std::size_t i = 0; i < parameter.branches.size(); ++i)
      add_fixed(parameter.branches[i], fmt::format("{}.{}", name, i), object);
  }
}

void add_active(const std::vector<Parameter>& parameters, const Space& space, const Configuration& point,
                Parameters& active) {
  for (const Parameter& parameter : parameters) {
    if (!parameter.inside.empty()) {
      add_active(parameter.inside, space, point, active);
      continue;
    }
    const auto* searched = std::get_if<SearchParameter>(&parameter.setting);
    if (searched == nullptr) {
      active.emplace_back(parameter.name, std::get<Value>(parameter.setting));
      continue;
    }
    const auto& value = point[searched->dimension];
    if (!value) continue;
    active.emplace_back(parameter.name, *value);
    if (parameter.branches.empty()) continue;
    const auto& branches = std::get<Branches>(space.dimensions[searched->dimension].domain);
    add_active(parameter.branches[branch_of(branches, *value)], space, point, active);
  }
}

// Puts the value where its name leads: into the object of the map that it is in.
void place(Json& object, const std::vector<Parameter>& parameters, const std::string& above, const std::string& name,
           Json value) {
  for (const Parameter& parameter : parameters) {
    if (parameter.inside.empty() || !name.starts_with(parameter.name + ".")) continue;
    Json& inside = object[std::string_view(parameter.name).substr(above.size())];
    return place(inside, parameter.inside, parameter.name + ".", name, std::move(value));
  }
  object[std::string_view(name).substr(above.size())] = std::move(value);
}

// Python's repr() of a string, but for what is not printable and not ASCII, which stays.
std::string python_string(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos, has_double = text.find('"') != std::string::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string result(1, quote);
  for (const char c : text) {
    if (c == '\\' || c == quote)
      result += std::string("\\") + c;
    else if (c == '\n')
      result += "\\n";
    else if (c == '\r')
      result += "\\r";
    else if (c == '\t')
      result += "\\t";
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + quote;
}

// Python's repr().
std::string python_repr(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_string()) return python_string(value.get<std::string>());
  if (value.is_array() || value.is_object()) {
    std::string items;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Json& item = *(value.begin() + static_cast<std::ptrdiff_t>(i));
      const std::string key = value.is_object() ? python_string(value.keys()[i]) + ": " : "";
      items += (i == 0 ? "" : ", ") + key + python_repr(item);
    }
    return value.is_object() ? "{" + items + "}" : "[" + items + "]";
  }
  if (value.is_integer()) return fmt::format("{}", value.get<std::int64_t>());
  const std::string digits = fmt::format("{}", value.get<double>());
  const bool whole = digits.find_first_not_of("-0123456789") == std::string::npos;
  return whole ? digits + ".0" : digits;
}

}  // namespace

Json canonical(const Program& program) {
  Json metrics = Json::object();
  for (const Metric& metric : program.metrics) {
    Json how = Json::object();
    if (!metric.pattern.empty()) how["pattern"] = metric.pattern;
    if (!metric.file.empty()) how["file"] = metric.file;
    if (metric.summary != Summary::automatic) how["summary"] = kSummaries[static_cast<std::size_t>(metric.summary)];
    if (!how.empty()) metrics[metric.name] = std::move(how);
  }
  Json environment = Json::object(), parameters = Json::object();
  for (const auto& [name, value] : program.environment) environment[name] = value;
  add_fixed(program.parameters, "", parameters);
  Json object{{"command", program.command}, {"parameters", parameters}, {"environment", environment}};
  if (!program.script.empty()) object["program"] = program.script;
  if (!metrics.empty()) object["metrics"] = std::move(metrics);
  if (program.wandb) object["wandb"] = "offline";
  return object;
}

void set_objective(StudyPlan& plan, Program program, double time_limit_seconds) {
  plan.sections[kSection] = canonical(program);
  if (time_limit_seconds > 0) plan.training["time_limit_seconds"] = Value(time_limit_seconds);
  plan.program = std::make_shared<const Program>(std::move(program));
}

std::int64_t fixed_budget(const Program& program) {
  const auto found = std::ranges::find(program.parameters, program.budget, &Parameter::name);
  if (found == program.parameters.end()) return 0;
  const auto* value = std::get_if<Value>(&found->setting);
  const auto* steps = value != nullptr ? std::get_if<std::int64_t>(value) : nullptr;
  return steps != nullptr ? *steps : 0;
}

const Metric* find_metric(const Program& program, std::string_view name) {
  const auto found = std::ranges::find(program.metrics, name, &Metric::name);
  return found == program.metrics.end() ? nullptr : &*found;
}

Parameters active_parameters(const Program& program, const Space& space, const Configuration& point) {
  Parameters active;
  add_active(program.parameters, space, point, active);
  return active;
}

std::string text_of(const Value& value) {
  if (std::holds_alternative<Null>(value)) return "";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return to_json(value);
}

std::string json_of(const Parameters& parameters) {
  std::string text = "{";
  for (const auto& [name, value] : parameters)
    text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", json_quoted(name), to_json(value));
  return text + "}";
}

Json object_of(const Program& program, const Parameters& parameters) {
  Json object = Json::object();
  for (const auto& [name, value] : parameters) place(object, program.parameters, "", name, Json::parse(to_json(value)));
  return object;
}

std::string json_of(const Program& program, const Parameters& parameters) {
  const bool nested =
      std::ranges::any_of(program.parameters, [](const Parameter& parameter) { return !parameter.inside.empty(); });
  return nested ? object_of(program, parameters).dump() : json_of(parameters);
}

std::string python_text(const Json& value) { return value.is_string() ? value.get<std::string>() : python_repr(value); }

std::string variable_of(std::string_view parameter) {
  std::string name = "TUNER_PARAM_";
  for (const char c : parameter) {
    const bool lower = c >= 'a' && c <= 'z', kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return name;
}

// Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators": the finalizer of SplitMix64.
std::uint32_t seed_of(std::uint64_t study_seed, std::uint64_t number) {
  std::uint64_t z = study_seed + (number + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((z ^ (z >> 31)) >> 33);
}

}  // namespace tuner::program
