#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cells.hpp"
#include "configurations.hpp"
#include "diff.hpp"
#include "impl.hpp"
#include "ranks.hpp"
#include "reading.hpp"
#include "schema.hpp"
#include "tuner/library.hpp"
#include "tuner/plan.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/text.hpp"

namespace tuner::storage {
namespace {

// In an older file that could not be brought forward a trial is a configuration.
bool has_replicates(Connection& connection) { return connection.integer("PRAGMA user_version") >= kReplicatesVersion; }
std::string select_runs(Connection& connection, std::string_view of) {
  return fmt::format(
      "SELECT number, outcome, value, seed, attempt, steps, evaluations, wall_seconds, started_at, finished_at, error, "
      "{} FROM trials {}",
      has_replicates(connection) ? "configuration, replicate" : "number, 0", of);
}
constexpr std::string_view kOfNumber = "WHERE study_id = ? AND number = ?";

std::string words_of_study(std::string_view study) { return fmt::format("study '{}'", study); }
std::string words_of_trial(std::string_view study, const std::string& number) {
  return fmt::format("trial {} of study '{}'", number, study);
}

Goal goal_of(const Rows& row, int column) {
  const std::string text = row.text(column);
  for (const Goal goal : {Goal::minimize, Goal::maximize})
    if (text == to_string(goal)) return goal;
  row.refuse(column, "a goal");
}

Outcome outcome_of(const Rows& row, int column) {
  if (const auto outcome = outcome_from(row.text(column))) return *outcome;
  row.refuse(column, "an outcome");
}

// The row of trial_parameters that follows those in `parameters`.
void read_parameter(const Rows& row, Parameters& parameters) {
  in_table("trial_parameters", [&] {
    parameters.emplace_back(row.text(0), value_from(row, 1, 2));
    if (row.integer(3) != std::ssize(parameters) - 1) row.refuse(3, fmt::format("{}", parameters.size() - 1));
  });
}

Rows parameter_rows(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  return connection
      .prepared(
          "SELECT name, type, value, position FROM trial_parameters WHERE study_id = ? AND number = ? "
          "ORDER BY position")
      .query(study_id, number);
}

Parameters parameters_of(Connection& connection, std::int64_t study_id, std::uint64_t number) {
  Parameters parameters;
  Rows row = parameter_rows(connection, study_id, number);
  while (row.next()) read_parameter(row, parameters);
  return parameters;
}

// Without its parameters.
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

// For LIMIT: 0 is all.
std::int64_t limit_of(std::uint64_t limit) {
  return limit == 0 ? -1 : static_cast<std::int64_t>(std::min<std::uint64_t>(limit, INT64_MAX));
}

void read_counts(Connection& connection, std::int64_t id, StudyRow& study) {
  in_table("outcome_counts", [&] {
    // Sums of these stay far from the largest integer.
    constexpr std::int64_t kMostTrials = INT64_MAX / 16;
    Rows counts = connection.prepared("SELECT outcome, trials FROM outcome_counts WHERE study_id = ?").query(id);
    while (counts.next()) {
      const auto trials = static_cast<std::uint64_t>(counts.integer(1, 0, kMostTrials));
      study.trials += trials;
      if (outcome_of(counts, 0) == Outcome::completed) study.completed = trials;
    }
  });
}

[[noreturn]] void refuse_rank(const char* why, const char* table = "ranks") {
  DamagedValue error(fmt::format("it is ranked and {}", why));
  error.at(table);
  throw error;
}

std::uint64_t ranked_number(const Rows& rank) {
  return in_table("ranks", [&] { return rank.count(1); });
}

void read_best(Connection& connection, std::int64_t id, StudyRow& study) {
  Rows best = connection.prepared(kRankedNumbers).query(id, 1);
  if (!best.next()) return;
  study.best_number = ranked_number(best);
  Rows row = connection.prepared(fmt::format("SELECT value FROM trials {}", kOfNumber)).query(id, *study.best_number);
  if (!row.next()) refuse_rank("not there");
  study.best_value = in_table("trials", [&] { return row.real(0); });
}

// Of a place in the order of a study with replicates; without its parameters.
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

void read_best_configuration(Connection& connection, std::int64_t id, StudyRow& study) {
  Rows best = connection.prepared(kRankedConfigurations).query(id, 1);
  if (!best.next()) return;
  const ConfigurationRow row = read_configuration(connection, id, best);
  study.best_number = row.number;
  study.best_value = row.mean;
}

StudyRow read_study(Connection& connection, std::string_view name) {
  StudyRow study;
  const std::int64_t id = find_study(connection, name);
  in_table("studies", [&] {
    Rows row = connection
                   .prepared(fmt::format(
                       "SELECT name, metric, goal, seed, created_at, tuner_version, {} FROM studies WHERE id = ?",
                       has_replicates(connection) ? "repeats" : "1"))
                   .query(id);
    row.next();
    study.name = row.text(0);
    study.metric = row.text(1);
    study.goal = goal_of(row, 2);
    study.seed = row.unsigned_integer(3);
    study.created_at = row.text(4);
    study.tuner_version = row.text(5);
    study.repeats = static_cast<std::uint64_t>(row.integer(6, 1));
  });
  read_counts(connection, id, study);
  if (study.repeats > 1)
    read_best_configuration(connection, id, study);
  else
    read_best(connection, id, study);
  return study;
}

void read_summary(Connection& connection, std::int64_t id, std::uint64_t number, TrialDetail& detail) {
  Rows row = connection
                 .prepared(
                     "SELECT best_value, last_value, epochs, loss_evaluations, gradient_evaluations, hvp_evaluations, "
                     "nonfinite_gradients, target_step, target_seconds FROM trials WHERE study_id = ? AND number = ?")
                 .query(id, number);
  row.next();
  in_table("trials", [&] {
    detail.best_value = row.optional_real(0);
    detail.last_value = row.optional_real(1);
    detail.epochs = row.amount(2);
    detail.evaluations = {.loss = row.count(3), .gradient = row.count(4), .hvp = row.count(5)};
    detail.nonfinite_gradients = row.integer(6, 0);
    if (!row.is_null(7)) detail.target_step = row.integer(7, 0);
    if (!row.is_null(8)) detail.target_seconds = row.amount(8);
  });
}

MetricPoint read_metric(const Rows& row) {
  return in_table("metrics",
                  [&] { return MetricPoint{.step = row.integer(0, 0), .name = row.text(1), .value = row.real(2)}; });
}

PluginRecord read_plugin(const Rows& row) {
  return in_table("plugins", [&] {
    return PluginRecord{.kind = row.text(0),
                        .id = row.text(1),
                        .version = row.text(2),
                        .sha256 = row.text(3),
                        .path = row.text(4),
                        .abi_minor = static_cast<std::uint32_t>(row.integer(5, 0, UINT32_MAX)),
                        .build_flags = static_cast<std::uint32_t>(row.integer(6, 0, UINT32_MAX)),
                        .build = row.text(7)};
  });
}

}  // namespace

std::int64_t find_study(Connection& connection, std::string_view name) {
  {
    Rows row = connection.prepared("SELECT id FROM studies WHERE name = ?").query(name);
    if (row.next()) return row.integer(0);
  }
  std::vector<std::string> names;
  Rows row = connection.prepared("SELECT name FROM studies ORDER BY name").query();
  while (row.next())
    if (row.is_text(0)) names.push_back(row.text(0));
  throw Error(Message::usage_no_such_study, fmt::format("there is no study '{}'", shown(name)),
              names.empty() ? "The database holds no study yet." : did_you_mean(name, names))
      .at(connection.file().string());
}

std::vector<PluginRecord> Store::plugins(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  std::vector<PluginRecord> plugins;
  Rows row =
      connection
          .prepared(
              "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build FROM plugins "
              "WHERE plugin_key IN (SELECT plugin_key FROM trial_plugins WHERE study_id = ?) ORDER BY plugin_key")
          .query(find_study(connection, study));
  while (row.next()) reading.row([&] { return words_of_study(study); }, [&] { plugins.push_back(read_plugin(row)); });
  return plugins;
}

namespace {

bool is_other_build(const PluginRecord& before, const PluginRecord& now) {
  return now.kind == before.kind && now.id == before.id && now.version == before.version && now.sha256 != before.sha256;
}

// "trials 0 to 3, 7": those of the study that used this build; of many the first ranges.
std::string trials_of(Connection& connection, std::string_view study, const PluginRecord& plugin) {
  constexpr std::size_t kRanges = 5;
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  std::int64_t count = 0;
  Rows row = connection
                 .prepared(
                     "SELECT DISTINCT number FROM trial_plugins JOIN plugins USING (plugin_key) "
                     "WHERE study_id = ? AND kind = ? AND id = ? AND sha256 = ? ORDER BY number")
                 .query(find_study(connection, study), plugin.kind, plugin.id, plugin.sha256);
  for (; row.next(); ++count) {
    const std::int64_t number = row.integer(0, 0);
    if (!ranges.empty() && ranges.back().second + 1 == number)
      ranges.back().second = number;
    else
      ranges.emplace_back(number, number);
  }
  std::string text = count == 1 ? "trial" : "trials";
  for (std::size_t i = 0; i < std::min(ranges.size(), kRanges); ++i) {
    const auto [first, last] = ranges[i];
    text += fmt::format("{} {}", i == 0 ? "" : ",", first);
    if (last > first) text += fmt::format(" to {}", last);
  }
  return ranges.size() > kRanges ? fmt::format("{} and others, {} in all", text, count) : text;
}

}  // namespace

std::vector<FileVersion> Store::file_versions(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Reading reading(connection, nullptr);
  std::vector<FileVersion> versions;
  Rows row = connection
                 .prepared(
                     "SELECT p.kind, p.id, p.sha256, min(u.number), max(u.number), count(*) FROM trial_plugins AS u "
                     "JOIN plugins AS p USING (plugin_key) WHERE u.study_id = ? AND p.kind IN ('program', 'script', "
                     "'file') GROUP BY p.kind, p.id, p.sha256 ORDER BY min(u.number)")
                 .query(find_study(connection, study));
  while (row.next())
    reading.row([&] { return words_of_study(study); },
                [&] {
                  versions.push_back(in_table("plugins", [&] {
                    return FileVersion{.kind = row.text(0),
                                       .id = row.text(1),
                                       .sha256 = row.text(2),
                                       .first = row.count(3),
                                       .last = row.count(4),
                                       .trials = row.count(5)};
                  }));
                });
  return versions;
}

std::vector<std::string> Store::changed_plugins(std::string_view study, std::span<const PluginRecord> now) const {
  Connection& connection = *impl_->connection;
  std::vector<std::string> lines;
  for (const PluginRecord& before : plugins(study))
    for (const PluginRecord& plugin : now)
      if (is_other_build(before, plugin))
        lines.push_back(fmt::format("{} '{}' {} is another build than in {} (sha256 {:.12} now, {:.12} then)",
                                    plugin.kind, plugin.id, plugin.version, trials_of(connection, study, before),
                                    plugin.sha256, before.sha256));
  return lines;
}

std::vector<std::string> Store::changed_plugins(std::span<const PluginRecord> earlier,
                                                std::span<const PluginRecord> now) {
  std::vector<std::string> lines;
  for (const PluginRecord& before : earlier) {
    for (const PluginRecord& plugin : now) {
      if (!is_other_build(before, plugin)) continue;
      lines.push_back(fmt::format("{} '{}' {} is another build than in earlier trials (sha256 {:.12} now, {:.12} then)",
                                  plugin.kind, plugin.id, plugin.version, plugin.sha256, before.sha256));
    }
  }
  return lines;
}

void Damage::add(std::string line) {
  constexpr std::size_t kShown = 20;
  ++count_;
  if (lines_.size() < kShown) lines_.push_back(std::move(line));
}

void Damage::raise(const std::filesystem::path& file) const {
  if (empty()) return;
  std::string list;
  for (const std::string& line : lines_) list += "\n  " + line;
  if (count_ > lines_.size()) list += fmt::format("\n  ... and {} more", count_ - lines_.size());
  throw Error(Message::storage_damaged, fmt::format("what cannot be read was left out:{}", list),
              std::string(kDamagedRemedy))
      .at(file.string());
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

std::vector<StudyRow> Store::studies(Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const Reading reading(connection, damage);
  std::vector<StudyRow> studies;
  Rows row = connection.prepared("SELECT name FROM studies ORDER BY id").query();
  while (reading.next(row, "studies")) {
    reading.row([&] { return fmt::format("study {}", row.shown(0)); },
                [&] {
                  const std::string name = in_table("studies", [&] { return row.text(0); });
                  studies.push_back(read_study(connection, name));
                });
  }
  return studies;
}

StudyRow Store::study(std::string_view name) const {
  const Snapshot snapshot(*impl_->connection);
  StudyRow study;
  Reading(*impl_->connection, nullptr)
      .row([&] { return words_of_study(name); }, [&] { study = read_study(*impl_->connection, name); });
  return study;
}

std::optional<int> Store::search_version(std::string_view name) const {
  Rows row = impl_->connection->prepared("SELECT search_version FROM studies WHERE name = ?").query(name);
  if (!row.next()) return std::nullopt;
  return static_cast<int>(row.integer(0, 1, kSearchVersion));
}

std::string Store::study_config(std::string_view name, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::string config;
  Rows row =
      connection.prepared("SELECT config, config_sha256 FROM studies WHERE id = ?").query(find_study(connection, name));
  row.next();
  Reading(connection, damage)
      .row([&] { return words_of_study(name); },
           [&] {
             in_table("studies", [&] {
               config = row.text(0);
               if (sha256_of_text(config) != row.text(1)) throw DamagedValue("config does not have its recorded hash");
             });
           });
  return config;
}

std::vector<std::string> Store::study_overrides(std::string_view name, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::vector<std::string> overrides;
  if (connection.integer("PRAGMA user_version") < kOverridesVersion) return overrides;
  Rows row = connection.prepared("SELECT position, text FROM study_overrides WHERE study_id = ? ORDER BY position")
                 .query(find_study(connection, name));
  const Reading reading(connection, damage);
  const auto read = [&] {
    const auto next = static_cast<std::int64_t>(overrides.size());
    if (row.integer(0) != next) row.refuse(0, fmt::format("{}", next));
    overrides.push_back(row.text(1));
  };
  while (reading.next(row, "study_overrides"))
    reading.row([&] { return words_of_study(name); }, [&] { in_table("study_overrides", read); });
  return overrides;
}

std::vector<StudyVersion> Store::versions(std::string_view name) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::vector<StudyVersion> versions;
  const Reading reading(connection, nullptr);
  if (connection.integer("PRAGMA user_version") >= kVersionsVersion) {
    Rows row = connection
                   .prepared(
                       "SELECT v.version, v.config, v.overrides, v.plan FROM study_versions AS v JOIN studies AS s "
                       "ON s.id = v.study_id WHERE s.name = ? ORDER BY v.version")
                   .query(name);
    const auto read = [&] {
      const auto next = static_cast<std::int64_t>(versions.size());
      if (row.integer(0) != next) row.refuse(0, fmt::format("{}", next));
      StudyVersion version{.config_text = row.text(1), .overrides = {}, .plan = row.text(3)};
      try {
        version.overrides = Json::parse(row.text(2)).get<std::vector<std::string>>();
      } catch (const std::logic_error&) {
        row.refuse(2, "a JSON array of strings");
      }
      versions.push_back(std::move(version));
    };
    while (reading.next(row, "study_versions"))
      reading.row([&] { return words_of_study(name); }, [&] { in_table("study_versions", read); });
  }
  Rows row = connection.prepared("SELECT plan FROM studies WHERE name = ?").query(name);
  if (row.next())
    reading.row(
        [&] { return words_of_study(name); },
        [&] {
          in_table("studies", [&] { versions.push_back({study_config(name), study_overrides(name), row.text(0)}); });
        });
  return versions;
}

std::string Store::plan_difference(std::string_view name, std::string_view plan, std::string_view plan_by_path) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  std::string recorded;
  Rows row = connection.prepared("SELECT plan FROM studies WHERE id = ?").query(find_study(connection, name));
  row.next();
  Reading(connection, nullptr)
      .row([&] { return words_of_study(name); }, [&] { recorded = in_table("studies", [&] { return row.text(0); }); });
  if (moved_paths(plan_identity(recorded), plan_identity(std::string(plan_by_path)))) return "";
  return line_diff(plan_identity(recorded), plan_identity(std::string(plan)));
}

