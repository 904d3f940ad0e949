// What a study store takes and gives: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/replicates.hpp"
#include "tuner/space.hpp"
#include "tuner/trial.hpp"

namespace tuner::storage {

// A plugin that a trial used, or a file that its program was run with: then kind is `program`, `script` or `file`, id
// the name that the sweep file gives it, and there is no version and no build.
struct PluginRecord {
  std::string kind, id, version, sha256, path;
  std::uint32_t abi_minor = 0, build_flags = 0;
  std::string build;
  bool operator==(const PluginRecord&) const = default;
};

struct StudyRecord {
  std::string name;
  std::string config_text;
  std::string config_sha256;
  std::vector<std::string> overrides{};  // of values of the config, in order
  std::string plan;                      // canonical_plan()
  std::string
      plan_by_path{};  // the same with paths in place of the content of files, as versions before 1.1 recorded it
  std::vector<std::pair<std::string, std::string>> files{};  // path and sha256 of what `plan` has the content of
  // Of a study whose space grew: the canonical plan that it had before this one. Empty: it did not grow.
  std::string grown_from{};
  // A sentence for people where it is another study than the recorded one, and its space could have grown: why not.
  std::string not_grown{};
  std::string metric;
  Goal goal = Goal::minimize;
  std::uint64_t seed = 1;
  std::string tuner_version;
  int search_version = kSearchVersion;  // of a new study; one that is there keeps its own, as of the two below
  std::uint32_t repeats = 1;            // most replicates that a configuration has; 0: as many as the searcher proposes
  OnFailure on_failure = OnFailure::rank_last;
};

// What a study was before its space grew, or is: the sweep file, the --set options that it was run with, and the
// canonical plan.
struct StudyVersion {
  std::string config_text;
  std::vector<std::string> overrides;
  std::string plan;
  // Of a version before the newest one of a study with a journal: how many proposals there were when it was replaced.
  std::optional<std::uint64_t> proposals{};
  std::string replaced_at{};  // ISO 8601, UTC; empty: the newest
};

// A finished trial. Times are UTC, milliseconds since 1970.
struct TrialRecord {
  TrialId id;
  std::uint32_t replicates = 1;  // how many its configuration is to have
  std::uint32_t attempt = 1;
  std::uint64_t seed = 1;
  std::int64_t started_at_ms = 0, finished_at_ms = 0;
  Parameters parameters;
  TrialResult result;
  std::vector<PluginRecord> plugins;
};

// A configuration as the view `best_configurations` has it.
struct ConfigurationRow {
  std::uint64_t configuration = 0;
  std::uint64_t number = 0;              // of its first trial that has ended
  std::int64_t replicates = 1, due = 1;  // trials that have ended, and that there are to be
  std::int64_t completed = 1;            // those that the mean is over
  double mean = 0;
  std::optional<double> standard_deviation;
  Parameters parameters;
  [[nodiscard]] bool complete() const { return replicates >= due; }
};

struct StudyRow {
  std::string name, metric, created_at, tuner_version;
  Goal goal = Goal::minimize;
  std::uint64_t seed = 1;
  std::uint64_t repeats = 1;  // most replicates of a configuration; 0: as many as its searcher proposes
  [[nodiscard]] bool is_repeated() const { return repeats != 1; }
  std::uint64_t trials = 0, completed = 0;
  // Of a study with replicates the mean of its best configuration, and the number of that one's first trial.
  std::optional<double> best_value;
  std::optional<std::uint64_t> best_number;
};

// A trial as the view `runs` has it.
struct RunRow {
  std::uint64_t number = 0, configuration = 0;
  std::uint32_t replicate = 0;
  [[nodiscard]] TrialId id() const { return {number, configuration, replicate}; }
  Outcome outcome = Outcome::completed;
  std::optional<double> value;
  Parameters parameters;
  std::uint64_t seed = 0, attempt = 1;
  std::int64_t steps = 0;
  std::uint64_t evaluations = 0;
  double wall_seconds = 0;
  std::string started_at, finished_at, error;  // ISO 8601, UTC
  // The sum of what its constraints are above 0; nothing: it has none. A trial above 0 is not ranked.
  std::optional<double> violation = {};
  std::vector<std::string> tags{};  // left empty by the store: see Store::tags_of_trials()
};

// The same of a trial that has just ended, as it stands in the database once it is recorded.
[[nodiscard]] RunRow run_row(const TrialRecord& trial);

struct CurvePoint {
  std::int64_t step = 0;
  double value = 0;
  bool operator==(const CurvePoint&) const = default;
};

// One metric of one trial, by step.
struct Curve {
  std::uint64_t number = 0;    // of the trial
  std::uint64_t measured = 0;  // points that there are in the database
  std::vector<CurvePoint> points;
};

// Leaves at most `most` points, those that a chart of them needs: the first, the last, and of equal groups of the
// others the least and the greatest, where a NaN is greater than any number. most: at least 4, else 4 is taken; 0: all
// stay.
void thin(std::vector<CurvePoint>& points, std::size_t most);

// Everything that is stored of a trial.
// What people have written down.
struct Annotations {
  std::vector<std::string> notes, tags;
};

// What a study's pruner decided on a trial: on its report of that step, or, as a review, while it was paused there.
struct PrunerDecision {
  std::int64_t step = 0;
  std::optional<double> value;  // of the report
  bool is_review = false;
  std::string decision;  // continue, stop or pause
  std::string why;       // empty: the pruner said nothing
};

struct TrialDetail {
  RunRow run;
  // As in TrialResult.
  std::optional<double> best_value, last_value;
  double epochs = 0;
  Evaluations evaluations;
  std::int64_t nonfinite_gradients = 0;
  std::optional<std::int64_t> target_step;
  std::optional<double> target_seconds;
  std::vector<MetricPoint> metrics;   // by name, then step
  std::vector<PluginRecord> plugins;  // of a program the files that it was run with
  std::vector<std::string> log;
  std::string exit;    // of a program that did not end with exit code 0: "exit code 2", "signal 11 (...)"; else empty
  std::string output;  // the end of what a program printed, as printable()
  std::vector<PrunerDecision> decisions;  // in their order
  Annotations annotations;
};

// One content of a file that the study's programs were run with, and the trials that had it.
struct FileVersion {
  std::string kind, id, sha256;  // as in PluginRecord
  std::uint64_t first = 0, last = 0, trials = 0;
};

// What an LR range test suggests for one branch of its study; see docs/lr-range.md for the names.
struct LrSuggestion {
  std::string branch, name;
  std::optional<double> value, low, high;
  std::string rule;  // how it was found
  std::string note;  // why there is no value, or what to know about it; may be empty
  bool operator==(const LrSuggestion&) const = default;
};

// Result of a query: every cell a Value (null, integer, number, text).
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

// What could not be read of a database, a line each: the row, the table, and what is wrong with it.
//
// Functions that read take one. Given it, they leave such rows out, note them there and go on; without it, and also
// where nothing would be left, they throw storage.damaged at the first one.
class Damage {
 public:
  void add(std::string line);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // Throws storage.damaged with the lines, the first 20 of many; does nothing where there are none.
  void raise(const std::filesystem::path& file) const;

 private:
  std::vector<std::string> lines_;
  std::uint64_t count_ = 0;
};

}  // namespace tuner::storage
