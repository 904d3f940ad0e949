// The files that a study depends on: their content is part of its identity, their place is not.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/executor/inspector.hpp"
#include "tuner/plan.hpp"
#include "tuner/training.hpp"

namespace tuner::commands {

// The study with plan.files: for every file that a PATH option names its sha256, for a folder that of the files in it
// that the objective says it reads (tuner/extensions/data_files.h). Opens the data of objectives that a folder is given
// to. What is not there, or cannot be opened, is left out. data_files: what a branch of the objective reads, with value
// `index` of a dimension where one is given; it may throw an Error.
using DataFilesOf = std::function<std::vector<std::string>(std::size_t branch, std::optional<std::size_t> dimension,
                                                           std::size_t index)>;
[[nodiscard]] Study with_files(Study study, const DataFilesOf& data_files);
// The answer: opens the data. See inspection.hpp.
[[nodiscard]] std::vector<std::string> data_files_of(const executor::Inspected& asked, std::size_t branch,
                                                     std::optional<std::size_t> dimension, std::size_t index);

// The canonical plan as versions before 1.1 recorded it.
[[nodiscard]] std::string plan_by_path(StudyPlan plan);

// Path and sha256 of every file in plan.files.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> file_hashes(const StudyPlan& plan);

// The first value of a dimension, without making the others.
[[nodiscard]] Value first_value(const Dimension& dimension);

// A point with the first value of every dimension, but value `index` of dimension `fixed`.
[[nodiscard]] Configuration first_point(const Space& space, std::optional<std::size_t> fixed, std::size_t index);

}  // namespace tuner::commands
