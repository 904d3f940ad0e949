// Which configurations of a study with replicates are the best, in order.
//
// `configurations` has a row for every configuration with a trial that has ended; it is computed anew from the trials
// whenever one of them is recorded. Those whose replicates are all there are moved to `configuration_ranks`, many at
// once and in order, as ranks.hpp says of trials. Who asks for the ranking merges what was moved and what was not.
//
// A study of one replicate for each configuration has no rows here: its trials are its configurations.
//
// The trials of a configuration have consecutive numbers, but where a searcher may propose it again.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "tuner/replicates.hpp"
#include "tuner/space.hpp"

namespace tuner::storage {

// How a study ranks its configurations.
struct ConfigurationRules {
  // Most replicates of a configuration. 1: it has no rows here; 0: as many as the searcher proposes.
  std::int64_t repeats = 1;
  OnFailure on_failure = OnFailure::rank_last;
};
// Errors: DamagedValue.
[[nodiscard]] ConfigurationRules read_rules(Connection& connection, std::int64_t study_id);

// Ranked configurations of a study, from the best on: place, rank_key, configuration. place: 0 all replicates are
// there, 1 some are not, 2 one of them diverged or failed and that counts. Arguments as of kRankedNumbers.
constexpr std::string_view kRankedConfigurations =
    "SELECT place, rank_key, configuration FROM configuration_ranks WHERE study_id = ?1 "
    "UNION ALL SELECT place, rank_key, configuration FROM configurations INDEXED BY recent_configurations "
    "WHERE study_id = ?1 AND moved = 0 AND rank_key IS NOT NULL ORDER BY place, rank_key, configuration LIMIT ?2";

// Rows that merge_configurations() would move.
[[nodiscard]] std::int64_t count_recent_configurations(Connection& connection, std::int64_t study_id);

// A trial, and how many replicates of its configuration there are to be.
struct RepeatedTrial {
  TrialId trial;
  std::int64_t due = 1;
};
// Of the trials that timed out, those whose configurations have rows.
[[nodiscard]] std::vector<RepeatedTrial> replicates_with(Connection& connection, std::int64_t study_id,
                                                         std::string_view outcome);

// Both inside a transaction of the caller.
//
// Computes the row of a trial's configuration anew from its trials; removes it where none of them has ended. True where
// all of them have, and the row waits to be moved.
bool rank_configuration(Connection& connection, std::int64_t study_id, const RepeatedTrial& repeated,
                        const ConfigurationRules& rules);
void merge_configurations(Connection& connection, std::int64_t study_id);

}  // namespace tuner::storage
