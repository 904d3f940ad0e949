#include "tuner/program/macros.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "tuner/child_process.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::program {

namespace {

constexpr std::string_view kSeveral[] = {
    "args", "args_no_hyphens", "args_no_equals", "args_no_boolean_flags", "args_append_hydra", "args_override_hydra"};
constexpr std::string_view kSingle[] = {"args_json", "args_json_file", "env",   "interpreter", "program",
                                        "study",     "trial",          "seed",  "replicate",   "worker",
                                        "device",    "checkpoint",     "envvar"};
constexpr std::string_view kEnvironment = "envvar:", kFallback = ":-";

bool gives_several(std::string_view name) { return std::ranges::find(kSeveral, name) != std::end(kSeveral); }

// A part of a text: characters, or a macro.
struct Part {
  std::string text;  // the characters, or the macro's name
  bool is_macro = false;
  std::optional<std::string> fallback = {};
};

[[noreturn]] void bad_macro(std::string what, std::string remedy) {
  throw Error(Message::config_bad_macro, std::move(what), std::move(remedy));
}

std::vector<Part> parts_of(std::string_view text) {
  std::vector<Part> parts;
  std::string characters;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$${")) {
      characters += "${", at += 3;
      continue;
    }
    if (!text.substr(at).starts_with("${")) {
      characters += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos)
      bad_macro(fmt::format("the macro '{}' has no closing brace", shown(text.substr(at))),
                "write ${NAME}; the characters ${ themselves are written $${");
    if (!characters.empty()) parts.push_back({.text = std::exchange(characters, {})});
    const std::string_view inside = text.substr(at + 2, end - at - 2);
    const std::size_t fallback = inside.starts_with(kEnvironment) ? std::string_view::npos : inside.find(kFallback);
    Part macro{.text = std::string(inside.substr(0, fallback)), .is_macro = true};
    if (fallback != std::string_view::npos) macro.fallback = std::string(inside.substr(fallback + kFallback.size()));
    parts.push_back(std::move(macro));
    at = end + 1;
  }
  if (!characters.empty()) parts.push_back({.text = std::move(characters)});
  return parts;
}

void add_names(const std::vector<Parameter>& parameters, std::vector<std::string_view>& names) {
  for (const Parameter& parameter : parameters) {
    if (parameter.inside.empty()) names.push_back(parameter.name);
    add_names(parameter.inside, names);
    for (const auto& branch : parameter.branches) add_names(branch, names);
  }
}

bool may_be_null(const Setting& setting, const Space& space) {
  const auto* searched = std::get_if<SearchParameter>(&setting);
  if (searched == nullptr) return std::holds_alternative<Null>(std::get<Value>(setting));
  const auto* values = std::get_if<Values>(&space.dimensions[searched->dimension].domain);
  return values != nullptr &&
         std::ranges::any_of(*values, [](const Value& value) { return std::holds_alternative<Null>(value); });
}

// Has the parameter a value in every configuration?
bool is_always_there(const std::vector<Parameter>& parameters, std::string_view name, const Space& space) {
  return std::ranges::any_of(parameters, [&](const Parameter& parameter) {
    if (!parameter.inside.empty()) return is_always_there(parameter.inside, name, space);
    if (parameter.name == name) return !may_be_null(parameter.setting, space);
    return !parameter.branches.empty() && std::ranges::all_of(parameter.branches, [&](const auto& branch) {
      return is_always_there(branch, name, space);
    });
  });
}

void check_macro(const Part& macro, bool alone, bool element, const Program& program, const Space& space,
                 bool devices) {
  const std::string& name = macro.text;
  const auto shown_name = [&] { return fmt::format("${{{}}}", shown(name)); };
  if (gives_several(name)) {
    if (!element)
      bad_macro(fmt::format("{} stands for several arguments, and this is one text", shown_name()),
                "use ${args_json}, or ${NAME} for one parameter");
    if (!alone)
      bad_macro(fmt::format("{} stands for several arguments, and other characters stand beside it", shown_name()),
                "make it an element of its own: [\"a\", \"${args}\", \"b\"]");
    return;
  }
  if (name.starts_with(kEnvironment)) return;
  if (name == "program" && program.script.empty())
    bad_macro("${program} stands for the script that program: names, and there is none",
              "add program: FILE to the objective, or write the file itself");
  if (name == "device" && !devices)
    bad_macro("${device} stands for a worker's share of the devices, and there are none",
              "add workers: {count: n, devices: [0, 1]}");
  if (is_macro(name) && name != "envvar") return;
  std::vector<std::string_view> known;
  add_names(program.parameters, known);
  if (std::ranges::find(known, name) == known.end()) {
    known.insert(known.end(), std::begin(kSeveral), std::end(kSeveral));
    known.insert(known.end(), std::begin(kSingle), std::end(kSingle));
    bad_macro(fmt::format("there is no macro and no parameter {}", shown_name()), did_you_mean(name, known));
  }
  if (!macro.fallback && !is_always_there(program.parameters, name, space))
    bad_macro(fmt::format("the parameter in {} has no value in some configurations", shown_name()),
              fmt::format("say what stands for it then: ${{{0}:-}} for nothing, ${{{0}:-TEXT}} for a text", name));
}

