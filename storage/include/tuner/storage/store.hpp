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
#include "tuner/storage/rows.hpp"
#include "tuner/trial.hpp"

namespace tuner::storage {

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
  // Errors: storage.busy_study where another store holds it; usage.bad_option where there is one of the new name.
  void rename_study(std::string_view name, std::string_view to);
  // The failed and timed out trials of the open study become cancelled ones, which are run again. How many there were.
  std::uint64_t reopen_failed();
  // Writes a copy without free pages and without a log as a new file that nobody may write to, whole or not at all.
  // Errors: storage.cannot_open where there is one already; storage.failed.
  void copy_compact(const std::filesystem::path& file) const;

  // Of every file of its programs each content, in order of the first trial.
  [[nodiscard]] std::vector<FileVersion> file_versions(std::string_view study) const;
  // Plugins whose sha256 in the study's earlier trials differs at an equal kind, id and version: one line for each
  // build, with the numbers of its trials.
  [[nodiscard]] std::vector<std::string> changed_plugins(std::string_view study,
                                                         std::span<const PluginRecord> now) const;
  // The same for one trial's plugins.
  [[nodiscard]] static std::vector<std::string> changed_plugins(std::span<const PluginRecord> before,
                                                                std::span<const PluginRecord> now);

  // Numbers of the trials that are finished (everything but cancelled and paused), in order.
  [[nodiscard]] std::vector<std::uint64_t> finished(std::string_view study) const;
  // Number of its trials by outcome.
  [[nodiscard]] std::map<Outcome, std::uint64_t> outcomes(std::string_view study) const;
  // Wall time of all its runs so far, by the wall clock: of each from its start to its end, or to the last thing that
  // it recorded where it was killed. Costs a look at every trial for each one that was killed.
  [[nodiscard]] double elapsed_seconds(std::string_view study) const;
  // Best completed run so far, the lower number among equals. A value of NaN is not ranked.
  [[nodiscard]] std::optional<RunRow> best(std::string_view study) const;

  // Writes finished trials of the open study, and after them entries of its journal in their order, in one transaction:
  // all of them or none. A cancelled or paused trial of the same number is replaced with all that was recorded of it,
  // the attempt of a cancelled one counted on. On return they survive kill -9 (normal) or power loss (full). A metric
  // that is given twice for a step keeps its last value. Errors: storage.failed (disk; a trial that is finished
  // already, an entry that is there already; no open study; the database or its log is no longer the file that was
  // opened: then all that was recorded, these trials too, is copied, and the message says where); storage.busy_study
  // where another process took the study over.
  void record(std::span<const TrialRecord> trials, std::span<const JournalEntry> entries = {});

  // A paused trial of the open study becomes a pruned one, together with entries of its journal. Requires: there is
  // one. Errors: as record().
  void prune(const TrialId& trial, std::string_view why, std::span<const JournalEntry> entries);

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

  // What people write down of a study, or of one of its trials. The study may be running elsewhere. A tag is there
  // once. Errors: usage.no_such_study; usage.no_such_trial; usage.bad_option for a trial whose row will be replaced.
  void add_note(std::string_view study, std::optional<std::uint64_t> trial, std::string_view text);
  void add_tag(std::string_view study, std::optional<std::uint64_t> trial, std::string_view tag);
  // Was it there?
  bool remove_tag(std::string_view study, std::optional<std::uint64_t> trial, std::string_view tag);
  // Of the study itself, or of one of its trials. Notes in order, tags by name.
  [[nodiscard]] Annotations annotations(std::string_view study, std::optional<std::uint64_t> trial = {}) const;
  // Of every trial that has any, by number; those of a trial by name. Costs a look at all events of the study's trials.
  [[nodiscard]] std::map<std::uint64_t, std::vector<std::string>> tags_of_trials(std::string_view study,
                                                                                 Damage* damage = nullptr) const;

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
  // The machines that it was run on, each once, in order; none of runs of a version that did not record them.
  [[nodiscard]] std::vector<std::string> machines(std::string_view study) const;
  // Numbers of the trials that used this build, in order.
  [[nodiscard]] std::vector<std::uint64_t> trials_of(std::string_view study, const PluginRecord& plugin) const;
  // While what it returns lives, all that this store reads is of one moment, whatever others write meanwhile. Nothing
  // may be written through this store then. The store must outlive it.
  [[nodiscard]] std::shared_ptr<const void> snapshot() const;
  // Cursors: what there is of a study, one row after the other in one pass, with one of them in memory at a time.
  // Whoever shows results takes these. `take` may throw to stop, and must not call the function that calls it.
  //
  // Trials in order of number; with `ranked` the completed ones from best to worst, as best() ranks; the value of those
  // is a number. limit 0: all.
  void read_runs(std::string_view study, std::uint64_t limit, bool ranked, const std::function<void(RunRow run)>& take,
                 Damage* damage = nullptr) const;
  // Configurations from best to worst: by the mean of their replicates, the lower number first among equals. Those with
  // replicates missing stand behind those that have all, and behind them those with a replicate that diverged or
  // failed, unless the study ignores that. One without any value is left out. limit 0: all.
  void read_configurations(std::string_view study, std::uint64_t limit,
                           const std::function<void(ConfigurationRow row)>& take, Damage* damage = nullptr) const;
  // Of every trial that has measured this metric its curve, in order of number, after thin(most).
  void read_curves(std::string_view study, std::string_view metric, std::size_t most,
                   const std::function<void(const Curve& curve)>& take, Damage* damage = nullptr) const;
  // What this trial measured last of a metric; nothing where it has not.
  [[nodiscard]] std::optional<double> last_value(std::string_view study, std::uint64_t number,
                                                 std::string_view metric) const;
  // Names of the parameters that its trials have, in an order in which those of each trial stand in their own. One pass
  // over all trials.
  [[nodiscard]] std::vector<std::string> parameter_names(std::string_view study, Damage* damage = nullptr) const;

  // All at once what read_runs() and read_configurations() give.
  [[nodiscard]] std::vector<RunRow> runs(std::string_view study, std::uint64_t limit = 0, bool ranked = false,
                                         Damage* damage = nullptr) const;
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
