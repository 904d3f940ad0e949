// A value as a sweep file writes it and as a trial records it: null, boolean, integer, number, text or a list of
// scalars.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tuner {

class Json;

using Null = std::monostate;
using Scalar = std::variant<Null, bool, std::int64_t, double, std::string>;
using List = std::vector<Scalar>;
using Value = std::variant<Null, bool, std::int64_t, double, std::string, List>;

// Canonical JSON: shortest digits that read back to the same double (always with '.', 'e' or both, so that a number
// stays a number), NaN and infinities as the texts "nan", "inf", "-inf".
[[nodiscard]] std::string to_json(const Value& value);
// The same as a part of a document.
[[nodiscard]] Json document_of(const Value& value);
// The text in quotes, escaped.
[[nodiscard]] std::string json_quoted(std::string_view text);
// Shortest round-trip digits: "0.001", "1e-08", "3.0" as to_json writes them.
[[nodiscard]] std::string format_number(double value);
// Reads what to_json wrote, and any JSON scalar or flat array. Throws std::invalid_argument.
[[nodiscard]] Value value_from_json(std::string_view json);
// The same of a parsed document, which may be part of another one.
[[nodiscard]] Value value_from(const Json& json);
// For people: texts without quotes, numbers with at most `digits` significant digits.
[[nodiscard]] std::string to_display(const Value& value, int digits = 6);

}  // namespace tuner
