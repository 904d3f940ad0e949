// LR range tests in a sweep file: their section, their method, and the ranges that they fill.
#pragma once

#include <string>

#include "tuner/config/search_parameters.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/plan.hpp"
#include "tuner/program/program.hpp"

namespace tuner::config {

// The section `lr_range:`. Errors: those of its keys.
[[nodiscard]] lr_range::TestSettings read_lr_range(const Node& node);
// Errors: config.bad_value where lr_min is not below lr_max. section: lr_range:, or null; `at` in place of its keys.
void check_range(const Node* section, const lr_range::TestSettings& settings, const std::string& at);

// Gives every range {from: lr_range} the ends of the test, as far as they are legal for its option.
// Errors: config.impossible where none of them are, and at the lr of an optimizer whose wrapper has an lr, which is the
// one that is tested. `optimizers` may be null.
void fill_ranges(const lr_range::TestSettings& settings, const OneOf<PluginPlan>* optimizers, Reading& reading);

// Nothing that a search has stands beside method: lr_range. `at` is the place of the method, repeats_at that of
// repeats, empty where it is not given. Errors: config.impossible.
void check_test(const StudyPlan& plan, const RunSettings& run, const std::string& at, const std::string& repeats_at);

// Can it make tests of these optimizers? section: lr_range:, or null. Sets the metric, which is the loss. Errors:
// config.impossible.
void check_training_test(StudyPlan& plan, const Node* section, const std::string& at, const std::string& optimizer_at);

// What the file says of LR range tests of its program, whose test gets the short budget, the test's dimensions, and its
// lr from them. section: lr_range:, or null; `at` is the place of the objective. Errors: config.impossible where keys
// of trainings stand in the section or the parameter can be no lr; config.missing_key without a budget or such a
// parameter.
void prepare_program_test(program::Program& program, const Node* section, lr_range::TestSettings& settings,
                          StudyPlan& plan, const std::string& at);

// Adds the dimensions of the test itself, after those of the file: "lr_range.part", "lr_range.seed", "lr_range.lr".
// They are no search parameters: they say of a trial what it measures.
void add_lr_range_dimensions(const lr_range::TestSettings& settings, Space& space);

}  // namespace tuner::config
