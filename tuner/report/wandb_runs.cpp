#include "tuner/report/wandb_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tuner/error.hpp"
#include "tuner/library.hpp"
#include "tuner/text.hpp"
#include "tuner/value.hpp"

namespace tuner::report {

namespace {

namespace fs = std::filesystem;

// Those of the folder itself and of its folders of runs, without links: latest-run is one.
void collect(const fs::path& folder, std::set<fs::path>& files) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".wandb" && entry.is_regular_file(ignored)) files.insert(entry.path());
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(ignored) || entry.is_symlink(ignored)) continue;
    if (!name.starts_with("run-") && !name.starts_with("offline-run-")) continue;
    for (const fs::directory_entry& inner : fs::directory_iterator(entry.path(), ignored))
      if (inner.path().extension() == ".wandb" && inner.is_regular_file(ignored)) files.insert(inner.path());
  }
}

// A parameter for each scalar or list of scalars, in the order of the config.
void add_parameters(const std::string& name, const Json& value, Parameters& parameters) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, inner] : value.items())
      add_parameters(name.empty() ? key : name + "." + key, inner, parameters);
    return;
  }
  const auto is_scalar = [](const Json& one) { return !one.is_object() && !one.is_array(); };
  const bool is_value = is_scalar(value) || (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar));
  parameters.emplace_back(name, is_value ? value_from(value) : Value(value.line()));
}

// Where the summary has it as the script said with define_metric(summary=...), it is a map.
std::optional<double> summary_value(const WandbRun& run, const std::string& metric, Goal goal) {
  const Json* at = &run.summary;
  if (at->contains(metric)) {
    at = &at->at(metric);
  } else {
    std::string_view rest = metric;
    while (!rest.empty()) {
      const std::size_t dot = rest.find('.');
      if (!at->is_object() || !at->contains(rest.substr(0, dot))) return std::nullopt;
      at = &at->at(rest.substr(0, dot));
      rest = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
    }
  }
  if (const auto number = wandb_number(*at)) return number;
  if (at->is_object())
    for (const char* how : {"best", goal == Goal::minimize ? "min" : "max", "last", "mean"})
      if (at->contains(how)) return wandb_number(at->at(how));
  return std::nullopt;
}

// Of the summary, what is a number and no row has, at the last step.
void add_summary(const WandbRun& run, const std::string& name, const Json& value, std::set<std::string>& there,
                 TrialResult& result) {
  if (name.starts_with("_")) return;
  if (const auto number = wandb_number(value)) {
    if (there.insert(name).second) result.metrics.push_back({result.steps, name, *number});
    return;
  }
  if (!value.is_object() || value.contains("_type") || there.contains(name)) return;
  for (const auto& [key, inner] : value.items())
    add_summary(run, name.empty() ? key : name + "." + key, inner, there, result);
}

// As `tuner tag` takes them: what is no letter, digit or - _ . becomes a -.
std::string legal_tag(std::string tag) {
  for (char& c : tag) {
    const bool is_legal =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!is_legal) c = '-';
  }
  return tag.empty() ? "-" : tag;
}

void set_outcome(const WandbRun& run, TrialResult& result) {
  if (!run.exit_code) {
    result.outcome = Outcome::failed;
    result.failure = Failure::killed;
    result.error = "its log has no end: it was killed, or it still ran";
  } else if (*run.exit_code != 0) {
    result.outcome = Outcome::failed;
    result.failure = Failure::exit;
    result.error = fmt::format("it ended with exit code {}", *run.exit_code);
  } else if (!result.value) {
    result.outcome = Outcome::failed;
    result.failure = Failure::error;
    result.error = "it has not measured the study's metric";
  } else if (!std::isfinite(*result.value)) {
    result.outcome = Outcome::diverged;
    result.error = "its value is not finite";
  }
  if (result.outcome != Outcome::completed) result.value.reset();
}

