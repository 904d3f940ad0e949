// tuner replay: runs one recorded trial again and compares every bit.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <utility>

#include "tuner/commands/options.hpp"
#include "tuner/commands/recorded_study.hpp"
#include "tuner/commands/study_executor.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/lr_range/lr_range.hpp"
#include "tuner/report/table.hpp"
#include "tuner/study/coordinator.hpp"
#include "tuner/study/recorded_trial.hpp"
#include "tuner/study/trial_record.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner replay STUDY/NUMBER [--config FILE] [--db FILE] [options]",
    "Runs a recorded trial again, from the config and the parameters that the database has of it, and says whether "
    "its\n"
    "outcome, value, steps, evaluations and every metric are the recorded ones bit for bit (times aside). Nothing is\n"
    "written to the database.",
    "  tuner replay quickstart/7\n"
    "  tuner replay fashion-mnist/3 --config configs/fashion_mnist.yaml   # its relative paths count from that "
    "folder\n\n"
    "Exit code: 0 equal; 6 something differs, which the table shows. Of a trial that was cancelled or timed out, what\n"
    "both runs have is compared."};

constexpr std::size_t kShownDifferences = 40;

struct Difference {
  std::string what;
  Value step;  // null: of the trial as a whole
  std::string stored, now;
};

// NaN equals NaN, and 0 is not -0.
bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b));
}
bool same(const std::optional<double>& a, const std::optional<double>& b) {
  return a.has_value() == b.has_value() && (!a || same_bits(*a, *b));
}
std::string text_of(const std::optional<double>& value) { return value ? format_number(*value) : "none"; }

class Comparison {
 public:
  Comparison(const storage::TrialDetail& stored, const TrialResult& now) : stored_(stored), now_(now) {
    if (!cut_short()) compare_whole();
    compare_metrics();
  }

  // The clock or a person ended the recorded trial: another time it comes to another step.
  [[nodiscard]] bool cut_short() const {
    return stored_.run.outcome == Outcome::cancelled || stored_.run.outcome == Outcome::timed_out;
  }
  [[nodiscard]] const std::vector<Difference>& differences() const { return differences_; }
  [[nodiscard]] std::size_t compared_points() const { return compared_points_; }

 private:
  void whole(const char* what, bool same, std::string stored, std::string now) {
    if (!same) differences_.push_back({what, Null{}, std::move(stored), std::move(now)});
  }
  void whole(const char* what, const std::optional<double>& stored, const std::optional<double>& now) {
    whole(what, same(stored, now), text_of(stored), text_of(now));
  }
  template <std::integral T>
  void whole(const char* what, T stored, T now) {
    whole(what, stored == now, std::to_string(stored), std::to_string(now));
  }

  void compare_whole() {
    const auto& run = stored_.run;
    whole("outcome", run.outcome == now_.outcome, std::string(to_string(run.outcome)),
          std::string(to_string(now_.outcome)));
    whole("value", run.value, now_.value);
    whole("best_value", stored_.best_value, now_.best_value);
    whole("last_value", stored_.last_value, now_.last_value);
    whole("steps", run.steps, now_.steps);
    whole("epochs", stored_.epochs, now_.epochs);
    whole("loss_evaluations", stored_.evaluations.loss, now_.evaluations.loss);
    whole("gradient_evaluations", stored_.evaluations.gradient, now_.evaluations.gradient);
    whole("hvp_evaluations", stored_.evaluations.hvp, now_.evaluations.hvp);
    whole("nonfinite_gradients", stored_.nonfinite_gradients, now_.nonfinite_gradients);
    whole("target_step", stored_.target_step.value_or(-1), now_.target_step.value_or(-1));
    whole("error", run.error == now_.error, run.error, now_.error);
  }

  void compare_metrics() {
    // A metric that is given twice for a step keeps its last value, as in the database.
    std::map<std::pair<std::string, std::int64_t>, std::pair<std::optional<double>, std::optional<double>>> points;
    for (const auto& point : stored_.metrics) points[{point.name, point.step}].first = point.value;
    for (const auto& point : now_.metrics) points[{point.name, point.step}].second = point.value;
    for (const auto& [key, values] : points) {
      const auto& [stored, now] = values;
      if (cut_short() && !(stored && now)) continue;
      ++compared_points_;
      if (!same(stored, now)) differences_.push_back({key.first, key.second, text_of(stored), text_of(now)});
    }
  }

  const storage::TrialDetail& stored_;
  const TrialResult& now_;
  std::vector<Difference> differences_;
  std::size_t compared_points_ = 0;
};

[[noreturn]] void damaged_parameters(const std::string& trial, const std::string& what) {
  throw Error(Message::storage_damaged, fmt::format("trial_parameters of trial {}: {}", trial, what),
              "Ask what else is damaged: tuner fsck");
}

// May the dimension have that value? Of a range any number within: which of them a grid has does not matter here.
bool fits(const Dimension& dimension, const Value& value) {
  if (const auto* branches = std::get_if<Branches>(&dimension.domain)) {
    const auto* label = std::get_if<std::string>(&value);
    return label != nullptr && std::ranges::find(branches->labels, *label) != branches->labels.end();
  }
  if (const auto* values = std::get_if<Values>(&dimension.domain))
    return std::ranges::find(*values, to_json(value), to_json) != values->end();  // a NaN is a NaN
  const Range& range = std::get<Range>(dimension.domain);
  if (std::holds_alternative<std::int64_t>(value)) return range.integer;
  const auto* real = std::get_if<double>(&value);
  return real != nullptr && !range.integer && std::isfinite(*real);
}

