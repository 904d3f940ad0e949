// tuner run: runs or resumes the study of a sweep file.
#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "tuner/commands/lr_range.hpp"
#include "tuner/commands/one_trial.hpp"
#include "tuner/commands/plugin_page.hpp"
#include "tuner/commands/study_check.hpp"
#include "tuner/commands/study_session.hpp"
#include "tuner/json.hpp"
#include "tuner/lr_range/settings.hpp"
#include "tuner/memory.hpp"
#include "tuner/report/front.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner [run] --config FILE [options]",
    "Runs the study that a sweep file describes, or resumes it: finished trials are kept, the others run again. The "
    "same\n"
    "file, seed and machine give the same trials bit for bit, whatever the number of workers.\n"
    "Ctrl-C once finishes the running trials, twice cancels them; the same command continues later. `budget.wall` in\n"
    "the file bounds the wall time of all starts together.",
    "  tuner --config configs/quickstart.yaml\n"
    "  tuner --config sweep.yaml --dry-run                      # the plan, the space, the first trials; runs nothing\n"
    "  tuner --config sweep.yaml --set training.epochs=1 --set 'optimizer.lr={min: 1e-4, max: 1, scale: log}'\n"
    "  tuner run sweep.yaml --trial 'lr=0.01,layers=3'             # one configuration, for its output alone\n"
    "  tuner --config sweep.yaml --plugin ./my_optimizer.so --workers 2\n\n"
    "Exit code: 0 done; 2 usage, 3 config, 4 plugin, 5 storage; 6 a trial of the study failed or timed out,\n"
    "or none completed; 130 interrupted."};

constexpr std::uint64_t kShownTrials = 5;

std::string distribution_in_words(const Range& range) {
  const bool beta = range.distribution == Distribution::beta;
  std::string words = fmt::format("{}, {} {:g}, {} {:g}", kDistributions[static_cast<std::size_t>(range.distribution)],
                                  beta ? "alpha" : "mu", beta ? range.alpha : range.mu, beta ? "beta" : "sigma",
                                  beta ? range.beta : range.sigma);
  if (std::isfinite(range.min)) words += fmt::format(", from {:g}", range.min);
  if (std::isfinite(range.max)) words += fmt::format(", to {:g}", range.max);
  return words;
}

std::string values_in_words(const Dimension& dimension) {
  std::string words;
  const auto* range = std::get_if<Range>(&dimension.domain);
  if (range == nullptr) {
    const std::vector<Value> values = grid_values(dimension);
    for (std::size_t i = 0; i < values.size(); ++i) {
      words += (i == 0 ? "" : ", ") + to_display(values[i]);
      if (!dimension.probabilities.empty()) words += fmt::format(" ({:g})", dimension.probabilities[i]);
    }
    return words;
  }
  if (range->distribution != Distribution::uniform)
    words = distribution_in_words(*range);
  else if (range->source)
    words = fmt::format("from {}, factor {:g}", range->source->study, range->source->factor);
  else
    words = fmt::format("{:g} to {:g}, {}", range->min, range->max, kScales[static_cast<int>(range->scale)]);
  if (range->integer) words += ", integer";
  if (range->step) words += fmt::format(", step {:g}", *range->step);
  if (range->count) words += fmt::format(", {} values", *range->count);
  return words;
}

// `first`: what is done before the trials, and decides their configurations; may be empty.
void print_dry_run(const Study& study, const search::Searcher& searcher, const std::string& first,
                   const std::vector<ObjectiveTensors>& tensors) {
  const StudyPlan& plan = study.plan;
  std::cout << "# plan of study '" << plan.name << "': this is its identity\n"
            << canonical_plan(plan) << "\n\n# search space\n";
  report::TableWriter space(std::cout, "table");
  space.header({"dimension", "values", "active where"});
  for (const Dimension& dimension : plan.space.dimensions) {
    const std::string values = values_in_words(dimension);
    std::string where;
    if (dimension.parent) {
      const Dimension& parent = plan.space.dimensions[*dimension.parent];
      where = fmt::format("{} = {}", parent.name, std::get<Branches>(parent.domain).labels[dimension.branch]);
    }
    space.row({dimension.name, values, where});
  }
  space.end();
  for (const ObjectiveTensors& objective : tensors) {
    if (objective.tensors.empty()) continue;
    std::cout << fmt::format("\n# tensors of objective '{}', in its first configuration\n", objective.objective);
    print_tensors(std::cout, objective.tensors);
  }
  const std::optional<std::uint64_t> size =
      search::trials_of(searcher) ? search::trials_of(searcher) : study.run.trials;
  const std::uint64_t total = std::min(size.value_or(kShownTrials), study.run.trials.value_or(UINT64_MAX));
  if (!first.empty()) std::cout << "\n# first " << first;
  std::cout << "\n# " << (size ? fmt::format("{} trials", total) : std::string("trials until the budget is used"))
            << ", " << plan.method
            << (first.empty() ? "; the first ones\n" : "; their configurations follow from the test\n");
  if (!first.empty()) return;
  report::TableWriter trials(std::cout, "table");
  const bool repeated = plan.repeats.count > 1;
  if (repeated)
    trials.header({"trial", "configuration", "replicate", "parameters"});
  else
    trials.header({"trial", "parameters"});
  // Those that a search that learns makes before it has seen a result.
  std::vector<search::PendingProposal> pending;
  for (TrialId trial; trial.number < std::min(total, kShownTrials); trial = search::next_trial(searcher, trial)) {
    if (trial.replicate == 0) pending.push_back({trial.configuration, searcher.propose(trial.configuration, pending)});
    std::vector<Value> cells{static_cast<std::int64_t>(trial.number)};
    if (repeated)
      cells.insert(cells.end(), {static_cast<std::int64_t>(trial.configuration), std::int64_t{trial.replicate}});
    cells.emplace_back(report::parameters_text(parameters_of(plan.space, pending.back().configuration)));
    trials.row(cells);
  }
  trials.end();
}

