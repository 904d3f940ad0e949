// A study as the database has it, read anew: for the commands that run or compute a part of it again.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "tuner/catalogue.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/objective.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

struct RecordedStudy {
  Study study;
  config::ReadAs as = config::ReadAs::study;
};

// The program's own plugins, those that are named, and of the recorded ones those that are still missing.
[[nodiscard]] Catalogue recorded_plugins(const Invocation& invocation, const storage::Store& store,
                                         const std::string& study, std::span<const std::string> named,
                                         const std::optional<config::SweepFile>& file);

// The recorded plan, read anew. Earlier versions recorded overrides as comments at the end of the sweep file, which may
// have such comments of its own; and the study may be the LR range test of what the file describes. Right is what gives
// the recorded plan.
// executable: asks plugins what has to be known of their data, see inspection.hpp.
// Errors: storage.other_plan where nothing does, and what reading it throws.
[[nodiscard]] RecordedStudy read_recorded(const storage::Store& store, const std::string& study,
                                          const std::optional<config::SweepFile>& file, const Catalogue& catalogue,
                                          SharedObjectives& shared, const std::filesystem::path& executable);

// The study with what the database knows of how its configurations follow from its plan: the search version that it
// began with, and the spaces that it has grown from. A grid has grown where its sweep differs from the recorded one in
// values alone, and has all those that were there; a study whose searcher is a plugin, where search/growth.hpp says so.
// Without such a study in the database, the same one.
[[nodiscard]] Study with_stored_search(Study study, const storage::Store& store, const Catalogue& catalogue);

// The canonical plan that the study had before its space grew last. Empty: it has not grown.
[[nodiscard]] std::string plan_before_growth(const StudyPlan& plan);

// A sentence for people where the database has this study with another space, and it may not go on with this one.
[[nodiscard]] std::string why_not_grown(const Study& study, const storage::Store& store, const Catalogue& catalogue);

// What a study of a searcher that is a plugin was before its space grew, oldest first.
struct RecordedVersion {
  Study study;
  std::uint64_t proposals = 0;  // that had been made when it was replaced
};
// Errors: config.*, plugin.*: a recorded sweep can no longer be read.
[[nodiscard]] std::vector<RecordedVersion> recorded_versions(const Study& study, const storage::Store& store,
                                                             const Catalogue& catalogue);

}  // namespace tuner::commands
