#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "cells.hpp"
#include "configurations.hpp"
#include "impl.hpp"
#include "ranks.hpp"
#include "reading.hpp"
#include "runs.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::storage {
namespace {

// The smaller the better, whatever the goal; none for what is not ranked.
std::optional<double> rank_key(const TrialResult& result, std::optional<double> violation, Goal goal) {
  if (result.outcome != Outcome::completed || !result.value || std::isnan(*result.value)) return std::nullopt;
  if (violation.value_or(0) > 0) return std::nullopt;
  return goal == Goal::minimize ? *result.value : -*result.value;
}

std::int64_t plugin_key(Connection& connection, const PluginRecord& plugin) {
  connection
      .prepared(
          "INSERT OR IGNORE INTO plugins (kind, id, version, sha256, path, abi_minor, build_flags, build) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .run(plugin.kind, plugin.id, plugin.version, plugin.sha256, plugin.path, plugin.abi_minor, plugin.build_flags,
           plugin.build);
  Rows row = connection
                 .prepared(
                     "SELECT plugin_key FROM plugins WHERE kind = ? AND id = ? AND version = ? AND sha256 = ? "
                     "AND path = ? AND abi_minor = ? AND build_flags = ? AND build = ?")
                 .query(plugin.kind, plugin.id, plugin.version, plugin.sha256, plugin.path, plugin.abi_minor,
                        plugin.build_flags, plugin.build);
  row.next();
  return row.integer(0);
}

// Removes a cancelled or paused trial with all that hangs on it. The attempt that its next record has at least: a
// paused one was interrupted by nobody.
std::int64_t remove_open(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  Rows row = connection
                 .prepared(
                     "SELECT attempt, outcome = 'paused' FROM trials WHERE study_id = ? AND number = ? AND "
                     "(outcome = 'cancelled' OR outcome = 'paused')")
                 .query(study_id, number);
  if (!row.next()) return 1;
  std::int64_t attempt = 0;
  Reading(connection, nullptr)
      .row([&] { return fmt::format("trial {}", number); },
           [&] { attempt = in_table("trials", [&] { return row.integer(0, 1, UINT32_MAX); }); });
  const bool was_paused = row.integer(1) == 1;
  connection.prepared("DELETE FROM trials WHERE study_id = ? AND number = ?").run(study_id, number);
  return was_paused ? attempt : attempt + 1;
}

void count_outcome(Connection& connection, std::int64_t study_id, Outcome outcome, std::int64_t change) {
  connection
      .prepared(
          "INSERT INTO outcome_counts (study_id, outcome, trials) VALUES (?, ?, ?) "
          "ON CONFLICT DO UPDATE SET trials = trials + excluded.trials")
      .run(study_id, to_string(outcome), change);
}

// True if it is ranked. repeated_configuration: its configuration, where trials are found by it.
bool insert_trial(Connection& connection, std::int64_t study_id, const TrialRecord& trial, std::int64_t attempt,
                  Goal goal, std::optional<std::uint64_t> repeated_configuration) {
  const TrialResult& result = trial.result;
  const std::optional<std::string_view> error =
      result.error.empty() ? std::nullopt : std::optional<std::string_view>(result.error);
  const std::optional<double> violated = violation(result), key = rank_key(result, violated, goal);
  connection
      .prepared(
          "INSERT INTO trials (study_id, number, outcome, value, parameters, attempt, seed, started_at, finished_at, "
          "steps, epochs, loss_evaluations, gradient_evaluations, hvp_evaluations, wall_seconds, error, best_value, "
          "last_value, nonfinite_gradients, target_step, target_seconds, rank_key, replicate, repeats_so_far, "
          "violation, repeated_configuration) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "?, ?, ?, ?, ?)")
      .run(study_id, trial.id.number, to_string(result.outcome), result.value, json_of(trial.parameters), attempt,
           trial.seed, iso8601(trial.started_at_ms), iso8601(trial.finished_at_ms), result.steps, result.epochs,
           result.evaluations.loss, result.evaluations.gradient, result.evaluations.hvp, result.wall_seconds, error,
           result.best_value, result.last_value, result.nonfinite_gradients, result.target_step, result.target_seconds,
           key, trial.id.replicate, trial.id.number - trial.id.configuration, violated, repeated_configuration);
  if (key) add_rank(connection, study_id, trial.id.number, *key);
  return key.has_value();
}

// How a program ended, where that was not with exit code 0, and the end of what it printed.
void insert_process(Connection& connection, std::int64_t study_id, const TrialRecord& trial) {
  const ProcessEnd& process = *trial.result.process;
  Statement& event =
      connection.prepared("INSERT INTO events (study_id, number, at, kind, text) VALUES (?, ?, ?, ?, ?)");
  const auto add = [&](std::string_view kind, const std::string& text) {
    event.run(study_id, trial.id.number, iso8601(trial.finished_at_ms), kind, std::string_view(text));
  };
  if (process.signal != 0)
    add("exit", fmt::format("signal {} ({})", process.signal, ::strsignal(process.signal)));
  else if (process.exit_code != 0)
    add("exit", fmt::format("exit code {}", process.exit_code));
  if (!process.output.empty()) add("output", printable(process.output));
}

void insert_details(Connection& connection, std::int64_t study_id, const TrialRecord& trial) {
  Statement& parameter = connection.prepared(
      "INSERT INTO trial_parameters (study_id, number, name, position, type, value) VALUES (?, ?, ?, ?, ?, ?)");
  int position = 0;
  for (const auto& [name, value] : trial.parameters) {
    parameter.run(study_id, trial.id.number, name, position++, type_of(value), cell_of(value));
  }
  // A metric that is reported twice for one step keeps its last value.
  Statement& metric = connection.prepared(
      "INSERT OR REPLACE INTO metrics (study_id, number, name, step, value) VALUES (?, ?, ?, ?, ?)");
  for (const MetricPoint& point : trial.result.metrics) {
    metric.run(study_id, trial.id.number, point.name, point.step, point.value);
  }
  Statement& line =
      connection.prepared("INSERT INTO events (study_id, number, at, kind, text) VALUES (?, ?, ?, 'log', ?)");
  for (const std::string& text : trial.result.log) {
    line.run(study_id, trial.id.number, iso8601(trial.finished_at_ms), text);
  }
  if (trial.result.process) insert_process(connection, study_id, trial);
}

}  // namespace

