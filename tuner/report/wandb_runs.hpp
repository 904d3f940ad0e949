// Runs of W&B as a study.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tuner/report/imported_study.hpp"
#include "tuner/report/wandb_log.hpp"

namespace tuner::report {

// The logs in a folder: files *.wandb of its own, or of folders run-... and offline-run-... in it or in its folder
// wandb, each once, in order of the folders' names, which begin with the time; or the one file that it is. Errors:
// storage.cannot_open where there are none.
[[nodiscard]] std::vector<std::filesystem::path> wandb_files(const std::filesystem::path& folder);

struct WandbRuns {
  std::vector<WandbRun> runs;         // in order of their start
  std::vector<std::string> problems;  // "FILE: what", of files that were read in part or not at all
};
// Files of the same run, which was resumed, are one run. Errors: storage.not_a_database where no file can be read.
[[nodiscard]] WandbRuns read_wandb_runs(const std::vector<std::filesystem::path>& files);

// The projects of the runs, in alphabetical order.
[[nodiscard]] std::vector<std::string> projects_of(const std::vector<WandbRun>& runs);
// Names of what any of the runs has measured.
[[nodiscard]] std::vector<std::string> metrics_of(const std::vector<WandbRun>& runs);

// name: of the new study. Each run is a trial: the config is its parameters, with names of nested ones joined by dots,
// the history its curves, the summary what the history lacks. The value is that of the summary, else the last one of
// the history. A run with an exit code above 0 has failed, and so has one without an end.
[[nodiscard]] ImportedStudy imported_study(const std::vector<WandbRun>& runs, const std::string& name,
                                           const std::string& metric, Goal goal, const std::string& folder);

}  // namespace tuner::report
