// What starts the workers of a study on other machines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tuner/executor/executor.hpp"

namespace tuner::commands {

// One for each host, or as many as the study's workers need. executable: this program. Errors: config.no_program where
// the launcher is not found.
[[nodiscard]] std::vector<executor::Launcher> launchers_of(const Study& study, const std::filesystem::path& executable);

// --launcher as a --set. words: the program and its arguments, in quotes where they have blanks. Errors:
// usage.bad_option.
[[nodiscard]] std::string launcher_assignment(const std::string& words);

// "64 workers", "64 workers of 8 launchers"
[[nodiscard]] std::string workers_words(const RunSettings& run);

}  // namespace tuner::commands
