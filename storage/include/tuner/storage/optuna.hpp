// Studies in Optuna's own SQLite files, to be read and written by its RDBStorage.
//
// Source: the schema of Optuna 3.0 to 5.0, SCHEMA_VERSION 12.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/storage/rows.hpp"
#include "tuner/trial.hpp"

namespace tuner::storage {

struct OptunaParameter {
  std::string name;
  double value = 0;          // of a categorical one the index of its choice
  std::string distribution;  // JSON: {"name": "FloatDistribution", "attributes": {...}}
};

struct OptunaTrial {
  std::uint64_t number = 0;
  std::string state;              // COMPLETE, PRUNED, FAIL, RUNNING or WAITING
  std::string started, finished;  // "2026-11-27 04:00:00.123000", UTC; empty: not known
  std::vector<double> values;     // one for each direction, or none
  std::vector<OptunaParameter> parameters;
  std::vector<CurvePoint> intermediate;                         // by step; NaN and infinities too
  std::vector<std::pair<std::string, std::string>> attributes;  // of the user: key and JSON
  std::vector<double> constraints = {};                         // feasible where <= 0
};

struct OptunaStudy {
  std::string name;
  std::vector<Goal> directions = {Goal::minimize};
  std::vector<OptunaTrial> trials;
};

// The revision that Optuna finds stamped into the file. none: the first Optuna that opens it stamps its own, of which
// 3.0 and 3.1 have one, 3.2 to 5.0 another.
enum class OptunaSchema { none, v3_0, v3_2 };

// Writes a new file, whole or not at all. Errors: storage.cannot_open where there is one already, or none can be made;
// storage.failed.
void write_optuna(const std::filesystem::path& file, const OptunaStudy& study,
                  OptunaSchema schema = OptunaSchema::none);

// Names of the studies, and one of them. Errors: storage.cannot_open, .not_a_database where the file is none of
// Optuna's; usage.no_such_study.
[[nodiscard]] std::vector<std::string> optuna_studies(const std::filesystem::path& file);
[[nodiscard]] OptunaStudy read_optuna(const std::filesystem::path& file, const std::string& study);

}  // namespace tuner::storage
