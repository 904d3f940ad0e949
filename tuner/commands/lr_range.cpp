// tuner lr-range: an LR range test of a run or a sweep.
#include "tuner/commands/lr_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>

#include "tuner/commands/output_file.hpp"
#include "tuner/details.hpp"
#include "tuner/error.hpp"
#include "tuner/lr_range/diagnosis.hpp"
#include "tuner/lr_range/lr_range.hpp"
#include "tuner/lr_range/search.hpp"
#include "tuner/program/program.hpp"
#include "tuner/report/output.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"
#include "tuner/study/recorded_trial.hpp"
#include "tuner/system.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner lr-range --config FILE [options]",
    "Finds out which learning rates work for an optimizer: ramps, short runs at constant lrs, the largest stable lr "
    "by\n"
    "bisection, the curvature at the start; several seeds, every part a trial of the study NAME.lr_range. Says four "
    "lrs\n"
    "for every branch, each with an interval and its evidence, or that it cannot tell. `lr_range:` in the file says "
    "how\n"
    "much is measured. Of a program, the short runs alone. docs/lr-range.md explains it all.",
    "  tuner lr-range --config run.yaml\n"
    "  tuner lr-range --config run.yaml --svg curve.svg --workers 2\n"
    "  tuner lr-range --config run.yaml --ramp-only --set lr_range.steps=200\n"
    "  tuner lr-range --config run.yaml --json\n\n"
    "Exit code: 0 done; 2 usage, 3 config, 4 plugin, 5 storage; 6 a part failed or timed out; 130 interrupted."};

using lr_range::RangeSearch;

std::vector<storage::LrSuggestion> diagnose(const StudyPlan& plan, const RangeSearch& search) {
  std::vector<storage::LrSuggestion> all;
  for (std::size_t i = 0; i < search.branches().size(); ++i)
    for (auto& suggestion :
         lr_range::diagnose(lr_range::settings_of(plan), search.branches()[i].label, search.measured(i)))
      all.push_back(std::move(suggestion));
  return all;
}

// An optimizer that finds its own step size and still has an lr.
const Plugin* self_tuning(const StudyPlan& plan, const lr_range::Branch& branch) {
  for (const Plugin* plugin : plugins_of(plan, branch.point))
    if (plugin->kind() == Kind::optimizer && plugin->find_param("lr") && details_of(*plugin).family == "self-tuning")
      return plugin;
  return nullptr;
}

// How much work the test is.
std::string cost_words(const StudyPlan& plan, const RangeSearch& search) {
  const std::uint64_t parts = search::trials_of(search).value_or(0);
  if (plan.program)
    return fmt::format("{} runs of the program, each with {} {:g}", parts, plan.program->budget,
                       lr_range::settings_of(plan).grid_budget);
  return fmt::format("{} parts, at most {:.0f} gradients' worth of work", parts, lr_range::cost_in_gradients(plan));
}

void print_before(const StudyPlan& plan, const RangeSearch& search) {
  std::cerr << fmt::format("LR range test '{}': {} branch{}, {}\n", plan.name, search.branches().size(),
                           search.branches().size() == 1 ? "" : "es", cost_words(plan, search));
  if (plan.program)
    std::cerr << "note: ramps, probes and curvature look into the steps of a training, and a program has none to look "
                 "into: its test is the LR grid alone\n";
  for (const auto& branch : search.branches())
    if (const Plugin* plugin = self_tuning(plan, branch)) {
      const tuner_param& lr = plugin->param(*plugin->find_param("lr"));
      std::cerr << fmt::format(
          "note: '{}' tunes its own step size; its lr ({:g} by default) is its {}: the test says how far that can be "
          "raised, and a recommendation near {:g} means that it needs no help\n",
          plugin->id(), lr.default_value, lr.doc, lr.default_value);
    }
}

