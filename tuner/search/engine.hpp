// What a searcher that is a plugin computes with, and where: in this process (make_engine), or in one of its own
// (executor/search_process.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/search/plugin_space.hpp"

namespace tuner::search {

// The tuner_observation of a configuration.
struct Evidence {
  std::uint64_t proposal = 0;
  std::uint32_t outcome = 0;  // TUNER_OUTCOME_...
  std::uint32_t replicates = 1;
  std::int64_t last_step = 0, budget = 0;
  Row row;
  std::vector<double> values;  // of each goal; empty where the configuration has none
  std::vector<double> constraints = {};
  double mean = 0, standard_deviation = 0;
};
template <class Archive>
void serialize(Archive& archive, Evidence& evidence) {
  archive(evidence.proposal, evidence.outcome, evidence.replicates, evidence.last_step, evidence.budget);
  archive(evidence.row, evidence.values, evidence.constraints, evidence.mean, evidence.standard_deviation);
}

struct Pending {
  std::uint64_t proposal = 0;
  Row row;
};
template <class Archive>
void serialize(Archive& archive, Pending& pending) {
  archive(pending.proposal, pending.row);
}

struct Wanted {
  std::uint64_t proposal = 0;
  std::uint32_t attempt = 0;  // each has random numbers of its own
  Row fixed;                  // what is given of it
  std::vector<Pending> pending;
};
template <class Archive>
void serialize(Archive& archive, Wanted& wanted) {
  archive(wanted.proposal, wanted.attempt, wanted.fixed, wanted.pending);
}

struct Proposed {
  std::optional<Row> row;        // nothing: there is no further configuration
  std::vector<std::string> log;  // what the plugin had to say
};
template <class Archive>
void serialize(Archive& archive, Proposed& proposed) {
  archive(proposed.row, proposed.log);
}

// What the plugin is made with, beside the plan.
struct EngineSetup {
  std::uint64_t lag = 1;
  std::int64_t trials = -1;  // configurations that the study is to have; -1: unknown
  std::int64_t budget = 0;   // steps of a trial; 0: an objective without training
};
template <class Archive>
void serialize(Archive& archive, EngineSetup& setup) {
  archive(setup.lag, setup.trials, setup.budget);
}

class Engine {
 public:
  virtual ~Engine() = default;
  virtual void observe(std::vector<Evidence> evidence) = 0;
  // A function of what was observed and the arguments; changes no later answer. Errors: config.impossible where the
  // plugin cannot search the space, plugin.bad_proposal where it fails.
  [[nodiscard]] virtual Proposed propose(const Wanted& wanted) = 0;
};

// What a pruner hears. end: a trial has ended or paused. review: a worker is free; last_review: no trial runs, and none
// will begin.
struct TrialEvent {
  enum class Kind : std::uint32_t { report, end, review, last_review };
  Kind kind = Kind::report;
  std::uint64_t trial = 0;
  std::uint32_t outcome = 0;  // of an end: TUNER_OUTCOME_...
  std::int64_t step = 0, budget = 0;
  double value = 0;  // NaN: none
  Row row;
};
template <class Archive>
void serialize(Archive& archive, TrialEvent& event) {
  archive(event.kind, event.trial, event.outcome, event.step, event.budget, event.value, event.row);
}

struct Verdict {
  std::uint64_t trial = 0;  // of a review
  // To a review, PAUSE: all paused trials stay so.
  std::uint32_t decision = TUNER_DECISION_CONTINUE;
  std::int64_t next_step = -1;   // -1: the trial needs no decision any more
  std::vector<std::string> log;  // what the plugin had to say
};
template <class Archive>
void serialize(Archive& archive, Verdict& verdict) {
  archive(verdict.trial, verdict.decision, verdict.next_step, verdict.log);
}

class PruneEngine {
 public:
  virtual ~PruneEngine() = default;
  // Makes the plugin ready. Errors: config.impossible where it cannot judge this study.
  virtual void begin() {}
  // An end, or what was asked earlier.
  virtual void tell(TrialEvent event) = 0;
  // Of a report, or a review. Errors: config.impossible where the plugin cannot judge this study, plugin.bad_proposal
  // where it fails.
  [[nodiscard]] virtual Verdict decide(TrialEvent event) = 0;
};

using MakePruneEngine = std::function<std::unique_ptr<PruneEngine>(const StudyPlan& plan, const EngineSetup& setup)>;
[[nodiscard]] std::unique_ptr<PruneEngine> make_prune_engine(const StudyPlan& plan, const EngineSetup& setup);
// Does it review paused trials? One that does not never pauses one.
[[nodiscard]] bool reviews(const tuner_pruner& pruner);

using MakeEngine = std::function<std::unique_ptr<Engine>(const StudyPlan& plan, const EngineSetup& setup)>;

// In this process. The plan must outlive it. Errors: config.impossible where the plugin refuses space or options.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const StudyPlan& plan, const EngineSetup& setup);

}  // namespace tuner::search
