// The host's keys of a sweep file, said once: the reader takes types, bounds and words from here, the JSON Schema also
// the descriptions. (A plugin's options are said by the plugin.)
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tuner/config/host_key.hpp"
#include "tuner/config/keys.hpp"
#include "tuner/config/search_parameters.hpp"
#include "tuner/config/training_keys.hpp"
#include "tuner/plan.hpp"
#include "tuner/training.hpp"

namespace tuner::config {

inline constexpr const char* kGoals[] = {"minimize", "maximize"};
inline constexpr const char* kMethods[] = {"grid", "random", "lr_range"};
inline constexpr const char* kDurabilities[] = {"normal", "full"};
inline constexpr const char* kKeeps[] = {"last", "all"};
inline constexpr std::string_view kLabelPattern = "^[A-Za-z0-9_.-]+$";

inline constexpr HostKey kStudyKeys[] = {
    {.key = "study",
     .type = HostKey::string,
     .doc = "name of the study in the database; default: the file's name",
     .pattern = "^(?!\\.{1,2}$)[^/\\x01-\\x1f\\x7f]{1,246}$"},
    {.key = "seed",
     .type = HostKey::integer,
     .doc = "decides every random number of the study",
     .fallback = "1",
     .bounds = {.min = 0, .max = 0x1p63}},
    {.key = "metric",
     .type = HostKey::own,
     .doc = "what is searched for; default: the objective's first metric and its direction"},
    {.key = "method",
     .type = HostKey::own,
     .doc = "how search parameters get their values; none: the file is one trial"},
    {.key = "pruner", .type = HostKey::own, .doc = "what stops trials early; none: a trial ends at its end"},
    {.key = "trials",
     .type = HostKey::integer,
     .doc = "the total of the study; default: the whole grid, 1 without search parameters",
     .bounds = {.min = 1, .max = 0x1p31}},
    {.key = "run_cap", .type = HostKey::integer, .doc = "another name for trials", .bounds = {.min = 1, .max = 0x1p31}},
    {.key = "partial", .type = HostKey::boolean, .doc = "allows trials to cut a grid", .fallback = "false"},
    {.key = "repeats",
     .type = HostKey::own,
     .doc = "trials of every configuration, which differ in their random numbers; default: 1"},
    {.key = "workers", .type = HostKey::own, .doc = "trials side by side, and what they share; default: 1"},
    {.key = "isolation",
     .type = HostKey::word,
     .doc = "where trials run: worker processes, or threads of the program",
     .fallback = "\"process\"",
     .words = kIsolations},
    {.key = "memory_limit",
     .type = HostKey::own,
     .doc = "memory of one worker process, or of a program: bytes, or a string like 512MiB; default: none"},
    {.key = "retry",
     .type = HostKey::own,
     .doc = "a failed trial is run again; default: one that was killed from outside, once"},
    {.key = "checkpoint",
     .type = HostKey::own,
     .doc = "how often a trial writes its state, to continue from there; or none"},
    {.key = "max_failed_trials",
     .type = HostKey::integer,
     .doc = "more failed and timed out trials than this end the study",
     .bounds = {.min = 0, .max = 0x1p31}},
    {.key = "storage", .type = HostKey::string, .doc = "database file", .fallback = "\"tuner.db\"", .pattern = "."},
    {.key = "durability",
     .type = HostKey::word,
     .doc = "what recorded trials survive: normal: a killed process, full: also power loss",
     .fallback = "\"normal\"",
     .words = kDurabilities},
    {.key = "plugins", .type = HostKey::list, .doc = "plugin libraries to load, relative to this file"},
    {.key = "budget", .type = HostKey::own, .doc = "the study's wall time"},
    {.key = "objective", .type = HostKey::own, .doc = "what is trained, or the program that is run"},
    {.key = "optimizer", .type = HostKey::own, .doc = "what trains it; none for a black box"},
    {.key = "scheduler",
     .type = HostKey::own,
     .doc = "how options of the optimizer change during a run; default: constant"},
    {.key = "training", .type = HostKey::own, .doc = "how a trial is trained"},
    {.key = "lr_range", .type = HostKey::own, .doc = "how LR range tests are made"}};

inline constexpr const char* kNodes[] = {"same", "any"};
inline constexpr HostKey kWorkersKeys[] = {
    {.key = "count",
     .type = HostKey::own,
     .doc = "trials side by side; auto: the tasks of the Slurm job that it runs in, or the processors of this machine",
     .fallback = "1",
     .bounds = {.min = 1, .max = 100000}},
    {.key = "launcher",
     .type = HostKey::own,
     .doc = "what starts workers on other machines: a program and its arguments, to which tuner's command line is "
            "added; ${host} stands for one of hosts"},
    {.key = "hosts", .type = HostKey::own, .doc = "the launcher is started once for each of them"},
    {.key = "per_host",
     .type = HostKey::integer,
     .doc = "workers that one launcher starts",
     .fallback = "1",
     .bounds = {.min = 1, .max = 4096}},
    {.key = "nodes",
     .type = HostKey::word,
     .doc = "which machines are taken: same: those with the processor features and the libm of this one, any: all; "
            "results may then differ in their last bits",
     .fallback = "\"same\"",
     .words = kNodes},
    {.key = "send_plugins",
     .type = HostKey::boolean,
     .doc = "the study's plugins travel to the other machines, which need not have them",
     .fallback = "false"},
    {.key = "program",
     .type = HostKey::string,
     .doc = "tuner as the other machines have it; default: the path of this one",
     .pattern = "."},
    {.key = "devices",
     .type = HostKey::list,
     .doc = "GPUs: each worker gets its share of them in CUDA_VISIBLE_DEVICES"},
    {.key = "nice",
     .type = HostKey::integer,
     .doc = "added to the nice value of the workers: the higher, the less they get",
     .fallback = "0",
     .bounds = {.min = 0, .max = 19}}};

// An objective that is a program.
inline constexpr const char* kWandbModes[] = {"offline"};
inline constexpr HostKey kProgramKeys[] = {
    {.key = "command",
     .type = HostKey::own,
     .doc = "the program and its arguments, with macros such as ${args}; no shell reads them"},
    {.key = "program",
     .type = HostKey::string,
     .doc = "the script that ${program} stands for; without a command it is what is run"},
    {.key = "parameters", .type = HostKey::own, .doc = "what the program is given: values, and what is searched"},
    {.key = "metrics", .type = HostKey::own, .doc = "what the program reports"},
    {.key = "budget", .type = HostKey::string, .doc = "the parameter that says how far a trial goes"},
    {.key = "working_directory",
     .type = HostKey::string,
     .doc = "where it runs, relative to this file",
     .fallback = "\".\""},
    {.key = "environment",
     .type = HostKey::own,
     .doc = "variables of its environment, beside those that tuner was started with"},
    {.key = "files",
     .type = HostKey::list,
     .doc = "files whose content is recorded with each trial, beside the program and the script"},
    {.key = "grace",
     .type = HostKey::time,
     .doc = "time to end in, between SIGTERM and SIGKILL",
     .fallback = "\"10s\""},
    {.key = "time_limit", .type = HostKey::time, .doc = "of one trial"},
    {.key = "wandb",
     .type = HostKey::word,
     .doc = "offline: it is run as W&B's agent runs it, and `import wandb` finds a stand-in that reports to tuner",
     .words = kWandbModes}};

inline constexpr HostKey kProgramMetricKeys[] = {
    {.key = "goal",
     .type = HostKey::word,
     .doc = "which values are better",
     .fallback = "\"minimize\"",
     .words = kGoals},
    {.key = "pattern",
     .type = HostKey::string,
     .doc = "an RE2 expression whose one group finds the value in what the program prints"},
    {.key = "file", .type = HostKey::string, .doc = "the file that the pattern looks at in place of the output"},
    {.key = "summary",
     .type = HostKey::word,
     .doc = "which of its values is the trial's; default: last for loss, else best",
     .words = kSummaries}};

inline constexpr const char* kOnTargets[] = {"continue", "end"};
inline constexpr HostKey kMetricKeys[] = {
    {.key = "name", .type = HostKey::string, .doc = "a metric of the objective, or loss"},
    {.key = "goal", .type = HostKey::word, .doc = "which values are better", .words = kGoals},
    {.key = "target",
     .type = HostKey::real,
     .doc = "the time and steps to reach it are kept",
     .bounds = {.min = -kAnyReal, .max = kAnyReal}},
    {.key = "on_target",
     .type = HostKey::word,
     .doc = "what a trial that reaches the target does: continue: nothing, end: it is the last one that begins",
     .fallback = "\"continue\"",
     .words = kOnTargets}};

// Of one of several.
inline constexpr HostKey kSeveralMetricsKeys[] = {
    {.key = "name", .type = HostKey::string, .doc = "a metric of the objective, or loss"},
    {.key = "goal", .type = HostKey::word, .doc = "which values are better", .words = kGoals}};

inline constexpr HostKey kMethodKeys[] = {
    {.key = "name",
     .type = HostKey::word,
     .doc =
         "grid: every configuration once; random: draws every dimension; lr_range: an LR range test of every optimizer",
     .words = kMethods},
    {.key = "partial", .type = HostKey::boolean, .doc = "allows trials to cut a grid", .fallback = "false"}};

// Beside the options of a searcher that is a plugin.
inline constexpr HostKey kSearcherKeys[] = {
    {.key = "lag",
     .type = HostKey::own,
     .doc =
         "proposal n sees the results of the proposals up to n - lag; free: all that are there; default: 8, or 4 for "
         "each worker",
     .bounds = {.min = 1, .max = 0x1p31}},
    {.key = "on_duplicate",
     .type = HostKey::word,
     .doc = "a configuration that was proposed before. retry: another one is proposed; repeat: it is run again, with "
            "other random numbers; reuse: its result counts again, and nothing is run",
     .fallback = "\"retry\"",
     .words = kOnDuplicates},
    {.key = "start",
     .type = HostKey::own,
     .doc = "configurations that are tried first; what they leave out the searcher adds"},
    {.key = "learn_from",
     .type = HostKey::own,
     .doc = "a study of the same database, or several, whose trials the searcher is told of first"}};

// Beside the options of a pruner.
inline constexpr HostKey kPrunerKeys[] = {
    {.key = "warmup",
     .type = HostKey::integer,
     .doc = "no trial is stopped before this step",
     .fallback = "0",
     .bounds = {.min = 0, .max = 0x1p53}},
    {.key = "interval",
     .type = HostKey::integer,
     .doc = "steps from one decision to the next",
     .fallback = "1",
     .bounds = {.min = 1, .max = 0x1p53}},
    {.key = "patience",
     .type = HostKey::integer,
     .doc = "decisions that a trial may be without an improvement before it can be stopped",
     .fallback = "0",
     .bounds = {.min = 0, .max = 0x1p31}},
    {.key = "min_delta",
     .type = HostKey::real,
     .doc = "what an improvement must exceed",
     .fallback = "0",
     .bounds = {.min = 0, .max = kAnyReal}}};

inline constexpr HostKey kRetryKeys[] = {
    {.key = "max", .type = HostKey::integer, .doc = "how often at most", .bounds = {.min = 0, .max = 1000}},
    {.key = "on", .type = HostKey::own, .doc = "the failures it is done for; default: all but out_of_memory"}};

inline constexpr HostKey kRepeatsKeys[] = {
    {.key = "count",
     .type = HostKey::integer,
     .doc = "trials of every configuration",
     .bounds = {.min = 1, .max = 1000}},
    {.key = "on_failure",
     .type = HostKey::word,
     .doc = "what a trial that diverges, fails or times out does to its configuration: rank_last: it ranks behind all "
            "others, ignore: the mean is that of the other trials",
     .fallback = "\"rank_last\"",
     .words = kOnFailures}};

inline constexpr HostKey kCheckpointKeys[] = {
    {.key = "folder",
     .type = HostKey::string,
     .doc =
         "where they are, relative to this file: a folder that all machines see under the same path; default: beside "
         "the database, and with a launcher on each machine",
     .pattern = "."},
    {.key = "every", .type = HostKey::time, .doc = "time between two states", .fallback = "\"60s\""},
    {.key = "keep",
     .type = HostKey::word,
     .doc = "the last state of a trial, or all",
     .fallback = "\"last\"",
     .words = kKeeps},
    {.key = "paused_limit",
     .type = HostKey::own,
     .doc = "what the states of paused trials may take together: bytes, or a string like 512MiB; default: 10GiB. Over "
            "it the state of the trial that is paused at the earliest step is removed, and that trial would begin "
            "anew"}};

inline constexpr HostKey kBudgetKeys[] = {
    {.key = "wall", .type = HostKey::time, .doc = "wall time of the study, over all its starts"},
    {.key = "on_end",
     .type = HostKey::word,
     .doc = "what becomes of the running trials at its end: cancel: they continue when the budget is raised, finish: "
            "they run on to their ends",
     .fallback = "\"cancel\"",
     .words = kBudgetEnds}};

inline constexpr HostKey kLrRangeKeys[] = {
    {.key = "lr_min",
     .type = HostKey::real,
     .doc = "first lr of a ramp",
     .fallback = "1e-07",
     .bounds = {.min = 0, .max = kAnyReal, .min_open = true}},
    {.key = "lr_max",
     .type = HostKey::real,
     .doc = "last lr of a ramp",
     .fallback = "10",
     .bounds = {.min = 0, .max = kAnyReal, .min_open = true}},
    {.key = "steps",
     .type = HostKey::integer,
     .doc = "steps of a ramp",
     .fallback = "100",
     .bounds = {.min = 2, .max = 0x1p31}},
    {.key = "seeds",
     .type = HostKey::integer,
     .doc = "how often a part is made, each time with other random numbers",
     .fallback = "3",
     .bounds = {.min = 1, .max = 1000}},
    {.key = "smoothing",
     .type = HostKey::real,
     .doc = "weight of the past in the moving average of the loss",
     .fallback = "0.9",
     .bounds = {.min = 0, .max = 1, .max_open = true}},
    {.key = "stop",
     .type = HostKey::real,
     .doc = "a ramp ends where the smoothed loss has risen by (stop - 1) times its scale",
     .fallback = "4",
     .bounds = {.min = 1, .max = kAnyReal, .min_open = true}},
    {.key = "extend",
     .type = HostKey::boolean,
     .doc = "a ramp that has not diverged at lr_max goes on, at most as far again",
     .fallback = "false"},
    {.key = "grid", .type = HostKey::own, .doc = "short runs, each at one lr; or none"},
    {.key = "stability", .type = HostKey::own, .doc = "bisection of the largest stable lr by restarted runs; or none"},
    {.key = "probe", .type = HostKey::own, .doc = "critical lr along the optimizer's own direction; or none"},
    {.key = "curvature",
     .type = HostKey::boolean,
     .doc = "largest Hessian eigenvalue, and the stability limits that follow",
     .fallback = "true"},
    {.key = "parameter", .type = HostKey::string, .doc = "of a program: what it calls its lr", .fallback = "\"lr\""}};

inline constexpr HostKey kLrGridKeys[] = {{.key = "points",
                                           .type = HostKey::integer,
                                           .doc = "number of lrs",
                                           .fallback = "9",
                                           .bounds = {.min = 3, .max = 1000}},
                                          {.key = "steps",
                                           .type = HostKey::integer,
                                           .doc = "length of every run",
                                           .fallback = "200",
                                           .bounds = {.min = 4, .max = 0x1p31}},
                                          {.key = "budget",
                                           .type = HostKey::real,
                                           .doc = "of a program: its budget in every run; default: a tenth of its own",
                                           .bounds = {.min = 0, .max = kAnyReal, .min_open = true}}};

inline constexpr HostKey kStabilityKeys[] = {{.key = "steps",
                                              .type = HostKey::integer,
                                              .doc = "longest run",
                                              .fallback = "1024",
                                              .bounds = {.min = 64, .max = 0x1p31}},
                                             {.key = "precision",
                                              .type = HostKey::real,
                                              .doc = "relative width of the result",
                                              .fallback = "0.01",
                                              .bounds = {.min = 0, .max = 1, .min_open = true, .max_open = true}}};

inline constexpr HostKey kProbeKeys[] = {{.key = "times",
                                          .type = HostKey::integer,
                                          .doc = "number of probes within one run",
                                          .fallback = "5",
                                          .bounds = {.min = 1, .max = 1000}}};

// A range that an LR range test finds.
inline constexpr const char* kLrRangeSources[] = {"lr_range"};
inline constexpr HostKey kFromKeys[] = {{.key = "from",
                                         .type = HostKey::word,
                                         .doc = "an LR range test is made first, for every optimizer",
                                         .words = kLrRangeSources},
                                        {.key = "factor",
                                         .type = HostKey::real,
                                         .doc = "the range is the recommendation divided and multiplied by this",
                                         .fallback = "10",
                                         .bounds = {.min = 1, .max = kAnyReal, .min_open = true}},
                                        {.key = "count",
                                         .type = HostKey::integer,
                                         .doc = "number of values that a grid takes",
                                         .bounds = {.min = 1, .max = 1e6}}};

// What a random search draws otherwise than evenly. min, max and step are values of the option that is searched.
inline constexpr const char* kDrawnDistributions[] = {"normal", "log_normal", "beta"};
inline constexpr HostKey kDistributionKeys[] = {
    {.key = "distribution",
     .type = HostKey::word,
     .doc = "normal: N(mu, sigma^2); log_normal: its logarithm is; beta: on 0 to 1",
     .words = kDrawnDistributions},
    {.key = "mu",
     .type = HostKey::real,
     .doc = "mean, of the logarithm in log_normal",
     .bounds = {.min = -kAnyReal, .max = kAnyReal}},
    {.key = "sigma",
     .type = HostKey::real,
     .doc = "standard deviation, of the logarithm in log_normal",
     .bounds = {.min = 0, .max = kAnyReal, .min_open = true}},
    {.key = "alpha", .type = HostKey::real, .doc = "first shape of beta", .bounds = {.min = 0.01, .max = 1e6}},
    {.key = "beta", .type = HostKey::real, .doc = "second shape of beta", .bounds = {.min = 0.01, .max = 1e6}},
    {.key = "min", .type = HostKey::own, .doc = "nothing below it is drawn"},
    {.key = "max", .type = HostKey::own, .doc = "nothing above it is drawn"},
    {.key = "step", .type = HostKey::own, .doc = "only min, min + step, ...; without min the multiples of step"}};

inline constexpr HostKey kAsKey = {
    .key = "as", .type = HostKey::string, .doc = "label of this branch", .pattern = kLabelPattern};

[[nodiscard]] constexpr const HostKey& host_key(std::span<const HostKey> keys, std::string_view key) {
  for (const HostKey& known : keys)
    if (known.key == key) return known;
  throw std::logic_error("a key that its table does not have");
}

// A field for the key's type, with its bounds or words; not for list and own. `what` names it in messages and is
// the name of its dimension.
[[nodiscard]] Field host_field(const HostKey& key, const std::string& what);

// `readers`, once it is sure that they are those of `keys`: throws std::logic_error where one of them is missing or too
// many, since the schema would then describe another language.
[[nodiscard]] Keys readers_of(std::span<const HostKey> keys, Keys readers);

}  // namespace tuner::config
