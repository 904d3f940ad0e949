// The study store: one SQLite file, one writing process, any number of readers. SQL stands in storage/src and nowhere
// else. See docs/database.md for the tables and views.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/replicates.hpp"
#include "tuner/space.hpp"
#include "tuner/storage/journal.hpp"
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
  std::string metric;
  Goal goal = Goal::minimize;
  std::uint64_t seed = 1;
  std::string tuner_version;
  int search_version = kSearchVersion;  // of a new study; one that is there keeps its own, as of the two below
  std::uint32_t repeats = 1;            // most replicates that a configuration has
  OnFailure on_failure = OnFailure::rank_last;
};

// What a study was before its space grew, or is: the sweep file, the --set options that it was run with, and the
// canonical plan.
struct StudyVersion {
  std::string config_text;
  std::vector<std::string> overrides;
  std::string plan;
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
  std::uint64_t repeats = 1;  // most replicates of a configuration
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

enum class Access { read_write, read_only };
enum class Network { refused, allowed };  // what to do with a network file system

// Every function that is given the name of a study, except open_study and erase_study, throws usage.no_such_study with
// "did you mean" where there is none; what the disk or another program does wrong is storage.failed, and a damaged
// file is storage.damaged.
// Threads: one thread at a time; any number of stores, in any number of threads and processes.
class Store {
 public:
  // Opens or, for read_write, creates. Brings an older schema forward, for readers too where they see a difference. A
  // refused file is left as it is. read_only: a closed database opens on a read-only medium too, and a writer never
  // makes a reader wait. A damaged log beside a file that nobody has open is refused, since SQLite would drop it; a
  // writer looks through the pages of a file up to 16 MiB first. On a network file system that is allowed, one machine
  // alone may use the file. Errors: storage.cannot_open (folder, permissions, a network file system; says which),
  // .not_a_database, .newer_schema, .damaged.
  Store(const std::filesystem::path& file, Access access, Durability durability = Durability::normal,
        Network network = Network::refused);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // Creates the study or finds the one of that name, and holds its lease until the store is closed or the process
  // ends, however it ends; a store holds one study, the last one opened. An existing study of an equal plan_identity()
  // is continued and gets the new plan, config text and tuner version; where the time limit of its trials became
  // longer, those that timed out become cancelled ones, which are run again. So is one that recorded paths alone, where
  // no more than they differ, and what was there is gone or equal: its plan has the content from now on. One whose plan
  // is `grown_from` gets the new one, and keeps what it was as an earlier version. Returns what to warn of: a line for
  // every path that is another one now. Errors: storage.other_plan with a diff of the two plans and the ways out;
  // storage.busy_study, naming the process that holds it.
  std::vector<std::string> open_study(const StudyRecord& study);
  // Removes the study of that name with all its trials; does nothing where there is none.
  // Errors: storage.busy_study where another store holds it.
  void erase_study(std::string_view name);

  // Of every file of its programs each content, in order of the first trial.
  [[nodiscard]] std::vector<FileVersion> file_versions(std::string_view study) const;
  // Plugins whose sha256 in the study's earlier trials differs at an equal kind, id and version: one line for each
  // build, with the numbers of its trials.
  [[nodiscard]] std::vector<std::string> changed_plugins(std::string_view study,
                                                         std::span<const PluginRecord> now) const;
  // The same for one trial's plugins.
  [[nodiscard]] static std::vector<std::string> changed_plugins(std::span<const PluginRecord> before,
                                                                std::span<const PluginRecord> now);

  // Numbers of the trials that are finished (everything but cancelled), in order.
  [[nodiscard]] std::vector<std::uint64_t> finished(std::string_view study) const;
  // Number of its trials by outcome.
  [[nodiscard]] std::map<Outcome, std::uint64_t> outcomes(std::string_view study) const;
  // Wall time of all its runs so far, by the wall clock: of each from its start to its end, or to the last thing that
  // it recorded where it was killed. Costs a look at every trial for each one that was killed.
  [[nodiscard]] double elapsed_seconds(std::string_view study) const;
  // Best completed run so far, the lower number among equals. A value of NaN is not ranked.
  [[nodiscard]] std::optional<RunRow> best(std::string_view study) const;

