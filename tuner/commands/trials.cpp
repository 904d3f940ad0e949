// tuner trials, tuner best: the runs of a study, by number or by rank; where it repeats its configurations, best has
// those.
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tuner/commands/options.hpp"
#include "tuner/report/filter.hpp"
#include "tuner/report/listing.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

// What --where, --sort and --columns say. Errors: usage.bad_option.
struct Selection {
  std::optional<report::Filter> where;
  struct Key {
    report::Column column;
    bool descending;
  };
  std::vector<Key> order;
  std::vector<report::Column> columns;  // empty: those that are always there
};

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream words(list);
  for (std::string name; std::getline(words, name, ',');) {
    std::erase(name, ' ');
    names.push_back(name);
  }
  return names;
}

Selection selection_of(const po::variables_map& values, const std::vector<std::string>& parameters) {
  Selection selection;
  if (values.count("where")) selection.where.emplace(values["where"].as<std::string>(), parameters);
  if (values.count("sort"))
    for (std::string name : names_in(values["sort"].as<std::string>())) {
      const bool descending = name.starts_with('-');
      if (descending) name.erase(0, 1);
      selection.order.push_back({report::Column(name, parameters, "--sort"), descending});
    }
  if (values.count("columns"))
    for (const std::string& name : names_in(values["columns"].as<std::string>()))
      selection.columns.emplace_back(name, parameters, "--columns");
  return selection;
}

// The trials in the order that is asked for; what they lack comes last, whatever the direction.
std::vector<storage::RunRow> sorted(std::vector<storage::RunRow> runs, const std::vector<Selection::Key>& order) {
  const auto is_missing = [](const Value& value) { return std::holds_alternative<Null>(value); };
  std::ranges::stable_sort(runs, [&](const storage::RunRow& a, const storage::RunRow& b) {
    for (const auto& [column, descending] : order) {
      const Value x = column.of(a), y = column.of(b);
      if (is_missing(x) != is_missing(y)) return is_missing(y);
      if (report::comes_before(x, y)) return !descending;
      if (report::comes_before(y, x)) return descending;
    }
    return false;
  });
  return runs;
}

// Those that match, at most so many.
void read_selected(const storage::Store& store, const std::string& study, std::uint64_t most, bool ranked,
                   const Selection& selection, storage::Damage& damage,
                   const std::function<void(const storage::RunRow&)>& take) {
  if (!selection.where && selection.order.empty()) return store.read_runs(study, most, ranked, take, &damage);
  std::uint64_t taken = 0;
  std::vector<storage::RunRow> kept;
  const auto select = [&](const storage::RunRow& run) {
    if (selection.where && !selection.where->matches(run)) return;
    if (!selection.order.empty())
      kept.push_back(run);
    else if (most == 0 || taken++ < most)
      take(run);
  };
  store.read_runs(study, 0, ranked, select, &damage);
  for (const storage::RunRow& run : sorted(std::move(kept), selection.order))
    if (most == 0 || taken++ < most) take(run);
}

void print_columns(const std::string& format, const std::vector<report::Column>& columns, auto read) {
  report::TableWriter table(std::cout, format);
  std::vector<std::string> names;
  for (const report::Column& column : columns) names.push_back(column.name());
  table.header(names);
  read([&](const storage::RunRow& run) {
    std::vector<Value> cells;
    for (const report::Column& column : columns) cells.push_back(column.of(run));
    table.row(cells);
  });
  table.end();
}

void add_selection_options(po::options_description& options) {
  options.add_options()("where", po::value<std::string>()->value_name("EXPRESSION"),
                        "trials that match alone: 'value < 0.1 and lr in [0.01, 0.1]'")(
      "sort", po::value<std::string>()->value_name("NAME,..."), "by these columns or parameters; -NAME: descending")(
      "columns", po::value<std::string>()->value_name("NAME,..."), "these columns and parameters alone");
}

int list(const Invocation& invocation, const Page& page, bool ranked, std::uint64_t limit) {
  po::options_description options("Options");
  options.add_options()("limit", po::value<std::uint64_t>()->default_value(limit)->value_name("N"),
                        "at most so many; 0: all");
  add_selection_options(options);
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, page);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", page);
  const storage::Store store(database(*values), storage::Access::read_only);
  const std::uint64_t most = (*values)["limit"].as<std::uint64_t>();
  const std::string how = format(*values);
  const bool repeated = store.study(name).repeats > 1;
  const bool selects = values->count("where") + values->count("sort") + values->count("columns") > 0;
  storage::Damage damage;
  std::vector<std::string> parameters;
  if (how == "csv" || selects) parameters = store.parameter_names(name, &damage);
  const Selection selection = selection_of(*values, parameters);
  const auto read_trials = [&](const auto& take) { read_selected(store, name, most, ranked, selection, damage, take); };
  if (!selection.columns.empty())
    print_columns(how, selection.columns, read_trials);
  else if (ranked && repeated && !selects)
    report::print<storage::ConfigurationRow>({std::cout, how, report::configuration_view(), parameters},
                                             [&](auto take) { store.read_configurations(name, most, take, &damage); });
  else
    report::print<storage::RunRow>({std::cout, how, report::trial_view(repeated), parameters}, read_trials);
  damage.raise(database(*values));
  return 0;
}

}  // namespace

int trials(const Invocation& invocation) {
  constexpr Page kPage{"tuner trials STUDY [--db FILE] [options]",
                       "Lists the trials of a study in order of their numbers. docs/json.md has the keys of the JSON "
                       "and the columns of the\n"
                       "CSV, docs/cli.md the expressions of --where.",
                       "  tuner trials quickstart --limit 20\n  tuner trials quickstart --format csv > trials.csv\n"
                       "  tuner trials quickstart --where 'outcome == completed and lr < 0.01' --sort -value --columns "
                       "trial,value,lr"};
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