std::map<Outcome, std::uint64_t> Store::outcomes(std::string_view study) const {
  Connection& connection = *impl_->connection;
  std::map<Outcome, std::uint64_t> trials;
  Rows row = connection.prepared("SELECT outcome, trials FROM outcome_counts WHERE study_id = ?")
                 .query(find_study(connection, study));
  while (row.next())
    Reading(connection, nullptr)
        .row([&] { return words_of_study(study); },
             [&] {
               in_table("outcome_counts", [&] {
                 if (const auto outcome = outcome_from(row.text(0))) trials[*outcome] = row.unsigned_integer(1);
               });
             });
  return trials;
}

double Store::elapsed_seconds(std::string_view study) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  struct Run {
    std::string begin, end;
    bool ended = false;
  };
  std::vector<Run> runs;
  {
    Rows row =
        connection.prepared("SELECT at, kind FROM events WHERE study_id = ? AND number IS NULL ORDER BY id").query(id);
    const auto read = [&] {
      const std::string at = row.text(0), kind = row.text(1);
      const bool begins = kind == "started" || kind == "resumed";
      if (begins) runs.push_back({at, at, false});
      if (begins || runs.empty()) return;
      runs.back().end = at;
      runs.back().ended = kind == "finished" || kind == "budget_used" || kind == "interrupted" || kind == "stopped";
    };
    while (row.next())
      Reading(connection, nullptr).row([&] { return words_of_study(study); }, [&] { in_table("events", read); });
  }
  double seconds = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run& run = runs[i];
    if (!run.ended) {
      const std::string next = i + 1 < runs.size() ? runs[i + 1].begin : "9999";
      Rows row = connection
                     .prepared(
                         "SELECT max(finished_at) FROM trials WHERE study_id = ? AND finished_at >= ? AND "
                         "finished_at < ?")
                     .query(id, run.begin, next);
      if (row.next() && !row.is_null(0)) run.end = std::max(run.end, row.text(0));
    }
    Rows row = connection.prepared("SELECT (julianday(?) - julianday(?)) * 86400").query(run.end, run.begin);
    // A clock that was set back in between takes no time away.
    if (row.next() && !row.is_null(0)) seconds += std::max(0.0, row.real(0));
  }
  return seconds;
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

