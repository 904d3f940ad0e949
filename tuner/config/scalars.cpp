#include "tuner/config/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from])) ++from;
  return from;
}

constexpr std::string_view kIntegerDue = "an integer";
constexpr std::string_view kMostInteger = "at most 9223372036854775807";

enum class Form { none, integer, real };

// The form of a decimal number: an optional sign, digits with at most one point, an optional exponent.
Form form_of(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  const std::size_t whole = digits(text, i);
  std::size_t count = whole - i;
  Form form = Form::integer;
  i = whole;
  if (i < text.size() && text[i] == '.') {
    const std::size_t end = digits(text, i + 1);
    count += end - i - 1;
    i = end;
    form = Form::real;
  }
  if (count == 0) return Form::none;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const std::size_t end = digits(text, i);
    if (end == i) return Form::none;
    i = end;
    form = Form::real;
  }
  return i == text.size() ? form : Form::none;
}

template <class Number>
std::optional<Number> converted(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);  // from_chars takes none
  Number number{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string without(std::string_view text, char c) {
  std::string kept;
  std::ranges::copy_if(text, std::back_inserter(kept), [c](char d) { return d != c; });
  return kept;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// Things that other readers of YAML take for numbers.
[[noreturn]] void refuse_number(const Node& node, const std::string& what, std::string_view due) {
  const std::string text = lower(node.text);
  const std::string bare = text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
  const auto refuse = [&](std::string message, std::string remedy) {
    throw Error(Message::config_bad_value, fmt::format("{} is {}, {}", what, node.description(), message), remedy)
        .at(node.place);
  };
  if (const std::string plain = without(text, '_'); plain != text && form_of(plain) != Form::none)
    refuse("and numbers have no '_' here", fmt::format("write {}", plain));
  if (is_one_of(bare, {"inf", ".inf", "infinity", "nan", ".nan"}))
    refuse("and a finite number is due", "write a number, or leave the key out for the default");
  if (bare.starts_with("0x") || bare.starts_with("0o") || bare.starts_with("0b"))
    refuse("and numbers are decimal here", "write it with the digits 0 to 9");
  refuse_type(node, what, due);
}

Scalar number_where(const Node& node, const std::string& what, std::string_view due) {
  if (!node.is_scalar() || node.quoted) refuse_type(node, what, due);
  const Form form = form_of(node.text);
  if (form == Form::none) refuse_number(node, what, due);
  if (form == Form::integer)
    if (const auto number = converted<std::int64_t>(node.text)) return *number;
  const bool integer = form == Form::integer && due == kIntegerDue;
  if (!integer)
    if (const auto number = converted<double>(node.text)) return *number;
  const bool negative = node.text.starts_with('-');
  throw Error(Message::config_bad_value, fmt::format("{} is {}, more than a number can hold", what, node.description()),
              integer ? fmt::format("an integer is {}", negative ? "at least -9223372036854775808" : kMostInteger)
                      : "write a number of smaller size")
      .at(node.place);
}

double as_real(const Scalar& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number)) return static_cast<double>(*integer);
  return std::get<double>(number);
}

// Seconds in one unit; 0 for a word that is none.
double unit_seconds(std::string_view unit) {
  if (unit == "ms") return 1e-3;
  if (unit == "s") return 1;
  if (unit == "m" || unit == "min") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 86400;
  return 0;
}

std::optional<double> seconds_in(std::string_view text) {
  double seconds = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::size_t end = 0;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
    const std::string_view count = text.substr(0, end);
    text.remove_prefix(end);
    end = 0;
    while (end < text.size() && text[end] >= 'a' && text[end] <= 'z') ++end;
    const double unit = unit_seconds(text.substr(0, end));
    text.remove_prefix(end);
    if (form_of(count) == Form::none || unit == 0) return std::nullopt;
    const auto number = converted<double>(count);
    if (!number) return std::nullopt;
    seconds += *number * unit;
  }
  return seconds;
}

}  // namespace

void refuse_type(const Node& node, const std::string& what, std::string_view due) {
  std::string remedy = fmt::format("write {}", due);
  if (node.missing)
    remedy = fmt::format("write {}, or remove the key", due);
  else if (node.find("values") != nullptr || node.find("min") != nullptr || node.find("from") != nullptr ||
           node.find("distribution") != nullptr)
    remedy = fmt::format("write {}: this cannot be searched", due);
  else if (node.is_map())
    remedy = "what is searched is written {values: [...]} or {min: ..., max: ...}; any other map has no place here";
  else if (node.is_list())
    remedy = fmt::format("write {} without brackets; several to try are {{values: [...]}}", due);
  else if (node.quoted && (form_of(node.text) != Form::none || is_one_of(node.text, {"true", "false"})))
    remedy = "remove the quotes: they make a string of it";
  throw Error(Message::config_wrong_type, fmt::format("{} is {}, and {} is due", what, node.description(), due), remedy)
      .at(node.place);
}

Scalar number_of(const Node& node, const std::string& what) { return number_where(node, what, "a number"); }

