// The studies of several databases in one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tuner::storage {

// What becomes of a study whose name is taken.
enum class Taken { refused, skipped, renamed };

struct MergedStudy {
  std::filesystem::path from;
  std::string name;  // there
  std::string as;    // here; empty where it was skipped
  std::uint64_t trials = 0;
};

// Copies all studies of the databases `from` into `into`, which is made if it does not exist: all of them or none, with
// everything that a run needs to go on with them. Checkpoints are files and stay where they are. `from` is not changed;
// it may be read-only, and of an older schema. renamed: NAME becomes NAME-2 (or the next that is free), and NAME.REST
// of the same database NAME-2.REST. In the order in which they were copied. Errors: usage.bad_option where a name is
// taken, with all that are, and where `from` has `into` itself; storage.busy_study where one is being run; those of
// opening.
std::vector<MergedStudy> merge_databases(const std::filesystem::path& into, std::span<const std::filesystem::path> from,
                                         Taken taken);

}  // namespace tuner::storage