TrialDetail Store::trial(std::string_view study, std::uint64_t number, Damage* damage) const {
  Connection& connection = *impl_->connection;
  const Snapshot snapshot(connection);
  const std::int64_t id = find_study(connection, study);
  const Reading reading(connection, damage);
  const auto words = [&] { return words_of_trial(study, std::to_string(number)); };
  TrialDetail detail;
  {
    Rows row = connection.prepared(select_runs(connection, kOfNumber)).query(id, number);
    if (!row.next()) {
      throw Error(Message::usage_no_such_trial, fmt::format("study '{}' has no trial {}", study, number),
                  fmt::format("See what it has: tuner trials {}", study))
          .at(connection.file().string());
    }
    Reading(connection, nullptr).row(words, [&] { detail.run = read_run(row); });
  }
  reading.row(words, [&] { read_summary(connection, id, number, detail); });
  Rows parameter = parameter_rows(connection, id, number);
  while (reading.next(parameter, "trial_parameters"))
    reading.row(words, [&] { read_parameter(parameter, detail.run.parameters); });
  Rows metric =
      connection.prepared("SELECT step, name, value FROM metrics WHERE study_id = ? AND number = ? ORDER BY name, step")
          .query(id, number);
  while (reading.next(metric, "metrics")) reading.row(words, [&] { detail.metrics.push_back(read_metric(metric)); });
  Rows plugin = connection
                    .prepared(
                        "SELECT kind, id, version, sha256, path, abi_minor, build_flags, build "
                        "FROM trial_plugins JOIN plugins USING (plugin_key) WHERE study_id = ? AND number = ? "
                        "ORDER BY position")
                    .query(id, number);
  while (reading.next(plugin, "plugins")) reading.row(words, [&] { detail.plugins.push_back(read_plugin(plugin)); });
  Rows line =
      connection.prepared("SELECT text FROM events WHERE study_id = ? AND number = ? AND kind = 'log' ORDER BY id")
          .query(id, number);
  while (reading.next(line, "events"))
    reading.row(words, [&] { detail.log.push_back(in_table("events", [&] { return line.text(0); })); });
  for (const auto& [kind, text] : {std::pair("exit", &detail.exit), std::pair("output", &detail.output)}) {
    Rows row = connection.prepared("SELECT text FROM events WHERE study_id = ? AND number = ? AND kind = ? ORDER BY id")
                   .query(id, number, std::string_view(kind));
    while (reading.next(row, "events"))
      reading.row(words, [&, into = text] { *into = in_table("events", [&] { return row.text(0); }); });
  }
  return detail;
}

}  // namespace tuner::storage
