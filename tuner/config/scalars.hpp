// Scalars of a sweep file, typed by what is due and not by how YAML would guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/config/node.hpp"
#include "tuner/value.hpp"

namespace tuner::config {

// Bounds of a number; each end is legal itself unless it is open.
struct Bounds {
  double min, max;
  bool min_open = false, max_open = false;
};

// `what` names the thing in messages: "training.epochs", "option 'lr' of optimizer 'adam'".
// Errors of all: config.wrong_type (also a number or boolean in quotes, yes/no/on/off, nothing at all),
// config.bad_value (1_000, 0x10, inf, nan, more digits than a number holds), at the node's place.

// 1, +1, 010 (ten), .5, 1e-4. An int64 where the text has neither '.' nor exponent, else a double; always finite.
[[nodiscard]] Scalar number_of(const Node& node, const std::string& what);
// A number without a fraction, also 1e6 or 3.0.
[[nodiscard]] std::int64_t integer_of(const Node& node, const std::string& what);
[[nodiscard]] double real_of(const Node& node, const std::string& what);
[[nodiscard]] bool boolean_of(const Node& node, const std::string& what);
// The word as it is written, also 010 or true.
[[nodiscard]] std::string string_of(const Node& node, const std::string& what);
// One of `words`; config.bad_value with "did you mean".
[[nodiscard]] std::string word_of(const Node& node, const std::string& what,
                                  const std::vector<std::string_view>& words);
// A table of words, as the headers of core keep them.
template <std::size_t n>
[[nodiscard]] std::vector<std::string_view> words(const char* const (&table)[n]) {
  return {table, table + n};
}
// Seconds: a number of them, or "90s", "30m", "1h30m", "2d", "500ms".
[[nodiscard]] double duration_of(const Node& node, const std::string& what);
// Bytes: a number of them, or "512MiB", "2GiB", "1.5GB", "800kB".
[[nodiscard]] std::uint64_t bytes_of(const Node& node, const std::string& what);

// config.out_of_range unless the value lies within.
void check_bounds(double value, const Bounds& bounds, const std::string& what, const std::string& place);
[[nodiscard]] std::int64_t integer_within(const Node& node, const Bounds& bounds, const std::string& what);
// Nothing: it is the word.
[[nodiscard]] std::optional<std::int64_t> integer_or_word(const Node& node, std::string_view word, const Bounds& bounds,
                                                          const std::string& what);
[[nodiscard]] double real_within(const Node& node, const Bounds& bounds, const std::string& what);

// The error for a value of another type than is due; its remedy fits what is written.
[[noreturn]] void refuse_type(const Node& node, const std::string& what, std::string_view due);

}  // namespace tuner::config
