#include "tuner/config/program.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "tuner/config/language.hpp"
#include "tuner/program/macros.hpp"
#include "tuner/program/pattern.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

using program::Parameter;

// What cannot be a part of --NAME=VALUE, or stands for something else in ${NAME}.
void check_name(const Entry& entry, bool wandb) {
  const std::string& name = entry.key;
  const bool legal = !name.empty() && !name.starts_with('-') && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '=' && c != '{' && c != '}' && c != 0x7f;
  });
  if (!legal)
    throw Error(Message::config_bad_value, fmt::format("'{}' cannot name a parameter of a program", shown(name)),
                "the program gets it as --NAME=VALUE: write the name without hyphens before it, blanks, '=' and braces")
        .at(entry.place);
  if (!wandb && program::is_macro(name))
    throw Error(Message::config_bad_value,
                fmt::format("a parameter cannot have the name '{0}': ${{{0}}} is a macro", name),
                name == "seed" ? "leave it out: a program finds the trial's random number in ${seed} and $TUNER_SEED"
                               : "give it another name")
        .at(entry.place);
}

// A value as it is written: a number, true or false, a list of these, or a text.
Scalar scalar_of(const Node& node, const std::string& what) {
  if (!node.is_scalar()) refuse_type(node, what, "a value");
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  const bool like_number = node.text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
                           node.text.find_first_of("0123456789") != std::string::npos &&
                           node.text.find_first_of("eE") != 0;
  if (!like_number) return node.text;
  try {
    return number_of(node, what);
  } catch (const Error& error) {
    if (error.id() == Message::config_bad_value) throw;  // more than a number can hold
    return node.text;                                    // 1.2.3, 2024-01-02
  }
}

Value value_of(const Node& node, const std::string& what) {
  if (!node.is_list()) return std::visit([](auto&& v) -> Value { return v; }, scalar_of(node, what));
  List list;
  for (const Node& item : node.items)
    list.push_back(item.says_null() ? Scalar(Null{}) : scalar_of(item, "an item of " + what));
  return list;
}

bool is_written_as_integer(const Node* node) {
  return node != nullptr && node->is_scalar() && !node->quoted &&
         node->text.find_first_not_of("+-0123456789") == std::string::npos;
}

// What a range of a program's parameter is one of cannot be known from the program: where its ends could mean both, the
// file says it. Takes the key out, which no other range has.
bool is_integer_range(Node& range, const std::string& what) {
  const auto entry = std::ranges::find(range.entries, "integer", &Entry::key);
  if (entry != range.entries.end()) {
    const bool integer = !entry->value.says_null() && boolean_of(entry->value, "integer of " + what);
    range.entries.erase(entry);
    return integer;
  }
  if (range.find("distribution") != nullptr) return false;
  if (is_written_as_integer(range.find("min")) && is_written_as_integer(range.find("max")))
    throw Error(Message::config_bad_hole,
                fmt::format("the ends of the range of {} are written as integers, and it is not said whether it has "
                            "integers alone",
                            what),
                "add integer: true, or write min or max with a point: 1.0")
        .at(range.place);
  return false;
}

class ProgramReader {
 public:
  explicit ProgramReader(Reading& reading) : reading_(reading) {}

