// LR range tests: their one entry. What other folders need of them stands here and in settings.hpp.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "tuner/lr_range/report.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/training.hpp"

namespace tuner::lr_range {

// Proposes the parts of a test. The plan must outlive it. Requires: is_test(plan).
[[nodiscard]] std::unique_ptr<search::Searcher> make_searcher(const StudyPlan& plan);

// In a test every group keeps the ratio of its lr to the optimizer's own. Errors: config.impossible.
void check_trial(TrialSpec& spec);

// May a recorded trial lack this dimension? A part need not have an lr, and none that the test is to
// give; its seed may be its replicate.
[[nodiscard]] bool may_be_missing(const Dimension& dimension);

// A test as the database has it. suggestions: those of the study. What cannot be read, or is not what such a test has,
// is left out and noted in `damage`.
[[nodiscard]] LrReport stored_report(const storage::Store& store, const std::string& study,
                                     const std::vector<storage::LrSuggestion>& suggestions, storage::Damage& damage);

// The sweep with the ranges that its test gives, each from its own branch. `filled` hears of each of them. Errors:
// config.bad_hole where the test found no recommendation for a branch.
using Filled = std::function<void(const Dimension& dimension, const storage::LrSuggestion& from)>;
[[nodiscard]] Study with_tested_ranges(Study sweep, const StudyPlan& test,
                                       std::span<const storage::LrSuggestion> suggestions,
                                       const std::string& show_command, const Filled& filled);

}  // namespace tuner::lr_range
