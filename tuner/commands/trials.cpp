// tuner trials, tuner best: the runs of a study, by number or by rank.
#include <iostream>

#include "tuner/commands/options.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

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
  report::TableWriter table(std::cout, format(*values));
  // `value` is the study's metric; in the JSON parameters are a text, as in the view `runs`.
  table.header({"trial", "outcome", "value", "steps", "evaluations", "seconds", "parameters", "error"});
  const bool readable = format(*values) == "table";
  storage::Damage damage;
  for (const auto& run : store.runs(name, (*values)["limit"].as<std::uint64_t>(), ranked, &damage))
    table.row({static_cast<std::int64_t>(run.number), std::string(to_string(run.outcome)),
               run.value ? Value(*run.value) : Value(Null{}), run.steps, static_cast<std::int64_t>(run.evaluations),
               run.wall_seconds,
               readable ? report::parameters_text(run.parameters) : report::parameters_json(run.parameters),
               run.error});
  table.end();
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
                       "Lists the best completed trials of a study, best first.",
                       "  tuner best quickstart --limit 1 --json"};
  return list(invocation, kPage, true, 10);
}

}  // namespace tuner::commands