void print_after(const RangeSearch& search, const study::StudyStatus& status) {
  double cost = 0;
  for (std::size_t i = 0; i < search.branches().size(); ++i)
    for (const auto& part : search.measured(i)) cost += lr_range::cost_in_gradients(part.result.evaluations);
  // A program's work is not known.
  std::cerr << fmt::format("{} parts, {} of them now in {}{}\n", status.done, status.done_now,
                           report::duration_text(status.elapsed_seconds),
                           cost > 0 ? fmt::format("; together {:.0f} gradients' worth of work", cost) : "");
}

void print_dry_run(const StudyPlan& plan, const RangeSearch& search) {
  std::cout << "# plan of study '" << plan.name << "': this is its identity\n" << canonical_plan(plan) << "\n\n";
  std::cout << fmt::format("# {}; the first ones\n", cost_words(plan, search));
  report::TableWriter trials(std::cout, "table");
  trials.header({"trial", "configuration", "replicate", "parameters"});
  for (TrialId trial; search.ready(trial.configuration) && trial.number < 20; trial = search::next_trial(search, trial))
    trials.row({static_cast<std::int64_t>(trial.number), static_cast<std::int64_t>(trial.configuration),
                static_cast<std::int64_t>(trial.replicate),
                report::json_of(parameters_of(plan.space, search.propose(trial.configuration))).line()});
  trials.end();
}

lr_range::LrReport report_of(const StudyPlan& plan, const RangeSearch& search,
                             const std::vector<storage::LrSuggestion>& suggestions) {
  lr_range::LrReport report{.study = plan.name, .metric = lr_range::settings_of(plan).metric, .branches = {}};
  for (std::size_t i = 0; i < search.branches().size(); ++i) {
    lr_range::LrBranch branch{.label = search.branches()[i].label, .suggestions = {}, .ramps = {}, .grid = {}};
    std::ranges::copy_if(suggestions, std::back_inserter(branch.suggestions),
                         [&](const auto& suggestion) { return suggestion.branch == branch.label; });
    for (const auto& part : search.measured(i)) add_part(branch, part.part, part.result);
    report.branches.push_back(std::move(branch));
  }
  return report;
}

int exit_code_of(const StudySession& session, const Study& study, const study::StudyStatus& status) {
  // A test none of whose parts completed has an answer all the same: that it cannot tell.
  if (session.interrupted() || status.ending == study::Ending::stopped) return session.conclude(study, status);
  return status.failed > 0 ? 6 : 0;
}

void say_interrupted(const StudySession& session, const study::StudyStatus& status) {
  if (status.ending == study::Ending::interrupted && !session.quiet())
    std::cerr << StudySession::interrupted_words(status);
}

struct Tested {
  RangeSearch search;
  study::StudyStatus status;
  std::vector<storage::LrSuggestion> suggestions;
};

// The suggestions of a test that reached its end are recorded; one that did not says what is known so far.
// study must outlive what it returns.
std::unique_ptr<Tested> test(StudySession& session, const Study& study, config::ReadAs as) {
  auto tested = std::make_unique<Tested>(Tested{RangeSearch(study.plan), {}, {}});
  if (!session.quiet()) print_before(study.plan, tested->search);
  tested->status = session.run(study, tested->search, as);
  if (tested->status.ending != study::Ending::finished)
    for (const std::uint64_t number : session.store().finished(study.plan.name))
      tested->search.show(search::trial_of(tested->search, number),
                          study::result_of(session.store().trial(study.plan.name, number)));
  tested->suggestions = diagnose(study.plan, tested->search);
  if (!session.quiet() && tested->status.done_now > 0) print_after(tested->search, tested->status);
  if (tested->status.ending == study::Ending::finished) session.store().record_lr_suggestions(tested->suggestions);
  return tested;
}

}  // namespace

