// tuner export, tuner import: studies in the files of other systems.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/report/optuna.hpp"
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
    "tuner import optuna FILE [STUDY] [--db FILE] [options]",
    "Reads a study of Optuna's SQLite file into the database, for the commands that show and compare. Its metric is "
    "called\n"
    "value; RUNNING and WAITING trials are left out. STUDY may be left out where the file has one.",
    "  tuner import optuna optuna.db\n  tuner import optuna optuna.db my-study --as before"};

void require_optuna(const po::variables_map& values, const Page& page) {
  const std::string format = required(values, "FORMAT", page);
  if (format != "optuna")
    throw Error(Message::usage_bad_option, fmt::format("'{}' is no format that there is", shown(format)),
                did_you_mean(format, std::vector<std::string>{"optuna"}));
}

storage::OptunaSchema schema_of(const po::variables_map& values) {
  if (!values.count("optuna-schema")) return storage::OptunaSchema::none;
  const std::string schema = values["optuna-schema"].as<std::string>();
  if (schema == "3.0") return storage::OptunaSchema::v3_0;
  if (schema == "3.2") return storage::OptunaSchema::v3_2;
  throw Error(Message::usage_bad_option, fmt::format("--optuna-schema {}: there is no such one", shown(schema)),
              "3.0 is for Optuna 3.0 and 3.1, 3.2 for 3.2 to 5.0");
}

}  // namespace

int export_study(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("optuna-schema", po::value<std::string>()->value_name("3.0|3.2"),
                        "the revision that is stamped into the file");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FORMAT", "STUDY", "FILE"}, kExportPage);
  if (!values) return 0;
  require_optuna(*values, kExportPage);
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
  options.add_options()("as", po::value<std::string>()->value_name("NAME"), "the name of the study here");
  add_database_option(options);
  const auto values = parse(invocation, options, {"FORMAT", "FILE", "STUDY"}, kImportPage);
  if (!values) return 0;
  require_optuna(*values, kImportPage);
  const std::string file = required(*values, "FILE", kImportPage);
  const std::vector<std::string> names = storage::optuna_studies(file);
  if (!values->count("STUDY") && names.size() != 1)
    throw Error(Message::usage_bad_option,
                fmt::format("{} has {} studies, and none is named", printable(file), names.size()),
                names.empty() ? "there is nothing to import" : fmt::format("name one: {}", fmt::join(names, ", ")));
  const std::string from = values->count("STUDY") ? (*values)["STUDY"].as<std::string>() : names.front();
  const std::string name = values->count("as") ? (*values)["as"].as<std::string>() : from;
  config::check_study_name(name);
  auto imported = report::imported_study(storage::read_optuna(file, from), name, file);
  storage::Store store(database(*values), storage::Access::read_write);
  const auto studies = store.studies();
  if (std::ranges::find(studies, name, &storage::StudyRow::name) != studies.end())
    throw Error(Message::usage_bad_option,
                fmt::format("there is a study '{}' in {} already", shown(name), database(*values)),
                "give it another name here: --as NAME");
  imported.study.tuner_version = kVersion;
  store.open_study(imported.study);
  store.record(imported.trials);
  store.add_event("imported", fmt::format("{} trials from Optuna's {}", imported.trials.size(), file));
  std::cout << fmt::format(
      "study '{}': {} trials imported{}\n", name, imported.trials.size(),
      imported.left_out > 0 ? fmt::format(", {} that have not ended left out", imported.left_out) : "");
  return 0;
}

}  // namespace tuner::commands