void check_open(std::int64_t study_id) {
  if (study_id == 0) throw Error(Message::storage_failed, "nothing can be recorded before a study is open");
}

void Store::record(std::span<const TrialRecord> trials, std::span<const JournalEntry> entries) {
  check_open(impl_->study_id);
  if (trials.empty() && entries.empty()) return;
  Connection& connection = *impl_->connection;
  const std::int64_t study_id = impl_->study_id;
  auto& keys = impl_->plugin_keys;
  const std::size_t known_keys = keys.size();
  const auto key_of = [&](const PluginRecord& plugin) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& known) { return known.first == plugin; });
    if (found != keys.end()) return found->second;
    keys.emplace_back(plugin, plugin_key(connection, plugin));
    return keys.back().second;
  };

  try {
    Transaction transaction(connection);
    check_held(connection, study_id, impl_->study_name, impl_->token);
    Statement& use =
        connection.prepared("INSERT INTO trial_plugins (study_id, number, position, plugin_key) VALUES (?, ?, ?, ?)");
    std::int64_t recent_ranks = impl_->recent_ranks;
    std::map<Outcome, std::int64_t> counts;
    std::map<std::uint64_t, RepeatedTrial> repeated;  // by configuration
    StudyView view = impl_->view;
    for (const TrialRecord& trial : trials) {
      const std::int64_t least = remove_open(connection, study_id, trial.id.number);
      ++counts[trial.result.outcome];
      const std::int64_t attempt = std::max<std::int64_t>(least, trial.attempt);
      const auto repeated_configuration =
          impl_->rules.repeats == 0 ? std::optional(trial.id.configuration) : std::nullopt;
      if (insert_trial(connection, study_id, trial, attempt, impl_->goal, repeated_configuration)) ++recent_ranks;
      insert_details(connection, study_id, trial);
      view.add(connection, trial.parameters);
      if (impl_->rules.repeats != 1 && !is_open(trial.result.outcome)) {
        RepeatedTrial& one = repeated[trial.id.configuration];
        if (trial.replicates >= one.due) one = {trial.id, trial.replicates};
      }
      for (std::size_t i = 0; i < trial.plugins.size(); ++i) {
        use.run(study_id, trial.id.number, i, key_of(trial.plugins[i]));
      }
    }
    for (const auto& [outcome, change] : counts) count_outcome(connection, study_id, outcome, change);
    if (recent_ranks >= kRecentRanks) {
      merge_recent_ranks(connection, study_id);
      recent_ranks = 0;
    }
    std::optional<std::int64_t> next_entry = impl_->next_entry;
    if (!entries.empty()) {
      if (!next_entry) next_entry = find_next_entry(connection, study_id);
      next_entry = insert_entries(connection, study_id, *next_entry, entries);
    }
    std::int64_t recent_configurations = impl_->recent_configurations;
    for (const auto& [configuration, trial] : repeated)
      if (rank_configuration(connection, study_id, trial, impl_->rules)) ++recent_configurations;
    if (recent_configurations >= kRecentRanks) {
      merge_configurations(connection, study_id);
      recent_configurations = 0;
    }
    transaction.commit();
    impl_->recent_ranks = recent_ranks;
    impl_->recent_configurations = recent_configurations;
    impl_->next_entry = next_entry;
    impl_->view = std::move(view);
  } catch (const SqliteError& error) {
    keys.resize(known_keys);  // rolled back
    if (error.code() != SQLITE_CONSTRAINT) throw;
    throw Error(
        Message::storage_failed,
        trials.empty()
            ? fmt::format("an entry of the journal of study '{}' cannot be recorded, it may be there already: {}",
                          impl_->study_name, error.reason())
            : fmt::format("a trial of study '{}' cannot be recorded, it may be finished already: {}", impl_->study_name,
                          error.reason()),
        "Nothing of its batch was written. Please report this.")
        .at(connection.file().string());
  }
  impl_->check_place();
}

