// tuner run: runs or resumes the study of a sweep file.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <thread>

#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/stored_config.hpp"
#include "tuner/commands/study_check.hpp"
#include "tuner/commands/study_executor.hpp"
#include "tuner/config/config.hpp"
#include "tuner/error.hpp"
#include "tuner/executor/study_run.hpp"
#include "tuner/executor/wire.hpp"
#include "tuner/report/progress.hpp"
#include "tuner/report/table.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/version.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner [run] --config FILE [options]",
    "Runs the study that a sweep file describes, or resumes it: finished trials are kept, the others run again. The "
    "same\n"
    "file, seed and machine give the same trials bit for bit, whatever the number of workers.\n"
    "Ctrl-C once finishes the running trials, twice cancels them; the same command continues later.",
    "  tuner --config configs/quickstart.yaml\n"
    "  tuner --config sweep.yaml --dry-run                      # the plan, the space, the first trials; runs nothing\n"
    "  tuner --config sweep.yaml --set training.epochs=1 --set 'optimizer.lr={min: 1e-4, max: 1, scale: log}'\n"
    "  tuner --config sweep.yaml --plugin ./my_optimizer.so --workers 2\n\n"
    "Exit code: 0 done; 2 usage, 3 config, 4 plugin, 5 storage; 6 a trial failed or timed out, or none completed; 130 "
    "interrupted."};

constexpr std::uint64_t kShownTrials = 5;

po::options_description option_table() {
  po::options_description options("Options");
  options.add_options()("config", po::value<std::string>()->value_name("FILE"), "the sweep file")(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "replace a value of the file, e.g. training.epochs=1")("dry-run",
                                                             "print the plan, the space and the first trials")(
      "workers", po::value<std::uint32_t>()->value_name("N"), "trials side by side")(
      "fresh", "forget the study of that name first, with all its trials")("quiet", "no progress")(
      "json", "print one JSON object at the end")(
      "plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"), "a plugin library to load");
  add_database_option(options);
  options.add_options()("allow-network-db", "write to a database on a network file system, from one machine alone");
  return options;
}