Configuration point_of(const StudyPlan& plan, Parameters parameters, const std::string& name) {
  study::follow_paths(plan, parameters);
  Configuration point(plan.space.dimensions.size());
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!is_active(plan.space, point, i)) continue;
    const Dimension& dimension = plan.space.dimensions[i];
    const auto found = std::ranges::find(parameters, dimension.name, &Parameters::value_type::first);
    if (found == parameters.end()) {
      if (lr_range::may_be_missing(dimension)) continue;
      damaged_parameters(name, fmt::format("there is no {}", dimension.name));
    }
    if (!fits(dimension, found->second))
      damaged_parameters(
          name, fmt::format("{} is {}, which its study does not allow", dimension.name, to_json(found->second)));
    point[i] = found->second;
  }
  if (std::ranges::equal(parameters_of(plan.space, point), parameters, {}, &Parameters::value_type::first,
                         &Parameters::value_type::first))
    return point;
  damaged_parameters(name, "there are more of them than the study has, or they are in another order");
}

TrialResult run_again(const RecordedStudy& read, const Configuration& point, const TrialId& trial,
                      const Invocation& invocation, SharedObjectives& shared) {
  const auto executor = make_executor(read.study, invocation.executable, shared, read.as);
  executor->submit({.id = trial, .point = point});
  for (;;) {
    auto finished = executor->wait(std::chrono::seconds(1)).finished;
    if (finished.empty()) continue;
    if (finished.front().error) std::rethrow_exception(finished.front().error);
    return std::move(finished.front().result);
  }
}

void print_differences(const std::vector<Difference>& differences) {
  report::TableWriter table(std::cout, "table");
  table.header({"what", "step", "stored", "now"});
  for (std::size_t i = 0; i < std::min(differences.size(), kShownDifferences); ++i)
    table.row({differences[i].what, differences[i].step, differences[i].stored, differences[i].now});
  table.end();
  if (differences.size() > kShownDifferences)
    std::cout << fmt::format("... and {} more\n", differences.size() - kShownDifferences);
}

}  // namespace

int replay(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("config", po::value<std::string>()->default_value("")->value_name("FILE"),
                        "read this file in place of the stored text")(
      "plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"), "a plugin library to load");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY/NUMBER"}, kPage);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY/NUMBER", kPage);
  const auto [study, number] = trial_name(name, kPage);
  const storage::Store store(database(*values), storage::Access::read_only);
  const storage::TrialDetail stored = store.trial(study, number);
  if (std::ranges::find(stored.plugins, "program", &storage::PluginRecord::kind) != stored.plugins.end())
    throw Error(Message::usage_bad_option,
                fmt::format("trial {} ran a program, and only trainings of plugins are the same bit for bit", name),
                fmt::format("run its configuration once more: tuner run FILE --trial '...'; `tuner show {}` has its "
                            "parameters",
                            name));

  std::optional<config::SweepFile> file;
  if (const auto config = (*values)["config"].as<std::string>(); !config.empty()) file = config::read_file(config);
  const auto named =
      values->count("plugin") ? (*values)["plugin"].as<std::vector<std::string>>() : std::vector<std::string>{};
  const Catalogue catalogue = recorded_plugins(invocation, store, study, named, file);
  SharedObjectives shared;
  const RecordedStudy read = read_recorded(store, study, file, catalogue, shared, invocation.executable);
  const Configuration point = point_of(read.study.plan, stored.run.parameters, name);
  std::vector<storage::PluginRecord> records;
  for (const Plugin* plugin : plugins_of(read.study.plan, point)) records.push_back(study::plugin_record(*plugin));
  const auto changed = storage::Store::changed_plugins(stored.plugins, records);
  for (const auto& line : changed) std::cerr << "warning: " << printable(line) << "\n";

  const TrialResult now = run_again(read, point, stored.run.id(), invocation, shared);
  const Comparison comparison(stored, now);
  if (!comparison.differences().empty()) {
    print_differences(comparison.differences());
    throw Error(
        Message::trial_replay_differs,
        fmt::format("trial {} is not what it was: {} of its values differ", name, comparison.differences().size()),
        changed.empty() ? "Another machine, instruction set or library, changed data, or a plugin that is not "
                          "deterministic."
                        : "A plugin's library is another one than then: " + changed.front() + ".");
  }
  if (comparison.cut_short())
    std::cout << fmt::format("trial {}: equal bit for bit as far as it went ({} after {} steps): {} metric values\n",
                             name, to_string(stored.run.outcome), stored.run.steps, comparison.compared_points());
  else
    std::cout << fmt::format("trial {}: equal bit for bit ({}, {} steps, {} evaluations, {} metric values)\n", name,
                             to_string(now.outcome), now.steps, stored.run.evaluations, comparison.compared_points());
  return 0;
}

}  // namespace tuner::commands
