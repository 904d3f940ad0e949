// LR range tests as the program runs them: on their own, and before a sweep whose lr comes from one.
#pragma once

#include <optional>
#include <string>

#include "tuner/commands/study_session.hpp"
#include "tuner/report/lr_report.hpp"

namespace tuner::commands {

struct LrRangeOutput {
  bool dry_run = false;  // prints what would be done and its cost
  std::string svg;       // a file for the chart; empty: none
};

// Runs the test that `plan` (method lr_range) describes, or resumes it; records and prints what it suggests.
// as: what the plan was read as. Returns the exit code.
int run_lr_range(StudySession& session, StudyPlan plan, const LrRangeOutput& output,
                 config::ReadAs as = config::ReadAs::study);

// Fills the ranges of a sweep that an LR range test gives, each from its own branch: runs the test as a study of its
// own, NAME.lr_range, unless the database has it at its end already. Returns an exit code where the test was
// interrupted. Errors: config.bad_hole where the test found no recommendation for a branch.
[[nodiscard]] std::optional<int> fill_from_lr_range(StudySession& session, StudyPlan& plan);

// A test as the database has it. suggestions: those of the study. What cannot be read, or is not what such a test has,
// is left out and noted in `damage`.
[[nodiscard]] report::LrReport stored_lr_report(const storage::Store& store, const std::string& study,
                                                const std::vector<storage::LrSuggestion>& suggestions,
                                                storage::Damage& damage);

// How the test of a sweep that begins with one is announced: its name, its parts, its cost. Errors: those of the test's
// plan.
[[nodiscard]] std::string lr_range_test_words(StudySession& session);

// Errors: usage.bad_option where the folder of `file` does not exist, before anything is measured.
void check_svg(const std::string& file);
// The chart into `file`; of several branches into a file each, "curve.svg" becoming "curve-adamw.svg". Errors:
// usage.bad_option where a file cannot be written.
void write_svg(const std::string& file, const report::LrReport& report);

}  // namespace tuner::commands