int run_lr_range(StudySession& session, const Study& file, const LrRangeOutput& output, config::ReadAs as) {
  session.check(file, RangeSearch(file.plan));
  if (output.dry_run) {
    print_dry_run(file.plan, RangeSearch(file.plan));
    return 0;
  }
  check_svg(output.svg);
  session.open_database(file);
  if (session.fresh()) session.forget(file.plan.name);
  const Study study = session.with_stored_search(file);
  const auto tested = test(session, study, as);
  const lr_range::LrReport report = report_of(study.plan, tested->search, tested->suggestions);
  std::cout << (session.json() ? lr_range::lr_json(report).dump() + "\n" : lr_range::lr_text(report)) << std::flush;
  if (!output.svg.empty()) write_svg(output.svg, report);
  say_interrupted(session, tested->status);
  return exit_code_of(session, study, tested->status);
}

TestedSweep with_lr_range_test(StudySession& session, const Study& sweep) {
  const Study file = session.read(config::ReadAs::lr_range_test);
  session.check(file, RangeSearch(file.plan));
  if (session.fresh()) session.forget(file.plan.name);
  const Study study = session.with_stored_search(file);
  const auto tested = test(session, study, config::ReadAs::lr_range_test);
  if (tested->status.ending != study::Ending::finished) {
    say_interrupted(session, tested->status);
    return {.sweep = {}, .exit_code = exit_code_of(session, study, tested->status)};
  }
  const auto filled = [&](const Dimension& dimension, const storage::LrSuggestion& from) {
    const auto& range = std::get<Range>(dimension.domain);
    if (!session.quiet())
      std::cerr << fmt::format("{}: {:.4g} to {:.4g}, around {:.4g} ({})\n", dimension.name, range.min, range.max,
                               *from.value, from.rule);
  };
  const std::string show = fmt::format("tuner show {}{}", study.plan.name, session.database_words());
  return {.sweep = lr_range::with_tested_ranges(sweep, study.plan, tested->suggestions, show, filled)};
}

std::string lr_range_test_words(StudySession& session) {
  const Study study = session.read(config::ReadAs::lr_range_test);
  const RangeSearch search(study.plan);
  session.check(study, search);
  return fmt::format("the LR range test '{}': {}", study.plan.name, cost_words(study.plan, search));
}

void check_svg(const std::string& file) {
  if (!file.empty()) check_output_file("--svg", file);
}

void write_svg(const std::string& file, const lr_range::LrReport& drawn) {
  for (const lr_range::LrBranch& branch : drawn.branches) {
    std::filesystem::path path = file;
    if (drawn.branches.size() > 1) {
      std::string label = branch.label;
      std::erase(label, ' ');
      std::ranges::replace(label, ',', '-');
      path.replace_filename(fmt::format("{}-{}{}", path.stem().string(), label, path.extension().string()));
    }
    if (const int error = report::write_file(path, lr_range::lr_svg(drawn, branch)))
      throw Error(Message::storage_failed,
                  fmt::format("--svg {}: the file cannot be written: {}", path.string(), system_text(error)),
                  "make room, or name another file: `tuner show STUDY --svg FILE` draws it again");
  }
}

int lr_range(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("svg", po::value<std::string>()->default_value("")->value_name("FILE"),
                        "write the chart there; of several branches into FILE-BRANCH")("ramp-only", "the ramps alone")(
      "dry-run", "print the plan, the cost and the first parts");
  add_study_options(options);
  const auto values = parse(invocation, options, {"config"}, kPage);
  if (!values) return 0;
  StudySession session(invocation, *values, kPage);
  if (values->count("ramp-only"))
    for (const char* part : {"grid", "stability", "probe"}) session.set(fmt::format("lr_range.{}=none", part));
  if (values->count("ramp-only")) session.set("lr_range.curvature=false");
  return run_lr_range(session, session.read(config::ReadAs::lr_range_test),
                      {.dry_run = values->count("dry-run") > 0, .svg = (*values)["svg"].as<std::string>()},
                      config::ReadAs::lr_range_test);
}

}  // namespace tuner::commands
