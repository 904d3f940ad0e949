// tuner export, tuner import: studies in the files of other systems.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/report/optuna.hpp"
#include "tuner/report/wandb_runs.hpp"
#include "tuner/storage/optuna.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"
#include "tuner/version.hpp"

namespace tuner::commands {

namespace {

constexpr Page kExportPage{
    "tuner export optuna STUDY FILE [--db FILE] [options]",
    "Writes a study as a new SQLite file of Optuna: optuna.load_study(study_name=..., storage=\"sqlite:///FILE\"). "
    "Completed\n"
    "trials with a finite value are COMPLETE, pruned ones PRUNED, all others FAIL; the metric's curves are "
    "intermediate\n"
    "values. The first Optuna that opens the file stamps its revision into it, and then others refuse it: 3.0 and 3.1 "
    "have\n"
    "one, 3.2 to 5.0 another. --optuna-schema stamps it here.",
    "  tuner export optuna quickstart quickstart.db"};
constexpr Page kImportPage{
    "tuner import optuna FILE [STUDY] | wandb DIR  [--db FILE] [options]",
    "Reads results of other systems into the database as a study, for the commands that show and compare.\n"
    "optuna: a study of its SQLite file. Its metric is called value; RUNNING and WAITING trials are left out. STUDY "
    "may "
    "be\n"
    "left out where the file has one.\n"
    "wandb: the runs of Weights & Biases that are in a folder (offline-run-*/run-*.wandb, also in DIR/wandb). A run is "
    "a\n"
    "trial: its config is the parameters, its history the curves, its exit the outcome. The study is called as the "
    "project.\n"
    "What of a file cannot be read is said, and the rest of it taken.",
    "  tuner import optuna optuna.db\n  tuner import optuna optuna.db my-study --as before\n"
    "  tuner import wandb wandb --metric val_loss --as before"};

void require_format(const std::string& format, const std::vector<std::string>& known) {
  if (std::ranges::find(known, format) == known.end())
    throw Error(Message::usage_bad_option, fmt::format("'{}' is no format that there is", shown(format)),
                did_you_mean(format, known));
}

storage::OptunaSchema schema_of(const po::variables_map& values) {
  if (!values.count("optuna-schema")) return storage::OptunaSchema::none;
  const std::string schema = values["optuna-schema"].as<std::string>();
  if (schema == "3.0") return storage::OptunaSchema::v3_0;
  if (schema == "3.2") return storage::OptunaSchema::v3_2;
  throw Error(Message::usage_bad_option, fmt::format("--optuna-schema {}: there is no such one", shown(schema)),
              "3.0 is for Optuna 3.0 and 3.1, 3.2 for 3.2 to 5.0");
}

// What is to be kept, and what is said of it.
struct Import {
  report::ImportedStudy imported;
  std::string event, told;
};

std::string text_of(const po::variables_map& values, const char* option) {
  return values.count(option) ? values[option].as<std::string>() : std::string();
}

Import from_optuna(const po::variables_map& values) {
  for (const char* option : {"metric", "goal", "project"})
    if (values.count(option))
      throw Error(Message::usage_bad_option, fmt::format("--{} is for runs of W&B", option),
                  "leave it out: a study of Optuna says its directions itself");
  const std::string file = values["FILE"].as<std::string>();
  const std::vector<std::string> names = storage::optuna_studies(file);
  if (!values.count("STUDY") && names.size() != 1)
    throw Error(Message::usage_bad_option,
                fmt::format("{} has {} studies, and none is named", printable(file), names.size()),
                names.empty() ? "there is nothing to import" : fmt::format("name one: {}", fmt::join(names, ", ")));
  const std::string from = values.count("STUDY") ? values["STUDY"].as<std::string>() : names.front();
  const std::string name = values.count("as") ? text_of(values, "as") : from;
  config::check_study_name(name);
  Import found{
      .imported = report::imported_study(storage::read_optuna(file, from), name, file), .event = {}, .told = {}};
  found.event = fmt::format("Optuna's {}", file);
  if (found.imported.left_out > 0)
    found.told = fmt::format(", {} that have not ended left out", found.imported.left_out);
  return found;
}

// The metric that is named, that one run defines with a goal, or the only one.
std::string metric_of(const po::variables_map& values, const std::vector<report::WandbRun>& runs) {
  const std::vector<std::string> measured = report::metrics_of(runs);
  if (measured.empty())
    throw Error(Message::usage_bad_option, "none of these runs has measured anything", "there is nothing to import");
  if (const std::string named = text_of(values, "metric"); !named.empty()) {
    if (std::ranges::find(measured, named) == measured.end())
      throw Error(Message::usage_bad_option, fmt::format("--metric {}: no run has measured it", shown(named)),
                  did_you_mean(named, measured));
    return named;
  }
  std::set<std::string> defined;
  for (const report::WandbRun& run : runs)
    for (const auto& [metric, goal] : run.defined_goals)
      if (std::ranges::find(measured, metric) != measured.end()) defined.insert(metric);
  if (defined.size() == 1) return *defined.begin();
  if (measured.size() == 1) return measured.front();
  throw Error(Message::usage_bad_option, fmt::format("the runs have {} metrics, and none is named", measured.size()),
              fmt::format("say by which one they are ranked, with --metric: {}", fmt::join(measured, ", ")));
}

Goal goal_of(const po::variables_map& values, const std::vector<report::WandbRun>& runs, const std::string& metric) {
  const std::string named = text_of(values, "goal");
  if (named == "minimize") return Goal::minimize;
  if (named == "maximize") return Goal::maximize;
  if (!named.empty())
    throw Error(Message::usage_bad_option, fmt::format("--goal {}: there is no such goal", shown(named)),
                "minimize or maximize");
  for (const report::WandbRun& run : runs)
    if (const auto found = run.defined_goals.find(metric); found != run.defined_goals.end()) return found->second;
  return Goal::minimize;
}

// Leaves those of one project.
std::string choose_project(const po::variables_map& values, std::vector<report::WandbRun>& runs) {
  const std::vector<std::string> projects = report::projects_of(runs);
  std::string chosen = text_of(values, "project");
  if (values.count("project") && std::ranges::find(projects, chosen) == projects.end())
    throw Error(Message::usage_bad_option, fmt::format("--project {}: there is no run of it", shown(chosen)),
                did_you_mean(chosen, projects));
  if (!values.count("project") && projects.size() > 1)
    throw Error(Message::usage_bad_option,
                fmt::format("{} has runs of {} projects, and none is named",
                            printable(values["FILE"].as<std::string>()), projects.size()),
                fmt::format("name one with --project: {}", fmt::join(projects, ", ")));
  if (!values.count("project")) chosen = projects.front();
  std::erase_if(runs, [&](const report::WandbRun& run) { return run.project != chosen; });
  return chosen.empty() ? "wandb" : chosen;
}

Import from_wandb(const po::variables_map& values) {
  if (values.count("STUDY"))
    throw Error(Message::usage_bad_option, "a folder of W&B has runs, and no studies to choose from",
                "--as NAME names the study here, --project NAME takes the runs of one project");
  const std::string folder = values["FILE"].as<std::string>();
  report::WandbRuns read = report::read_wandb_runs(report::wandb_files(folder));
  for (const std::string& problem : read.problems) std::cerr << "warning: " << problem << "\n";
  const std::string project = choose_project(values, read.runs);
  const std::string name = values.count("as") ? text_of(values, "as") : project;
  config::check_study_name(name);
  const std::string metric = metric_of(values, read.runs);
  const Goal goal = goal_of(values, read.runs, metric);
  Import found{.imported = report::imported_study(read.runs, name, metric, goal, folder), .event = {}, .told = {}};
  found.event = fmt::format("runs of W&B in {}", folder);
  found.told = fmt::format(", by {} ({})", printable(metric), to_string(goal));
  return found;
}

void keep(Import& found, const std::string& database) {
  report::ImportedStudy& imported = found.imported;
  const std::string& name = imported.study.name;
  storage::Store store(database, storage::Access::read_write);
  const auto studies = store.studies();
  if (std::ranges::find(studies, name, &storage::StudyRow::name) != studies.end())
    throw Error(Message::usage_bad_option, fmt::format("there is a study '{}' in {} already", shown(name), database),
                "give it another name here: --as NAME");
  imported.study.tuner_version = kVersion;
  store.open_study(imported.study);
  store.record(imported.trials);
  for (const auto& [number, text] : imported.notes) store.add_note(name, number, text);
  for (const auto& [number, tag] : imported.tags) store.add_tag(name, number, tag);
  store.add_event("imported", fmt::format("{} trials from {}", imported.trials.size(), found.event));
  std::cout << fmt::format("study '{}': {} trials imported{}\n", name, imported.trials.size(), found.told);
}

}  // namespace

int export_study(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("optuna-schema", po::value<std::string>()->value_name("3.0|3.2"),
                        "the revision that is stamped into the file");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FORMAT", "STUDY", "FILE"}, kExportPage);
  if (!values) return 0;
  require_format(required(*values, "FORMAT", kExportPage), {"optuna"});
  const std::string name = required(*values, "STUDY", kExportPage), file = required(*values, "FILE", kExportPage);
  const storage::OptunaSchema schema = schema_of(*values);
  const storage::Store store(database(*values), storage::Access::read_only);
  const storage::StudyRow study = store.study(name);
  storage::Damage damage;
  std::vector<storage::TrialDetail> trials;
  for (const storage::RunRow& run : store.runs(name, 0, false, &damage))
    trials.push_back(store.trial(name, run.number, &damage));
  const auto exported = report::optuna_study(study, further_metrics_of(store.versions(name).back().plan),
                                             report::parameters_of_study(store, name, damage), trials);
  storage::write_optuna(file, exported, schema);
  std::cout << fmt::format("{} trials of study '{}' in {}\n", exported.trials.size(), name, printable(file));
  damage.raise(database(*values));
  return 0;
}

int import_study(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("as", po::value<std::string>()->value_name("NAME"), "the name of the study here")(
      "metric", po::value<std::string>()->value_name("NAME"),
      "wandb: the metric that trials are ranked by; may be left out where the runs have one, or define_metric() says "
      "it")("goal", po::value<std::string>()->value_name("minimize|maximize"),
            "wandb: what is wanted of it; default: what define_metric() says, else minimize")(
      "project", po::value<std::string>()->value_name("NAME"), "wandb: the runs of this project alone");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FORMAT", "FILE", "STUDY"}, kImportPage);
  if (!values) return 0;
  const std::string format = required(*values, "FORMAT", kImportPage);
  require_format(format, {"optuna", "wandb"});
  static_cast<void>(required(*values, "FILE", kImportPage));
  Import found = format == "optuna" ? from_optuna(*values) : from_wandb(*values);
  keep(found, database(*values));
  return 0;
}

}  // namespace tuner::commands
