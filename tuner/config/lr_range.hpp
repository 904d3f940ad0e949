// LR range tests in a sweep file: their section, their method, and the ranges that they fill.
#pragma once

#include <string>

#include "tuner/config/search_parameters.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// The section `lr_range:`. Errors: those of its keys; config.bad_value where lr_min is not below lr_max.
[[nodiscard]] lr_range::TestSettings read_lr_range(const Node& node);

// Gives every range {from: lr_range} the ends of the test, as far as they are legal for its option.
// Errors: config.impossible where none of them are, and at the lr of an optimizer whose wrapper has an lr, which is the
// one that is tested. `optimizers` may be null.
void fill_ranges(const lr_range::TestSettings& settings, const OneOf<PluginPlan>* optimizers, Reading& reading);

// Can method: lr_range make its tests? `at` is the place of the method, `optimizer_at` that of the optimizer.
// Errors: config.impossible.
void check_lr_range(StudyPlan& plan, const RunSettings& run, const std::string& at, const std::string& optimizer_at);

// Adds the dimensions of the test itself, after those of the file: "lr_range.part", "lr_range.seed", "lr_range.lr".
// They are no search parameters: they say of a trial what it measures.
void add_lr_range_dimensions(const lr_range::TestSettings& settings, Space& space);

}  // namespace tuner::config
