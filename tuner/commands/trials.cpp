// tuner trials, tuner best: the runs of a study, by number or by rank; where it repeats its configurations, best has
// those.
#include <iostream>
#include <string>
#include <vector>

#include "tuner/commands/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

Value optional_cell(const std::optional<double>& value) { return value ? Value(*value) : Value(Null{}); }

void print_configurations(const std::vector<storage::ConfigurationRow>& rows, const std::string& format) {
  report::TableWriter table(std::cout, format);
  if (format == "table") {
    table.header({"configuration", "mean", "std. deviation", "n", "trials", "first trial", "parameters"});
    for (const auto& row : rows)
      table.row({static_cast<std::int64_t>(row.configuration), row.mean, optional_cell(row.standard_deviation),
                 row.completed, report::replicates_text(row), static_cast<std::int64_t>(row.number),
                 report::parameters_text(row.parameters)});
  } else {
    // The columns of the view best_configurations, but for the study.
    table.header({"configuration", "number", "mean", "standard_deviation", "completed", "replicates", "due", "complete",
                  "parameters"});
    for (const auto& row : rows)
      table.row({static_cast<std::int64_t>(row.configuration), static_cast<std::int64_t>(row.number), row.mean,
                 optional_cell(row.standard_deviation), row.completed, row.replicates, row.due,
                 std::int64_t{row.complete()}, report::parameters_json(row.parameters)});
  }
  table.end();
}

void print_runs(const std::vector<storage::RunRow>& runs, const std::string& format, bool repeated) {
  report::TableWriter table(std::cout, format);
  // `value` is the study's metric; in the JSON parameters are a text, as in the view `runs`.
  std::vector<std::string> columns{"trial",       "outcome", "value",      "steps",
                                   "evaluations", "seconds", "parameters", "error"};
  if (repeated) columns.insert(columns.begin() + 1, {"configuration", "replicate"});
  table.header(columns);
  for (const auto& run : runs) {
    std::vector<Value> cells{
        static_cast<std::int64_t>(run.number),
        std::string(to_string(run.outcome)),
        optional_cell(run.value),
        run.steps,
        static_cast<std::int64_t>(run.evaluations),
        run.wall_seconds,
        format == "table" ? report::parameters_text(run.parameters) : report::parameters_json(run.parameters),
        run.error};
    if (repeated)
      cells.insert(cells.begin() + 1, {static_cast<std::int64_t>(run.configuration), std::int64_t{run.replicate}});
    table.row(cells);
  }
  table.end();
}

int list(const Invocation& invocation, const Page& page, bool ranked, std::uint64_t limit) {
  po::options_description options("Options");
  options.add_options()("limit", po::value<std::uint64_t>()->default_value(limit)->value_name("N"),
                        "at most so many; 0: all");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, page);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", page);
  const storage::Store store(database(*values), storage::Access::read_only);
  const std::uint64_t most = (*values)["limit"].as<std::uint64_t>();
  const bool repeated = store.study(name).repeats > 1;
  storage::Damage damage;
  if (ranked && repeated)
    print_configurations(store.configurations(name, most, &damage), format(*values));
  else
    print_runs(store.runs(name, most, ranked, &damage), format(*values), repeated);
  damage.raise(database(*values));
  return 0;
}

}  // namespace

int trials(const Invocation& invocation) {
  constexpr Page kPage{"tuner trials STUDY [--db FILE] [options]",
                       "Lists the trials of a study in order of their numbers.",
                       "  tuner trials quickstart --limit 20\n  tuner trials quickstart --format csv > trials.csv"};
  return list(invocation, kPage, false, 0);
}

int best(const Invocation& invocation) {
  constexpr Page kPage{"tuner best STUDY [--db FILE] [options]",
                       "Lists the best completed trials of a study, best first. Where the study repeats its "
                       "configurations, those: by the mean\n"
                       "of their trials, with its standard deviation and the number n of values in it; those that lack "
                       "trials behind the\n"
                       "others, and those with a trial that failed last, unless the study says on_failure: ignore.",
                       "  tuner best quickstart --limit 1 --json"};
  return list(invocation, kPage, true, 10);
}

}  // namespace tuner::commands
