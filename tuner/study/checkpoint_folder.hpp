// The folder of a study's checkpoints: what goes when trials have ended.
#pragma once

#include <set>
#include <span>

#include "tuner/checkpoint.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::study {

// Of trials that the database has, where the program was ended before it removed them. done: their numbers.
void remove_leftover_checkpoints(const CheckpointRules& rules, const std::set<std::uint64_t>& done);

// Of trials that the database has since now, where they have ended. is_idle: no trial runs, so that empty folders go.
void remove_checkpoints_of(const CheckpointRules& rules, std::span<const storage::TrialRecord> records, bool is_idle);

}  // namespace tuner::study
