// The files in which W&B's client writes its runs: run-ID.wandb.
//
// Source: wandb/sdk/internal/datastore.py (the log of LevelDB, with CRC-32 of IEEE) and
// wandb/proto/wandb_internal.proto of wandb 0.10 to 0.28. Fields that are not named here are passed over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/trial.hpp"

namespace tuner::report {

struct WandbRun {
  std::string id, project, name, notes;
  std::vector<std::string> tags;
  std::int64_t started_at_ms = 0;             // 0: not known
  double seconds = 0;                         // of the process
  std::optional<std::int64_t> exit_code;      // nothing: the log has no end of the run
  Json config = Json::object();               // nested as the script has it, without `_wandb`
  Json summary = Json::object();              // the same
  std::vector<MetricPoint> history;           // numbers, also those inside of maps, in the order of the log
  std::map<std::string, Goal> defined_goals;  // of define_metric()
};

// What a file came to.
struct WandbLog {
  std::uint64_t records = 0;
  std::vector<std::string> problems;  // what could not be read, for people; empty: it was read whole
};

// Reads a file into `run`, which goes on with it where an earlier file of the same run has been read.
// Errors: storage.cannot_open; storage.not_a_database where it does not begin as such a file does.
WandbLog read_wandb_log(const std::filesystem::path& file, WandbRun& run);

// A number of W&B's JSON, in which NaN and infinities are words; nothing where it is no number.
[[nodiscard]] std::optional<double> wandb_number(const Json& value);

}  // namespace tuner::report
