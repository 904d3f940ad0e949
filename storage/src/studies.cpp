#include <fmt/format.h>

#include <algorithm>

#include "diff.hpp"
#include "impl.hpp"
#include "ranks.hpp"
#include "reading.hpp"
#include "runs.hpp"
#include "schema.hpp"
#include "tuner/library.hpp"
#include "tuner/plan.hpp"
#include "tuner/text.hpp"

namespace tuner::storage {
namespace {

Goal goal_of(const Rows& row, int column) {
  const std::string text = row.text(column);
  for (const Goal goal : {Goal::minimize, Goal::maximize})
    if (text == to_string(goal)) return goal;
  row.refuse(column, "a goal");
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

void read_best(Connection& connection, std::int64_t id, StudyRow& study) {
  Rows best = connection.prepared(kRankedNumbers).query(id, 1);
  if (!best.next()) return;
  study.best_number = ranked_number(best);
  Rows row = connection.prepared(fmt::format("SELECT value FROM trials {}", kOfNumber)).query(id, *study.best_number);
  if (!row.next()) refuse_rank("not there");
  study.best_value = in_table("trials", [&] { return row.real(0); });
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
    study.repeats = static_cast<std::uint64_t>(row.integer(6, 0));
  });
  read_counts(connection, id, study);
  if (study.is_repeated())
    read_best_configuration(connection, id, study);
  else
    read_best(connection, id, study);
  return study;
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
  if (const std::int64_t schema = connection.integer("PRAGMA user_version"); schema >= kVersionsVersion) {
    const char* const proposals = schema >= kGrownJournalVersion ? "v.proposals" : "NULL";
    Rows row = connection
                   .prepared(fmt::format(
                       "SELECT v.version, v.config, v.overrides, v.plan, v.replaced_at, {} FROM study_versions AS v "
                       "JOIN studies AS s ON s.id = v.study_id WHERE s.name = ? ORDER BY v.version",
                       proposals))
                   .query(name);
    const auto read = [&] {
      const auto next = static_cast<std::int64_t>(versions.size());
      if (row.integer(0) != next) row.refuse(0, fmt::format("{}", next));
      StudyVersion version{.config_text = row.text(1),
                           .overrides = {},
                           .plan = row.text(3),
                           .proposals = {},
                           .replaced_at = row.text(4)};
      if (!row.is_null(5)) version.proposals = row.count(5);
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
    reading.row([&] { return words_of_study(name); },
                [&] {
                  in_table("studies", [&] {
                    versions.push_back(
                        {.config_text = study_config(name), .overrides = study_overrides(name), .plan = row.text(0)});
                  });
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

std::vector<std::string> Store::machines(std::string_view study) const {
  Connection& connection = *impl_->connection;
  std::vector<std::string> machines;
  Rows row = connection
                 .prepared(
                     "SELECT text FROM events WHERE study_id = ? AND number IS NULL AND kind = 'machine' GROUP BY text "
                     "ORDER BY min(id)")
                 .query(find_study(connection, study));
  while (row.next())
    Reading(connection, nullptr)
        .row([&] { return words_of_study(study); },
             [&] { machines.push_back(in_table("events", [&] { return row.text(0); })); });
  return machines;
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
        connection
            .prepared(
                // What happens between runs takes no time of theirs.
                "SELECT at, kind FROM events WHERE study_id = ? AND number IS NULL AND kind NOT IN ('note', 'tag', "
                "'merged', 'grown', 'reopened') ORDER BY id")
            .query(id);
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

}  // namespace tuner::storage