// Did the search end because there is no further configuration?
bool exhausted(const Study& study, const study::StudyStatus& status) {
  const auto& trials = study.run.trials;
  const bool fewer = status.total && (!trials || *status.total < *trials);
  const bool may_end = study.plan.method == "random" || study.plan.searcher;
  return may_end && fewer && status.done + status.not_due >= *status.total;
}

void print_exhausted(const Study& study, const study::StudyStatus& status) {
  const std::uint64_t configurations = *status.total / study.plan.repeats.count;
  const char* plural = configurations == 1 ? "" : "s";
  const std::string fewer =
      study.run.trials ? fmt::format(": fewer than trials: {}", *study.run.trials) : std::string();
  if (configuration_count(study.plan.space) == configurations)
    std::cout << fmt::format("the space has {} configuration{}, and every one has been run{}\n", configurations, plural,
                             fewer);
  else
    std::cout << fmt::format("{} has no further configuration after {}{}\n", study.plan.method, configurations, fewer);
}

void print_configurations(const StudyPlan& plan, StudySession& session) {
  const auto best = session.store().configurations(plan.name, kShownTrials);
  if (best.empty()) return;
  std::cout << fmt::format("\nbest by the mean of {} ({}) over {} trials:\n", plan.metric.name,
                           to_string(plan.metric.goal),
                           plan.on_duplicate == OnDuplicate::repeat ? "its" : std::to_string(plan.repeats.count));
  report::TableWriter table(std::cout, "table");
  table.header({"configuration", plan.metric.name, "std. deviation", "n", "trials", "parameters"});
  for (const auto& row : best)
    table.row({static_cast<std::int64_t>(row.configuration), row.mean,
               row.standard_deviation ? Value(*row.standard_deviation) : Value(Null{}), row.completed,
               report::replicates_text(row), report::parameters_text(row.parameters)});
  table.end();
  std::cout << fmt::format("\nmore: tuner best {0}{1} | tuner trials {0}{1} | tuner show {0}/{2}{1}\n", plan.name,
                           session.database_words(), best.front().number);
}

void print_front(const StudyPlan& plan, StudySession& session) {
  const report::Front front = report::front_of(session.store(), plan.name, nullptr, nullptr);
  if (front.rows.empty()) return;
  const std::size_t count = front.rows.size();
  std::cout << fmt::format("\nthe front has {} configuration{} that no other one dominates{}:\n", count,
                           count == 1 ? "" : "s",
                           count > kShownTrials ? fmt::format(", the first {}", kShownTrials) : "");
  report::print_front(front, "table", kShownTrials, {});
  std::cout << fmt::format("\nmore: tuner best {0}{1} | tuner trials {0}{1} | tuner show {0}/{2}{1}\n", plan.name,
                           session.database_words(), front.rows.front().run.number);
}

