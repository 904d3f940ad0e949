#include <fmt/format.h>

#include "cells.hpp"
#include "diff.hpp"
#include "impl.hpp"
#include "ranks.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {
namespace {

constexpr std::string_view kSelectRuns =
    "SELECT number, outcome, value, seed, attempt, steps, evaluations, wall_seconds, started_at, finished_at, error "
    "FROM trials";
constexpr std::string_view kOfNumber = "WHERE study_id = ? AND number = ?";

Goal goal_from(std::string_view text) { return text == "maximize" ? Goal::maximize : Goal::minimize; }

Parameters parameters_of(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  Parameters parameters;
  Rows row = connection
                 .prepared(
                     "SELECT name, type, value FROM trial_parameters WHERE study_id = ? AND number = ? "
                     "ORDER BY position")
                 .query(study_id, number);
  while (row.next()) parameters.emplace_back(row.text(0), value_from(row.text(1), row, 2));
  return parameters;
}

RunRow read_run(Connection& connection, std::int64_t study_id, const Rows& row) {
  RunRow run;
  run.number = row.unsigned_integer(0);
  run.outcome = outcome_from(row.text(1)).value_or(Outcome::failed);  // the table allows no other words
  run.value = row.optional_real(2);
  run.seed = row.unsigned_integer(3);
  run.attempt = row.unsigned_integer(4);
  run.steps = row.integer(5);
  run.evaluations = row.unsigned_integer(6);
  run.wall_seconds = row.real(7);
  run.started_at = row.text(8);
  run.finished_at = row.text(9);
  run.error = row.text(10);
  run.parameters = parameters_of(connection, study_id, run.number);
  return run;
}

StudyRow read_study(Connection& connection, std::string_view name) {
  StudyRow study;
  const std::int64_t id = find_study(connection, name);
  {
    Rows row =
        connection.prepared("SELECT name, metric, goal, seed, created_at, tuner_version FROM studies WHERE id = ?")
            .query(id);
    row.next();
    study.name = row.text(0);
    study.metric = row.text(1);
    study.goal = goal_from(row.text(2));
    study.seed = row.unsigned_integer(3);
    study.created_at = row.text(4);
    study.tuner_version = row.text(5);
  }
  Rows counts = connection.prepared("SELECT outcome, trials FROM outcome_counts WHERE study_id = ?").query(id);
  while (counts.next()) {
    study.trials += counts.unsigned_integer(1);
    if (counts.text(0) == to_string(Outcome::completed)) study.completed = counts.unsigned_integer(1);
  }
  Rows best = connection.prepared(kRankedNumbers).query(id, 1);
  if (best.next()) {
    study.best_number = best.unsigned_integer(1);
    Rows row = connection.prepared(fmt::format("SELECT value FROM trials {}", kOfNumber)).query(id, *study.best_number);
    row.next();
    study.best_value = row.real(0);
  }
  return study;
}

void read_summary(Connection& connection, std::int64_t id, std::uint64_t number, TrialDetail& detail) {
  Rows row = connection
                 .prepared(
                     "SELECT best_value, last_value, epochs, loss_evaluations, gradient_evaluations, hvp_evaluations, "
                     "nonfinite_gradients, target_step, target_seconds FROM trials WHERE study_id = ? AND number = ?")
                 .query(id, number);
  row.next();
  detail.best_value = row.optional_real(0);
  detail.last_value = row.optional_real(1);
  detail.epochs = row.real(2);
  detail.evaluations = {
      .loss = row.unsigned_integer(3), .gradient = row.unsigned_integer(4), .hvp = row.unsigned_integer(5)};
  detail.nonfinite_gradients = row.integer(6);
  if (!row.is_null(7)) detail.target_step = row.integer(7);
  detail.target_seconds = row.optional_real(8);
}

PluginRecord read_plugin(const Rows& row) {
  return {.kind = row.text(0),
          .id = row.text(1),
          .version = row.text(2),
          .sha256 = row.text(3),
          .path = row.text(4),
          .abi_minor = static_cast<std::uint32_t>(row.integer(5)),
          .build_flags = static_cast<std::uint32_t>(row.integer(6)),
          .build = row.text(7)};
}

}  // namespace

std::int64_t find_study(Connection& connection, std::string_view name) {
  {
    Rows row = connection.prepared("SELECT id FROM studies WHERE name = ?").query(name);
    if (row.next()) return row.integer(0);
  }
  std::vector<std::string> names;
  Rows row = connection.prepared("SELECT name FROM studies ORDER BY name").query();
  while (row.next()) names.push_back(row.text(0));
  throw Error(Message::usage_no_such_study, fmt::format("there is no study '{}'", name),
              names.empty() ? "The database holds no study yet." : did_you_mean(name, names))
      .at(connection.file().string());
}

