// Calls into searchers and pruners that are plugins: what is theirs in every call, and what their errors become.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/objective.hpp"
#include "tuner/options.hpp"
#include "tuner/plan.hpp"
#include "tuner/search/engine.hpp"

namespace tuner::search {

// The plugin with its options, and what create() gets of the study. The plan must outlive it.
class PluginCall {
 public:
  PluginCall(const StudyPlan& plan, const PluginPlan& plugin)
      : plugin_(*plugin.plugin),
        options_(options_of(plugin)),
        space_(plan.space),
        directions_{direction(plan.metric.goal)} {
    for (const FurtherMetric& metric : plan.further_metrics) directions_.push_back(direction(metric.goal));
  }

  [[nodiscard]] const tuner_host* host() const { return host_.abi(); }
  [[nodiscard]] std::vector<std::string> take_log() { return std::exchange(host_.log, {}); }
  // For the arguments without their error.
  [[nodiscard]] tuner_search_create_args create_args(const EngineSetup& setup) const {
    tuner_search_create_args args{};
    args.struct_size = sizeof args;
    args.n_goals = static_cast<std::uint32_t>(directions_.size());
    args.host = host_.abi();
    args.options = options_.abi();
    args.space = space_.abi();
    args.directions = directions_.data();
    args.trials = setup.trials;
    args.lag = static_cast<std::int64_t>(setup.lag);
    args.least_budget = setup.budget;
    args.most_budget = setup.budget;
    return args;
  }

  // function(args) with their error. Errors: config.impossible where the plugin says that its arguments are not for it,
  // plugin.bad_proposal otherwise.
  template <class Args, class Function>
  std::int32_t call(Args& args, const Function& function) {
    host_.reset_scratch();
    tuner_error error{};
    error.struct_size = sizeof error;
    args.error = &error;
    const std::int32_t status = function(args);
    if (status >= 0) return status;
    error.text[sizeof error.text - 1] = '\0';
    const std::string text = error.text[0] != '\0' ? error.text : fmt::format("status {}", status);
    const std::string who = fmt::format("{} '{}'", to_string(plugin_.kind()), plugin_.id());
    if (status == TUNER_INVALID || status == TUNER_UNSUPPORTED)
      throw Error(Message::config_impossible,
                  fmt::format("{} cannot {} here: {}", who, plugin_.kind() == Kind::pruner ? "judge" : "search", text),
                  "change what it names, or use another one");
    throw Error(Message::plugin_bad_proposal, fmt::format("{} failed: {}", who, text), kRemedy);
  }

  static constexpr const char* kRemedy = "`tuner plugins check FILE` finds out where; a study without it can run";

 private:
  static std::uint32_t direction(Goal goal) { return goal == Goal::minimize ? TUNER_MINIMIZE : TUNER_MAXIMIZE; }
  static OptionTable options_of(const PluginPlan& plan) {
    std::map<std::string, Value> values;
    for (const auto& [key, setting] : plan.options) values.emplace(key, std::get<Value>(setting));
    return {*plan.plugin, values};
  }

  const Plugin& plugin_;
  HostServices host_;
  OptionTable options_;
  PluginSpace space_;
  std::vector<std::uint32_t> directions_;
};

[[nodiscard]] inline tuner_configuration configuration_of(std::uint64_t proposal, const Row& row) {
  tuner_configuration configuration{};
  configuration.struct_size = sizeof configuration;
  configuration.proposal = proposal;
  configuration.values = row.values.data();
  configuration.states = row.states.data();
  return configuration;
}

}  // namespace tuner::search
