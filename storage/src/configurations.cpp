#include "configurations.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "reading.hpp"
#include "tuner/trial.hpp"

namespace tuner::storage {
namespace {

struct EndedTrials {
  std::uint64_t first = 0;  // number of the first one
  std::int64_t replicates = 0, failed = 0;
  std::vector<double> values, rank_keys;
};

EndedTrials ended_trials(Connection& connection, std::int64_t study_id, const TrialId& trial, std::int64_t due,
                         bool are_neighbors) {
  EndedTrials ended;
  const std::uint64_t first = trial.number - trial.replicate;
  Rows row = are_neighbors
                 ? connection
                       .prepared(
                           "SELECT number, outcome, value, rank_key FROM trials WHERE study_id = ? AND number >= ? AND "
                           "number < ? AND configuration = ? AND outcome <> 'cancelled' ORDER BY replicate")
                       .query(study_id, first, first + static_cast<std::uint64_t>(due), trial.configuration)
                 : connection
                       .prepared(
                           "SELECT number, outcome, value, rank_key FROM trials WHERE study_id = ? AND "
                           "repeated_configuration = ? AND outcome <> 'cancelled' ORDER BY replicate")
                       .query(study_id, trial.configuration);
  while (row.next()) {
    in_table("trials", [&] {
      if (ended.replicates++ == 0) ended.first = row.count(0);
      if (!row.is_null(3)) {
        ended.values.push_back(row.real(2));
        ended.rank_keys.push_back(row.real(3));
      } else if (row.text(1) != to_string(Outcome::pruned))
        ++ended.failed;
    });
  }
  return ended;
}

// How many trials its row says that there are to be; 0 without a row.
std::int64_t due_before(Connection& connection, std::int64_t study_id, std::uint64_t configuration) {
  Rows row = connection.prepared("SELECT due FROM configurations WHERE study_id = ? AND configuration = ?")
                 .query(study_id, configuration);
  return row.next() ? in_table("configurations", [&] { return row.integer(0, 1); }) : 0;
}

// Takes it out of the order, if it is in there.
void remove_rank(Connection& connection, std::int64_t study_id, std::uint64_t configuration) {
  connection
      .prepared(
          "DELETE FROM configuration_ranks WHERE study_id = ?1 AND configuration = ?2 AND (place, rank_key) = "
          "(SELECT c.place, c.rank_key FROM configurations AS c WHERE c.study_id = ?1 AND c.configuration = ?2 AND "
          "c.moved = 1)")
      .run(study_id, configuration);
}

}  // namespace

ConfigurationRules read_rules(Connection& connection, std::int64_t study_id) {
  return in_table("studies", [&] {
    Rows row = connection.prepared("SELECT repeats, on_failure FROM studies WHERE id = ?").query(study_id);
    row.next();
    const std::string word = row.text(1);
    const auto* rule = std::ranges::find(kOnFailures, word);
    if (rule == std::end(kOnFailures)) row.refuse(1, "rank_last or ignore");
    return ConfigurationRules{.repeats = row.integer(0, 0),
                              .on_failure = static_cast<OnFailure>(rule - std::begin(kOnFailures))};
  });
}

std::int64_t count_recent_configurations(Connection& connection, std::int64_t study_id) {
  Rows row = connection
                 .prepared(
                     "SELECT count(*) FROM configurations INDEXED BY recent_configurations WHERE study_id = ? AND "
                     "moved = 0 AND replicates >= due")
                 .query(study_id);
  row.next();
  return row.integer(0);
}

bool rank_configuration(Connection& connection, std::int64_t study_id, const RepeatedTrial& repeated,
                        const ConfigurationRules& rules) {
  const TrialId& trial = repeated.trial;
  const bool are_neighbors = rules.repeats != 0;
  const std::int64_t due =
      are_neighbors ? repeated.due : std::max(repeated.due, due_before(connection, study_id, trial.configuration));
  remove_rank(connection, study_id, trial.configuration);
  const EndedTrials ended = ended_trials(connection, study_id, trial, due, are_neighbors);
  if (ended.replicates == 0) {
    connection.prepared("DELETE FROM configurations WHERE study_id = ? AND configuration = ?")
        .run(study_id, trial.configuration);
    return false;
  }
  const Aggregate values = aggregate(ended.values);
  // Of infinities of both signs it is no number, which ranks nowhere.
  Cell rank_key;
  if (const Aggregate keys = aggregate(ended.rank_keys); keys.mean && !std::isnan(*keys.mean))
    rank_key.content = *keys.mean;
  const bool all = ended.replicates >= due;
  const int place = ended.failed > 0 && rules.on_failure == OnFailure::rank_last ? 2 : all ? 0 : 1;
  connection
      .prepared(
          "INSERT OR REPLACE INTO configurations (study_id, configuration, number, due, replicates, completed, mean, "
          "standard_deviation, place, rank_key, moved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)")
      .run(study_id, trial.configuration, ended.first, due, ended.replicates, values.count, values.mean,
           values.standard_deviation, place, rank_key);
  return all;
}

std::vector<RepeatedTrial> replicates_with(Connection& connection, std::int64_t study_id, std::string_view outcome) {
  std::vector<RepeatedTrial> trials;
  Rows row = connection
                 .prepared(
                     "SELECT t.number, t.configuration, t.replicate, c.due FROM trials AS t JOIN configurations AS c "
                     "ON c.study_id = t.study_id AND c.configuration = t.configuration WHERE t.study_id = ? AND "
                     "t.outcome = ? ORDER BY t.number")
                 .query(study_id, outcome);
  while (row.next())
    in_table("trials", [&] {
      trials.push_back({{.number = row.count(0),
                         .configuration = row.count(1),
                         .replicate = static_cast<std::uint32_t>(row.integer(2, 0, UINT32_MAX))},
                        row.integer(3, 1)});
    });
  return trials;
}

void merge_configurations(Connection& connection, std::int64_t study_id) {
  // In order, so that every page is visited once.
  connection
      .prepared(
          "INSERT INTO configuration_ranks (study_id, place, rank_key, configuration) SELECT study_id, place, "
          "rank_key, "
          "configuration FROM configurations INDEXED BY recent_configurations WHERE study_id = ? AND moved = 0 AND "
          "replicates >= due AND rank_key IS NOT NULL ORDER BY place, rank_key, configuration")
      .run(study_id);
  connection
      .prepared(
          "UPDATE configurations INDEXED BY recent_configurations SET moved = 1 WHERE study_id = ? AND moved = 0 AND "
          "replicates >= due")
      .run(study_id);
}

}  // namespace tuner::storage
