// Is a database whole? Looks at everything in it and changes nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tuner::storage {

// What could be counted of a study. `complete` is false where damage ended the counting.
struct StudyCounts {
  std::string name;
  std::uint64_t trials = 0, completed = 0, parameters = 0, metrics = 0;
  bool complete = true;
};

struct Inspection {
  std::int64_t schema_version = 0, pages = 0, page_size = 0;
  std::vector<StudyCounts> studies;
  // A sentence each. Notes are not damage: a log that is not moved into the file yet, a run that was killed.
  std::vector<std::string> damage, notes;
};

// Called with what is looked at next: "the pages", "table metrics".
using InspectionProgress = std::function<void(const std::string& what)>;

// SQLite's own check of every page and index, foreign keys, tables and views against the schema, the log beside the
// file, and for every study whether its rows agree with each other. Writes neither to the file nor to its log; as for
// any reader, a -shm file may appear beside a log. Takes time in proportion to the file.
// Errors: storage.cannot_open, .not_a_database, .newer_schema as Store; storage.damaged where nothing can be read.
[[nodiscard]] Inspection inspect(const std::filesystem::path& file, const InspectionProgress& progress = {});

}  // namespace tuner::storage
