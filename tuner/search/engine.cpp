#include "tuner/search/engine.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <limits>

#include "tuner/error.hpp"
#include "tuner/search/plugin_call.hpp"

namespace tuner::search {

namespace {

class PluginEngine : public Engine {
 public:
  PluginEngine(const StudyPlan& plan, const EngineSetup& setup)
      : plan_(plan),
        plugin_(*plan.searcher->plugin),
        table_(plugin_.searcher()),
        call_(plan, *plan.searcher),
        budget_(setup.budget) {
    tuner_search_create_args args = call_.create_args(setup);
    call_.call(args, [this](const auto& given) { return table_.create(&given, &state_); });
  }
  ~PluginEngine() override { table_.destroy(state_); }
  PluginEngine(const PluginEngine&) = delete;
  PluginEngine& operator=(const PluginEngine&) = delete;

  void observe(std::vector<Evidence> evidence) override {
    if (evidence.empty()) return;
    std::vector<tuner_configuration> configurations;
    for (const Evidence& one : evidence) configurations.push_back(configuration_of(one.proposal, one.row));
    std::vector<tuner_observation> observations(evidence.size());
    for (std::size_t i = 0; i < evidence.size(); ++i) {
      tuner_observation& to = observations[i];
      to.struct_size = sizeof to;
      to.outcome = evidence[i].outcome;
      to.configuration = &configurations[i];
      to.last_step = evidence[i].last_step;
      to.budget = evidence[i].budget;
      to.values = evidence[i].values.data();
      to.n_values = static_cast<std::uint32_t>(evidence[i].values.size());
      to.replicates = evidence[i].replicates;
      to.mean = evidence[i].mean;
      to.standard_deviation = evidence[i].standard_deviation;
    }
    tuner_observe_args args{};
    args.struct_size = sizeof args;
    args.n_observations = static_cast<std::uint32_t>(observations.size());
    args.observation_stride = sizeof(tuner_observation);
    args.host = call_.host();
    args.observations = observations.data();
    call_.call(args, [this](const auto& given) { return table_.observe(state_, &given); });
  }

  Proposed propose(const Wanted& wanted) override {
    std::vector<tuner_configuration> pending;
    for (const Pending& one : wanted.pending) pending.push_back(configuration_of(one.proposal, one.row));
    tuner_rng rng{};
    rng.struct_size = sizeof rng;
    rng.purpose = TUNER_RNG_SEARCHER + (wanted.attempt << 16);
    rng.seed = plan_.seed;
    rng.trial = static_cast<std::uint32_t>(wanted.proposal);
    tuner_rng* const streams[] = {&rng};
    Row row = wanted.fixed;
    std::int64_t budget = budget_;
    std::uint32_t made = 0;
    tuner_propose_args args{};
    args.struct_size = sizeof args;
    args.count = 1;
    args.host = call_.host();
    args.proposal = wanted.proposal;
    args.pending = pending.data();
    args.n_pending = static_cast<std::uint32_t>(pending.size());
    args.pending_stride = sizeof(tuner_configuration);
    args.rng = streams;
    args.values = row.values.data();
    args.states = row.states.data();
    args.budgets = &budget;
    args.made = &made;
    const std::int32_t status = call_.call(args, [this](const auto& given) { return table_.propose(state_, &given); });
    Proposed proposed{.row = {}, .log = call_.take_log()};
    if (status == TUNER_EXHAUSTED && made == 0) return proposed;
    if (budget != budget_)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("searcher '{}' gives proposal {} a budget of {} steps, and the study's is {}",
                              plugin_.id(), wanted.proposal, budget, budget_),
                  PluginCall::kRemedy);
    if (made != 1)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("searcher '{}' made {} proposals where 1 was wanted", plugin_.id(), made),
                  PluginCall::kRemedy);
    proposed.row = std::move(row);
    return proposed;
  }

 private:
  const StudyPlan& plan_;
  const Plugin& plugin_;
  const tuner_searcher& table_;
  PluginCall call_;
  std::int64_t budget_;
  void* state_ = nullptr;
};

class PluginPruneEngine : public PruneEngine {
 public:
  PluginPruneEngine(const StudyPlan& plan, const EngineSetup& setup)
      : plugin_(*plan.pruner->plugin.plugin), table_(plugin_.pruner()), call_(plan, plan.pruner->plugin) {
    tuner_search_create_args args = call_.create_args(setup);
    call_.call(args, [this](const auto& given) { return table_.create(&given, &state_); });
  }
  ~PluginPruneEngine() override { table_.destroy(state_); }
  PluginPruneEngine(const PluginPruneEngine&) = delete;
  PluginPruneEngine& operator=(const PluginPruneEngine&) = delete;