  ProgramPlan read(const Node& objective) {
    program::Program& p = plan_.program;
    p.folder = reading_.folder.string();
    if (const Node* wandb = objective.given("wandb"))
      p.wandb = word_of(*wandb, "wandb", words(kWandbModes)) == "offline";
    const auto own = [this](void (ProgramReader::*read)(const Entry&)) {
      return [this, read](const Entry& entry) { (this->*read)(entry); };
    };
    read_keys(objective, "a program",
              readers_of(kProgramKeys, {{"command", own(&ProgramReader::read_command)},
                                        {"program", own(&ProgramReader::read_script)},
                                        {"parameters", own(&ProgramReader::read_all_parameters)},
                                        {"metrics", own(&ProgramReader::read_metrics)},
                                        {"budget", own(&ProgramReader::read_budget)},
                                        {"working_directory", own(&ProgramReader::read_folder)},
                                        {"environment", own(&ProgramReader::read_environment)},
                                        {"files", own(&ProgramReader::read_files)},
                                        {"grace", own(&ProgramReader::read_grace)},
                                        {"time_limit", own(&ProgramReader::read_time_limit)},
                                        {"wandb", [](const Entry&) {}}}));
    if (p.command.empty() && p.script.empty())
      throw Error(Message::config_missing_key, "this objective has no command",
                  "add command: [python3, train.py, \"${args}\"]")
          .at(objective.place);
    if (p.command.empty()) set_default_command();
    check_flags(p.parameters, {});
    check_budget();
    return std::move(plan_);
  }

 private:
  void read_command(const Entry& entry) {
    if (!entry.value.is_list() || entry.value.items.empty())
      throw Error(
          Message::config_wrong_type,
          fmt::format("command is {}, and a list of a program and its arguments is due", entry.value.description()),
          "write command: [python3, train.py, \"${args}\"]; a shell is a program too: [sh, -c, \"...\"]")
          .at(entry.value.place);
    for (const Node& item : entry.value.items) {
      plan_.program.command.push_back(string_of(item, "an element of command"));
      plan_.macros.push_back({plan_.program.command.back(), item.place, true});
    }
  }
  void read_script(const Entry& entry) {
    plan_.program.script = string_of(entry.value, "program");
    if (plan_.program.script.empty()) refuse_type(entry.value, "program", "a file");
  }
  // Python runs what ends in .py; anything else runs itself.
  void set_default_command() {
    const std::string& script = plan_.program.script;
    if (script.ends_with(".py"))
      plan_.program.command = {"${interpreter}", "${program}", "${args}"};
    else
      plan_.program.command = {script.find('/') == std::string::npos ? "./${program}" : "${program}", "${args}"};
  }

  void read_all_parameters(const Entry& entry) {
    if (!entry.value.is_map())
      throw Error(Message::config_wrong_type,
                  fmt::format("parameters is {}, and a map is due", entry.value.description()),
                  "write parameters: {lr: {min: 1e-5, max: 1e-1, scale: log}}")
          .at(entry.value.place);
    parameters_place_ = entry.place;
    for (const Entry& parameter : entry.value.entries)
      plan_.program.parameters.push_back(read_parameter(parameter, {.path = "", .parent = {}}, ""));
  }

  // above: the names of the maps that it is in, each with a dot behind it.
  Parameter read_parameter(const Entry& entry, const Scope& scope, const std::string& above) {
    check_name(entry, plan_.program.wandb || !above.empty());
    const std::string name = above + entry.key;
    const std::string what = fmt::format("parameter '{}'", name);
    const std::string dimension = scope.path.empty() ? name : scope.name(name);
    if (entry.value.find("parameters") != nullptr) return read_map(entry, scope, name);
    if (entry.value.find("one_of") != nullptr)
      return read_branches(entry, {dimension, scope.parent, scope.branch}, name);
    Node node = entry.value;
    Field field{.name = dimension, .what = what};
    const bool is_range = std::ranges::any_of(std::array{"min", "max", "distribution", "from"},
                                              [&](const char* key) { return node.find(key) != nullptr; });
    if (name == reading_.lr_parameter) field.lr_bounds = Bounds{.min = 0, .max = kAnyReal, .min_open = true};
    field.lr_range_remedy = fmt::format("write {{min: ..., max: ...}}, or name it: lr_range: {{parameter: {}}}", name);
    if (is_range) field.kind = is_integer_range(node, what) ? Field::Kind::integer : Field::Kind::real;
    field.read = [what, kind = field.kind](const Node& value) -> Value {
      if (kind == Field::Kind::integer) return integer_of(value, what);
      if (kind == Field::Kind::real) return real_of(value, what);
      return value_of(value, what);
    };
    field.takes_word = true;
    if (node.is_map() && !is_search_parameter(node))
      throw Error(Message::config_bad_hole, fmt::format("the map of {} says nothing that is searched", what),
                  "write {min: ..., max: ...}, {values: [...]} or {one_of: [...]}")
          .at(node.place);
    return {.name = name, .setting = read_setting(node, field, scope, reading_)};
  }

