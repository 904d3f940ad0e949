// LR range tests as the program runs them: on their own, and before a sweep whose lr comes from one.
#pragma once

#include <optional>
#include <string>

#include "tuner/commands/study_session.hpp"
#include "tuner/lr_range/report.hpp"

namespace tuner::commands {

struct LrRangeOutput {
  bool dry_run = false;  // prints what would be done and its cost
  std::string svg;       // a file for the chart; empty: none
};

// Runs the test that `study` describes, or resumes it; records and prints what it suggests.
// as: what the study was read as. Returns the exit code.
int run_lr_range(StudySession& session, const Study& study, const LrRangeOutput& output,
                 config::ReadAs as = config::ReadAs::study);

// The sweep with the ranges that an LR range test gives, each from its own branch: runs the test as a study of its own,
// NAME.lr_range, unless the database has it at its end already. No sweep but an exit code where the test was
// interrupted. Errors: config.bad_hole where the test found no recommendation for a branch.
struct TestedSweep {
  std::optional<Study> sweep;
  int exit_code = 0;
};
[[nodiscard]] TestedSweep with_lr_range_test(StudySession& session, const Study& sweep);

// How the test of a sweep that begins with one is announced: its name, its parts, its cost. Errors: those of the test's
// plan.
[[nodiscard]] std::string lr_range_test_words(StudySession& session);

// Errors: usage.bad_option where the folder of `file` does not exist, before anything is measured.
void check_svg(const std::string& file);
// The chart into `file`; of several branches into a file each, "curve.svg" becoming "curve-adamw.svg". Errors:
// usage.bad_option where a file cannot be written.
void write_svg(const std::string& file, const lr_range::LrReport& report);

}  // namespace tuner::commands
