// tuner show: one study, or one trial with everything that is stored of it.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "tuner/commands/lr_range.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/stored_config.hpp"
#include "tuner/commands/trial_name.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/library.hpp"
#include "tuner/lr_range/lr_range.hpp"
#include "tuner/report/front.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner show STUDY[/NUMBER] [--db FILE] [options]",
    "Shows a study with its config, or one trial: parameters, metrics, what it logged, and the plugins\n"
    "that ran in it: version, ABI, sha256, compiler, build flags, file.",
    "  tuner show quickstart\n  tuner show quickstart/7\n  tuner show quickstart/7 --json"};

// Beside the other lines, whose values begin at `column`.
void print_annotations(const storage::Annotations& annotations, int column) {
  std::string tags;
  for (const std::string& tag : annotations.tags) tags += (tags.empty() ? "" : ", ") + printable(tag);
  if (!tags.empty()) std::cout << fmt::format("{:<{}}{}\n", "tags", column, tags);
  for (const std::string& note : annotations.notes)
    std::cout << fmt::format("{:<{}}{}\n", "note", column, printable(note));
}

// What the study was before its space grew, oldest first.
std::vector<storage::StudyVersion> earlier_versions(const storage::Store& store, const std::string& name) {
  std::vector<storage::StudyVersion> versions = store.versions(name);
  versions.pop_back();
  return versions;
}

Json growth_json(const std::vector<storage::StudyVersion>& versions) {
  Json list = Json::array();
  for (const storage::StudyVersion& version : versions)
    list.push_back({{"config", with_overrides(version.config_text, version.overrides)},
                    {"proposals", version.proposals ? Json(*version.proposals) : Json()},
                    {"replaced_at", version.replaced_at}});
  return list;
}

void print_growth(const std::vector<storage::StudyVersion>& versions) {
  for (std::size_t i = 0; i < versions.size(); ++i)
    std::cout << fmt::format("grown from  version {}: {}until {}\n", i,
                             versions[i].proposals ? fmt::format("{} proposals, ", *versions[i].proposals) : "",
                             versions[i].replaced_at);
}

void show_study(const storage::Store& store, const std::string& name, bool json, const std::string& svg,
                storage::Damage& damage) {
  const auto study = store.study(name);
  const std::string config = with_overrides(store.study_config(name, &damage), store.study_overrides(name, &damage));
  const auto suggestions = store.lr_suggestions(name, &damage);
  if (!svg.empty() && suggestions.empty())
    throw Error(Message::usage_bad_option,
                fmt::format("--svg draws an LR range test that has reached its end, and study '{}' is none", name),
                "make one: tuner lr-range --config FILE");
  std::optional<lr_range::LrReport> test;
  if (!suggestions.empty()) test = lr_range::stored_report(store, name, suggestions, damage);
  check_svg(svg);
  if (!svg.empty()) write_svg(svg, *test);
  if (json) {
    Json object = report::json_of(study);
    object["config"] = config;
    object["grown_from"] = growth_json(earlier_versions(store, name));
    object["lr_range"] = test ? lr_range::lr_json(*test) : Json();
    report::add_annotations(object, store.annotations(name));
    std::cout << object.line() << "\n";
    return;
  }
  std::string metrics = fmt::format("{} ({})", study.metric, to_string(study.goal));
  for (const FurtherMetric& metric : further_metrics_of(store.versions(name).back().plan))
    metrics += fmt::format(", {} ({})", metric.name, to_string(metric.goal));
  std::cout << fmt::format("study       {}\nmetric      {}\nseed        {}\ntrials      {}, {} completed\n",
                           printable(study.name), printable(metrics), study.seed, study.trials, study.completed);
  const auto best = store.configurations(name, 1, &damage);
  if (study.is_repeated() && !best.empty())
    std::cout << fmt::format("repeats     {}\nbest        {}: configuration {}, trials from {} on\n",
                             study.repeats == 0 ? "as its searcher proposes" : std::to_string(study.repeats),
                             report::mean_text(best.front()), best.front().configuration, best.front().number);
  else if (study.best_number && !report::has_several_metrics(store, name))
    std::cout << fmt::format("best        {:.6g} (trial {})\n", *study.best_value, *study.best_number);
  std::cout << fmt::format("created at  {} by tuner {}\n", study.created_at, study.tuner_version);
  print_growth(earlier_versions(store, name));
  print_annotations(store.annotations(name), 12);
  std::cout << "\n";
  if (test) std::cout << printable(lr_range::lr_text(*test));
  std::cout << config;
}

// A learning curve as first, best and last value.
struct Curve {
  double first = 0, last = 0, least = 0, greatest = 0;
  std::int64_t points = 0, last_step = 0;
};

void print_curves(const std::vector<MetricPoint>& metrics) {
  std::map<std::string, Curve> curves;
  for (const auto& point : metrics) {
    Curve& curve = curves[point.name];
    if (curve.points++ == 0) curve.first = curve.least = curve.greatest = point.value;
    curve.least = std::min(curve.least, point.value);
    curve.greatest = std::max(curve.greatest, point.value);
    curve.last = point.value;
    curve.last_step = point.step;
  }
  report::TableWriter table(std::cout, "table");
  table.header({"metric", "points", "first", "least", "greatest", "last", "at step"});
  for (const auto& [name, curve] : curves)
    table.row({name, curve.points, curve.first, curve.least, curve.greatest, curve.last, curve.last_step});
  table.end();
}