  Parameter read_map(const Entry& entry, const Scope& scope, const std::string& name) {
    for (const Entry& key : entry.value.entries)
      if (key.key != "parameters")
        throw Error(Message::config_bad_hole,
                    fmt::format("parameter '{}' has parameters of its own and the key '{}'", name, shown(key.key)),
                    "write {parameters: {...}} alone")
            .at(key.place);
    const Node& parameters = entry.value.entries.front().value;
    if (!parameters.is_map()) refuse_type(parameters, fmt::format("'parameters' of parameter '{}'", name), "a map");
    if (parameters.entries.empty())
      throw Error(Message::config_bad_hole, fmt::format("the parameters of parameter '{}' are an empty map", name),
                  "name one, or leave the parameter out")
          .at(parameters.place);
    Parameter map{.name = name, .setting = Null{}};
    for (const Entry& inside : parameters.entries) map.inside.push_back(read_parameter(inside, scope, name + "."));
    return map;
  }

  Parameter read_branches(const Entry& entry, const Scope& scope, const std::string& name) {
    const auto label = [&](const Node& branch) -> std::string {
      if (branch.is_scalar()) return label_of(branch);
      const Node* as = branch.given("as");
      if (!branch.is_map() || as == nullptr)
        throw Error(Message::config_missing_key,
                    fmt::format("a branch of parameter '{}' does not say the value that it stands for", entry.key),
                    "write {as: VALUE, parameter: ...}, or VALUE alone")
            .at(branch.place);
      return label_of(*as);
    };
    const auto read = [&](const Node& branch, const Scope& at) {
      std::vector<Parameter> parameters;
      for (const Entry& inside : branch.entries)
        if (inside.key != "as") parameters.push_back(read_parameter(inside, at, ""));
      return parameters;
    };
    auto branches = read_one_of<std::vector<Parameter>>(entry.value, scope, reading_, label, read);
    return {.name = name, .setting = SearchParameter{*branches.dimension}, .branches = std::move(branches.branches)};
  }

  // Of parameters that are active together none has another one's flag or variable.
  using Taken = std::map<std::string, std::string>;  // name of the parameter by its variable
  void check_flags(const std::vector<Parameter>& parameters, Taken taken) const {
    for (const Parameter& parameter : parameters) {
      const auto [other, is_new] = taken.emplace(program::variable_of(parameter.name), parameter.name);
      if (is_new) continue;
      throw Error(Message::config_duplicate_key,
                  other->second == parameter.name
                      ? fmt::format("two parameters that are active together are both called '{}'", parameter.name)
                      : fmt::format("the parameters '{}' and '{}' are both ${} for the program", other->second,
                                    parameter.name, other->first),
                  "give one of them another name")
          .at(parameters_place_);
    }
    for (const Parameter& parameter : parameters) {
      for (const auto& branch : parameter.branches) check_flags(branch, taken);
      check_flags(parameter.inside, taken);
    }
  }

  void read_metrics(const Entry& entry) {
    if (!entry.value.is_map())
      throw Error(Message::config_wrong_type, fmt::format("metrics is {}, and a map is due", entry.value.description()),
                  "write metrics: {val_accuracy: {goal: maximize}}")
          .at(entry.value.place);
    for (const Entry& metric : entry.value.entries) read_metric(metric);
  }

