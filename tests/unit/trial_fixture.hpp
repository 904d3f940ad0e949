// Trials made by hand: what the tests of the training loop, the schedules and the executor share.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/training.hpp"

namespace tuner::test {

using Given = std::map<std::string, Value>;
using Series = std::map<std::int64_t, double>;  // a metric by step

inline const Plugin& plugin(Kind kind, const std::string& id) {
  static Catalogue* const kCatalogue = [] {
    auto* catalogue = new Catalogue;  // plugins are never unloaded
    catalogue->add_file(TUNER_BUILD_DIR "/tests/plugins/loop_plugins.so");
    catalogue->add_file(TUNER_BUILD_DIR "/tests/plugins/mishap.so");
    for (const char* name : {"constant", "sgd", "adam", "lookahead", "sam", "schedule_free_sgd", "schedule_free_adamw",
                             "sophia_h", "quadratic", "rosenbrock"})
      catalogue->add_file(std::string(TUNER_PLUGIN_DIR "/").append(name).append(".so"));
    return catalogue;
  }();
  return kCatalogue->get(kind, id);
}

inline Given checked(const Plugin& of, const Given& given) {
  Given values;
  for (const auto& [id, value] : given) values[id] = checked_value(of, of.param(of.find_param(id).value()), value);
  return values;
}

inline PluginUse use_of(Kind kind, const std::string& id, const Given& given = {},
                        const std::vector<std::pair<GroupMatch, Given>>& groups = {}) {
  const Plugin& of = plugin(kind, id);
  std::vector<Given> overrides;
  std::vector<GroupMatch> matches;
  for (const auto& [match, values] : groups) {
    matches.push_back(match);
    overrides.push_back(checked(of, values));
  }
  return {&of, OptionTable(of, checked(of, given), overrides), matches, nullptr};
}
inline PluginUse objective(const std::string& id, const Given& given = {}) {
  return use_of(Kind::objective, id, given);
}
inline PluginUse optimizer(const std::string& id, const Given& given = {},
                           const std::vector<std::pair<GroupMatch, Given>>& groups = {}) {
  return use_of(Kind::optimizer, id, given, groups);
}
inline ScheduleStage stage(const std::string& id, std::int64_t steps = -1, const Given& given = {}) {
  return {use_of(Kind::scheduler, id, given), steps};
}
inline PluginUse wrapped(PluginUse outer, PluginUse inner) {
  outer.inner = std::make_unique<PluginUse>(std::move(inner));
  return outer;
}

// A trial at constant options; its settings stay open.
inline TrialSpec trial(PluginUse of, std::optional<PluginUse> with, std::int64_t steps = 1) {
  TrialSpec spec{.study_seed = 1,
                 .number = 0,
                 .objective = std::move(of),
                 .optimizer = std::move(with),
                 .schedule = {},
                 .training = {},
                 .metric = "loss",
                 .goal = Goal::minimize,
                 .target = std::nullopt};
  spec.schedule.stages.push_back(stage("constant"));
  spec.training.steps = steps;
  return spec;
}
// The same in epochs.
inline TrialSpec epochs(PluginUse of, PluginUse with, std::int64_t n, std::int64_t batch_size) {
  TrialSpec spec = trial(std::move(of), std::move(with), 0);
  spec.training.epochs = n;
  spec.training.batch_size = batch_size;
  return spec;
}

// Hears every value of the study's metric.
class Listener : public TrialObserver {
 public:
  using Hear = std::function<void(std::int64_t step, double value)>;
  explicit Listener(Hear hear) : hear_(std::move(hear)) {}
  void report(const StepReport& report) override {
    if (report.value) hear_(report.step, *report.value);
  }
  Decision decide(const StepReport& report) override { return hear_(report.step, *report.value), Decision{}; }

 private:
  Hear hear_;
};

inline TrialResult run(TrialSpec spec, std::stop_token stop = {}, TrialObserver* observer = nullptr) {
  SharedObjectives shared;
  return run_trial(std::move(spec), shared, std::move(stop), observer);
}
// The same, where the trial must complete.
inline TrialResult completed(TrialSpec spec) {
  TrialResult result = run(std::move(spec));
  EXPECT_EQ(result.outcome, Outcome::completed) << result.error;
  return result;
}

inline Series series(const TrialResult& result, std::string_view name) {
  Series values;
  for (const MetricPoint& point : result.metrics)
    if (point.name == name) values[point.step] = point.value;
  return values;
}
inline std::vector<std::int64_t> steps_of(const TrialResult& result, std::string_view name) {
  std::vector<std::int64_t> steps;
  for (const MetricPoint& point : result.metrics)
    if (point.name == name) steps.push_back(point.step);
  return steps;
}

// The error that `act` throws.
template <class Act>
Error error_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(Message::trial_none_completed, "no error");
}
inline testing::AssertionResult says(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << part << "' is not in: " << text;
}

using Steps = std::vector<std::int64_t>;

}  // namespace tuner::test
