// A built pruner, loaded as a shared library and driven through the tables of the ABI.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loaded_searcher.hpp"

namespace search_tests {

struct PrunerSetup {
  std::map<std::string, double> options = {};  // the others have their defaults
  std::uint32_t direction = TUNER_MINIMIZE;
  std::int64_t budget = 100;  // of every trial; 0: not known
};

// What is recorded of a study for its pruner, in order: reports, and the ends of trials. A trial's proposal has its
// number.
struct Event {
  std::uint64_t trial = 0;
  std::int64_t step = 0;
  double value = 0;
  bool is_end = false;
  std::uint32_t outcome = TUNER_OUTCOME_COMPLETED;
};

struct Answer {
  std::uint32_t decision = TUNER_DECISION_CONTINUE;
  std::int64_t next_step = -1;
  bool operator==(const Answer&) const = default;
};
inline constexpr Answer kStopped{TUNER_DECISION_STOP, -1};
inline constexpr Answer kPaused{TUNER_DECISION_PAUSE, -1};
inline constexpr Answer kFree{TUNER_DECISION_CONTINUE, -1};
inline Answer until(std::int64_t step) { return {TUNER_DECISION_CONTINUE, step}; }

inline void PrintTo(const Answer& answer, std::ostream* out) {
  const char* const words[] = {"go on", "stop", "pause"};
  *out << words[answer.decision] << ", next step " << answer.next_step;
}

class LoadedPruner {
 public:
  explicit LoadedPruner(const std::string& id, PrunerSetup setup = {})
      : plugin_(plugin_of(id)), table_(*static_cast<const tuner_pruner*>(plugin_.vtable)), setup_(std::move(setup)) {
    set_options();
    host_.log = [](void* said, std::uint32_t, const char* text) { *static_cast<std::string*>(said) = text; };
    host_.context = &said_;
    space_.real("x", 0, 1);
    tuner_search_create_args args{};
    args.struct_size = sizeof args;
    args.n_goals = 1;
    args.host = no_host();
    args.options = &options_;
    args.space = space_.raw();
    args.directions = &setup_.direction;
    args.trials = -1;
    args.lag = 1;
    args.least_budget = setup_.budget;
    args.most_budget = setup_.budget;
    args.error = &error_;
    if (table_.check != nullptr) status_ = table_.check(&options_, &error_);
    if (status_ == TUNER_OK) status_ = table_.create(&args, &state_);
  }
  ~LoadedPruner() {
    if (state_ != nullptr) table_.destroy(state_);
  }
  LoadedPruner(const LoadedPruner&) = delete;
  LoadedPruner& operator=(const LoadedPruner&) = delete;

  [[nodiscard]] std::int32_t status() const { return status_; }
  [[nodiscard]] std::string error() const { return error_.text; }

  Answer decide(std::uint64_t trial, std::int64_t step, double value) {
    tuner_configuration configuration = configuration_of(trial);
    tuner_report report{};
    report.struct_size = sizeof report;
    report.trial = trial;
    report.configuration = &configuration;
    report.step = step;
    report.budget = setup_.budget;
    report.value = value;
    Answer answer;
    tuner_decide_args args{};
    args.struct_size = sizeof args;
    args.host = &host_;
    args.report = &report;
    args.decision = &answer.decision;
    args.next_step = &answer.next_step;
    args.error = &error_;
    const std::int32_t status = table_.decide(state_, &args);
    EXPECT_EQ(status, TUNER_OK) << error_.text;
    ++decisions_;
    return answer;
  }

  // kPaused: all paused trials stay so, and the number means nothing.
  std::pair<std::uint64_t, Answer> review(bool is_last = false) {
    std::uint64_t trial = 0;
    Answer answer = kPaused;
    tuner_review_args args{};
    args.struct_size = sizeof args;
    args.flags = is_last ? TUNER_REVIEW_LAST : 0;
    args.host = &host_;
    args.trial = &trial;
    args.decision = &answer.decision;
    args.next_step = &answer.next_step;
    args.error = &error_;
    EXPECT_EQ(table_.review(state_, &args), TUNER_OK) << error_.text;
    return {trial, answer};
  }
  [[nodiscard]] bool reviews() const { return table_.review != nullptr; }