  void read_metric(const Entry& entry) {
    program::Metric metric{.name = entry.key};
    const std::string what = fmt::format("metric '{}'", shown(entry.key));
    if (entry.key.empty() || printable(entry.key) != entry.key)
      throw Error(Message::config_bad_value, fmt::format("'{}' cannot name a metric", shown(entry.key)),
                  "use letters, digits and '_'")
          .at(entry.place);
    const auto goal = [&](const Entry& e) {
      metric.goal = word_of(e.value, what + ".goal", words(kGoals)) == "maximize" ? Goal::maximize : Goal::minimize;
    };
    const auto pattern = [&](const Entry& e) { metric.pattern = pattern_of(e.value, what); };
    const auto file = [&](const Entry& e) {
      metric.file = string_of(e.value, what + ".file");
      plan_.macros.push_back({metric.file, e.value.place, false});
    };
    const auto summary = [&](const Entry& e) {
      const bool best = word_of(e.value, what + ".summary", words(kSummaries)) == "best";
      metric.summary = best ? Summary::best : Summary::last;
    };
    if (!entry.value.is_null())
      read_keys(
          entry.value, what,
          readers_of(kProgramMetricKeys, {{"goal", goal}, {"pattern", pattern}, {"file", file}, {"summary", summary}}));
    if (!metric.file.empty() && metric.pattern.empty())
      throw Error(Message::config_missing_key, fmt::format("{} has a file and no pattern", what),
                  "add pattern: 'accuracy: ([0-9.]+)'")
          .at(entry.value.find("file")->place);
    plan_.program.metrics.push_back(std::move(metric));
  }

  static std::string pattern_of(const Node& node, const std::string& what) {
    const std::string text = string_of(node, what + ".pattern");
    try {
      program::Pattern{text};
    } catch (const std::invalid_argument& e) {
      throw Error(Message::config_bad_value,
                  fmt::format("the pattern '{}' of {} finds no number: {}", shown(text), what, e.what()),
                  "write an RE2 expression with one group, in single quotes: 'accuracy: ([0-9.]+)'")
          .at(node.place);
    }
    return text;
  }

  void read_budget(const Entry& entry) {
    plan_.program.budget = string_of(entry.value, "budget");
    budget_place_ = entry.value.place;
  }
  void check_budget() const {
    const program::Program& p = plan_.program;
    if (p.budget.empty()) return;
    std::vector<std::string> names;
    for (const Parameter& parameter : p.parameters) names.push_back(parameter.name);
    const auto found = std::ranges::find(p.parameters, p.budget, &Parameter::name);
    if (found == p.parameters.end())
      throw Error(Message::config_bad_value, fmt::format("budget is '{}', which is no parameter", shown(p.budget)),
                  names.empty() ? "name one that says how far a trial goes, and add it to parameters"
                                : did_you_mean(p.budget, names))
          .at(budget_place_);
    const auto* value = std::get_if<Value>(&found->setting);
    const auto is_number = [](const Value& v) {
      return std::holds_alternative<std::int64_t>(v) || std::holds_alternative<double>(v);
    };
    if (value == nullptr || !is_number(*value))
      throw Error(Message::config_bad_value,
                  fmt::format("budget is '{}', and this parameter is not one number for all trials", shown(p.budget)),
                  fmt::format("write {}: 10 in parameters, or remove budget", p.budget))
          .at(budget_place_);
  }

  void read_folder(const Entry& entry) {
    const std::string folder = string_of(entry.value, "working_directory");
    plan_.program.folder = (reading_.folder / folder).lexically_normal().string();
  }

  void read_environment(const Entry& entry) {
    if (!entry.value.is_map())
      throw Error(Message::config_wrong_type,
                  fmt::format("environment is {}, and a map is due", entry.value.description()),
                  "write environment: {OMP_NUM_THREADS: 2}")
          .at(entry.value.place);
    for (const Entry& variable : entry.value.entries) {
      if (variable.key.empty() || variable.key.find('=') != std::string::npos)
        throw Error(Message::config_bad_value,
                    fmt::format("'{}' cannot name a variable of the environment", shown(variable.key)),
                    "use letters, digits and '_'")
            .at(variable.place);
      if (variable.key.starts_with("TUNER_"))
        throw Error(Message::config_bad_value,
                    fmt::format("the variable '{}' is set by tuner for each trial", shown(variable.key)),
                    "give yours another name, without TUNER_ before it")
            .at(variable.place);
      const std::string value = string_of(variable.value, "variable " + variable.key);
      plan_.program.environment.emplace_back(variable.key, value);
      plan_.macros.push_back({value, variable.value.place, false});
    }
  }