void print_result(const Study& study, const study::StudyStatus& status, StudySession& session) {
  const StudyPlan& plan = study.plan;
  std::string outcomes;
  for (const auto& [outcome, n] : status.outcomes)
    outcomes += fmt::format("{}{} {}", outcomes.empty() ? "" : ", ", n, to_string(outcome));
  std::cout << fmt::format("study '{}': {} trial{} in the database, {} run now{} in {}\n", plan.name, status.done,
                           status.done == 1 ? "" : "s", status.done_now, outcomes.empty() ? "" : " (" + outcomes + ")",
                           report::duration_text(status.elapsed_seconds));
  if (status.paused > 0)
    std::cout << fmt::format(
        "{} trial{} paused, and would go on beside more trials; {} of checkpoints are kept for "
        "that\n",
        status.paused, status.paused == 1 ? " is" : "s are", size_text(status.paused_bytes));
  if (const std::uint64_t reused = status.reused / plan.repeats.count; reused > 0)
    std::cout << fmt::format("{} proposal{} made before, and reuse{} the result\n", reused,
                             reused == 1 ? " was" : "s were", reused == 1 ? "s" : "");
  if (status.failed > 0)
    std::cout << fmt::format("{} of the study failed or timed out: tuner trials {}{}\n", status.failed, plan.name,
                             session.database_words());
  if (status.ending == study::Ending::interrupted) std::cout << StudySession::interrupted_words(status);
  if (exhausted(study, status)) print_exhausted(study, status);
  if (status.ending == study::Ending::budget_used) std::cout << "the budget is used up: raise it to continue\n";
  if (!plan.further_metrics.empty()) return print_front(plan, session);
  if (has_replicates(plan)) return print_configurations(plan, session);
  const auto best = session.store().runs(plan.name, kShownTrials, true);
  if (best.empty()) return;
  std::cout << "\nbest by " << plan.metric.name << " (" << to_string(plan.metric.goal) << "):\n";
  report::TableWriter table(std::cout, "table");
  table.header({"trial", plan.metric.name, "steps", "seconds", "parameters"});
  for (const auto& run : best)
    table.row({static_cast<std::int64_t>(run.number), run.value.value_or(0), run.steps, run.wall_seconds,
               report::parameters_text(run.parameters)});
  table.end();
  std::cout << fmt::format("\nmore: tuner best {0}{1} | tuner trials {0}{1} | tuner show {0}/{2}{1}\n", plan.name,
                           session.database_words(), best.front().number);
}

// The best trial, or configuration where they are repeated; null where nothing is ranked. With several metrics the
// front.
Json best_json(const StudyPlan& plan, const storage::Store& store) {
  if (!plan.further_metrics.empty()) {
    const report::Front front = report::front_of(store, plan.name, nullptr, nullptr);
    Json rows = Json::array();
    for (const report::FrontRow& row : front.rows) rows.push_back(report::json_of(front, row));
    return rows;
  }
  if (has_replicates(plan)) {
    const auto rows = store.configurations(plan.name, 1);
    return rows.empty() ? Json() : report::json_of(rows.front());
  }
  const auto best = store.best(plan.name);
  return best ? report::json_of(*best) : Json();
}

void print_json(const StudyPlan& plan, const study::StudyStatus& status, StudySession& session) {
  Json json;
  json["study"] = plan.name;
  json["database"] = session.database();
  json["ending"] = study::kEndings[static_cast<int>(status.ending)];
  json["metric"] = plan.metric.name;
  json["goal"] = to_string(plan.metric.goal);
  json["trials"] = status.done;
  json["run_now"] = status.done_now;
  Json& outcomes = json["outcomes"] = Json::object();
  for (const auto& [outcome, n] : status.outcomes) outcomes[to_string(outcome)] = n;
  json["failed"] = status.failed;
  json["paused"] = status.paused;
  json["paused_bytes"] = status.paused_bytes;
  json["best"] = best_json(plan, session.store());
  json["seconds"] = report::json_of(status.elapsed_seconds);
  std::cout << json.line() << "\n";
}

}  // namespace

int run(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("dry-run", "print the plan, the space and the first trials")(
      "trial", po::value<std::string>()->value_name("NAME=VALUE,..."),
      "run one configuration, print what comes of it, and record nothing");
  add_study_options(options);
  const auto values = parse(invocation, options, {"config"}, kPage);
  if (!values) return 0;
  StudySession session(invocation, *values, kPage);
  const bool dry = values->count("dry-run") > 0;
  const Study file = session.read();
  if (lr_range::is_test(file.plan)) return run_lr_range(session, file, {.dry_run = dry, .svg = ""});
  session.check(file, *session.make_searcher(file));
  if (values->count("trial")) return run_one_trial(session, file, (*values)["trial"].as<std::string>());
  const bool tested = lr_range::needs_test(file.plan);
  if (dry) {
    print_dry_run(file, *session.make_searcher(file), tested ? lr_range_test_words(session) : "",
                  session.objective_tensors(file));
    return 0;
  }
  session.open_database(file);
  if (session.fresh()) session.forget(file.plan.name);
  const Study stored = session.with_stored_search(file);
  const TestedSweep sweep = tested ? with_lr_range_test(session, stored) : TestedSweep{.sweep = stored};
  if (!sweep.sweep) return sweep.exit_code;
  const Study& study = *sweep.sweep;
  const auto searcher = session.make_searcher(study);
  const study::StudyStatus status = session.run(study, *searcher);
  if (session.json())
    print_json(study.plan, status, session);
  else
    print_result(study, status, session);
  std::cout.flush();  // while interrupts are counted
  return session.conclude(study, status);
}

}  // namespace tuner::commands