void Store::prune(const TrialId& trial, std::string_view why, std::span<const JournalEntry> entries) {
  check_open(impl_->study_id);
  Connection& connection = *impl_->connection;
  const std::int64_t study_id = impl_->study_id;
  Transaction transaction(connection);
  check_held(connection, study_id, impl_->study_name, impl_->token);
  connection
      .prepared(
          "UPDATE trials SET outcome = 'pruned', error = ? WHERE study_id = ? AND number = ? AND outcome = 'paused'")
      .run(why.empty() ? std::nullopt : std::optional(why), study_id, trial.number);
  count_outcome(connection, study_id, Outcome::paused, -1);
  count_outcome(connection, study_id, Outcome::pruned, 1);
  const std::int64_t first = impl_->next_entry ? *impl_->next_entry : find_next_entry(connection, study_id);
  const std::int64_t next_entry = insert_entries(connection, study_id, first, entries);
  const ConfigurationRules& rules = impl_->rules;
  if (rules.repeats > 1) rank_configuration(connection, study_id, {trial, rules.repeats}, rules);
  transaction.commit();
  impl_->next_entry = next_entry;
  impl_->check_place();
}

void Store::add_event(std::string_view kind, std::string_view text) {
  check_open(impl_->study_id);
  Connection& connection = *impl_->connection;
  Transaction transaction(connection);
  check_held(connection, impl_->study_id, impl_->study_name, impl_->token);
  connection.prepared("INSERT INTO events (study_id, at, kind, text) VALUES (?, ?, ?, ?)")
      .run(impl_->study_id, iso8601(now_ms()), kind, text);
  transaction.commit();
  impl_->check_place();
}

}  // namespace tuner::storage