  void read_files(const Entry& entry) {
    if (!entry.value.is_list())
      throw Error(Message::config_wrong_type, fmt::format("files is {}, and a list is due", entry.value.description()),
                  "write files: [model.py]")
          .at(entry.value.place);
    for (const Node& item : entry.value.items)
      plan_.program.files.push_back(
          (reading_.folder / string_of(item, "an item of files")).lexically_normal().string());
  }
  void read_grace(const Entry& entry) { plan_.program.grace_seconds = duration_of(entry.value, "grace"); }
  void read_time_limit(const Entry& entry) { plan_.time_limit_seconds = duration_of(entry.value, "time_limit"); }

  Reading& reading_;
  ProgramPlan plan_;
  std::string budget_place_, parameters_place_;
};

// The study's metric: what metric: names, else the one that the program declares.
void choose_metric(const program::Program& program, StudyPlan& plan, const std::string& place) {
  std::vector<std::string> names;
  for (const program::Metric& metric : program.metrics) names.push_back(metric.name);
  if (plan.metric.name.empty()) {
    if (names.size() != 1)
      throw Error(Message::config_missing_key,
                  names.empty()
                      ? std::string("nothing says which number of the program counts")
                      : fmt::format("the program has {} metrics, and nothing says which one counts", names.size()),
                  names.empty() ? "add metrics: {val_accuracy: {goal: maximize}} to the objective"
                                : fmt::format("add metric: {}", names.front()))
          .at(plan.metric_place.empty() ? place : plan.metric_place);
    plan.metric.name = names.front();
  }
  const program::Metric* metric = program::find_metric(program, plan.metric.name);
  if (metric == nullptr && !names.empty())
    throw Error(Message::config_unknown_metric, fmt::format("the program has no metric '{}'", shown(plan.metric.name)),
                did_you_mean(plan.metric.name, names))
        .at(plan.metric_place);
  if (metric != nullptr && !plan.goal_given) plan.metric.goal = metric->goal;
  plan.goal_given = true;
  for (const FurtherMetric& further : plan.further_metrics)
    if (!names.empty() && program::find_metric(program, further.name) == nullptr)
      throw Error(Message::config_unknown_metric, fmt::format("the program has no metric '{}'", shown(further.name)),
                  did_you_mean(further.name, names))
          .at(further.place);
  if (!plan.further_metrics.empty() && metric != nullptr && metric->summary == Summary::best)
    throw Error(Message::config_impossible,
                fmt::format("summary: best of '{}' takes the values of several metrics from different steps of a trial",
                            plan.metric.name),
                "remove summary: with several metrics the last values count")
        .at(plan.metric_place);
}

}  // namespace

bool is_program(const Node& objective) {
  return objective.is_map() && objective.find("plugin") == nullptr &&
         std::ranges::any_of(std::array{"command", "program", "parameters", "metrics"},
                             [&](const char* key) { return objective.find(key) != nullptr; });
}

ProgramPlan read_program(const Node& objective, Reading& reading) { return ProgramReader(reading).read(objective); }

void finish_program(ProgramPlan program, Study& study, const std::string& objective_place) {
  for (const auto& [text, place, command] : program.macros) try {
      check_macros(text, command, program.program, study.plan.space, !study.run.devices.empty());
    } catch (Error& error) {
      throw error.at(place);
    }
  choose_metric(program.program, study.plan, objective_place);
  program::set_objective(study.plan, std::move(program.program), program.time_limit_seconds);
}

}  // namespace tuner::config
