// tuner gap: how far trials are from what they would do with other random numbers, other samples, unseen
// ones.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>

#include "tuner/commands/options.hpp"
#include "tuner/error.hpp"
#include "tuner/report/predictions.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/statistics.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

constexpr const char* kGap = "generalization_gap";

constexpr Page kPage{
    "tuner gap STUDY [FOLDER] [--sets PARAMETER] [--db FILE] [options]",
    "Of each configuration of a study, with 95 % intervals: the generalization gap, the mean of the metric of this\n"
    "name, which `training: {generalization_gap: true}` measures; and with FOLDER, which has what trials predict of "
    "the\n"
    "same samples (NUMBER.npy, written by `training: {predictions: FOLDER}` or by the programs themselves), the\n"
    "inconsistency: the mean Kullback-Leibler divergence between the predictions of its trials, which have the same\n"
    "training set and other random numbers (`repeats:`). --sets names the parameter that stands for the training set:\n"
    "configurations that differ in it alone are one row, the inconsistency is the mean over its values, and "
    "instability\n"
    "is the mean divergence between the means over the trials of each. Completed trials count.\n"
    "Source: Johnson, Zhang 2023, arXiv 2306.00169.",
    "  tuner gap inconsistency predictions --sets objective.data_dir\n"
    "  tuner gap inconsistency predictions --sets objective.data_dir --json"};

// Trials that differ in their random numbers alone, by the value of the parameter of training sets.
struct Row {
  std::uint64_t first = 0;  // the number of its first trial
  Parameters parameters;
  std::map<std::string, std::vector<std::uint64_t>> sets;
};

std::vector<Row> rows_of(const storage::Store& store, const std::string& study, const std::optional<std::string>& sets,
                         storage::Damage& damage) {
  std::map<std::string, Row> rows;
  bool known = !sets;
  store.read_runs(
      study, 0, false,
      [&](const storage::RunRow& run) {
        if (run.outcome != Outcome::completed) return;
        Parameters rest;
        std::string set;
        for (const auto& [name, value] : run.parameters) {
          if (!sets || name != *sets) {
            rest.emplace_back(name, value);
            continue;
          }
          set = to_json(value);
          known = true;
        }
        Row& row = rows.try_emplace(report::json_of(rest).line(), Row{run.number, rest, {}}).first->second;
        row.sets[set].push_back(run.number);
      },
      &damage);
  if (!known)
    throw Error(Message::usage_bad_option,
                fmt::format("--sets {}: no completed trial of study '{}' has such a parameter", *sets, study),
                did_you_mean(*sets, store.parameter_names(study)));
  std::vector<Row> list;
  for (auto& [key, row] : rows) list.push_back(std::move(row));
  std::ranges::sort(list, {}, &Row::first);
  return list;
}

struct Measured {
  std::size_t trials = 0;
  std::optional<report::Spread> gap, inconsistency, instability;
};

report::Spread spread_of(const report::Mean& mean) { return {.value = mean.mean, .low = mean.low, .high = mean.high}; }

class Measurement {
 public:
  Measurement(const storage::Store& store, std::string study, std::optional<fs::path> folder)
      : store_(store), study_(std::move(study)), folder_(std::move(folder)) {}

  Measured of(const Row& row) {
    Measured measured;
    std::vector<double> gaps, inconsistencies;
    std::vector<report::Predictions> means;
    std::optional<report::Spread> only;
    for (const auto& [set, numbers] : row.sets) {
      measured.trials += numbers.size();
      for (const std::uint64_t number : numbers)
        if (const auto gap = store_.last_value(study_, number, kGap); gap && std::isfinite(*gap)) gaps.push_back(*gap);
      if (!folder_) continue;
      const std::vector<report::Predictions> all = predictions_of(numbers);
      only = report::mean_divergence(all);
      if (only) inconsistencies.push_back(only->value);
      means.push_back(report::mean_of(all));
    }
    if (!gaps.empty()) measured.gap = spread_of(report::mean_of(gaps));
    if (row.sets.size() == 1)
      measured.inconsistency = only;
    else if (!inconsistencies.empty())
      measured.inconsistency = spread_of(report::mean_of(inconsistencies));
    measured.instability = report::mean_divergence(means);
    return measured;
  }

