// A study: one training run or program with search parameters, how it is run, and where it came from. The config reader
// makes it from YAML; resolve() puts in the values of a configuration.
//
// Everything in a plan is valid: every option is known, every value that a search parameter can take is in its legal
// range.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/checkpoint.hpp"
#include "tuner/json.hpp"
#include "tuner/replicates.hpp"
#include "tuner/space.hpp"
#include "tuner/trial.hpp"
#include "tuner/value.hpp"

namespace tuner {

namespace program {
struct Program;
}

// The value of a dimension of the space, by index.
struct SearchParameter {
  std::size_t dimension;
};
using Setting = std::variant<Value, SearchParameter>;
using Settings = std::map<std::string, Setting>;  // by option or key; absent: default

// One branch where `dimension` is empty, else the branches of a one_of in order.
template <class T>
struct OneOf {
  std::optional<std::size_t> dimension;
  std::vector<T> branches;
};

struct GroupPlan {
  GroupMatch match;
  Settings options;
  std::string place;  // "sweep.yaml:4:9", for errors about it
};

struct PluginPlan {
  const Plugin* plugin = nullptr;
  std::string label;  // the id, or what `as:` says
  Settings options;
  std::vector<GroupPlan> groups;         // optimizers
  std::vector<OneOf<PluginPlan>> inner;  // optimizers that wrap: exactly one; else empty
  std::string drives = {};               // schedulers: the option that is driven; empty: the scheduler's own choice
};

// A schedule: its stages one after another, with warmup before the first.
struct StagePlan {
  OneOf<PluginPlan> scheduler;
  Setting steps = Null{};                       // null: to the end
  std::vector<OneOf<PluginPlan>> factors = {};  // schedulers beside it
};
struct SchedulePlan {
  std::string label;
  Settings warmup;  // warmup_steps, warmup_fraction, warmup_form, warmup_target
  std::vector<StagePlan> stages;
};

// A section of `training:` that can be absent, e.g. early_stopping. nullopt: null.
using OptionalSettings = std::optional<Settings>;

struct MetricPlan {
  std::string name;
  Goal goal = Goal::minimize;
  std::optional<double> target;
};

// One of the metrics after the first, in a study that is searched for several.
struct FurtherMetric {
  std::string name;
  Goal goal = Goal::minimize;
  std::string place;  // "sweep.yaml:4:9", for errors about it
};

enum class Isolation { process, thread };
inline constexpr const char* kIsolations[] = {"process", "thread"};

// Which failed trials are run again, and how often. By default one that was killed from outside, once.
struct RetryPlan {
  std::int64_t max = 1;
  std::vector<Failure> on = {Failure::killed};
};

// What stops trials early, and what the host adds to it. Steps are those of the reports of the study's metric.
struct PrunerPlan {
  PluginPlan plugin;
  std::int64_t warmup = 0;    // no trial is stopped before this step
  std::int64_t interval = 1;  // a report is judged where a multiple of this lies between it and the one judged before
  // A trial is not stopped while one of its last `patience` + 1 judged values is better by more than min_delta than all
  // before them.
  std::int64_t patience = 0;
  double min_delta = 0;
};

// How often a configuration is run, each time with other random numbers.
struct RepeatPlan {
  std::uint32_t count = 1;
  OnFailure on_failure = OnFailure::rank_last;
};

// What becomes of a proposal of a configuration that was proposed before. retry: it is made again, and where no
// configuration is left the study ends. repeat: its trials are further replicates of that configuration. reuse: its
// result is that of the earlier one, and nothing is run.
enum class OnDuplicate { retry, repeat, reuse };
inline constexpr const char* kOnDuplicates[] = {"retry", "repeat", "reuse"};

// `lag` of a search that takes results as they come.
inline constexpr std::uint64_t kFreeLag = 0;

// What becomes of the running trials when the budget is used up.
enum class BudgetEnd { cancel, finish };
inline constexpr const char* kBudgetEnds[] = {"cancel", "finish"};

// What is studied: what makes a study another one, but for its name and its trials' time limit.
struct StudyPlan {
  std::string name;
  std::uint64_t seed = 1;
  MetricPlan metric;  // name empty: the objective decides (the first of metric_names)
  bool goal_given = false;
  std::vector<FurtherMetric> further_metrics = {};  // of which the trial's values are their last ones, as of the first
  std::string metric_place;                         // "sweep.yaml:4:9", for errors about it
  std::map<std::string, std::string> stopping_metrics;  // places of the metrics that early_stopping names
  std::string method;                  // "single": a config without a search; of a searcher that is a plugin its id
  std::optional<PluginPlan> searcher;  // where the method is a plugin
  std::vector<std::string> learn_from = {};       // studies of the same database whose trials it is told of first
  OnDuplicate on_duplicate = OnDuplicate::retry;  // of such a search
  // What such a search tries first, in order. What has no value is left to the searcher.
  std::vector<Configuration> start;
  std::optional<PrunerPlan> pruner;
  bool partial = false;  // a grid may be cut by `trials`
  RepeatPlan repeats;
  int search_version = kSearchVersion;  // of the study in the database, where there is one
  // Where the space grew: those before it, oldest first. They differ in the domains alone; see search/growth.hpp.
  std::vector<Space> grown_from;

