#include "tuner/commands/study_session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "tuner/commands/checkpoint_folders.hpp"
#include "tuner/commands/events.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/launchers.hpp"
#include "tuner/commands/progress.hpp"
#include "tuner/commands/recorded_study.hpp"
#include "tuner/commands/search_process.hpp"
#include "tuner/commands/slurm.hpp"
#include "tuner/commands/study_check.hpp"
#include "tuner/commands/study_executor.hpp"
#include "tuner/commands/study_files.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/program/files.hpp"
#include "tuner/program/memory_group.hpp"
#include "tuner/program/processes.hpp"
#include "tuner/study/evidence.hpp"
#include "tuner/study/journal.hpp"
#include "tuner/study/method.hpp"
#include "tuner/study/trial_record.hpp"
#include "tuner/system.hpp"
#include "tuner/text.hpp"
#include "tuner/version.hpp"

namespace tuner::commands {

namespace {

std::vector<std::string> strings(const po::variables_map& values, const char* name) {
  return values.count(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

Catalogue load(const Invocation& invocation, const po::variables_map& values, const config::SweepFile& file) {
  std::vector<std::filesystem::path> files = config::plugin_files(file);
  for (const auto& file : strings(values, "plugin")) files.emplace_back(file);
  return load_plugins(invocation.executable, files);
}

// On one machine. More workers than trials would only be started.
std::uint32_t used_workers(const RunSettings& run) {
  if (!run.launch.command.empty()) return std::min(run.launch.per_host, run.workers);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(run.workers, run.trials.value_or(UINT64_MAX)));
}

std::string growth_words(const StudyPlan& plan, const storage::Store& store) {
  if (plan.grown_from.empty()) return {};
  if (plan.searcher) {
    const std::vector<storage::StudyVersion> versions = store.versions(plan.name);
    return fmt::format(" (its space grew after {} proposals)", versions.at(versions.size() - 2).proposals.value_or(0));
  }
  return fmt::format(" (grown from {} to {} configurations)", grid_size(plan.grown_from.front()),
                     grid_size(plan.space));
}

// repeats: most trials of a configuration; 0: as many as the searcher proposes. not_grown: see why_not_grown().
storage::StudyRecord study_record(const Study& study, std::uint32_t repeats, std::string not_grown) {
  const StudyPlan& plan = study.plan;
  return {.name = plan.name,
          .config_text = study.source.text,
          .config_sha256 = sha256_of_text(study.source.text),
          .overrides = study.source.overrides,
          .plan = canonical_plan(plan),
          .plan_by_path = plan_by_path(plan),
          .files = file_hashes(plan),
          .grown_from = plan_before_growth(plan),
          .not_grown = std::move(not_grown),
          .metric = plan.metric.name,
          .goal = plan.metric.goal,
          .seed = plan.seed,
          .tuner_version = kVersion,
          .search_version = plan.search_version,
          .repeats = repeats,
          .on_failure = plan.repeats.on_failure};
}

}  // namespace

void add_study_options(po::options_description& options) {
  options.add_options()("config", po::value<std::string>()->value_name("FILE"), "the sweep file")(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "replace a value of the file, e.g. training.epochs=1")("trials", po::value<std::uint64_t>()->value_name("N"),
                                                             "the total of the study; the same as --set trials=N")(
      "workers", po::value<std::uint32_t>()->value_name("N"), "trials side by side")(
      "launcher", po::value<std::string>()->value_name("WORDS"),
      "what starts workers on other machines: a program and its arguments; see workers.launcher")(
      "fresh", "forget the study of that name first, with all its trials")(
      "rerun", po::value<std::string>()->value_name("failed"), "run the trials that failed or timed out again")(
      "quiet", "no progress")("json", "print one JSON object at the end")(
      "events", "print a line of JSON for every trial that starts, reports or ends; and --json")(
      "plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"), "a plugin library to load");
  add_database_option(options);
  options.add_options()("allow-network-db", "write to a database on a network file system, from one machine alone");
}

StudySession::StudySession(const Invocation& invocation, const po::variables_map& values, const Page& page)
    : invocation_(invocation),
      values_(values),
      file_(config::read_file(required(values, "config", page))),
      overrides_(strings(values, "set")),
      catalogue_(load(invocation, values, file_)) {
  if (values.count("trials")) overrides_.push_back(fmt::format("trials={}", values["trials"].as<std::uint64_t>()));
  if (values_.count("launcher")) overrides_.push_back(launcher_assignment(values_["launcher"].as<std::string>()));
}

Study StudySession::read(config::ReadAs as) {
  Study study = config::read_study(file_, catalogue_, overrides_, as);
  if (!std::exchange(warned_, true))
    for (const std::string& warning : study.source.warnings) std::cerr << "warning: " << printable(warning) << "\n";
  RunSettings& run = study.run;
  if (values_.count("workers")) {
    if (!run.launch.hosts.empty())
      throw Error(Message::usage_bad_option, "--workers: the sweep file has hosts with per_host workers each",
                  "use --set workers.per_host=N");
    run.workers = values_["workers"].as<std::uint32_t>();
    run.launch.automatic = false;
  }
  place_workers(run);
  if (run.workers == 0) throw Error(Message::usage_bad_option, "--workers 0 would run nothing", "give 1 or more");
  run.trial_memory = memory_bound(run.memory_limit, used_workers(run), run.isolation == Isolation::process);
  if (values_.count("db")) run.database = commands::database(values_);
  run.checkpoint.folder = checkpoint_folder_of(study);
  if (study.plan.program) return study;
  Inspection& inspection =
      inspections_
          .insert_or_assign(study.plan.name,
                            std::make_unique<Inspection>(invocation_.executable, study, as, catalogue_, shared_))
          .first->second.
          operator*();
  const auto names = inspection.metric_names();
  return with_files(with_metric(std::move(study), names), [&](auto branch, auto dimension, auto index) {
    return inspection.data_files(branch, dimension, index);
  });
}

std::unique_ptr<search::Searcher> StudySession::make_searcher(const Study& study) const {
  std::uint64_t lag = study.run.lag.value_or(study::default_lag(study.run.workers));
  if (store_ && store_->search_version(study.plan.name)) lag = store_->lag(study.plan.name).value_or(lag);
  return study::make_searcher(study.plan, searcher_host(study, invocation_.executable, lag));
}

// A study keeps the lag that it began with.
void StudySession::say_lag(const Study& study) const {
  const std::uint64_t given = study.run.lag.value_or(study::default_lag(study.run.workers));
  const std::uint64_t lag = store_->lag(study.plan.name).value_or(given);
  const auto word = [](std::uint64_t lag) { return lag == kFreeLag ? std::string("free") : fmt::format("{}", lag); };
  if (study.run.lag && lag != *study.run.lag)
    std::cerr << fmt::format("warning: lag is {} in the file, and the study keeps the {} that it began with\n",
                             word(*study.run.lag), word(lag));
  if (lag != kFreeLag && study.run.workers > lag)
    std::cerr << fmt::format("warning: lag {} lets {} trial{} run side by side, and there are {} workers\n", lag, lag,
                             lag == 1 ? "" : "s", study.run.workers);
}

void StudySession::check(const Study& study, const search::Searcher& searcher) {
  if (!study.run.launch.command.empty()) static_cast<void>(launchers_of(study, invocation_.executable));
  if (study.plan.pruner) study::make_pruner(study.plan, pruner_host(study, invocation_.executable))->begin();
  if (!study.plan.program) {
    inspections_.at(study.plan.name)->check(points_to_check(study, searcher));
    return;
  }
  std::vector<Configuration> points;
  for (CheckedPoint& checked : points_to_check(study, searcher)) points.push_back(std::move(checked.point));
  program::check_files(study, points);
}

void StudySession::open_database(const Study& study) {
  database_ = study.run.database;
  store_.emplace(database_, storage::Access::read_write, study.run.durability,
                 values_.count("allow-network-db") ? storage::Network::allowed : storage::Network::refused);
}

Study StudySession::with_stored_search(Study study) const {
  return commands::with_stored_search(std::move(study), *store_, catalogue_);
}

void StudySession::forget(const std::string& study) {
  store_->erase_study(study);
  remove_study_checkpoints(database_, study);
}

void StudySession::rerun(const std::string& study) {
  const std::string which = values_["rerun"].as<std::string>();
  if (which != "failed")
    throw Error(Message::usage_bad_option, fmt::format("--rerun {}: there are no such trials", shown(which)),
                did_you_mean(which, std::vector<std::string>{"failed"}));
  if (store_->has_journal(study))
    throw Error(
        Message::usage_bad_option,
        fmt::format("--rerun: the search of study '{}' has learned from its trials, the failed ones too", study),
        "give the study another name, or run single trials with `tuner config STUDY/NUMBER`");
  const std::uint64_t trials = store_->reopen_failed();
  store_->add_event("reopened", fmt::format("{} trials that failed or timed out: --rerun", trials));
  if (!quiet()) std::cerr << fmt::format("{} trials that failed or timed out are run again\n", trials);
}

// What an earlier run left behind is ended, and what has changed since is said.
void StudySession::prepare_program(const Study& study, const search::Searcher& searcher) {
  if (const std::size_t left = program::end_processes_of(program::study_key(study.run.checkpoint.folder)); left > 0)
    std::cerr << fmt::format("ended {} process{} that an earlier run of the study left behind\n", left,
                             left == 1 ? "" : "es");
  program::remove_leftover_groups();
  if (study.run.memory_limit > 0 && !quiet())
    std::cerr << fmt::format("memory_limit {}: kept by {}\n", size_text(study.run.memory_limit),
                             program::to_string(program::memory_method()));
  std::vector<program::RecordedVersion> recorded;
  for (const storage::FileVersion& version : store_->file_versions(study.plan.name))
    recorded.push_back({.kind = version.kind,
                        .name = version.id,
                        .sha256 = version.sha256,
                        .first = version.first,
                        .last = version.last,
                        .trials = version.trials});
  if (recorded.empty()) return;
  program::HashedFiles hashes;
  program::MacroValues values;
  values.parameters = program::active_parameters(*study.plan.program, study.plan.space, searcher.propose(0));
  values.study = study.plan.name;
  const program::Program& program = *study.plan.program;
  std::vector<FileUse> files =
      program::files_of(program, program::expand_command(program, values), program::variable(program, values, "PATH"));
  for (FileUse& file : files) file.sha256 = hashes.sha256_of(file.path);
  for (const auto& warning : program::changed_files(recorded, files))
    std::cerr << "warning: " << printable(warning) << "\n";
}

study::StudyStatus StudySession::run(const Study& study, search::Searcher& searcher, config::ReadAs as) {
  if (!interrupts_) interrupts_.emplace();
  const StudyPlan& plan = study.plan;
  inspections_.clear();  // the workers need what they hold
  // What cannot be learned from is said before the study is in the database.
  if (!plan.learn_from.empty() && !store_->search_version(plan.name))
    static_cast<void>(study::evidence_for(plan, searcher, *store_));
  const std::uint32_t repeats = plan.on_duplicate == OnDuplicate::repeat ? 0 : searcher.replicates(0);
  for (const auto& warning :
       store_->open_study(study_record(study, repeats, why_not_grown(study, *store_, catalogue_))))
    std::cerr << "warning: " << printable(warning) << "\n";
  place_checkpoints(study);
  if (values_.count("rerun")) rerun(plan.name);
  std::vector<storage::PluginRecord> records;
  for (const Plugin* plugin : plugins_of(plan)) records.push_back(study::plugin_record(*plugin));
  for (const auto& warning : store_->changed_plugins(plan.name, records))
    std::cerr << "warning: " << printable(warning)
              << fmt::format(
                     "; those results stay as they are: `tuner compare {}` tells the builds apart, --fresh forgets the "
                     "study and runs all of it with this one\n",
                     printable(plan.name));
  if (plan.program) prepare_program(study, searcher);
  if (plan.searcher) say_lag(study);
  if (!quiet())
    std::cerr << fmt::format("study '{}': {}{}, seed {}, {}, database {}\n", plan.name, plan.method,
                             growth_words(plan, *store_), plan.seed, workers_words(study.run), database_);

  Progress progress(stderr, ::isatty(STDERR_FILENO) != 0, plan.metric.name);
  bool warned = false;
  bool unjudged = false;
  const auto listener = [&](const study::StudyStatus& status, std::span<const storage::TrialRecord> recorded,
                            std::span<const executor::Running> running) {
    if (status.checkpoint_error != 0 && !std::exchange(warned, true)) {
      const bool elsewhere = !study.run.launch.command.empty() && !study.run.checkpoint.shared;
      progress.warn(fmt::format("no checkpoint can be written {}: {}; a trial that is stopped begins again",
                                elsewhere ? "on the machine of a worker" : "to " + study.run.checkpoint.folder.string(),
                                system_text(status.checkpoint_error)));
    }
    if (plan.pruner && !recorded.empty() && status.done_now > 0 && status.judged == 0 && !std::exchange(unjudged, true))
      progress.warn(fmt::format("trial {} came to its end without a report of {}: the pruner had nothing to judge",
                                recorded.front().id.number, plan.metric.name));
    for (const std::string& trouble : status.troubles) progress.warn(trouble);
    if (!quiet()) progress.show(status, recorded, running);
    if (!events()) return;
    for (const storage::TrialRecord& trial : recorded) print_event(std::cout, trial);
    std::cout.flush();
  };
  study::NoticeListener heard;
  if (events()) heard = [](const trial::Notice& notice) { print_event(std::cout, notice); };
  const auto executor = study.run.launch.command.empty() ? make_executor(study, invocation_.executable, shared_, as)
                                                         : make_launched_executor(study, invocation_.executable, as);
  const auto pruner = study::make_pruner(plan, pruner_host(study, invocation_.executable));
  const study::Guidance guidance{.lag = study.run.lag, .pruner = pruner.get()};
  const study::StudyStatus status =
      study::run_study(study, searcher, *store_, *executor, *interrupts_, listener, guidance, heard);
  progress.end();
  tidy_checkpoints(study);
  return status;
}

TrialResult StudySession::run_alone(const Study& study, const Configuration& point) {
  if (!interrupts_) interrupts_.emplace();
  inspections_.clear();
  const auto executor = make_executor(study, invocation_.executable, shared_);
  executor->submit({.id = {}, .point = point});
  for (bool cancelled = false;;) {
    if (interrupted() && !std::exchange(cancelled, true)) executor->cancel();
    auto finished = executor->wait(std::chrono::milliseconds(100)).finished;
    if (finished.empty()) continue;
    if (finished.front().error) std::rethrow_exception(finished.front().error);
    return std::move(finished.front().result);
  }
}

std::string StudySession::database_words() const { return database_ == "tuner.db" ? "" : " --db " + database_; }

std::string StudySession::interrupted_words(const study::StudyStatus& status) {
  if (status.checkpoint_error == 0) return "interrupted: the same command continues\n";
  return "interrupted: the same command continues, with the trials that were running from their start: no checkpoint "
         "could be written\n";
}

int StudySession::conclude(const Study& study, const study::StudyStatus& status) const {
  const StudyPlan& plan = study.plan;
  if (interrupted()) return executor::kExitInterrupted;
  if (status.ending == study::Ending::stopped) {
    const bool limit = study.run.max_failed_trials && status.failed > *study.run.max_failed_trials;
    throw Error(Message::trial_study_stopped,
                fmt::format("study '{}' ended early: {}{}", plan.name, status.reason,
                            status.not_run > 0 ? fmt::format("; {} trials were not run", status.not_run) : ""),
                fmt::format("`tuner trials {}` says what failed; {}", plan.name,
                            limit ? "raise max_failed_trials to continue" : "the same command continues"));
  }
  // With several metrics there is no best trial, but there are ranked ones.
  if (!status.best_number && status.done > 0 && !store_->best(plan.name)) {
    const auto outcomes = store_->outcomes(plan.name);
    if (outcomes.contains(Outcome::completed))
      throw Error(Message::trial_none_completed,
                  fmt::format("no trial of study '{}' fulfills its constraints", plan.name),
                  fmt::format("`tuner trials {} --sort violation` has the nearest first", plan.name));
    if (status.paused > 0)
      throw Error(Message::trial_none_completed,
                  fmt::format("no trial of study '{}' completed: {} wait{} for the pruner", plan.name, status.paused,
                              status.paused == 1 ? "s" : ""),
                  "give it more trials, or a pruner with fewer rungs: a smaller eta passes more trials, a larger "
                  "min_steps begins later");
    throw Error(Message::trial_none_completed, fmt::format("no trial of study '{}' completed", plan.name),
                fmt::format("`tuner trials {}` says why; try smaller learning rates if they diverged", plan.name));
  }
  return status.failed > 0 ? 6 : 0;
}

std::unique_ptr<executor::Executor> make_executor(const Study& study, const std::filesystem::path& executable,
                                                  SharedObjectives& shared, config::ReadAs as) {
  if (study.run.isolation == Isolation::thread) return executor::make_thread_executor(study, shared);
  executor::WorkerSetup setup = worker_setup(study, as);
  setup.checkpoint_identity = checkpoint_identity(study.plan);
  return executor::make_process_executor(study, setup, executable);
}

std::unique_ptr<executor::Executor> make_launched_executor(const Study& study, const std::filesystem::path& executable,
                                                           config::ReadAs as) {
  executor::WorkerSetup setup = worker_setup(study, as);
  setup.checkpoint_identity = checkpoint_identity(study.plan);
  if (!study.run.checkpoint.shared) setup.checkpoint_folder.clear();
  setup.workers = used_workers(study.run);
  return executor::make_supervised_executor(study, setup, executable, launchers_of(study, executable));
}

}  // namespace tuner::commands