  [[nodiscard]] std::uint64_t decisions() const { return decisions_; }  // made so far
  [[nodiscard]] const std::string& said() const { return said_; }       // the last that it logged

  // value: of the trial's end; NaN where it has none.
  void observe(std::uint64_t trial, double value, std::uint32_t outcome = TUNER_OUTCOME_COMPLETED) {
    tuner_configuration configuration = configuration_of(trial);
    tuner_observation observation{};
    observation.struct_size = sizeof observation;
    observation.outcome = outcome;
    observation.configuration = &configuration;
    observation.last_step = setup_.budget;
    observation.budget = setup_.budget;
    observation.values = &value;
    observation.n_values = std::isnan(value) ? 0 : 1;
    observation.replicates = 1;
    observation.mean = value;
    observation.standard_deviation = std::numeric_limits<double>::quiet_NaN();
    tuner_observe_args args{};
    args.struct_size = sizeof args;
    args.n_observations = 1;
    args.observation_stride = sizeof observation;
    args.host = no_host();
    args.observations = &observation;
    args.error = &error_;
    ASSERT_EQ(table_.observe(state_, &args), TUNER_OK) << error_.text;
  }

  // The trial reports at the steps 1, 2, ... that wait for a decision; true where it comes to its end.
  bool run(std::uint64_t trial, const std::vector<double>& curve) {
    std::int64_t due = 1;
    for (std::size_t i = 0; i < curve.size(); ++i) {
      const auto step = static_cast<std::int64_t>(i + 1);
      if (due < 0 || step < due) continue;
      const Answer answer = decide(trial, step, curve[i]);
      if (answer.decision == TUNER_DECISION_STOP) {
        observe(trial, curve[i], TUNER_OUTCOME_PRUNED);
        return false;
      }
      due = answer.next_step;
    }
    observe(trial, curve.back());
    return true;
  }

  Answer tell(const Event& event) {
    if (!event.is_end) return decide(event.trial, event.step, event.value);
    observe(event.trial, event.value, event.outcome);
    return {};
  }

 private:
  static tuner_configuration configuration_of(std::uint64_t trial) {
    static constexpr double kValue = 0.5;
    static constexpr std::uint8_t kState = TUNER_VALUE_FREE;
    tuner_configuration configuration{};
    configuration.struct_size = sizeof configuration;
    configuration.proposal = trial;
    configuration.values = &kValue;
    configuration.states = &kState;
    return configuration;
  }
  void set_options() {
    for (std::uint32_t i = 0; i < plugin_.n_params; ++i) {
      const auto& param = *reinterpret_cast<const tuner_param*>(reinterpret_cast<const char*>(plugin_.params) +
                                                                std::size_t{i} * plugin_.param_stride);
      const auto given = setup_.options.find(param.id);
      values_.push_back(given != setup_.options.end() ? given->second : param.default_value);
    }
    options_.struct_size = sizeof options_;
    options_.n_groups = 1;
    options_.n_params = plugin_.n_params;
    options_.values = values_.data();
    options_.base = values_.data();
  }

  const tuner_plugin& plugin_;
  const tuner_pruner& table_;
  PrunerSetup setup_;
  TestSpace space_;
  std::vector<double> values_;
  tuner_options options_{};
  tuner_error error_{.struct_size = sizeof(tuner_error), .reserved = 0, .text = {}};
  tuner_host host_ = *no_host();
  std::string said_;
  void* state_ = nullptr;
  std::uint64_t decisions_ = 0;
  std::int32_t status_ = TUNER_OK;
};

}  // namespace search_tests
