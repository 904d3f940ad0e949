// What the commands that run a study share: its file, its plugins, its database, and the run itself.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/commands/command.hpp"
#include "tuner/commands/inspection.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/config.hpp"
#include "tuner/executor/interrupt.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/study/coordinator.hpp"

namespace tuner::commands {

// --config, --set, --workers, --launcher, --fresh, --quiet, --json, --plugin, --db, --allow-network-db.
void add_study_options(po::options_description& options);

class StudySession {
 public:
  // values: of those options; both must outlive it. Loads the plugins. Errors: config.*, plugin.*.
  StudySession(const Invocation& invocation, const po::variables_map& values, const Page& page);

  // One more --set.
  void set(std::string assignment) { overrides_.push_back(std::move(assignment)); }

  // The study of the file, complete: with its metric, the content of its files, and what the options say of how it is
  // run. Errors: config.*.
  [[nodiscard]] Study read(config::ReadAs as = config::ReadAs::study);
  // A searcher that is a plugin runs in a process of its own. The study must outlive it.
  [[nodiscard]] std::unique_ptr<search::Searcher> make_searcher(const Study& study) const;
  // Everything that can be found out before a trial runs. Errors: config.*.
  void check(const Study& study, const search::Searcher& searcher);

  // Opens the study's database. Call it once, before the functions below.
  void open_database(const Study& study);
  // A study of the database keeps the search that it began with.
  [[nodiscard]] Study with_stored_search(Study study) const;
  // --fresh: forgets the study with its trials and checkpoints.
  void forget(const std::string& study);
  // Opens the study and runs it to its end, or resumes it; shows progress.
  // From the first one on interrupts are counted: the command goes on to its end, and then says 130.
  [[nodiscard]] study::StudyStatus run(const Study& study, search::Searcher& searcher,
                                       config::ReadAs as = config::ReadAs::study);
  // Runs one trial of the study without a database. Interrupts cancel it.
  [[nodiscard]] TrialResult run_alone(const Study& study, const Configuration& point);
  [[nodiscard]] bool interrupted() const { return interrupts_ && interrupts_->count() > 0; }
  // What comes of an interrupted study: the line to print.
  [[nodiscard]] static std::string interrupted_words(const study::StudyStatus& status);
  // The exit code of a command that ran a study. Errors: trial.study_stopped, trial.none_completed.
  [[nodiscard]] int conclude(const Study& study, const study::StudyStatus& status) const;

  [[nodiscard]] storage::Store& store() { return *store_; }
  [[nodiscard]] const std::string& database() const { return database_; }
  // Of a study that was read here. Errors: as those of Inspection.
  [[nodiscard]] std::vector<ObjectiveTensors> objective_tensors(const Study& study) {
    if (study.plan.program) return {};
    return inspections_.at(study.plan.name)->objective_tensors();
  }
  [[nodiscard]] bool events() const { return values_.count("events") > 0; }
  [[nodiscard]] bool json() const { return values_.count("json") > 0 || events(); }
  [[nodiscard]] bool quiet() const { return values_.count("quiet") > 0 || json(); }
  [[nodiscard]] bool fresh() const { return values_.count("fresh") > 0; }
  // " --db FILE" for messages that name a command; empty for the default file.
  [[nodiscard]] std::string database_words() const;

 private:
  // --rerun, of the open study.
  void rerun(const std::string& study);
  void prepare_program(const Study& study, const search::Searcher& searcher);
  void say_lag(const Study& study) const;
  const Invocation& invocation_;
  const po::variables_map& values_;
  config::SweepFile file_;
  std::string database_;
  std::vector<std::string> overrides_;
  bool warned_ = false;  // of what a file of another system has
  Catalogue catalogue_;
  SharedObjectives shared_;
  std::map<std::string, std::unique_ptr<Inspection>> inspections_;  // by study
  std::optional<storage::Store> store_;
  std::optional<executor::InterruptCounter> interrupts_;
};

}  // namespace tuner::commands