storage::TrialRecord imported_trial(const WandbRun& run, std::uint64_t number, const std::string& metric, Goal goal) {
  storage::TrialRecord record;
  record.id = {.number = number, .configuration = number, .replicate = 0};
  record.started_at_ms = run.started_at_ms;
  record.finished_at_ms = run.started_at_ms + std::llround(run.seconds * 1000);
  add_parameters("", run.config, record.parameters);
  TrialResult& result = record.result;
  result.wall_seconds = run.seconds;
  result.metrics = run.history;
  std::set<std::string> there;
  for (const MetricPoint& point : run.history) {
    there.insert(point.name);
    result.steps = std::max(result.steps, point.step);
    if (point.name != metric) continue;
    const bool is_better =
        !result.best_value || std::isnan(*result.best_value) ||
        (goal == Goal::minimize ? point.value < *result.best_value : point.value > *result.best_value);
    if (is_better) result.best_value = point.value;
    result.last_value = point.value;
  }
  add_summary(run, "", run.summary, there, result);
  result.value = summary_value(run, metric, goal);
  if (!result.value) result.value = result.last_value;
  if (!result.last_value) result.last_value = result.best_value = result.value;
  set_outcome(run, result);
  record.plugins.push_back(
      {.kind = "program", .id = "wandb", .version = {}, .sha256 = std::string(64, '0'), .path = {}, .build = {}});
  return record;
}

}  // namespace

std::vector<fs::path> wandb_files(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) return {folder};
  std::set<fs::path> files;
  collect(folder, files);
  collect(folder / "wandb", files);
  if (files.empty())
    throw Error(
        Message::storage_cannot_open,
        fmt::format("{}: {}", printable(folder.string()),
                    fs::is_directory(folder, ignored) ? "there is no run of W&B in it" : "there is no such folder"),
        "name the folder in which W&B keeps its runs, mostly `wandb`: it has folders offline-run-...");
  return {files.begin(), files.end()};
}

WandbRuns read_wandb_runs(const std::vector<fs::path>& files) {
  WandbRuns read;
  std::map<std::string, std::size_t> place_of;
  std::exception_ptr error;
  for (const fs::path& file : files) try {
      // The name of the file has the id, which the log may lack; a run that was resumed has the same one.
      const std::string id = file.stem().string();
      const auto [place, is_new] = place_of.try_emplace(id, read.runs.size());
      WandbRun run = is_new ? WandbRun{} : read.runs[place->second];
      const WandbLog log = read_wandb_log(file, run);
      for (const std::string& problem : log.problems)
        read.problems.push_back(
            fmt::format("{}: {}; {} records were read", printable(file.string()), problem, log.records));
      if (run.id.empty()) run.id = id.starts_with("run-") ? id.substr(4) : id;
      if (is_new)
        read.runs.push_back(std::move(run));
      else
        read.runs[place->second] = std::move(run);
    } catch (const Error& unreadable) {
      place_of.erase(file.stem().string());
      if (!error) error = std::current_exception();
      read.problems.emplace_back(unreadable.message());
    }
  if (read.runs.empty() && error) std::rethrow_exception(error);
  std::ranges::stable_sort(read.runs, {}, &WandbRun::started_at_ms);
  return read;
}

std::vector<std::string> projects_of(const std::vector<WandbRun>& runs) {
  std::set<std::string> projects;
  for (const WandbRun& run : runs) projects.insert(run.project);
  return {projects.begin(), projects.end()};
}

std::vector<std::string> metrics_of(const std::vector<WandbRun>& runs) {
  std::set<std::string> metrics;
  for (const WandbRun& run : runs) {
    TrialResult result;
    for (const MetricPoint& point : run.history) metrics.insert(point.name);
    add_summary(run, "", run.summary, metrics, result);
  }
  return {metrics.begin(), metrics.end()};
}

ImportedStudy imported_study(const std::vector<WandbRun>& runs, const std::string& name, const std::string& metric,
                             Goal goal, const std::string& folder) {
  ImportedStudy imported;
  for (const WandbRun& run : runs) {
    const std::uint64_t number = imported.trials.size();
    imported.trials.push_back(imported_trial(run, number, metric, goal));
    imported.notes.emplace_back(number, fmt::format("W&B run {}{}", run.id, run.name.empty() ? "" : ", " + run.name));
    if (!run.notes.empty()) imported.notes.emplace_back(number, run.notes);
    for (const std::string& tag : run.tags) imported.tags.emplace_back(number, legal_tag(tag));
  }
  const Json plan{{"imported", {{"from", "wandb"}}},
                  {"metric", {{"name", metric}, {"goal", to_string(goal)}}},
                  {"space", Json::object()}};
  imported.study.name = name;
  imported.study.config_text = fmt::format("# runs of W&B, imported from {}\n", printable(folder));
  imported.study.config_sha256 = sha256_of_text(imported.study.config_text);
  imported.study.plan = plan.line();
  imported.study.metric = metric;
  imported.study.goal = goal;
  return imported;
}

}  // namespace tuner::report