std::int64_t integer_of(const Node& node, const std::string& what) {
  const Scalar number = number_where(node, what, kIntegerDue);
  if (const auto* integer = std::get_if<std::int64_t>(&number)) return *integer;
  const double real = std::get<double>(number);
  if (real != std::floor(real)) refuse_type(node, what, "an integer");
  if (std::abs(real) > 0x1p53)
    throw Error(
        Message::config_bad_value,
        fmt::format("{} is {}, more than a number with a point or exponent holds exactly", what, node.description()),
        "write all its digits")
        .at(node.place);
  return static_cast<std::int64_t>(real);
}

double real_of(const Node& node, const std::string& what) { return as_real(number_where(node, what, "a number")); }

bool boolean_of(const Node& node, const std::string& what) {
  if (node.is_scalar() && !node.quoted) {
    if (is_one_of(node.text, {"true", "True", "TRUE"})) return true;
    if (is_one_of(node.text, {"false", "False", "FALSE"})) return false;
    const std::string text = lower(node.text);
    const bool yes = is_one_of(text, {"yes", "on", "y"});
    if (yes || is_one_of(text, {"no", "off", "n"}))
      throw Error(Message::config_wrong_type,
                  fmt::format("{} is '{}', which is a string here, and true or false is due", what, shown(node.text)),
                  fmt::format("write {}", yes ? "true" : "false"))
          .at(node.place);
  }
  refuse_type(node, what, "true or false");
}

std::string string_of(const Node& node, const std::string& what) {
  if (!node.is_scalar()) refuse_type(node, what, "a string");
  return node.text;
}

std::string word_of(const Node& node, const std::string& what, const std::vector<std::string_view>& words) {
  if (!node.is_scalar()) refuse_type(node, what, "a word");
  if (std::ranges::find(words, node.text) == words.end())
    throw Error(Message::config_bad_value, fmt::format("{} is '{}', which it cannot be", what, shown(node.text)),
                did_you_mean(node.text, words))
        .at(node.place);
  return node.text;
}

double duration_of(const Node& node, const std::string& what) {
  if (!node.is_scalar() || (node.quoted && form_of(node.text) != Form::none))
    refuse_type(node, what, "a time like 30m or 90s");
  double seconds = 0;
  if (form_of(node.text) != Form::none) {
    seconds = real_of(node, what);
  } else if (const auto read = seconds_in(node.text)) {
    seconds = *read;
  } else {
    throw Error(Message::config_bad_value, fmt::format("{} is '{}', which is no time", what, shown(node.text)),
                "write for example 90s, 30m, 1h30m, or a number of seconds")
        .at(node.place);
  }
  check_bounds(seconds, {0, std::numeric_limits<double>::max(), true}, what + " in seconds", node.place);
  return seconds;
}

std::uint64_t bytes_of(const Node& node, const std::string& what) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}};
  if (!node.is_scalar() || node.quoted) refuse_type(node, what, "a size like 512MiB or 2GiB");
  Node number = node;
  double unit = 1;
  for (const auto& [name, bytes] : kUnits) {
    if (!node.text.ends_with(name)) continue;
    unit = bytes;
    number.text.resize(node.text.size() - name.size());
    while (number.text.ends_with(' ')) number.text.pop_back();
    break;
  }
  if (form_of(number.text) == Form::none)
    throw Error(Message::config_bad_value, fmt::format("{} is '{}', which is no size", what, shown(node.text)),
                "write for example 512MiB, 2GiB, or a number of bytes")
        .at(node.place);
  const double value = real_of(number, what) * unit;
  check_bounds(value, {1, 0x1p60}, what + " in bytes", node.place);
  return static_cast<std::uint64_t>(value);
}

void check_bounds(double value, const Bounds& bounds, const std::string& what, const std::string& place) {
  const bool high_enough = bounds.min_open ? value > bounds.min : value >= bounds.min;
  const bool low_enough = bounds.max_open ? value < bounds.max : value <= bounds.max;
  if (high_enough && low_enough) return;
  const std::string low = fmt::format("{} {}", bounds.min_open ? "above" : "at least", bounds.min);
  const bool bounded = bounds.max < std::numeric_limits<double>::max();
  // A double has the bound of 64-bit integers rounded up.
  const std::string high = bounds.max == 0x1p63
                               ? std::string(kMostInteger)
                               : fmt::format("{} {}", bounds.max_open ? "below" : "at most", bounds.max);
  throw Error(Message::config_out_of_range, fmt::format("{} is {}, outside of its legal range", what, value),
              bounded ? fmt::format("it must be {} and {}", low, high) : fmt::format("it must be {}", low))
      .at(place);
}

std::int64_t integer_within(const Node& node, const Bounds& bounds, const std::string& what) {
  const std::int64_t value = integer_of(node, what);
  check_bounds(static_cast<double>(value), bounds, what, node.place);
  return value;
}

std::optional<std::int64_t> integer_or_word(const Node& node, std::string_view word, const Bounds& bounds,
                                            const std::string& what) {
  if (node.is_scalar() && node.text == word) return std::nullopt;
  static_cast<void>(number_where(node, what, fmt::format("an integer or the word {}", word)));
  return integer_within(node, bounds, what);
}

double real_within(const Node& node, const Bounds& bounds, const std::string& what) {
  const double value = real_of(node, what);
  check_bounds(value, bounds, what, node.place);
  return value;
}

}  // namespace tuner::config
