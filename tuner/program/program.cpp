#include "tuner/program/program.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tuner::program {

namespace {

void add_fixed(const std::vector<Parameter>& parameters, const std::string& path, Json& object) {
  for (const Parameter& parameter : parameters) {
    const std::string name = path.empty() ? parameter.name : path + "." + parameter.name;
    if (const auto* value = std::get_if<Value>(&parameter.setting)) object[name] = Json::parse(to_json(*value));
    for (std::size_t i = 0; i < parameter.branches.size(); ++i)
      add_fixed(parameter.branches[i], fmt::format("{}.{}", name, i), object);
  }
}

void add_active(const std::vector<Parameter>& parameters, const Space& space, const Configuration& point,
                Parameters& active) {
  for (const Parameter& parameter : parameters) {
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
  return object;
}

void set_objective(StudyPlan& plan, Program program, double time_limit_seconds) {
  plan.sections[kSection] = canonical(program);
  if (time_limit_seconds > 0) plan.training["time_limit_seconds"] = Value(time_limit_seconds);
  plan.program = std::make_shared<const Program>(std::move(program));
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
