// The host's keys of a sweep file, said once: the reader takes types, bounds and words from here, the JSON Schema also
// the texts. (A plugin's options are said by the plugin.)
#pragma once

#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tuner/config/holes.hpp"
#include "tuner/config/keys.hpp"
#include "tuner/config/scalars.hpp"
#include "tuner/plan.hpp"
#include "tuner/training.hpp"

namespace tuner::config {

struct HostKey {
  // list: of texts. own: has a reader of its own, and a part of its own in the schema.
  enum class Type { integer, real, boolean, word, text, time, list, own };
  using enum Type;
  std::string_view key;
  Type type;
  std::string_view doc;
  std::string_view fallback = {};           // what the key's absence means, as JSON; empty where a text would be needed
  Bounds bounds = {0, 0x1p53};              // integer, real
  std::span<const char* const> words = {};  // word
  std::string_view pattern = {};            // text: a regular expression for the whole of it
};

inline constexpr double kAnyReal = std::numeric_limits<double>::max();
inline constexpr const char* kGoals[] = {"minimize", "maximize"};
inline constexpr const char* kMethods[] = {"grid", "random", "lr_range"};
inline constexpr const char* kDurabilities[] = {"normal", "full"};
inline constexpr const char* kKeeps[] = {"last", "all"};
inline constexpr std::string_view kLabelPattern = "^[A-Za-z0-9_.-]+$";

inline constexpr HostKey kStudyKeys[] = {
    {"study",
     HostKey::text,
     "name of the study in the database; default: the file's name",
     {},
     {},
     {},
     "^(?!\\.{1,2}$)[^/\\x01-\\x1f\\x7f]{1,246}$"},
    {"seed", HostKey::integer, "decides every random number of the study", "1", {0, 0x1p63}},
    {"metric", HostKey::own, "what is searched for; default: the objective's first metric and its direction"},
    {"method", HostKey::own, "how holes are filled; none: the file is one trial"},
    {"trials", HostKey::integer, "the total of the study; default: the whole grid, 1 without holes", {}, {1, 0x1p31}},
    {"run_cap", HostKey::integer, "another name for trials", {}, {1, 0x1p31}},
    {"partial", HostKey::boolean, "allows trials to cut a grid", "false"},
    {"repeats", HostKey::own, "trials of every configuration, which differ in their random numbers; default: 1"},
    {"workers", HostKey::own, "trials side by side, and what they share; default: 1"},
    {"isolation",
     HostKey::word,
     "where trials run: worker processes, or threads of the program",
     "\"process\"",
     {},
     kIsolations},
    {"memory_limit", HostKey::own, "memory of one worker process: bytes, or a text like 512MiB; default: none"},
    {"retry", HostKey::own, "a failed trial is run again; default: never"},
    {"checkpoint", HostKey::own, "how often a trial writes its state, to continue from there; or none"},
    {"max_failed_trials",
     HostKey::integer,
     "more failed and timed out trials than this end the study",
     {},
     {0, 0x1p31}},
    {"storage", HostKey::text, "database file", "\"tuner.db\"", {}, {}, "."},
    {"durability",
     HostKey::word,
     "what recorded trials survive: normal: a killed process, full: also power loss",
     "\"normal\"",
     {},
     kDurabilities},
    {"plugins", HostKey::list, "plugin libraries to load, relative to this file"},
    {"budget", HostKey::own, "the study's wall time"},
    {"objective", HostKey::own, "what is trained"},
    {"optimizer", HostKey::own, "what trains it; none for a black box"},
    {"scheduler", HostKey::own, "how options of the optimizer change during a run; default: constant"},
    {"training", HostKey::own, "how a trial is trained"},
    {"lr_range", HostKey::own, "how LR range tests are made"}};

inline constexpr HostKey kWorkersKeys[] = {
    {"count", HostKey::integer, "trials side by side", "1", {1, 1024}},
    {"devices", HostKey::list, "GPUs: each worker gets its share of them in CUDA_VISIBLE_DEVICES"},
    {"nice", HostKey::integer, "added to the nice value of the workers: the higher, the less they get", "0", {0, 19}}};

// An objective that is a program.
inline constexpr HostKey kProgramKeys[] = {
    {"command", HostKey::own, "the program and its arguments, with macros such as ${args}; no shell reads them"},
    {"program", HostKey::text, "the script that ${program} stands for; without a command it is what is run"},
    {"parameters", HostKey::own, "what the program is given: values, and what is searched"},
    {"metrics", HostKey::own, "what the program reports"},
    {"budget", HostKey::text, "the parameter that says how far a trial goes"},
    {"working_directory", HostKey::text, "where it runs, relative to this file", "\".\""},
    {"environment", HostKey::own, "variables of its environment, beside those that tuner was started with"},
    {"files", HostKey::list, "files whose content is recorded with each trial, beside the program and the script"},
    {"grace", HostKey::time, "time to end in, between SIGTERM and SIGKILL", "\"10s\""},
    {"time_limit", HostKey::time, "of one trial"}};

inline constexpr HostKey kProgramMetricKeys[] = {
    {"goal", HostKey::word, "which values are better", "\"minimize\"", {}, kGoals},
    {"pattern", HostKey::text, "an RE2 expression whose one group finds the value in what the program prints"},
    {"file", HostKey::text, "the file that the pattern looks at in place of the output"},
    {"summary",
     HostKey::word,
     "which of its values is the trial's; default: last for loss, else best",
     {},
     {},
     kSummaries}};

inline constexpr HostKey kMetricKeys[] = {
    {"name", HostKey::text, "a metric of the objective, or loss"},
    {"goal", HostKey::word, "which values are better", {}, {}, kGoals},
    {"target", HostKey::real, "the time and steps to reach it are kept", {}, {-kAnyReal, kAnyReal}}};

inline constexpr HostKey kMethodKeys[] = {
    {"name",
     HostKey::word,
     "grid: every point once; random: draws every dimension; lr_range: an LR range test of every optimizer",
     {},
     {},
     kMethods},
    {"partial", HostKey::boolean, "allows trials to cut a grid", "false"}};

inline constexpr HostKey kRetryKeys[] = {
    {"max", HostKey::integer, "how often at most", {}, {0, 1000}},
    {"on", HostKey::own, "the failures it is done for; default: all but out_of_memory"}};

inline constexpr HostKey kRepeatsKeys[] = {
    {"count", HostKey::integer, "trials of every configuration", {}, {1, 1000}},
    {"on_failure",
     HostKey::word,
     "what a trial that diverges, fails or times out does to its configuration: rank_last: it ranks behind all others, "
     "ignore: the mean is that of the other trials",
     "\"rank_last\"",
     {},
     kOnFailures}};

inline constexpr HostKey kCheckpointKeys[] = {
    {"every", HostKey::time, "time between two states", "\"60s\""},
    {"keep", HostKey::word, "the last state of a trial, or all", "\"last\"", {}, kKeeps}};

inline constexpr HostKey kBudgetKeys[] = {
    {"wall", HostKey::time, "wall time of the study, over all its starts"},
    {"on_end",
     HostKey::word,
     "what becomes of the running trials at its end: cancel: they continue when the budget is raised, finish: they run "
     "on to their ends",
     "\"cancel\"",
     {},
     kBudgetEnds}};

inline constexpr HostKey kLrRangeKeys[] = {
    {"lr_min", HostKey::real, "first lr of a ramp", "1e-07", {0, kAnyReal, true}},
    {"lr_max", HostKey::real, "last lr of a ramp", "10", {0, kAnyReal, true}},
    {"steps", HostKey::integer, "steps of a ramp", "100", {2, 0x1p31}},
    {"seeds", HostKey::integer, "how often a part is made, each time with other random numbers", "3", {1, 1000}},
    {"smoothing",
     HostKey::real,
     "weight of the past in the moving average of the loss",
     "0.9",
     {.min = 0, .max = 1, .max_open = true}},
    {"stop",
     HostKey::real,
     "a ramp ends where the smoothed loss has risen by (stop - 1) times its scale",
     "4",
     {1, kAnyReal, true}},
    {"extend", HostKey::boolean, "a ramp that has not diverged at lr_max goes on, at most as far again", "false"},
    {"ladder", HostKey::own, "short runs, each at one lr; or none"},
    {"stability", HostKey::own, "bisection of the largest stable lr by restarted runs; or none"},
    {"probe", HostKey::own, "critical lr along the optimizer's own direction; or none"},
    {"curvature", HostKey::boolean, "largest Hessian eigenvalue, and the stability limits that follow", "true"}};

inline constexpr HostKey kLadderKeys[] = {{"points", HostKey::integer, "number of lrs", "9", {3, 1000}},
                                          {"steps", HostKey::integer, "length of every run", "200", {4, 0x1p31}}};

inline constexpr HostKey kStabilityKeys[] = {{"steps", HostKey::integer, "longest run", "1024", {64, 0x1p31}},
                                             {"precision",
                                              HostKey::real,
                                              "relative width of the result",
                                              "0.01",
                                              {.min = 0, .max = 1, .min_open = true, .max_open = true}}};

inline constexpr HostKey kProbeKeys[] = {
    {"times", HostKey::integer, "number of probes within one run", "5", {1, 1000}}};

// A hole that an LR range test fills.
inline constexpr const char* kLrRangeSources[] = {"lr_range"};
inline constexpr HostKey kFromKeys[] = {
    {"from", HostKey::word, "an LR range test is made first, for every optimizer", {}, {}, kLrRangeSources},
    {"factor",
     HostKey::real,
     "the range is the recommendation divided and multiplied by this",
     "10",
     {1, kAnyReal, true}},
    {"count", HostKey::integer, "number of points that a grid takes", {}, {1, 1e6}}};

inline constexpr HostKey kTrainingKeys[] = {
    {"epochs", HostKey::integer, "passes over the training split; either this or steps", {}, {1, 0x1p53}},
    {"steps", HostKey::integer, "updates; either this or epochs", {}, {1, 0x1p53}},
    {"batch_size", HostKey::integer, "samples of a batch; 0 is all of them", "0"},
    {"drop_remainder", HostKey::boolean, "leave out an epoch's last, smaller batch", "false"},
    {"shuffle", HostKey::word, "order of the samples", "\"every_epoch\"", {}, kShuffles},
    {"gradient_noise", HostKey::own, "adds N(0, eta / (1 + t)^gamma) to the gradient; a bare value is eta", "0"},
    {"clip_value", HostKey::real, "limit of every element of the gradient; 0 is off", "0", {0, kAnyReal}},
    {"clip_norm",
     HostKey::real,
     "limit of the gradient's norm over all tensors, scaled by limit / norm above it; 0 is off",
     "0",
     {0, kAnyReal}},
    {"nonfinite_gradient",
     HostKey::word,
     "a loss or gradient that is not finite ends the trial as diverged, skips the step, or counts as 0",
     "\"error\"",
     {},
     kNonfiniteGradients},
    {"log_every", HostKey::integer, "steps between two records of loss and lr; 0: max(1, steps / 200)", "0"},
    {"eval_every", HostKey::integer, "steps between two evaluations; 0: every epoch, or at the end", "0"},
    {"early_stopping", HostKey::own, "ends a trial that does not improve any more", "null"},
    {"common_random_numbers", HostKey::boolean, "every trial has the same start and order of samples", "false"},
    {"time_limit", HostKey::time, "of one trial"},
    {"summary",
     HostKey::word,
     "which evaluation is the trial's value; default: last for loss, else best",
     {},
     {},
     kSummaries}};

inline constexpr HostKey kNoiseKeys[] = {
    {"eta", HostKey::real, "variance of the noise at the first step", "0", {0, kAnyReal}},
    {"gamma", HostKey::real, "exponent of its decay", "0.55", {0, kAnyReal}}};

inline constexpr HostKey kEarlyStoppingKeys[] = {
    {"patience", HostKey::integer, "evaluations without improvement until the end", "1", {1, 0x1p53}},
    {"min_delta", HostKey::real, "what counts as improvement", "0", {0, kAnyReal}}};

inline constexpr HostKey kWarmupKeys[] = {
    {"warmup_steps", HostKey::integer, "steps in which lr rises to its base value", "0"},
    {"warmup_fraction", HostKey::real, "the same as a fraction of the whole run; not both", "0", {0, 1}},
    {"warmup_form", HostKey::word, "how lr rises", "\"linear\"", {}, kWarmupForms}};

inline constexpr HostKey kStageKeys[] = {
    {"steps", HostKey::integer, "length of this stage; the last one has none and lasts to the end", {}, {1, 0x1p53}}};

inline constexpr HostKey kAsKey = {"as", HostKey::text, "label of this branch", {}, {}, {}, kLabelPattern};

[[nodiscard]] constexpr const HostKey& host_key(std::span<const HostKey> keys, std::string_view key) {
  for (const HostKey& known : keys)
    if (known.key == key) return known;
  throw std::logic_error("a key that its table does not have");
}

// A field for the key's type, with its bounds or words; not for text, list and own. `what` names it in messages and is
// the name of its dimension.
[[nodiscard]] Field host_field(const HostKey& key, const std::string& what);

// `readers`, once it is sure that they are those of `keys`: throws std::logic_error where one of them is missing or too
// many, since the schema would then describe another language.
[[nodiscard]] Keys readers_of(std::span<const HostKey> keys, Keys readers);

}  // namespace tuner::config
