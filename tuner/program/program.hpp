// A program as the objective of a study: what the sweep file says of it. The readers of sweep files make it; a plan
// carries it (StudyPlan::program), with its canonical form in sections["objective"].
//
// A value of the search is a dimension of the plan's space. Dimensions have the names of the parameters: "lr", and
// inside of a one_of "optimizer.sgd.momentum".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/plan.hpp"

namespace tuner::program {

// The section of a canonical plan that has a program's.
inline constexpr const char* kSection = "objective";

// A parameter of the program.
struct Parameter {
  std::string name;  // as the program knows it: --NAME=VALUE
  Setting setting;   // a value, or a dimension; of a one_of that of its branches
  // Of a map: its parameters, whose names begin with this one's and a dot: "optimizer.lr". The setting is then null.
  std::vector<Parameter> inside = {};
  // Of a one_of: the parameters that its branches have beside the label, in the order of the labels; else empty.
  std::vector<std::vector<Parameter>> branches = {};
};

// What a program may report. `pattern`: it reports nothing, and this RE2 pattern finds the value in a line: its first
// group. `file`: the lines are those of this file, which the program writes, in place of what it prints; relative to
// the working directory, and it may have macros.
struct Metric {
  std::string name;
  Goal goal = Goal::minimize;
  std::string pattern = {};
  std::string file = {};
  Summary summary = Summary::automatic;  // which of its values is the trial's
};

struct Program {
  std::vector<std::string> command;   // with macros (see macros.hpp); never given to a shell
  std::string script;                 // what ${program} stands for; empty: nothing
  std::vector<Parameter> parameters;  // in the order of the file
  std::vector<Metric> metrics;        // in the order of the file; empty: it may report whatever it likes
  std::string budget;                 // the parameter that says how far a trial goes; empty: none does
  std::string folder;                 // where it runs: absolute
  std::vector<std::pair<std::string, std::string>> environment;  // NAME and value, with macros
  std::vector<std::string> files;  // whose content matters beside the program and the script: absolute
  double grace_seconds = 10;       // between SIGTERM and SIGKILL
  // It is run as W&B's agent runs it: values are written as Python's str() has them, also those of maps ({'lr': 0.1})
  // and null (None); WANDB_SWEEP_ID, WANDB_RUN_ID and WANDB_SWEEP_PARAM_PATH are set; `import wandb` finds the
  // stand-in.
  bool wandb = false;
};

// What makes the study another one: command, script, parameters that are not searched, environment, and how metrics are
// found. Searched ones are the plan's space.
[[nodiscard]] Json canonical(const Program& program);

// The program as the plan's objective, with its canonical form. time_limit_seconds: of a trial; 0: none.
void set_objective(StudyPlan& plan, Program program, double time_limit_seconds = 0);

// The metric of that name; null where the program declares none of that name.
[[nodiscard]] const Metric* find_metric(const Program& program, std::string_view name);

// The value of its budget; 0 where it has none, or where it is searched.
[[nodiscard]] std::int64_t fixed_budget(const Program& program);

// The parameters of one configuration, those of maps one by one, by the names that the program knows, in order. A
// one_of has its label. Null: the parameter is not given to the program.
[[nodiscard]] Parameters active_parameters(const Program& program, const Space& space, const Configuration& point);

// A value as a program reads it: numbers by the fewest digits that read back as the same double, whole ones below 1e16
// without point and exponent; true and false; lists as JSON; "" for null.
[[nodiscard]] std::string text_of(const Value& value);
// All parameters of a configuration as a JSON object; with the program, those of a map in an object of its name.
[[nodiscard]] Json object_of(const Program& program, const Parameters& parameters);
[[nodiscard]] std::string json_of(const Parameters& parameters);
[[nodiscard]] std::string json_of(const Program& program, const Parameters& parameters);
// As Python's str() writes it: True, None, 1e-05, 16.0, [1, 'a'], {'lr': 0.1}; a string as it is.
[[nodiscard]] std::string python_text(const Json& value);

// "lr" -> "TUNER_PARAM_LR". What is neither letter nor digit becomes '_'.
[[nodiscard]] std::string variable_of(std::string_view parameter);

// The random number that a trial is to begin with: from 0 to 2^31 - 1, a function of the study's seed and the trial's
// number.
[[nodiscard]] std::uint32_t seed_of(std::uint64_t study_seed, std::uint64_t number);

}  // namespace tuner::program