// As the program reads it: a map and a list are JSON, unless it is Python's str() that it gets.
std::string argument_text(const Program& program, const Json& value) {
  if (program.wandb) return python_text(value);
  return value.is_object() ? value.dump() : text_of(value_from(value));
}

// A number that is no flag's: --NAME=VALUE of one parameter, in the form that the macro wants.
void add_arguments(std::string_view macro, const Program& program, const Parameters& parameters,
                   std::vector<std::string>& words) {
  const Json object = object_of(program, parameters);
  for (const auto& [name, value] : object.items()) {
    if (value.is_null() && !program.wandb) continue;
    const std::string text = argument_text(program, value);
    if (macro == "args_no_boolean_flags" && value.is_boolean()) {
      if (value.get<bool>()) words.push_back("--" + name);
    } else if (macro == "args_no_equals") {
      words.insert(words.end(), {"--" + name, text});
    } else {
      const std::string_view before = macro == "args_no_hyphens"       ? ""
                                      : macro == "args_append_hydra"   ? "+"
                                      : macro == "args_override_hydra" ? "++"
                                                                       : "--";
      words.push_back(fmt::format("{}{}={}", before, name, text));
    }
  }
}

std::string path_variable() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/bin:/bin";
}

std::string interpreter() { return find_program("python3", "/", path_variable()).empty() ? "python" : "python3"; }

std::string value_of(const Part& macro, const Program& program, const MacroValues& values) {
  const std::string& name = macro.text;
  if (name.starts_with(kEnvironment)) {
    const char* value = std::getenv(name.c_str() + kEnvironment.size());
    return value != nullptr ? value : "";
  }
  if (name == "args_json") return json_of(program, values.parameters);
  if (name == "args_json_file") return values.parameters_file;
  if (name == "env") return "/usr/bin/env";
  if (name == "interpreter") return interpreter();
  if (name == "program") return program.script;
  if (name == "study") return values.study;
  if (name == "trial") return std::to_string(values.trial);
  if (name == "seed") return std::to_string(values.seed);
  if (name == "replicate") return std::to_string(values.replicate);
  if (name == "worker") return std::to_string(values.worker);
  if (name == "device") return values.device;
  if (name == "checkpoint") return values.checkpoint;
  const auto found = std::ranges::find(values.parameters, name, &Parameters::value_type::first);
  const bool there = found != values.parameters.end() && !std::holds_alternative<Null>(found->second);
  return there ? text_of(found->second) : macro.fallback.value_or("");
}

std::string joined(const std::vector<Part>& parts, const Program& program, const MacroValues& values) {
  std::string text;
  for (const Part& part : parts) text += part.is_macro ? value_of(part, program, values) : part.text;
  return text;
}

}  // namespace

bool is_macro(std::string_view name) {
  return gives_several(name) || std::ranges::find(kSingle, name) != std::end(kSingle);
}

void check_macros(std::string_view text, bool element, const Program& program, const Space& space, bool devices) {
  const std::vector<Part> parts = parts_of(text);
  for (const Part& part : parts)
    if (part.is_macro) check_macro(part, parts.size() == 1, element, program, space, devices);
}

std::vector<std::string> environment_names(const Program& program) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view text) {
    for (const Part& part : parts_of(text))
      if (part.is_macro && part.text.starts_with(kEnvironment)) names.push_back(part.text.substr(kEnvironment.size()));
  };
  for (const std::string& element : program.command) add(element);
  for (const auto& [name, value] : program.environment) add(value);
  for (const Metric& metric : program.metrics) add(metric.file);
  return names;
}

std::string expand_text(std::string_view text, const Program& program, const MacroValues& values) {
  return joined(parts_of(text), program, values);
}

std::vector<std::string> expand_command(const Program& program, const MacroValues& values) {
  std::vector<std::string> words;
  for (const std::string& element : program.command) {
    const std::vector<Part> parts = parts_of(element);
    if (parts.size() == 1 && parts.front().is_macro && gives_several(parts.front().text))
      add_arguments(parts.front().text, program, values.parameters, words);
    else
      words.push_back(joined(parts, program, values));
  }
  return words;
}

}  // namespace tuner::program
