#include "runs.hpp"

#include <fmt/format.h>

#include <cmath>

#include "configurations.hpp"
#include "impl.hpp"
#include "parameters.hpp"
#include "ranks.hpp"
#include "reading.hpp"

namespace tuner::storage {

std::string select_runs(Connection& connection, std::string_view of) {
  return fmt::format(
      "SELECT number, outcome, value, seed, attempt, steps, evaluations, wall_seconds, started_at, finished_at, error, "
      "{} FROM trials {}",
      has_replicates(connection) ? "configuration, replicate" : "number, 0", of);
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
                    if (outcome_of(row, 1) != Outcome::cancelled) numbers.push_back(number);
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
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const Reading reading(connection, damage);
  const std::int64_t id = find_study(connection, study);
  std::vector<RunRow> runs;
  const auto read = [&](const Rows& row) {
    RunRow run = read_run(row);
    run.parameters = parameters_of(connection, id, run.number);
    return run;
  };
  if (!ranked) {
    Rows row = connection.prepared(select_runs(connection, "WHERE study_id = ? ORDER BY number LIMIT ?"))
                   .query(id, limit_of(limit));
    while (reading.next(row, "trials"))
      reading.row([&] { return words_of_trial(study, row.shown(0)); }, [&] { runs.push_back(read(row)); });
    return runs;
  }
  Statement& of_number = connection.prepared(select_runs(connection, kOfNumber));
  Rows rank = connection.prepared(kRankedNumbers).query(id, limit_of(limit));
  while (reading.next(rank, "ranks")) {
    const auto read_ranked = [&] {
      Rows row = of_number.query(id, ranked_number(rank));
      if (!row.next()) refuse_rank("not there");
      RunRow run = read(row);
      if (run.outcome != Outcome::completed || !run.value || std::isnan(*run.value))
        refuse_rank("did not complete with a number");
      runs.push_back(std::move(run));
    };
    reading.row([&] { return words_of_trial(study, rank.shown(1)); }, read_ranked);
  }
  return runs;
}

std::vector<ConfigurationRow> Store::configurations(std::string_view study, std::uint64_t limit, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  const Reading reading(connection, damage);
  std::vector<ConfigurationRow> configurations;
  std::int64_t repeats = 1;
  if (has_replicates(connection))
    reading.row([&] { return words_of_study(study); }, [&] { repeats = read_rules(connection, id).repeats; });
  if (repeats == 1) {
    for (RunRow& run : runs(study, limit, true, damage))
      configurations.push_back({.configuration = run.configuration,
                                .number = run.number,
                                .mean = run.value.value_or(0),
                                .standard_deviation = {},
                                .parameters = std::move(run.parameters)});
    return configurations;
  }
  Rows rank = connection.prepared(kRankedConfigurations).query(id, limit_of(limit));
  while (reading.next(rank, "configuration_ranks"))
    reading.row([&] { return fmt::format("configuration {} of study '{}'", rank.shown(2), study); },
                [&] {
                  ConfigurationRow row = read_configuration(connection, id, rank);
                  row.parameters = parameters_of(connection, id, row.number);
                  configurations.push_back(std::move(row));
                });
  return configurations;
}

}  // namespace tuner::storage
