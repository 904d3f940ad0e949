// tuner trials, tuner best: the runs of a study, by number or by rank; where it repeats its configurations, best has
// those.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tuner/commands/config_of_trial.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/error.hpp"
#include "tuner/json.hpp"
#include "tuner/report/filter.hpp"
#include "tuner/report/front.hpp"
#include "tuner/report/listing.hpp"
#include "tuner/report/statistics.hpp"
#include "tuner/report/terminal.hpp"
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
  std::vector<report::Column> columns;                          // empty: those that are always there
  std::map<std::uint64_t, std::vector<std::string>> tags = {};  // of trials, where any of these asks for them

  [[nodiscard]] bool asks_for_tags() const {
    return (where && where->asks_for_tags()) || std::ranges::any_of(columns, &report::Column::is_tag) ||
           std::ranges::any_of(order, [](const Key& key) { return key.column.is_tag(); });
  }
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

Selection selection_of(const po::variables_map& values, const report::StudyNames& names) {
  Selection selection;
  if (values.count("where")) selection.where.emplace(values["where"].as<std::string>(), names);
  if (values.count("sort"))
    for (std::string name : names_in(values["sort"].as<std::string>())) {
      const bool descending = name.starts_with('-');
      if (descending) name.erase(0, 1);
      selection.order.push_back({report::Column(name, names, "--sort"), descending});
    }
  if (values.count("columns"))
    for (const std::string& name : names_in(values["columns"].as<std::string>()))
      selection.columns.emplace_back(name, names, "--columns");
  return selection;
}

// The trials in the order that is asked for; what they lack comes last, whatever the direction.
std::vector<storage::RunRow> sorted(std::vector<storage::RunRow> runs, const std::vector<Selection::Key>& order) {
  struct Keyed {
    storage::RunRow run;
    std::vector<Value> keys;
  };
  std::vector<Keyed> keyed;
  for (storage::RunRow& run : runs) {
    std::vector<Value> keys;
    for (const Selection::Key& key : order) keys.push_back(key.column.of(run));
    keyed.push_back({std::move(run), std::move(keys)});
  }
  const auto is_missing = [](const Value& value) { return std::holds_alternative<Null>(value); };
  std::ranges::stable_sort(keyed, [&](const Keyed& a, const Keyed& b) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Value& x = a.keys[i];
      const Value& y = b.keys[i];
      if (is_missing(x) != is_missing(y)) return is_missing(y);
      if (report::comes_before(x, y)) return !order[i].descending;
      if (report::comes_before(y, x)) return order[i].descending;
    }
    return false;
  });
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i] = std::move(keyed[i].run);
  return runs;
}

