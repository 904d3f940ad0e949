// `objective:` that is a program: its command, its parameters, what it reports.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tuner/config/search_parameters.hpp"
#include "tuner/program/program.hpp"

namespace tuner::config {

// Does the objective name a program and no plugin?
[[nodiscard]] bool is_program(const Node& objective);

struct ProgramPlan {
  program::Program program;
  double time_limit_seconds = 0;  // 0: none
  // Texts with macros and their places. command: is it an element of the command?
  struct MacroText {
    std::string text, place;
    bool command = false;
  };
  std::vector<MacroText> macros = {};
};

// Parameters get dimensions under their own names, in the order of the file. Errors: those of read_setting and
// refuse_key; config.missing_key without a command or program; config.duplicate_key for two active parameters with one
// flag or one variable of the environment; config.bad_value for names that no program can be given, patterns that are
// none; config.bad_hole for a range of which it is not said whether it is one of integers.
[[nodiscard]] ProgramPlan read_program(const Node& objective, Reading& reading);

// Once the whole file is read: macros, the study's metric and its goal, and what a program's study cannot have.
// Errors: config.bad_macro; config.missing_key and config.unknown_metric for the metric.
void finish_program(ProgramPlan program, Study& study, const std::string& objective_place);

}  // namespace tuner::config