 private:
  std::vector<report::Predictions> predictions_of(const std::vector<std::uint64_t>& numbers) {
    std::vector<report::Predictions> all;
    for (const std::uint64_t number : numbers) {
      const fs::path file = *folder_ / fmt::format("{}.npy", number);
      all.push_back(report::read_predictions(file));
      const report::Predictions& now = all.back();
      if (rows_ == 0) {
        rows_ = now.rows;
        classes_ = now.classes;
        first_ = file;
      }
      if (now.rows != rows_ || now.classes != classes_)
        throw Error(Message::config_unreadable,
                    fmt::format("{} has {} samples of {} classes, and {} has {} of {}", file.string(), now.rows,
                                now.classes, first_.string(), rows_, classes_),
                    "predictions compare where all trials predict the same samples");
    }
    return all;
  }

  const storage::Store& store_;
  std::string study_;
  std::optional<fs::path> folder_;
  std::size_t rows_ = 0, classes_ = 0;
  fs::path first_;
};

Value cell(const std::optional<double>& number) { return number ? Value(*number) : Value(Null{}); }

// Of people: "0.12 (0.1 to 0.14)".
Value words(const std::optional<report::Spread>& spread) {
  if (!spread) return Null{};
  if (!spread->low) return fmt::format("{:.4g}", spread->value);
  return fmt::format("{:.4g} ({:.4g} to {:.4g})", spread->value, *spread->low, *spread->high);
}

void print(const std::vector<Row>& rows, Measurement measurement, const std::string& format) {
  const bool table = format == "table";
  constexpr const char* kNames[] = {kGap, "inconsistency", "instability"};
  std::vector<std::string> header{"trial", "trials"};
  for (const char* name : kNames) {
    header.emplace_back(name);
    if (!table)
      for (const char* end : {"low", "high"}) header.push_back(fmt::format("{}_{}", name, end));
  }
  header.emplace_back("parameters");
  report::TableWriter out(std::cout, format);
  out.header(header);
  for (const Row& row : rows) {
    const Measured m = measurement.of(row);
    std::vector<Value> cells{static_cast<std::int64_t>(row.first), static_cast<std::int64_t>(m.trials)};
    for (const auto* spread : {&m.gap, &m.inconsistency, &m.instability}) {
      if (table) {
        cells.push_back(words(*spread));
        continue;
      }
      cells.push_back(cell(*spread ? std::optional((*spread)->value) : std::nullopt));
      cells.push_back(cell(*spread ? (*spread)->low : std::nullopt));
      cells.push_back(cell(*spread ? (*spread)->high : std::nullopt));
    }
    cells.emplace_back(report::parameters_text(row.parameters));
    out.row(cells);
  }
  out.end();
}

}  // namespace

int gap(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("sets", po::value<std::string>()->value_name("PARAMETER"),
                        "the parameter that stands for the training set");
  add_database_option(options);
  add_format_option(options);
  const auto values = parse(invocation, options, {"STUDY", "FOLDER"}, kPage);
  if (!values) return 0;
  const std::string study = required(*values, "STUDY", kPage);
  const auto folder =
      values->count("FOLDER") ? std::optional<fs::path>((*values)["FOLDER"].as<std::string>()) : std::nullopt;
  const auto sets = values->count("sets") ? std::optional((*values)["sets"].as<std::string>()) : std::nullopt;
  const storage::Store store(database(*values), storage::Access::read_only);
  storage::Damage damage;
  const std::vector<Row> rows = rows_of(store, study, sets, damage);
  const auto has_gap = [&](const Row& row) { return store.last_value(study, row.first, kGap).has_value(); };
  if (rows.empty() || (!folder && std::ranges::none_of(rows, has_gap)))
    throw Error(
        Message::usage_bad_option,
        fmt::format("study '{}' has no completed trial with a generalization_gap, and no folder of predictions is "
                    "named",
                    study),
        "run it with `training: {generalization_gap: true, predictions: FOLDER}`, and name that folder");
  print(rows, Measurement(store, study, folder), format(*values));
  damage.raise(database(*values));
  return 0;
}

}  // namespace tuner::commands
