#include "runs.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cells.hpp"
#include "configurations.hpp"
#include "impl.hpp"
#include "parameters.hpp"
#include "ranks.hpp"
#include "reading.hpp"
#include "schema.hpp"
#include "tuner/measured.hpp"

namespace tuner::storage {

std::string select_runs(Connection& connection, std::string_view of) {
  return fmt::format(
      "SELECT number, outcome, value, seed, attempt, steps, evaluations, wall_seconds, started_at, finished_at, error, "
      "{}, {} FROM trials {}",
      has_replicates(connection) ? "configuration, replicate" : "number, 0",
      connection.integer("PRAGMA user_version") < kConstraintsVersion ? "NULL" : "violation", of);
}

std::optional<double> violation(const TrialResult& result) {
  const std::vector<double> constraints = constraints_of(result.metrics);
  return constraints.empty() ? std::nullopt : std::optional(violation_of(constraints));
}

RunRow run_row(const TrialRecord& trial) {
  const TrialResult& result = trial.result;
  return {.number = trial.id.number,
          .configuration = trial.id.configuration,
          .replicate = trial.id.replicate,
          .outcome = result.outcome,
          .value = result.value,
          .parameters = trial.parameters,
          .seed = trial.seed,
          .attempt = trial.attempt,
          .steps = result.steps,
          .evaluations = result.evaluations.loss + result.evaluations.gradient + result.evaluations.hvp,
          .wall_seconds = result.wall_seconds,
          .started_at = iso8601(trial.started_at_ms),
          .finished_at = iso8601(trial.finished_at_ms),
          .error = result.error,
          .violation = violation(result)};
}

RunRow read_run(const Rows& row) {
  return in_table("trials", [&] {
    RunRow run;
    run.number = row.count(0);
    run.outcome = outcome_of(row, 1);
    run.value = row.optional_real(2);
    run.seed = row.unsigned_integer(3);
    run.attempt = static_cast<std::uint64_t>(row.integer(4, 1, UINT32_MAX));
    run.steps = row.integer(5, 0);
    run.evaluations = row.count(6);
    run.wall_seconds = row.amount(7);
    run.started_at = row.text(8);
    run.finished_at = row.text(9);
    run.error = row.optional_text(10);
    run.configuration = row.count(11);
    run.replicate = static_cast<std::uint32_t>(row.integer(12, 0, UINT32_MAX));
    if (!row.is_null(13)) run.violation = row.amount(13);
    return run;
  });
}

void refuse_rank(const char* why, const char* table) {
  DamagedValue error(fmt::format("it is ranked and {}", why));
  error.at(table);
  throw error;
}

std::uint64_t ranked_number(const Rows& rank) {
  return in_table("ranks", [&] { return rank.count(1); });
}

ConfigurationRow read_configuration(Connection& connection, std::int64_t id, const Rows& rank) {
  const std::uint64_t number = in_table("configuration_ranks", [&] { return rank.count(2); });
  Rows row = connection
                 .prepared(
                     "SELECT number, replicates, due, completed, mean, standard_deviation FROM configurations WHERE "
                     "study_id = ? AND configuration = ?")
                 .query(id, number);
  if (!row.next()) refuse_rank("not there", "configuration_ranks");
  return in_table("configurations", [&] {
    return ConfigurationRow{.configuration = number,
                            .number = row.count(0),
                            .replicates = row.integer(1, 1),
                            .due = row.integer(2, 1),
                            .completed = row.integer(3, 1),
                            .mean = row.real(4),
                            .standard_deviation = row.optional_real(5),
                            .parameters = {}};
  });
}

namespace {

// Each from its place in the ranking: its row and its parameters are looked up.
void read_ranked_runs(Connection& connection, std::int64_t study_id, std::string_view study, std::uint64_t limit,
                      const Reading& reading, const std::function<void(RunRow run)>& take) {
  Statement& of_number = connection.prepared(select_runs(connection, kOfNumber));
  Rows rank = connection.prepared(kRankedNumbers).query(study_id, limit_of(limit));
  while (reading.next(rank, "ranks")) {
    RunRow run;
    const auto read = [&] {
      Rows row = of_number.query(study_id, ranked_number(rank));
      if (!row.next()) refuse_rank("not there");
      run = read_run(row);
      run.parameters = parameters_of(connection, study_id, run.number);
      if (run.outcome != Outcome::completed || !run.value || std::isnan(*run.value))
        refuse_rank("did not complete with a number");
    };
    if (reading.row([&] { return words_of_trial(study, rank.shown(1)); }, read)) take(std::move(run));
  }
}

}  // namespace

std::vector<std::uint64_t> Store::finished(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  std::vector<std::uint64_t> numbers;
  Rows row = connection.prepared("SELECT number, outcome FROM trials WHERE study_id = ? ORDER BY number")
                 .query(find_study(connection, study));
  while (row.next()) {
    reading.row([&] { return words_of_trial(study, row.shown(0)); },
                [&] {
                  in_table("trials", [&] {
                    const std::uint64_t number = row.count(0);
                    if (!is_open(outcome_of(row, 1))) numbers.push_back(number);
                  });
                });
  }
  return numbers;
}

std::optional<RunRow> Store::best(std::string_view study) const {
  std::vector<RunRow> first = runs(study, 1, true);
  return first.empty() ? std::nullopt : std::optional(std::move(first.front()));
}

std::vector<RunRow> Store::runs(std::string_view study, std::uint64_t limit, bool ranked, Damage* damage) const {
  std::vector<RunRow> runs;
  read_runs(
      study, limit, ranked, [&](RunRow run) { runs.push_back(std::move(run)); }, damage);
  return runs;
}

void Store::read_runs(std::string_view study, std::uint64_t limit, bool ranked,
                      const std::function<void(RunRow run)>& take, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const Reading reading(connection, damage);
  const std::int64_t id = find_study(connection, study);
  if (ranked) return read_ranked_runs(connection, id, study, limit, reading, take);
  Rows row = connection.prepared(select_runs(connection, "WHERE study_id = ? ORDER BY number LIMIT ?"))
                 .query(id, limit_of(limit));
  ParameterCursor parameters(connection, id);
  while (reading.next(row, "trials")) {
    RunRow run;
    const auto read = [&] {
      run = read_run(row);
      run.parameters = parameters.of(run.number);
    };
    if (reading.row([&] { return words_of_trial(study, row.shown(0)); }, read)) take(std::move(run));
  }
}

std::vector<ConfigurationRow> Store::configurations(std::string_view study, std::uint64_t limit, Damage* damage) const {
  std::vector<ConfigurationRow> configurations;
  read_configurations(
      study, limit, [&](ConfigurationRow row) { configurations.push_back(std::move(row)); }, damage);
  return configurations;
}

void Store::read_configurations(std::string_view study, std::uint64_t limit,
                                const std::function<void(ConfigurationRow row)>& take, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  const Reading reading(connection, damage);
  std::int64_t repeats = 1;
  if (has_replicates(connection))
    reading.row([&] { return words_of_study(study); }, [&] { repeats = read_rules(connection, id).repeats; });
  if (repeats == 1) {
    const auto take_run = [&](RunRow run) {
      take({.configuration = run.configuration,
            .number = run.number,
            .mean = run.value.value_or(0),
            .standard_deviation = {},
            .parameters = std::move(run.parameters)});
    };
    return read_runs(study, limit, true, take_run, damage);
  }
  Rows rank = connection.prepared(kRankedConfigurations).query(id, limit_of(limit));
  while (reading.next(rank, "configuration_ranks")) {
    ConfigurationRow row;
    const auto read = [&] {
      row = read_configuration(connection, id, rank);
      row.parameters = parameters_of(connection, id, row.number);
    };
    if (reading.row([&] { return fmt::format("configuration {} of study '{}'", rank.shown(2), study); }, read))
      take(std::move(row));
  }
}

std::vector<std::string> Store::parameter_names(std::string_view study, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  return names_of_parameters(connection, find_study(connection, study), Reading(connection, damage));
}

}  // namespace tuner::storage