std::vector<PluginRecord> Store::plugins(std::string_view study) const {
  Connection& connection = *impl_->connection;
  std::vector<PluginRecord> plugins;
  Rows row =
      connection
          .prepared(
              "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build FROM plugins "
              "WHERE plugin_key IN (SELECT plugin_key FROM trial_plugins WHERE study_id = ?) ORDER BY plugin_key")
          .query(find_study(connection, study));
  while (row.next()) plugins.push_back(read_plugin(row));
  return plugins;
}

std::vector<std::string> Store::changed_plugins(std::string_view study, std::span<const PluginRecord> now) const {
  return changed_plugins(plugins(study), now);
}

std::vector<std::string> Store::changed_plugins(std::span<const PluginRecord> earlier,
                                                std::span<const PluginRecord> now) {
  std::vector<std::string> lines;
  for (const PluginRecord& before : earlier) {
    for (const PluginRecord& plugin : now) {
      if (plugin.kind != before.kind || plugin.id != before.id || plugin.version != before.version) continue;
      if (plugin.sha256 == before.sha256) continue;
      lines.push_back(fmt::format("{} '{}' {} is another build than in earlier trials (sha256 {:.12} now, {:.12} then)",
                                  plugin.kind, plugin.id, plugin.version, plugin.sha256, before.sha256));
    }
  }
  return lines;
}

std::vector<std::uint64_t> Store::finished(std::string_view study) const {
  Connection& connection = *impl_->connection;
  std::vector<std::uint64_t> numbers;
  Rows row =
      connection.prepared("SELECT number FROM trials WHERE study_id = ? AND outcome <> 'cancelled' ORDER BY number")
          .query(find_study(connection, study));
  while (row.next()) numbers.push_back(row.unsigned_integer(0));
  return numbers;
}

std::optional<RunRow> Store::best(std::string_view study) const {
  std::vector<RunRow> first = runs(study, 1, true);
  return first.empty() ? std::nullopt : std::optional(std::move(first.front()));
}

std::vector<StudyRow> Store::studies() const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::vector<StudyRow> studies;
  Rows row = connection.prepared("SELECT name FROM studies ORDER BY id").query();
  while (row.next()) studies.push_back(read_study(connection, row.text(0)));
  return studies;
}

StudyRow Store::study(std::string_view name) const {
  const Snapshot snapshot(*impl_->connection);
  return read_study(*impl_->connection, name);
}

std::string Store::study_config(std::string_view name) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  Rows row = connection.prepared("SELECT config FROM studies WHERE id = ?").query(find_study(connection, name));
  row.next();
  return row.text(0);
}

std::string Store::plan_difference(std::string_view name, std::string_view plan) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  Rows row = connection.prepared("SELECT plan FROM studies WHERE id = ?").query(find_study(connection, name));
  row.next();
  return line_diff(row.text(0), plan);
}

std::vector<RunRow> Store::runs(std::string_view study, std::uint64_t limit, bool ranked) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  const std::int64_t most = limit == 0 ? -1 : static_cast<std::int64_t>(limit);
  std::vector<RunRow> runs;
  if (!ranked) {
    Rows row =
        connection.prepared(fmt::format("{} WHERE study_id = ? ORDER BY number LIMIT ?", kSelectRuns)).query(id, most);
    while (row.next()) runs.push_back(read_run(connection, id, row));
    return runs;
  }
  Statement& of_number = connection.prepared(fmt::format("{} {}", kSelectRuns, kOfNumber));
  Rows rank = connection.prepared(kRankedNumbers).query(id, most);
  while (rank.next()) {
    Rows row = of_number.query(id, rank.integer(1));
    if (row.next()) runs.push_back(read_run(connection, id, row));
  }
  return runs;
}

TrialDetail Store::trial(std::string_view study, std::uint64_t number) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  TrialDetail detail;
  {
    Rows row = connection.prepared(fmt::format("{} {}", kSelectRuns, kOfNumber)).query(id, number);
    if (!row.next()) {
      throw Error(Message::usage_no_such_trial, fmt::format("study '{}' has no trial {}", study, number),
                  fmt::format("See what it has: tuner trials {}", study))
          .at(connection.file().string());
    }
    detail.run = read_run(connection, id, row);
  }
  read_summary(connection, id, number, detail);
  Rows metric =
      connection.prepared("SELECT step, name, value FROM metrics WHERE study_id = ? AND number = ? ORDER BY name, step")
          .query(id, number);
  while (metric.next()) {
    detail.metrics.push_back({.step = metric.integer(0), .name = metric.text(1), .value = metric.real(2)});
  }
  Rows plugin = connection
                    .prepared(
                        "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build "
                        "FROM trial_plugins JOIN plugins USING (plugin_key) WHERE study_id = ? AND number = ? "
                        "ORDER BY position")
                    .query(id, number);
  while (plugin.next()) detail.plugins.push_back(read_plugin(plugin));
  Rows line =
      connection.prepared("SELECT text FROM events WHERE study_id = ? AND number = ? AND kind = 'log' ORDER BY id")
          .query(id, number);
  while (line.next()) detail.log.push_back(line.text(0));
  return detail;
}

}  // namespace tuner::storage