  void tell(TrialEvent event) override {
    if (event.kind != TrialEvent::Kind::end) {
      static_cast<void>(decide(std::move(event)));
      return;
    }
    const tuner_configuration configuration = configuration_of(event.trial, event.row);
    tuner_observation observation{};
    observation.struct_size = sizeof observation;
    observation.outcome = event.outcome;
    observation.configuration = &configuration;
    observation.last_step = event.step;
    observation.budget = event.budget;
    observation.values = &event.value;
    observation.n_values = std::isnan(event.value) ? 0 : 1;
    observation.replicates = 1;
    observation.mean = event.value;
    observation.standard_deviation = std::numeric_limits<double>::quiet_NaN();
    tuner_observe_args args{};
    args.struct_size = sizeof args;
    args.n_observations = 1;
    args.observation_stride = sizeof observation;
    args.host = call_.host();
    args.observations = &observation;
    call_.call(args, [this](const auto& given) { return table_.observe(state_, &given); });
  }

  Verdict decide(TrialEvent event) override {
    return event.kind == TrialEvent::Kind::report ? judge(event) : review(event.kind == TrialEvent::Kind::last_review);
  }

 private:
  Verdict judge(const TrialEvent& event) {
    const tuner_configuration configuration = configuration_of(event.trial, event.row);
    tuner_report report{};
    report.struct_size = sizeof report;
    report.trial = event.trial;
    report.configuration = &configuration;
    report.step = event.step;
    report.budget = event.budget;
    report.value = event.value;
    Verdict verdict;
    tuner_decide_args args{};
    args.struct_size = sizeof args;
    args.host = call_.host();
    args.report = &report;
    args.decision = &verdict.decision;
    args.next_step = &verdict.next_step;
    call_.call(args, [this](const auto& given) { return table_.decide(state_, &given); });
    verdict.log = call_.take_log();
    const bool is_known = verdict.decision == TUNER_DECISION_CONTINUE || verdict.decision == TUNER_DECISION_STOP;
    if (!is_known && verdict.decision != TUNER_DECISION_PAUSE)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("pruner '{}' decides {} at step {} of trial {}, where it may continue, stop or pause",
                              plugin_.id(), verdict.decision, event.step, event.trial),
                  PluginCall::kRemedy);
    if (!is_known && !reviews(table_))
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("pruner '{}' pauses trial {} at step {}, and has no review() that would continue it",
                              plugin_.id(), event.trial, event.step),
                  PluginCall::kRemedy);
    if (verdict.next_step != -1 && verdict.next_step <= event.step)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("pruner '{}' wants to judge step {} of trial {} next, which is at step {}", plugin_.id(),
                              verdict.next_step, event.trial, event.step),
                  PluginCall::kRemedy);
    return verdict;
  }

  Verdict review(bool is_last) {
    Verdict verdict;
    verdict.decision = TUNER_DECISION_PAUSE;
    tuner_review_args args{};
    args.struct_size = sizeof args;
    args.flags = is_last ? TUNER_REVIEW_LAST : 0;
    args.host = call_.host();
    args.trial = &verdict.trial;
    args.decision = &verdict.decision;
    args.next_step = &verdict.next_step;
    call_.call(args, [this](const auto& given) { return table_.review(state_, &given); });
    verdict.log = call_.take_log();
    if (verdict.decision > TUNER_DECISION_PAUSE)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("pruner '{}' reviews trial {} and decides {}, where it may continue, stop or pause",
                              plugin_.id(), verdict.trial, verdict.decision),
                  PluginCall::kRemedy);
    return verdict;
  }

  const Plugin& plugin_;
  const tuner_pruner& table_;
  PluginCall call_;
  void* state_ = nullptr;
};

}  // namespace

bool reviews(const tuner_pruner& pruner) {
  return pruner.struct_size >= offsetof(tuner_pruner, review) + sizeof pruner.review && pruner.review != nullptr;
}

std::unique_ptr<PruneEngine> make_prune_engine(const StudyPlan& plan, const EngineSetup& setup) {
  return std::make_unique<PluginPruneEngine>(plan, setup);
}

std::unique_ptr<Engine> make_engine(const StudyPlan& plan, const EngineSetup& setup) {
  return std::make_unique<PluginEngine>(plan, setup);
}

}  // namespace tuner::search
