// How values and times stand in the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "tuner/space.hpp"
#include "tuner/value.hpp"

namespace tuner::storage {

// Column `type` of trial_parameters: null, boolean, integer, number, text, list.
[[nodiscard]] std::string_view type_of(const Value& value);
// Column `value` beside it: NULL, 0 or 1, INTEGER, REAL (NaN: 'nan'), TEXT, canonical JSON.
[[nodiscard]] Cell cell_of(const Value& value);
// Both back. Errors: DamagedValue.
[[nodiscard]] Value value_from(const Rows& row, int type_column, int value_column);

// A JSON object, names in the given order.
[[nodiscard]] std::string json_of(const Parameters& parameters);

// "2026-11-21T22:48:00.123Z" from milliseconds since 1970, UTC.
[[nodiscard]] std::string iso8601(std::int64_t unix_ms);
[[nodiscard]] std::int64_t now_ms();

// As SQL writes a text and a name, in quotes.
[[nodiscard]] std::string sql_literal(std::string_view text);
[[nodiscard]] std::string sql_identifier(std::string_view name);

}  // namespace tuner::storage
