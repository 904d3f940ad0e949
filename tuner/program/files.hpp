// The files that a trial of a program depends on: the program, its script, and those that `files:` names.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/program/macros.hpp"

namespace tuner::program {

// The environment of a program where it stands in for ours: the variable of that name, as the sweep file or else our
// environment has it; empty where neither does.
[[nodiscard]] std::string variable(const Program& program, const MacroValues& values, const std::string& name);

// Those of a command with its macros expanded, without sha256; the program first. `path` of the program is empty where
// there is none. A script is what an interpreter that is known (python3, Rscript, julia, bash, ...) gets as its file.
[[nodiscard]] std::vector<FileUse> files_of(const Program& program, const std::vector<std::string>& words,
                                            const std::string& path_variable);

// What can be found out before the first trial, for some of the study's configurations: the working directory, the
// program, its script, files and variables of the environment are there. Errors: config.no_program, config.bad_macro.
void check_files(const Study& study, const std::vector<Configuration>& points);

// sha256 of files, each read again only where it has changed. Threads: one.
class HashedFiles {
 public:
  // 64 zeros where the file cannot be read.
  [[nodiscard]] std::string sha256_of(const std::string& file);

 private:
  struct Known {
    std::string state, sha256;
  };
  std::map<std::string, Known> known_;
};

// Lines to warn with where files of the study's programs differ from those of earlier trials. recorded: what
// storage::Store::file_versions() has; now: with sha256.
struct RecordedVersion {
  std::string kind, name, sha256;
  std::uint64_t first = 0, last = 0, trials = 0;
};
[[nodiscard]] std::vector<std::string> changed_files(const std::vector<RecordedVersion>& recorded,
                                                     const std::vector<FileUse>& now);

}  // namespace tuner::program
