#include "cells.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <type_traits>

namespace tuner::storage {
namespace {

std::string in_quotes(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) result.append(c == quote ? 2 : 1, c);
  return result + quote;
}

}  // namespace

std::string_view type_of(const Value& value) {
  constexpr std::string_view kTypes[] = {"null", "boolean", "integer", "number", "text", "list"};
  static_assert(std::variant_size_v<Value> == std::size(kTypes));
  static_assert(std::is_same_v<std::variant_alternative_t<3, Value>, double>);
  return kTypes[value.index()];
}

Cell cell_of(const Value& value) {
  return std::visit(
      [&](const auto& held) -> Cell {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, bool>)
          return {std::int64_t{held}};
        else if constexpr (std::is_same_v<T, List>)
          return {to_json(value)};
        else
          return {held};
      },
      value);
}

Value value_from(const Rows& row, int type_column, int value_column) {
  const std::string type = row.text(type_column);
  if (type == "boolean") return row.integer(value_column, 0, 1) != 0;
  if (type == "integer") return row.integer(value_column);
  if (type == "number") return row.real(value_column);
  if (type == "text") return row.text(value_column);
  if (type == "null") {
    if (!row.is_null(value_column)) row.refuse(value_column, "NULL");
    return Null{};
  }
  if (type != "list") row.refuse(type_column, "the name of a type");
  try {
    Value list = value_from_json(row.text(value_column));
    if (std::holds_alternative<List>(list)) return list;
  } catch (const std::invalid_argument&) {
    // No JSON.
  }
  row.refuse(value_column, "a JSON array");
}

std::string json_of(const Parameters& parameters) {
  std::string json = "{";
  for (const auto& [name, value] : parameters) {
    if (json.size() > 1) json += ", ";
    json += json_quoted(name) + ": " + to_json(value);
  }
  return json += "}";
}

std::string iso8601(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(unix_ms)};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string sql_literal(std::string_view text) { return in_quotes(text, '\''); }
std::string sql_identifier(std::string_view name) { return in_quotes(name, '"'); }

}  // namespace tuner::storage
