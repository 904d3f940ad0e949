// One trial: what is to be trained, and what came of it. Plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/bytes.hpp"
#include "tuner/memory.hpp"
#include "tuner/options.hpp"
#include "tuner/space.hpp"
#include "tuner/value.hpp"

namespace tuner {

enum class Goal { minimize, maximize };
enum class Durability { normal, full };

// paused: it may be continued, from its checkpoint where there is one.
enum class Outcome { completed, pruned, diverged, failed, timed_out, cancelled, paused };
// May a trial of that outcome still come to another one?
[[nodiscard]] constexpr bool is_open(Outcome outcome) {
  return outcome == Outcome::cancelled || outcome == Outcome::paused;
}
[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::optional<Outcome> outcome_from(std::string_view text);
[[nodiscard]] std::string_view to_string(Goal goal);

// Why a trial failed or timed out: what a study may try again.
enum class Failure {
  none,
  error,          // a plugin returned an error, or the trial could not be scored
  crash,          // a signal ended its worker or its program
  exit,           // a plugin ended its worker's process, or its program ended with an exit code above 0
  timeout,        // over its time limit, between two steps or within one
  out_of_memory,  // an allocation failed, a memory limit was reached, or the system says that it took memory back
  protocol,       // its worker sent what no worker sends
  killed,         // somebody outside of the study ended its worker or its program
  lost,           // the node that it ran on was lost, again and again
};
inline constexpr const char* kFailures[] = {"none",          "error",    "crash",  "exit", "timeout",
                                            "out_of_memory", "protocol", "killed", "lost"};

// Which tensors a parameter group takes; an empty list takes all. Names may end in '*'.
struct GroupMatch {
  std::vector<std::uint32_t> roles;  // TUNER_ROLE_...
  std::vector<std::string> names;
};
[[nodiscard]] std::optional<std::uint32_t> role_from(std::string_view name);  // "bias"
[[nodiscard]] std::string_view role_name(std::uint32_t role);

// A plugin with the values of all its options. Group 0 of the table are the tensors that no group matches.
struct PluginUse {
  const Plugin* plugin = nullptr;
  OptionTable options;
  std::vector<GroupMatch> groups;
  std::unique_ptr<PluginUse> inner;
};

enum class WarmupForm { linear, exponential, constant };
inline constexpr const char* kWarmupForms[] = {"linear", "exponential", "constant"};
// A scheduler beside another one. drives: the option of the optimizer that its first output drives; empty: the one that
// the scheduler names itself.
struct ScheduleFactor {
  PluginUse scheduler;
  std::string drives = {};
};
struct ScheduleStage {
  PluginUse scheduler;
  std::int64_t steps = -1;  // -1: to the end
  std::string drives = {};
  // An option that several of them drive has its configured value times the factors of all.
  std::vector<ScheduleFactor> factors = {};
};
struct Schedule {
  std::vector<ScheduleStage> stages;
  std::int64_t warmup_steps = 0;
  double warmup_fraction = 0;  // of the horizon, rounded; not both
  WarmupForm warmup_form = WarmupForm::linear;
  double warmup_target = 0;  // the lr that the warmup ends at, and the schedule begins with; 0: the optimizer's
};

// The words of the sweep file, in the order of the enumerators.
enum class Shuffle { every_epoch, once, never };
inline constexpr const char* kShuffles[] = {"every_epoch", "once", "never"};
enum class Order { shuffled, curriculum };  // shuffled: as Shuffle says; curriculum: from easy to hard
inline constexpr const char* kOrders[] = {"shuffled", "curriculum"};
enum class NonfiniteGradient { error, skip, zero };
inline constexpr const char* kNonfiniteGradients[] = {"error", "skip", "zero"};
enum class Summary { best, last, automatic };  // automatic: last for `loss`, else best; what an absent key means
inline constexpr const char* kSummaries[] = {"best", "last"};

enum class NormKind { l2, inf };
inline constexpr const char* kNormKinds[] = {"l2", "inf"};
enum class NormScope { all, tensor };
inline constexpr const char* kNormScopes[] = {"all", "tensor"};
enum class LrScaling { linear, sqrt, none };  // none: what an absent key means
inline constexpr const char* kLrScalings[] = {"linear", "sqrt"};
enum class AveragingKind { ema, swa };
inline constexpr const char* kAveragingKinds[] = {"ema", "swa"};

struct EarlyStopping {
  std::int64_t patience = 1;  // evaluation points without improvement
  double min_delta = 0;
  std::string metric = {};     // that is listened to; empty: the study's
  Goal goal = Goal::minimize;  // of `metric`, where it is given
  bool restore_best = false;   // the trial ends with the weights of its best evaluation
};

// An average of the weights, which the trial is evaluated at.
struct Averaging {
  AveragingKind kind = AveragingKind::ema;
  double decay = 0.999;    // ema
  bool warmup = true;      // ema: the decay rises with the updates, (1 + t) / (10 + t)
  double start = 0.75;     // swa: the share of the run after which the average begins
  std::int64_t every = 0;  // swa: updates between two weights that it takes; 0: an epoch, or 1 without epochs
};

// So many weights at most can be logged: each of them is a curve.
inline constexpr std::uint64_t kMostLoggedWeights = 16;

// The keys of `training:`, as the sweep file spells them.
struct TrainingSettings {
  std::int64_t steps = 0;  // one of steps and epochs is positive
  std::int64_t epochs = 0;
  std::int64_t batch_size = 0;    // 0: all samples in one batch
  std::int64_t accumulation = 1;  // microbatches of batch_size for one update
  std::int64_t base_batch = 0;    // the batch that lr is meant for, with lr_scaling
  LrScaling lr_scaling = LrScaling::none;
  std::int64_t regime_adaptation = 0;  // base batch B0: epochs are multiplied by ceil(B / B0); 0: off
  bool drop_remainder = false;
  Shuffle shuffle = Shuffle::every_epoch;
  Order order = Order::shuffled;
  double noise_eta = 0, noise_gamma = 0.55;  // gradient noise N(0, eta / (1 + t)^gamma)
  double clip_value = 0, clip_norm = 0;      // 0: off
  NormKind clip_norm_kind = NormKind::l2;
  NormScope clip_norm_per = NormScope::all;
  double clip_agc = 0, agc_eps = 1e-3;  // 0: off
  NonfiniteGradient nonfinite_gradient = NonfiniteGradient::error;
  std::int64_t log_every = 0;   // steps; 0: max(1, steps / 200)
  bool log_schedule = false;    // log what the schedule drives beside lr, in every group
  bool log_weights = false;     // log the weights, at most kMostLoggedWeights
  std::int64_t eval_every = 0;  // steps; 0: every epoch, or at the end where there are no epochs
  bool common_random_numbers = false;
  double time_limit_seconds = 0;  // 0: none
  Summary summary = Summary::automatic;
  std::optional<EarlyStopping> early_stopping;
  std::optional<Averaging> averaging;

  // Samples of one update, where the split has so many; 0: all.
  [[nodiscard]] std::int64_t update_batch() const { return batch_size * accumulation; }
};

// Everything that training one trial depends on. Equal specs give equal results, bit for bit, on one machine.
struct TrialSpec {
  std::uint64_t study_seed = 1;
  std::uint64_t number = 0;     // chooses the trial's random numbers
  std::uint32_t replicate = 0;  // chooses them where training.common_random_numbers says so
  PluginUse objective;
  std::optional<PluginUse> optimizer;
  Schedule schedule;
  TrainingSettings training;
  std::string metric;
  Goal goal = Goal::minimize;
  std::optional<double> target;
  MemoryBound memory{};  // no result depends on it, but that there is one
  std::vector<std::string> further_metrics = {};
};

struct MetricPoint {
  std::int64_t step = 0;
  std::string name;
  double value = 0;
};

struct Evaluations {
  std::uint64_t loss = 0;      // forward only
  std::uint64_t gradient = 0;  // with gradient
  std::uint64_t hvp = 0;
};

// A file that a program was run with, as it was when the trial began.
struct FileUse {
  std::string kind;    // program, script, file
  std::string name;    // as the sweep file has it
  std::string path;    // absolute
  std::string sha256;  // hex
  bool operator==(const FileUse&) const = default;
};

// How the program of a trial ended.
struct ProcessEnd {
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;         // that ended it; 0: it ended by itself
  std::uint64_t output_bytes = 0;  // all that it printed
  std::string output;              // the end of it
  std::vector<FileUse> files;
};

struct TrialResult {
  Outcome outcome = Outcome::completed;
  Failure failure = Failure::none;
  // Of the study's metric, by its summary; none unless completed, pruned or paused.
  std::optional<double> value;
  std::optional<double> last_value, best_value;
  std::int64_t steps = 0;
  double epochs = 0;
  Evaluations evaluations;
  std::int64_t nonfinite_gradients = 0;
  double wall_seconds = 0;
  std::optional<std::int64_t> target_step;  // where the metric first reached metric.target
  std::optional<double> target_seconds;
  std::string error;  // why it failed or diverged; empty otherwise
  std::vector<MetricPoint> metrics;
  std::vector<std::string> log;
  std::optional<ProcessEnd> process;  // of a program; no part of checkpoints
};

// As bytes, every bit of it.
template <class Archive>
void serialize(Archive& archive, MetricPoint& point) {
  archive(point.step, point.name, point.value);
}
template <class Archive>
void serialize(Archive& archive, FileUse& file) {
  archive(file.kind, file.name, file.path, file.sha256);
}
template <class Archive>
void serialize(Archive& archive, ProcessEnd& end) {
  archive(end.exit_code, end.signal, end.output_bytes, end.output, end.files);
}
// All of it but `process`.
template <class Archive>
void serialize(Archive& archive, TrialResult& r) {
  archive(r.outcome, r.failure, r.value, r.last_value, r.best_value, r.steps, r.epochs);
  archive(r.evaluations.loss, r.evaluations.gradient, r.evaluations.hvp, r.nonfinite_gradients, r.wall_seconds);
  archive(r.target_step, r.target_seconds, r.error, r.metrics, r.log);
}

}  // namespace tuner
