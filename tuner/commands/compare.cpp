// tuner compare: trials side by side, studies against each other, the builds of a plugin within one study.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"
#include "tuner/report/comparison.hpp"
#include "tuner/report/optimizer_ranking.hpp"
#include "tuner/report/record.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner compare STUDY/NUMBER STUDY/NUMBER... | STUDY [STUDY...] [--db FILE] [options]",
    "Trials side by side: outcome, parameters, last values of the metrics, plugins; `*` marks what differs. Studies: "
    "how\n"
    "good their completed trials are, with a 95 % interval of the mean and a test against the first study. One study "
    "alone:\n"
    "its trials by the build of every plugin, or the content of every file of a program, of which it has several. "
    "Trials with\n"
    "equal parameters and replicates are compared in pairs where all of one group's have a counterpart. --optimizers: "
    "what "
    "the\n"
    "optimizers of the studies need to reach a target, in evaluations and in seconds, with AlgoPerf's score over all "
    "problems.",
    "  tuner compare quickstart/0 quickstart/7 --differences\n"
    "  tuner compare before after\n"
    "  tuner compare rosenbrock beale quadratic --optimizers\n"
    "  tuner compare quickstart --json"};

// Completed trials of the study, or those of them whose numbers are among `numbers`.
report::Group group_of(const storage::Store& store, const std::string& study, std::string name,
                       const std::vector<std::uint64_t>* numbers, storage::Damage& damage) {
  report::Group group{.name = std::move(name), .what = {}, .values = {}, .pairing = {}};
  const auto take = [&](const storage::RunRow& run) {
    if (numbers != nullptr && !std::ranges::binary_search(*numbers, run.number)) return;
    ++group.trials;
    if (run.outcome != Outcome::completed) return;
    ++group.completed;
    if (!run.value || !std::isfinite(*run.value)) return;
    group.values.push_back(*run.value);
    group.pairing.push_back(fmt::format("{} {}", report::json_of(run.parameters).line(), run.replicate));
  };
  store.read_runs(study, 0, false, take, &damage);
  return group;
}

std::string build_words(const storage::PluginRecord& plugin) {
  if (plugin.version.empty()) return fmt::format("content of {}", plugin.path.empty() ? plugin.id : plugin.path);
  const std::string flags = build_flags_text(plugin.build_flags);
  return fmt::format("{} {}{}{}, {}", plugin.id, plugin.version, plugin.build.empty() ? "" : ", " + plugin.build,
                     flags.empty() ? "" : ", " + flags, plugin.path);
}

void print_result(const report::GroupComparison& comparison, bool json) {
  if (json)
    std::cout << report::json_of(comparison).line() << "\n";
  else
    report::print(std::cout, comparison);
}

void compare_studies(const storage::Store& store, const std::vector<std::string>& names, bool json,
                     storage::Damage& damage) {
  const storage::StudyRow first = store.study(names.front());
  std::vector<report::Group> groups;
  for (const std::string& name : names) {
    const storage::StudyRow study = store.study(name);
    if (study.metric != first.metric || study.goal != first.goal)
      throw Error(
          Message::usage_bad_option,
          fmt::format("study '{}' has the metric {} ({}), and '{}' has {} ({}): their values do not compare",
                      first.name, first.metric, to_string(first.goal), study.name, study.metric, to_string(study.goal)),
          "compare trials, STUDY/NUMBER, which shows all metrics side by side");
    groups.push_back(group_of(store, name, name, nullptr, damage));
  }
  print_result(report::compare(first.metric, first.goal, std::move(groups)), json);
}

// Plugins and files of which the study has several builds, each with them in the order of their first trials.
std::vector<std::vector<storage::PluginRecord>> builds_of(const storage::Store& store, const std::string& study) {
  std::vector<std::vector<storage::PluginRecord>> all;
  for (const storage::PluginRecord& plugin : store.plugins(study)) {
    const auto same = std::ranges::find_if(
        all, [&](const auto& builds) { return builds.front().kind == plugin.kind && builds.front().id == plugin.id; });
    if (same == all.end())
      all.push_back({plugin});
    else
      same->push_back(plugin);
  }
  std::erase_if(all, [](const auto& builds) { return builds.size() < 2; });
  return all;
}

void compare_builds(const storage::Store& store, const std::string& name, bool json, storage::Damage& damage) {
  const storage::StudyRow study = store.study(name);
  const auto plugins = builds_of(store, name);
  if (plugins.empty())
    throw Error(Message::usage_bad_option,
                fmt::format("study '{}' has one build of each plugin, and nothing to compare with", name),
                "name a second study, or two of its trials: STUDY/NUMBER");
  for (const auto& builds : plugins) {
    std::vector<report::Group> groups;
    for (const storage::PluginRecord& build : builds) {
      const std::vector<std::uint64_t> numbers = store.trials_of(name, build);
      groups.push_back(group_of(store, name, build.sha256.substr(0, 12), &numbers, damage));
      groups.back().what = build_words(build);
    }
    if (!json) std::cout << fmt::format("{} '{}': ", builds.front().kind, builds.front().id);
    print_result(report::compare(study.metric, study.goal, std::move(groups)), json);
  }
}

}  // namespace

int compare(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("differences", "of trials: what differs alone")(
      "optimizers", "rank the optimizers of the studies by what they need to reach a target")(
      "target", po::value<double>()->value_name("VALUE"),
      "the target; default: the median of the optimizers' best values")("json", "one object of JSON");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY..."}, kPage);
  if (!values) return 0;
  const std::vector<std::string> names = required_list(*values, "STUDY...", kPage);
  const bool json = values->count("json") > 0;
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  const auto is_trial = [](const std::string& name) { return name.find('/') != std::string::npos; };
  const auto trials = static_cast<std::size_t>(std::ranges::count_if(names, is_trial));
  if (trials != 0 && trials != names.size())
    throw Error(Message::usage_bad_option, "a trial and a study do not compare",
                "name trials alone, STUDY/NUMBER, or studies alone");
  if (trials == 1)
    throw Error(Message::usage_bad_option, fmt::format("there is nothing to compare {} with", names.front()),
                "name a second trial");
  if (trials == 0 && values->count("differences"))
    throw Error(Message::usage_bad_option, "--differences is for trials side by side", "remove it");
  if (values->count("target") && !values->count("optimizers"))
    throw Error(Message::usage_bad_option, "--target is for --optimizers", "add --optimizers, or remove it");
  if (values->count("optimizers")) {
    if (trials > 0)
      throw Error(Message::usage_bad_option, "--optimizers compares studies, and a trial is named",
                  "name studies alone");
    const auto target = values->count("target") ? std::optional((*values)["target"].as<double>()) : std::nullopt;
    const auto ranking = report::rank_optimizers(store, names, target, damage);
    if (json)
      std::cout << report::json_of(ranking).line() << "\n";
    else
      report::print(std::cout, ranking);
  } else if (trials > 0) {
    std::vector<storage::TrialDetail> details;
    for (const std::string& name : names) {
      const auto [study, number] = trial_name(name, kPage);
      details.push_back(store.trial(study, number, &damage));
    }
    const report::SideBySide rows = report::side_by_side(names, details);
    if (json)
      std::cout << report::json_of(rows).line() << "\n";
    else
      report::print(std::cout, rows, values->count("differences") > 0);
  } else if (names.size() == 1) {
    compare_builds(store, names.front(), json, damage);
  } else {
    compare_studies(store, names, json, damage);
  }
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