std::vector<std::string> strings(const po::variables_map& values, const char* name) {
  return values.count(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

void print_dry_run(const StudyPlan& plan, const search::Searcher& searcher) {
  std::cout << "# plan of study '" << plan.name << "': this is its identity\n"
            << canonical_plan(plan) << "\n\n# search space\n";
  report::TableWriter space(std::cout, "table");
  space.header({"dimension", "values", "active where"});
  for (const Dimension& dimension : plan.space.dimensions) {
    std::string values;
    if (const auto* range = std::get_if<Range>(&dimension.domain)) {
      values = fmt::format("{:g} to {:g}, {}{}", range->min, range->max, kScales[static_cast<int>(range->scale)],
                           range->integer ? ", integer" : "");
      if (range->step) values += fmt::format(", step {:g}", *range->step);
      if (range->around_lr_range) values = fmt::format("from lr_range, factor {:g}", *range->around_lr_range);
      if (range->count) values += fmt::format(", {} points", *range->count);
    } else {
      for (const Value& value : grid_values(dimension)) values += (values.empty() ? "" : ", ") + to_display(value);
    }
    std::string where;
    if (dimension.parent) {
      const Dimension& parent = plan.space.dimensions[*dimension.parent];
      where = fmt::format("{} = {}", parent.name, std::get<Branches>(parent.domain).labels[dimension.branch]);
    }
    space.row({dimension.name, values, where});
  }
  space.end();
  std::uint64_t total = searcher.size().value_or(kShownTrials);
  if (plan.trials) total = std::min(total, *plan.trials);
  std::cout << "\n# "
            << (searcher.size() ? fmt::format("{} trials", total) : std::string("trials until the budget is used"))
            << ", " << plan.method << "; the first ones\n";
  report::TableWriter trials(std::cout, "table");
  trials.header({"trial", "parameters"});
  for (std::uint64_t n = 0; n < std::min(total, kShownTrials); ++n)
    trials.row({static_cast<std::int64_t>(n), report::parameters_text(parameters_of(plan.space, searcher.propose(n)))});
  trials.end();
}

// What the language has and no part of the program does yet.
void refuse_lr_range(const StudyPlan& plan, bool dry_run) {
  const auto refuse = [&](const char* what) {
    throw Error(Message::config_not_in_this_version, fmt::format("{} is not in this version of tuner", what),
                "use method grid or random, and {min: ..., max: ...}")
        .at(plan.config_path);
  };
  if (plan.method == "lr_range") refuse("method 'lr_range'");
  for (const Dimension& dimension : plan.space.dimensions)
    if (const auto* range = std::get_if<Range>(&dimension.domain); range && range->around_lr_range && !dry_run)
      refuse("{from: lr_range}");
}

storage::StudyRecord study_record(const StudyPlan& plan) {
  return {.name = plan.name,
          .config_text = plan.config_text,
          .config_sha256 = sha256_of_text(plan.config_text),
          .plan = canonical_plan(plan),
          .metric = plan.metric.name,
          .goal = plan.metric.goal,
          .seed = plan.seed,
          .tuner_version = kVersion};
}

void print_result(const StudyPlan& plan, const executor::StudyStatus& status, const storage::Store& store,
                  const std::string& file) {
  std::string outcomes;
  for (const auto& [outcome, n] : status.outcomes)
    outcomes += fmt::format("{}{} {}", outcomes.empty() ? "" : ", ", n, to_string(outcome));
  std::cout << fmt::format("study '{}': {} trial{} in the database, {} run now{} in {}\n", plan.name, status.done,
                           status.done == 1 ? "" : "s", status.done_now, outcomes.empty() ? "" : " (" + outcomes + ")",
                           report::duration_text(status.elapsed_seconds));
  if (status.ending == executor::Ending::interrupted) std::cout << "interrupted: the same command continues\n";
  if (status.ending == executor::Ending::budget_used) std::cout << "the budget is used up: raise it to continue\n";
  const auto best = store.runs(plan.name, kShownTrials, true);
  if (best.empty()) return;
  std::cout << "\nbest by " << plan.metric.name << " (" << to_string(plan.metric.goal) << "):\n";
  report::TableWriter table(std::cout, "table");
  table.header({"trial", plan.metric.name, "steps", "seconds", "parameters"});
  for (const auto& run : best)
    table.row({static_cast<std::int64_t>(run.number), run.value.value_or(0), run.steps, run.wall_seconds,
               report::parameters_text(run.parameters)});
  table.end();
  const std::string db = file == "tuner.db" ? "" : " --db " + file;
  std::cout << fmt::format("\nmore: tuner best {0}{1} | tuner trials {0}{1} | tuner show {0}/{2}{1}\n", plan.name, db,
                           best.front().number);
}

void print_json(const StudyPlan& plan, const executor::StudyStatus& status, const std::string& file) {
  std::string outcomes;
  for (const auto& [outcome, n] : status.outcomes)
    outcomes += fmt::format("{}\"{}\": {}", outcomes.empty() ? "" : ", ", to_string(outcome), n);
  std::string best = "null";
  if (status.best_number)
    best = fmt::format(R"({{"number": {}, "value": {}, "parameters": {}}})", *status.best_number,
                       to_json(status.best_value), report::parameters_json(status.best_parameters));
  std::cout
      << fmt::format(
             R"({{"study": {}, "database": {}, "ending": "{}", "metric": {}, "goal": "{}", "trials": {}, "run_now": {}, "outcomes": {{{}}}, "best": {}, "seconds": {}}})",
             json_quoted(plan.name), json_quoted(file), executor::kEndings[static_cast<int>(status.ending)],
             json_quoted(plan.metric.name), to_string(plan.metric.goal), status.done, status.done_now, outcomes, best,
             format_number(status.elapsed_seconds))
      << "\n";
}

int conclude(const StudyPlan& plan, const executor::StudyStatus& status) {
  if (status.ending == executor::Ending::interrupted) return 130;
  if (status.ending == executor::Ending::stopped)
    throw Error(Message::trial_study_stopped,
                fmt::format("study '{}' ended early: {}{}", plan.name, status.reason,
                            status.not_run > 0 ? fmt::format("; {} trials were not run", status.not_run) : ""),
                fmt::format("`tuner trials {}` says what failed; the same command continues", plan.name));
  if (!status.best_number && status.done > 0)
    throw Error(Message::trial_none_completed, fmt::format("no trial of study '{}' completed", plan.name),
                fmt::format("`tuner trials {}` says why; try smaller learning rates if they diverged", plan.name));
  const auto count = [&](Outcome outcome) {
    return status.outcomes.contains(outcome) ? status.outcomes.at(outcome) : 0;
  };
  return count(Outcome::failed) + count(Outcome::timed_out) > 0 ? 6 : 0;
}

}  // namespace

std::unique_ptr<executor::Executor> make_executor(const StudyPlan& plan, const std::filesystem::path& executable,
                                                  const std::vector<std::string>& overrides, SharedObjectives& shared) {
  // More workers than trials would only be started.
  const auto workers =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(plan.workers, plan.trials.value_or(UINT64_MAX)));
  if (plan.isolation == Isolation::thread) return executor::make_thread_executor(plan, shared, workers);
  executor::WorkerSetup setup{.libraries = {},
                              .config_text = plan.config_text,
                              .config_name = plan.config_path,
                              .config_folder = std::filesystem::absolute(plan.config_path).parent_path().string(),
                              .overrides = overrides,
                              .metric = plan.metric.name,
                              .goal = plan.metric.goal,
                              .memory_limit = plan.memory_limit,
                              .checkpoint_folder = plan.checkpoint.folder.string()};
  for (const Plugin* plugin : plugins_of(plan))
    setup.libraries.push_back({plugin->library().path.string(), plugin->library().sha256});
  return executor::make_process_executor(plan, setup, executable, workers);
}

