#include "tuner/search/engine.hpp"

#include <fmt/format.h>

#include "tuner/error.hpp"
#include "tuner/objective.hpp"
#include "tuner/options.hpp"

namespace tuner::search {

namespace {

OptionTable options_of(const PluginPlan& plan) {
  std::map<std::string, Value> values;
  for (const auto& [key, setting] : plan.options) values.emplace(key, std::get<Value>(setting));
  return {*plan.plugin, values};
}

tuner_configuration configuration_of(std::uint64_t proposal, const Row& row) {
  tuner_configuration configuration{};
  configuration.struct_size = sizeof configuration;
  configuration.proposal = proposal;
  configuration.values = row.values.data();
  configuration.states = row.states.data();
  return configuration;
}

class PluginEngine : public Engine {
 public:
  PluginEngine(const StudyPlan& plan, const EngineSetup& setup)
      : plan_(plan),
        plugin_(*plan.searcher->plugin),
        table_(plugin_.searcher()),
        options_(options_of(*plan.searcher)),
        space_(plan.space),
        budget_(setup.budget),
        direction_(plan.metric.goal == Goal::minimize ? TUNER_MINIMIZE : TUNER_MAXIMIZE) {
    tuner_search_create_args args{};
    args.struct_size = sizeof args;
    args.n_goals = 1;
    args.host = host_.abi();
    args.options = options_.abi();
    args.space = space_.abi();
    args.directions = &direction_;
    args.trials = setup.trials;
    args.lag = static_cast<std::int64_t>(setup.lag);
    args.least_budget = setup.budget;
    args.most_budget = setup.budget;
    call([&](tuner_error& error) {
      args.error = &error;
      return table_.create(&args, &state_);
    });
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
    args.host = host_.abi();
    args.observations = observations.data();
    call([&](tuner_error& error) {
      args.error = &error;
      return table_.observe(state_, &args);
    });
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
    args.host = host_.abi();
    args.proposal = wanted.proposal;
    args.pending = pending.data();
    args.n_pending = static_cast<std::uint32_t>(pending.size());
    args.pending_stride = sizeof(tuner_configuration);
    args.rng = streams;
    args.values = row.values.data();
    args.states = row.states.data();
    args.budgets = &budget;
    args.made = &made;
    const std::int32_t status = call([&](tuner_error& error) {
      args.error = &error;
      return table_.propose(state_, &args);
    });
    Proposed proposed{.row = {}, .log = std::exchange(host_.log, {})};
    if (status == TUNER_EXHAUSTED && made == 0) return proposed;
    if (budget != budget_)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("searcher '{}' gives proposal {} a budget of {} steps, and the study's is {}",
                              plugin_.id(), wanted.proposal, budget, budget_),
                  "`tuner plugins check FILE` finds out where; another method can search this space");
    if (made != 1)
      throw Error(Message::plugin_bad_proposal,
                  fmt::format("searcher '{}' made {} proposals where 1 was wanted", plugin_.id(), made),
                  "`tuner plugins check FILE` finds out where; another method can search this space");
    proposed.row = std::move(row);
    return proposed;
  }

 private:
  // Errors: config.impossible where the plugin says that its arguments are not for it, plugin.bad_proposal otherwise.
  template <class Function>
  std::int32_t call(const Function& function) {
    host_.reset_scratch();
    tuner_error error{};
    error.struct_size = sizeof error;
    const std::int32_t status = function(error);
    if (status >= 0) return status;
    error.text[sizeof error.text - 1] = '\0';
    const std::string text = error.text[0] != '\0' ? error.text : fmt::format("status {}", status);
    if (status == TUNER_INVALID || status == TUNER_UNSUPPORTED)
      throw Error(Message::config_impossible, fmt::format("searcher '{}' cannot search here: {}", plugin_.id(), text),
                  "change what it names, or use another method");
    throw Error(Message::plugin_bad_proposal, fmt::format("searcher '{}' failed: {}", plugin_.id(), text),
                "`tuner plugins check FILE` finds out where; another method can search this space");
  }

  const StudyPlan& plan_;
  const Plugin& plugin_;
  const tuner_searcher& table_;
  HostServices host_;
  OptionTable options_;
  PluginSpace space_;
  std::int64_t budget_;
  std::uint32_t direction_;
  void* state_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const StudyPlan& plan, const EngineSetup& setup) {
  return std::make_unique<PluginEngine>(plan, setup);
}

}  // namespace tuner::search