  // Writes finished trials of the open study, and after them entries of its journal in their order, in one transaction:
  // all of them or none. A cancelled trial of the same number is replaced with all that was recorded of it, its attempt
  // counted on. On return they survive kill -9 (normal) or power loss (full). A metric that is given twice for a step
  // keeps its last value.
  // Errors: storage.failed (disk; a trial that is finished already, an entry that is there already; no open study; the
  // database or its log is no longer the file that was opened: then all that was recorded, these trials too, is copied,
  // and the message says where); storage.busy_study where another process took the study over.
  void record(std::span<const TrialRecord> trials, std::span<const JournalEntry> entries = {});

  // Keeps a journal of the open study's proposals and observations from now on, with this lag; one that has a journal
  // keeps its own. False where it has trials and no journal, as an earlier version left it: such a study goes on
  // without one. Errors: as record().
  bool keep_journal(std::optional<std::uint64_t> lag);
  [[nodiscard]] bool has_journal(std::string_view study) const;
  // The lag that its journal was begun with; nothing where it has none.
  [[nodiscard]] std::optional<std::uint64_t> lag(std::string_view study) const;
  // Its journal, entry by entry in order. Proposals are counted from 0 without gaps, as are the configurations that
  // were observed, each after its proposal. `take` may read from this store. Errors: storage.damaged where they are
  // not.
  void read_journal(std::string_view study, const std::function<void(JournalEntry entry)>& take) const;

  // A line in the study's events: started, resumed, interrupted, ...
  void add_event(std::string_view kind, std::string_view text);

  // Replaces the suggestions of the open study. Errors: as record().
  void record_lr_suggestions(std::span<const LrSuggestion> suggestions);
  // In the order in which they were recorded; none for a study that is no LR range test, or not at its end.
  [[nodiscard]] std::vector<LrSuggestion> lr_suggestions(std::string_view study, Damage* damage = nullptr) const;

  [[nodiscard]] std::vector<StudyRow> studies(Damage* damage = nullptr) const;
  [[nodiscard]] StudyRow study(std::string_view name) const;
  // With `damage` also a text that does not have its recorded hash.
  [[nodiscard]] std::string study_config(std::string_view name, Damage* damage = nullptr) const;
  // The overrides that its config was last run with, in order. Versions before schema 6 recorded them at the end of the
  // config's text.
  [[nodiscard]] std::vector<std::string> study_overrides(std::string_view name, Damage* damage = nullptr) const;
  // What the study was before its space grew, oldest first, and at the end what it is; none where there is no such
  // study.
  [[nodiscard]] std::vector<StudyVersion> versions(std::string_view name) const;
  // How its configurations follow from its plan: see kSearchVersion. Nothing where there is no such study.
  [[nodiscard]] std::optional<int> search_version(std::string_view name) const;
  // Its recorded plan against another one, "- " and "+ " before the lines that differ; empty where they are equal, or
  // where open_study() would go on. plan_by_path: as in StudyRecord.
  [[nodiscard]] std::string plan_difference(std::string_view name, std::string_view plan,
                                            std::string_view plan_by_path) const;
  // Every build of a plugin that its trials used.
  [[nodiscard]] std::vector<PluginRecord> plugins(std::string_view study) const;
  // In order of number; with `ranked` the completed ones from best to worst, as best() ranks. limit 0: all.
  // The value of a ranked one is a number.
  [[nodiscard]] std::vector<RunRow> runs(std::string_view study, std::uint64_t limit = 0, bool ranked = false,
                                         Damage* damage = nullptr) const;
  // Its configurations from best to worst: by the mean of their replicates, the lower number first among equals. Those
  // with replicates missing stand behind those that have all, and behind them those with a replicate that diverged or
  // failed, unless the study ignores that. One without any value is left out.
  [[nodiscard]] std::vector<ConfigurationRow> configurations(std::string_view study, std::uint64_t limit = 0,
                                                             Damage* damage = nullptr) const;
  // Errors: usage.no_such_trial.
  [[nodiscard]] TrialDetail trial(std::string_view study, std::uint64_t number, Damage* damage = nullptr) const;

  // One statement that only reads; anything else, several statements, and mistakes are storage.bad_query with SQLite's
  // own words. The header goes out before the first row, and also where there are no rows; rows go to `row` as they
  // come, which may throw to stop. A stored NaN is the text "nan" here.
  void query(std::string_view sql, const std::function<void(const std::vector<std::string>& columns)>& header,
             const std::function<void(const std::vector<Value>& cells)>& row) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Is there anything at `file`? Call it qualified: std::filesystem::exists takes a path as well.
[[nodiscard]] bool exists(const std::filesystem::path& file);

}  // namespace tuner::storage
