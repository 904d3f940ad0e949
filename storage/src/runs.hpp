// Trials as the view `runs` has them, and the ranking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::storage {

constexpr std::string_view kOfNumber = "WHERE study_id = ? AND number = ?";
// SELECT of what read_run() reads, FROM trials; then `of`.
[[nodiscard]] std::string select_runs(Connection& connection, std::string_view of);
// Without its parameters. Errors: DamagedValue.
[[nodiscard]] RunRow read_run(const Rows& row);
// Of a row of kRankedNumbers. Errors: DamagedValue.
[[nodiscard]] std::uint64_t ranked_number(const Rows& rank);
// Of a row of kRankedConfigurations; without its parameters. Errors: DamagedValue.
[[nodiscard]] ConfigurationRow read_configuration(Connection& connection, std::int64_t study_id, const Rows& rank);
// The sum of what a trial's constraints are above 0; nothing: it has none.
[[nodiscard]] std::optional<double> violation(const TrialResult& result);
// What `ranks` or `configuration_ranks` has and must not. Throws DamagedValue.
[[noreturn]] void refuse_rank(const char* why, const char* table = "ranks");

}  // namespace tuner::storage