// Those that match, at most so many.
void read_selected(const storage::Store& store, const std::string& study, std::uint64_t most, bool ranked,
                   const Selection& selection, storage::Damage& damage,
                   const std::function<void(const storage::RunRow&)>& take) {
  if (!selection.where && selection.order.empty() && selection.tags.empty())
    return store.read_runs(study, most, ranked, take, &damage);
  std::uint64_t taken = 0;
  std::vector<storage::RunRow> kept;
  const auto select = [&](storage::RunRow run) {
    if (const auto tags = selection.tags.find(run.number); tags != selection.tags.end()) run.tags = tags->second;
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

report::Front front_of(const storage::Store& store, const std::string& study, const Selection& selection,
                       storage::Damage& damage) {
  return report::front_of(store, study, selection.where ? &*selection.where : nullptr, &damage);
}

// Of the first of those that match.
int print_best_config(const storage::Store& store, const std::string& study, const Selection& selection) {
  storage::Damage damage;
  std::optional<std::uint64_t> best;
  if (report::has_several_metrics(store, study) && selection.order.empty()) {
    const report::Front front = front_of(store, study, selection, damage);
    if (!front.rows.empty()) best = front.rows.front().run.number;
  } else if (store.study(study).is_repeated() && !selection.where && selection.order.empty())
    store.read_configurations(
        study, 1, [&](const storage::ConfigurationRow& row) { best = row.number; }, &damage);
  else
    read_selected(store, study, 1, true, selection, damage, [&](const storage::RunRow& run) { best = run.number; });
  if (!best)
    throw Error(Message::usage_no_such_trial, fmt::format("no trial of study '{}' that matches has a value", study),
                "`tuner trials` lists what there is");
  std::cout << config_of_trial(store, study, *best);
  return 0;
}

// Have all configurations the same random numbers?
bool has_common_random_numbers(const storage::Store& store, const std::string& study) try {
  const Json plan = Json::parse(store.versions(study).back().plan);
  return plan.at("training").at("common_random_numbers") == Json(true);
} catch (const std::exception&) {
  return false;  // a program, or a study of another system
}

// Whether the best configuration can be told from the next one.
void print_verdict(const storage::Store& store, const std::string& study) {
  constexpr double kLevel = 0.05;
  std::vector<storage::ConfigurationRow> rows;
  store.read_configurations(study, 2, [&](const storage::ConfigurationRow& row) { rows.push_back(row); });
  if (rows.size() < 2) return;
  std::map<std::uint32_t, double> values[2];
  store.read_runs(study, 0, false, [&](const storage::RunRow& run) {
    for (std::size_t i = 0; i < 2; ++i)
      if (run.configuration == rows[i].configuration && run.outcome == Outcome::completed && run.value)
        values[i].emplace(run.replicate, *run.value);
  });
  std::vector<double> first, next, pairs;
  for (const auto& [replicate, value] : values[0]) first.push_back(value);
  for (const auto& [replicate, value] : values[1]) next.push_back(value);
  for (const auto& [replicate, value] : values[0])
    if (const auto other = values[1].find(replicate); other != values[1].end()) pairs.push_back(other->second);
  const bool paired = has_common_random_numbers(store, study) && pairs.size() == first.size();
  const auto test = paired ? report::paired_test(first, pairs) : report::unpaired_test(first, next);
  if (!test) return;
  std::cout << fmt::format("\n{} {} the next, {}: p = {:.2g} ({}, n = {} and {})\n", rows[0].configuration,
                           test->p < kLevel ? "is better than" : "cannot be told from", rows[1].configuration, test->p,
                           test->name, first.size(), next.size());
}

// The best trial of the study stands out.
report::Listing<storage::RunRow> trial_listing(const storage::Store& store, const std::string& study,
                                               const std::string& how, bool repeated,
                                               const std::vector<std::string>& parameters) {
  report::Listing<storage::RunRow> listing(std::cout, how, report::trial_view(repeated), parameters);
  if (how == "table" && report::terminal_of(std::cout).colors)
    if (const auto best = store.best(study))
      listing.mark([number = best->number](const storage::RunRow& run) { return run.number == number; });
  return listing;
}

void add_selection_options(po::options_description& options) {
  options.add_options()("where", po::value<std::string>()->value_name("EXPRESSION"),
                        "trials that match alone: 'value < 0.1 and lr in [0.01, 0.1]'")(
      "sort", po::value<std::string>()->value_name("NAME,..."),
      "by these columns, parameters or metrics; -NAME: descending")(
      "columns", po::value<std::string>()->value_name("NAME,..."), "these columns, parameters and metrics alone");
}

int list(const Invocation& invocation, const Page& page, bool ranked, std::uint64_t limit) {
  po::options_description options("Options");
  options.add_options()("limit", po::value<std::uint64_t>()->default_value(limit)->value_name("N"),
                        "at most so many; 0: all");
  if (ranked) options.add_options()("config", "print the configuration of the best one as a sweep file");
  add_selection_options(options);
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY"}, page);
  if (!values) return 0;
  const std::string name = required(*values, "STUDY", page);
  const storage::Store store(database(*values), storage::Access::read_only);
  const std::uint64_t most = (*values)["limit"].as<std::uint64_t>();
  const std::string how = format(*values);
  const bool repeated = store.study(name).is_repeated();
  const bool selects = values->count("where") + values->count("sort") + values->count("columns") > 0;
  storage::Damage damage;
  report::StudyNames names;
  if (how == "csv" || selects) names = report::names_of(store, name, &damage);
  const std::vector<std::string>& parameters = names.parameters;
  Selection selection = selection_of(*values, names);
  if (selection.asks_for_tags()) selection.tags = store.tags_of_trials(name, &damage);
  if (ranked && values->count("config")) return print_best_config(store, name, selection);
  if (ranked && report::has_several_metrics(store, name)) {
    if (!selection.order.empty() || !selection.columns.empty())
      throw Error(Message::usage_bad_option,
                  fmt::format("study '{}' has several metrics, and best prints its front as it is", name),
                  "`tuner trials` has --sort and --columns");
    report::print_front(front_of(store, name, selection, damage), how, most, parameters);
    damage.raise(database(*values));
    return 0;
  }
  const auto read_trials = [&](const auto& take) { read_selected(store, name, most, ranked, selection, damage, take); };
  if (!selection.columns.empty())
    print_columns(how, selection.columns, read_trials);
  else if (ranked && repeated && !selects)
    report::print<storage::ConfigurationRow>({std::cout, how, report::configuration_view(), parameters},
                                             [&](auto take) { store.read_configurations(name, most, take, &damage); });
  else
    report::print(trial_listing(store, name, how, repeated, parameters), read_trials);
  if (ranked && repeated && !selects && how == "table") print_verdict(store, name);
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
  constexpr Page kPage{
      "tuner best STUDY [--db FILE] [options]",
      "Lists the best completed trials of a study, best first. Where the study repeats its "
      "configurations, those: by the mean\n"
      "of their trials, with its standard deviation and the number n of values in it; those that lack "
      "trials behind the\n"
      "others, and those with a trial that failed last, unless the study says on_failure: ignore. Whether "
      "the best one\n"
      "can be told from the next says a t test, of pairs where the study has common_random_numbers.\n"
      "Of a study with several metrics: its front, what nothing else is at least as good as in all of them. Trials "
      "that "
      "violate\n"
      "a constraint are left out.",
      "  tuner best quickstart --limit 1 --json\n"
      "  tuner best quickstart --config > best.yaml"};
  return list(invocation, kPage, true, 10);
}

}  // namespace tuner::commands