  OneOf<PluginPlan> objective;                 // no branches where `program` is the objective
  std::optional<OneOf<PluginPlan>> optimizer;  // none for a black box
  OneOf<SchedulePlan> schedule;                // no branches for a black box
  Settings training;                           // by name of the field of TrainingSettings: "batch_size", "noise_eta"
  OneOf<OptionalSettings> early_stopping;      // one branch: nullopt where it is not given
  OneOf<OptionalSettings> averaging;           // likewise
  Space space;
  // What a trial runs in place of a training; null: it trains. Core knows no more of it (see
  // tuner/program/program.hpp): its identity is the canonical form in sections["objective"], and the space.
  std::shared_ptr<const program::Program> program;
  // Settings of the method that core does not know, by the key of their section of the sweep file, in canonical form.
  std::map<std::string, Json> sections;

  // What is known of the content of the files and folders that PATH options name, by path: the canonical plan has this
  // in place of the path, so that a study goes on where they were moved or copied. Hex sha256 by name: of a file its
  // own under the empty name, of a folder those of the files in it that the plugin reads. A path that is not here stays
  // one.
  std::map<std::string, std::map<std::string, std::string>> files;
};

// May a configuration have several trials?
[[nodiscard]] inline bool has_replicates(const StudyPlan& plan) {
  return plan.repeats.count > 1 || plan.on_duplicate == OnDuplicate::repeat;
}

// What starts workers on other machines: the command is a program and its arguments, to which tuner's own command line
// is added. Each launcher starts one supervisor.
struct LaunchPlan {
  std::vector<std::string> command;   // ${host} stands for one of `hosts`. Empty: workers are local
  std::vector<std::string> hosts;     // one launcher each; empty: as many as `workers` need
  std::uint32_t per_host = 1;         // workers behind one launcher
  std::vector<std::uint32_t> counts;  // workers behind each of `hosts`, where they differ; else per_host
  std::string program;                // tuner as the other machines have it; empty: the path of this one
  bool automatic = false;             // how many workers, and where, is the batch system's to say
  bool send_plugins = false;          // other machines need not have the plugins of the study
  bool any_nodes = false;             // machines may differ in what decides the bits of a result
  std::string place;                  // of the command in the sweep file
};

// How it is run: may differ from one start of the study to the next.
struct RunSettings {
  std::optional<std::uint64_t> trials;   // total of the study
  std::optional<double> budget_seconds;  // wall time of the study, over all its runs
  BudgetEnd budget_end = BudgetEnd::cancel;
  std::optional<std::uint64_t> lag;  // of a searcher that learns, or kFreeLag; nothing: by the number of workers
  bool end_at_target = false;        // a trial that reaches the metric's target is the last one that begins
  std::uint32_t workers = 1;         // of all machines together
  LaunchPlan launch;
  std::vector<std::string> devices;  // GPUs that the workers share; empty: every worker sees what there is
  int nice = 0;                      // added to that of the workers and of what they run
  Isolation isolation = Isolation::process;
  std::uint64_t memory_limit = 0;  // bytes of a worker process; 0: none
  MemoryBound trial_memory;        // what one trial can have, as it was when the study started
  RetryPlan retry;
  std::optional<std::uint64_t> max_failed_trials;  // more than these end the study
  CheckpointRules checkpoint;
  std::string database = "tuner.db";  // the file
  Durability durability = Durability::normal;
};

// Where it came from.
struct PlanSource {
  std::string text;                        // of the sweep file, as read
  std::string path;                        // as given; stands in messages
  std::string folder;                      // where relative paths count from
  std::vector<std::string> overrides;      // "training.epochs=1", in order, as --set gave them
  std::vector<std::string> warnings = {};  // about a file of another system, for people
};

// A sweep file as read. Nothing changes it afterwards: what needs another one makes it.
struct Study {
  StudyPlan plan;
  RunSettings run;
  PlanSource source;
};

// Puts the configuration's values into the plan; lr is scaled as training.lr_scaling says. Errors: config.impossible
// (rules between options, with the plugin's text; an lr to scale that is not there or becomes illegal) and what
// OptionTable throws.
[[nodiscard]] TrialSpec resolve(const StudyPlan& plan, const Configuration& configuration, const TrialId& trial);
// With the memory that a trial of the study can have.
[[nodiscard]] TrialSpec resolve(const Study& study, const Configuration& configuration, const TrialId& trial);

// The identity of a study as canonical JSON, pretty-printed with one key per line in sorted order so that two can be
// compared line by line: space, objective, optimizer, scheduler, training, metric, seed, method, repeats, with plugin
// ids and versions. Name, trials, budget, workers and storage do not count, nor does the order of the keys, except in a
// grid, whose trials are numbered by it. Without plan.files it is what versions before 1.1 recorded.
[[nodiscard]] std::string canonical_plan(const StudyPlan& plan);

// Those of a canonical plan, without places.
[[nodiscard]] std::vector<FurtherMetric> further_metrics_of(const std::string& canonical);

// What of a canonical plan makes the study: all but a time limit that is one for all trials, which may change from one
// run of the study to the next. A string that is no canonical plan is its own identity.
[[nodiscard]] std::string plan_identity(const std::string& canonical);
// That time limit in seconds; 0: none.
[[nodiscard]] double plan_time_limit(const std::string& canonical);

// What a checkpoint of this study belongs to: sha256 of the identity of the plan, as it was before it grew, and of the
// plugins' files.
[[nodiscard]] std::string checkpoint_identity(const StudyPlan& plan);

// All plugins that a plan can use, or those that one configuration of it uses.
[[nodiscard]] std::vector<const Plugin*> plugins_of(const StudyPlan& plan);
[[nodiscard]] std::vector<const Plugin*> plugins_of(const StudyPlan& plan, const Configuration& configuration);

}  // namespace tuner