bool is_program(const storage::TrialDetail& trial) {
  return std::ranges::find(trial.plugins, "program", &storage::PluginRecord::kind) != trial.plugins.end();
}

// The last lines of what a program printed.
void print_output(const std::string& study, const storage::TrialDetail& trial) {
  if (trial.output.empty()) return;
  constexpr int kShownLines = 20;
  std::size_t begin = trial.output.size() - (trial.output.ends_with('\n') ? 1 : 0);
  for (int line = 0; line < kShownLines && begin != std::string::npos; ++line)
    begin = begin == 0 ? std::string::npos : trial.output.rfind('\n', begin - 1);
  std::cout << "\noutput";
  if (begin != std::string::npos)
    std::cout << fmt::format(", its last {} lines; all that was kept: tuner logs {}/{}", kShownLines, study,
                             trial.run.number);
  std::cout << "\n" << printable(trial.output.substr(begin == std::string::npos ? 0 : begin + 1));
  if (!trial.output.ends_with('\n')) std::cout << "\n";
}

void print_decisions(const storage::TrialDetail& trial) {
  if (trial.decisions.empty()) return;
  report::TableWriter table(std::cout, "table");
  table.header({"pruner at step", "value", "decision", "why"});
  for (const storage::PrunerDecision& decision : trial.decisions)
    table.row({decision.step, decision.value ? Value(*decision.value) : Value(Null{}),
               decision.is_review ? "paused, then " + decision.decision : decision.decision, decision.why});
  table.end();
  std::cout << "\n";
}

void print_trial(const std::string& study, const storage::TrialDetail& trial, bool repeated) {
  const auto& run = trial.run;
  std::cout << fmt::format("trial        {}/{}\n", study, run.number);
  if (repeated) std::cout << fmt::format("replicate    {} of configuration {}\n", run.replicate, run.configuration);
  std::cout << fmt::format("outcome      {}\n", to_string(run.outcome));
  if (run.value) std::cout << fmt::format("value        {}\n", format_number(*run.value));
  if (run.violation)
    std::cout << fmt::format("constraints  {}\n", *run.violation > 0
                                                      ? fmt::format("violated by {:.6g} in all", *run.violation)
                                                      : "fulfilled");
  if (!run.error.empty()) std::cout << fmt::format("error        {}\n", printable(run.error));
  if (!trial.exit.empty()) std::cout << fmt::format("program      ended with {}\n", printable(trial.exit));
  std::cout << fmt::format(
      "seed         {}, attempt {}\nsteps        {} ({:.4g} epochs)\nevaluations  {} with gradient, {} loss only, {} "
      "hvp\nwall time    {}\nstarted at   {}\n",
      run.seed, run.attempt, run.steps, trial.epochs, trial.evaluations.gradient, trial.evaluations.loss,
      trial.evaluations.hvp, report::duration_text(run.wall_seconds), run.started_at);
  if (trial.target_step)
    std::cout << fmt::format("target       reached at step {} after {}\n", *trial.target_step,
                             report::duration_text(trial.target_seconds.value_or(0)));
  if (trial.nonfinite_gradients > 0) std::cout << fmt::format("non-finite   {} gradients\n", trial.nonfinite_gradients);
  print_annotations(trial.annotations, 13);
  std::cout << "\nparameters\n";
  for (const auto& [name, value] : run.parameters)
    std::cout << printable(fmt::format("  {}: {}\n", name, to_json(value)));
  std::cout << "\n";
  print_curves(trial.metrics);
  std::cout << "\n";
  report::TableWriter table(std::cout, "table");
  print_decisions(trial);
  if (is_program(trial)) {
    table.header({"file", "kind", "sha256", "path"});
    for (const auto& file : trial.plugins) table.row({file.id, file.kind, file.sha256, file.path});
  } else {
    table.header({"plugin", "kind", "version", "abi", "sha256", "compiler", "build flags", "file"});
    for (const auto& plugin : trial.plugins)
      table.row({plugin.id, plugin.kind, plugin.version, fmt::format("1.{}", plugin.abi_minor), plugin.sha256,
                 plugin.build, build_flags_text(plugin.build_flags), plugin.path});
  }
  table.end();
  for (const auto& line : trial.log) std::cout << "log: " << printable(line) << "\n";
  print_output(study, trial);
}

void print_trial_json(const std::string& study, const storage::TrialDetail& trial) {
  Json object;
  object["study"] = study;
  object.update(report::json_of(trial));
  std::cout << object.line() << "\n";
}

}  // namespace

int show(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("json", "print one JSON object")(
      "svg", po::value<std::string>()->default_value("")->value_name("FILE"), "write an LR range test's chart there");
  add_database_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, kPage);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", kPage);
  const bool json = values->count("json") > 0;
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  if (name.find('/') == std::string::npos) {
    show_study(store, name, json, (*values)["svg"].as<std::string>(), damage);
  } else {
    const auto [study, number] = trial_name(name, kPage);
    const auto trial = store.trial(study, number, &damage);
    if (json)
      print_trial_json(study, trial);
    else
      print_trial(study, trial, store.study(study).is_repeated());
  }
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
