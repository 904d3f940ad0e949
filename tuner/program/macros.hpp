// Macros: ${NAME} in a program's command, environment and file names.
//
//   ${args}                   --NAME=VALUE of all active parameters, an argument each; as does every args macro but the
//                             last two, it stands alone in an element of the command
//   ${args_no_hyphens}        NAME=VALUE
//   ${args_no_equals}         --NAME VALUE, two arguments each
//   ${args_no_boolean_flags}  as ${args}, but true is --NAME alone, and false is left out
//   ${args_append_hydra}      +NAME=VALUE
//   ${args_override_hydra}    ++NAME=VALUE
//   ${args_json}              one argument: a JSON object of all
//   ${args_json_file}         the path of a file with that object
//   ${env}                    /usr/bin/env
//   ${interpreter}            python3, or python where there is no python3
//   ${program}                the script that `program:` names
//   ${envvar:NAME}            a variable of the environment that tuner was started in
//   ${study} ${trial} ${seed} ${replicate} ${worker} ${device} ${checkpoint}
//   ${NAME}, ${NAME:-TEXT}    a parameter; the text where it is not active, or null
//   $${                       the characters ${
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/program/program.hpp"

namespace tuner::program {

// Is it the name of a macro, which no parameter can have?
[[nodiscard]] bool is_macro(std::string_view name);

// What macros stand for in one trial.
struct MacroValues {
  Parameters parameters;  // the active ones
  std::string study;
  std::uint64_t trial = 0;
  std::uint32_t seed = 0, replicate = 0, worker = 0;
  std::string device;           // "0" or "0,1"
  std::string checkpoint;       // a folder
  std::string parameters_file;  // with the JSON object of all
};

// Can every trial of the space expand the text? element: it is one of the command's, where macros of several arguments
// may stand. devices: are there any? Errors: config.bad_macro: a macro that there is not, one that is not closed, one
// of several arguments beside other text, a parameter that is not always there and has no text to stand for it.
void check_macros(std::string_view text, bool element, const Program& program, const Space& space, bool devices);

// Names in ${envvar:NAME} of the command and the environment.
[[nodiscard]] std::vector<std::string> environment_names(const Program& program);

// Requires: check_macros(), and that the variables of the environment are there.
[[nodiscard]] std::string expand_text(std::string_view text, const Program& program, const MacroValues& values);
// All elements of the command. Null parameters give no argument.
[[nodiscard]] std::vector<std::string> expand_command(const Program& program, const MacroValues& values);

}  // namespace tuner::program