int run(const Invocation& invocation) {
  const auto values = parse(invocation, option_table(), {"config"}, kPage);
  if (!values) return 0;
  const std::string config = required(*values, "config", kPage);
  std::vector<std::filesystem::path> files = config::plugin_files(config);
  for (const auto& file : strings(*values, "plugin")) files.emplace_back(file);
  const Catalogue catalogue = load_plugins(invocation.executable, files);
  StudyPlan plan = config::read_study(config, catalogue, strings(*values, "set"));
  plan.config_text = with_overrides(plan.config_text, strings(*values, "set"));
  if (values->count("workers")) plan.workers = (*values)["workers"].as<std::uint32_t>();
  if (plan.workers == 0) throw Error(Message::usage_bad_option, "--workers 0 would run nothing", "give 1 or more");

  SharedObjectives shared;
  complete_metric(plan, shared);
  refuse_lr_range(plan, values->count("dry-run") > 0);
  const auto searcher = search::make_searcher(plan);
  check_study(plan, *searcher, shared);
  if (values->count("dry-run")) {
    print_dry_run(plan, *searcher);
    return 0;
  }

  // Whoever watches the progress may leave: the study goes on.
  std::signal(SIGPIPE, SIG_IGN);
  const bool json = values->count("json") > 0, quiet = values->count("quiet") > 0 || json;
  const std::string file = values->count("db") ? database(*values) : plan.storage.value_or("tuner.db");
  storage::Store store(file, storage::Access::read_write, plan.durability,
                       values->count("allow-network-db") ? storage::Network::allowed : storage::Network::refused);
  plan.checkpoint.folder = std::filesystem::absolute(file + ".checkpoints") / plan.name;
  if (values->count("fresh")) {
    store.erase_study(plan.name);
    std::error_code none;
    std::filesystem::remove_all(plan.checkpoint.folder, none);
    std::filesystem::remove(plan.checkpoint.folder.parent_path(), none);  // where no other study has any
  }
  store.open_study(study_record(plan));
  std::vector<storage::PluginRecord> records;
  for (const Plugin* plugin : plugins_of(plan)) records.push_back(executor::plugin_record(*plugin));
  for (const auto& warning : store.changed_plugins(plan.name, records)) std::cerr << "warning: " << warning << "\n";
  if (!quiet)
    std::cerr << fmt::format("study '{}': {}, seed {}, {} worker{}, database {}\n", plan.name, plan.method, plan.seed,
                             plan.workers, plan.workers == 1 ? "" : "s", file);

  report::Progress progress(stderr, ::isatty(STDERR_FILENO) != 0, plan.metric.name);
  const auto listener = [&](const executor::StudyStatus& status, std::span<const storage::TrialRecord> recorded,
                            std::span<const executor::Running> running) {
    if (!quiet) progress.show(status, recorded, running);
  };
  const auto executor = make_executor(plan, invocation.executable, strings(*values, "set"), shared);
  const executor::StudyStatus status = executor::run_study(plan, *searcher, store, *executor, listener);
  progress.end();
  if (json)
    print_json(plan, status, file);
  else
    print_result(plan, status, store, file);
  return conclude(plan, status);
}

}  // namespace tuner::commands
