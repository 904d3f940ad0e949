// Which trials of a study are the best, in order.
//
// `ranks` holds the completed trials of each study by rank. New ones would land anywhere in it, each on a page of its
// own that has to be written, so they are collected in `recent_ranks`, which grows at its end, and now and then moved
// all at once and in order. Who asks for the ranking merges the two. A trial is in one of them exactly if it has a
// rank_key, at the end of every transaction.
#pragma once

#include <cstdint>
#include <string_view>

#include "connection.hpp"

namespace tuner::storage {

// So many are collected. More make the moves rarer (each writes most pages of a large `ranks`), fewer make the ranking
// faster to ask for, as the recent ones are sorted then.
constexpr std::int64_t kRecentRanks = 8192;

// Ranked numbers of a study, from the best on. Arguments: the study's id, and how many (-1: all).
constexpr std::string_view kRankedNumbers =
    "SELECT rank_key, number FROM ranks WHERE study_id = ?1 "
    "UNION ALL SELECT rank_key, number FROM recent_ranks WHERE study_id = ?1 ORDER BY rank_key, number LIMIT ?2";

[[nodiscard]] std::int64_t count_recent_ranks(Connection& connection, std::int64_t study_id);

// Both inside a transaction of the caller.
void add_rank(Connection& connection, std::int64_t study_id, std::uint64_t number, double rank_key);
void merge_recent_ranks(Connection& connection, std::int64_t study_id);

}  // namespace tuner::storage
