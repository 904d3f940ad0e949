// Where the checkpoints of studies are: beside the database, or in the folder that the sweep file gives, to which a
// link beside the database leads. Commands that know the database alone find them by the first.
#pragma once

#include <filesystem>
#include <string>

#include "tuner/plan.hpp"

namespace tuner::commands {

// Of a database: beside its file, where that is a link beside what it names. Each study has a folder or a link in it.
[[nodiscard]] std::filesystem::path checkpoint_folder(const std::string& database);

// Of a study as its sweep file gives it: checkpoint.folder as it was read. Studies of other databases have other
// folders there.
[[nodiscard]] std::filesystem::path checkpoint_folder_of(const Study& study);

// Before a study runs: what an earlier start left elsewhere moves to study.run.checkpoint.folder, and the link is made.
// Errors: storage.failed where a folder that was given cannot be used.
void place_checkpoints(const Study& study);
// After it: removes the link where nothing is left behind it.
void tidy_checkpoints(const Study& study);

void remove_study_checkpoints(const std::string& database, const std::string& study);
void rename_study_checkpoints(const std::string& database, const std::string& from, const std::string& to);

}  // namespace tuner::commands
