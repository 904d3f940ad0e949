#include "decimal.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace tuner {

namespace {

__extension__ typedef __int128 Wide;

// digits * 10^exponent
struct Decimal {
  Wide digits = 0;
  int exponent = 0;
};

std::optional<double> parsed(std::string_view text) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The shortest decimal that reads back to x: what somebody has written.
Decimal decimal_of(double x) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const std::size_t e = text.find('e');
  Decimal decimal;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), text.data() + text.size(), decimal.exponent);
  bool fraction = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    decimal.digits = decimal.digits * 10 + (c - '0');
    decimal.exponent -= fraction ? 1 : 0;
  }
  if (text[0] == '-') decimal.digits = -decimal.digits;
  return decimal;
}

// False on overflow.
bool scale(Decimal& decimal, int exponent) {
  if (decimal.digits == 0) decimal.exponent = exponent;
  for (; decimal.exponent > exponent; --decimal.exponent)
    if (__builtin_mul_overflow(decimal.digits, Wide{10}, &decimal.digits)) return false;
  return true;
}

// Both with the exponent of the finer one. False on overflow.
bool align(Decimal& a, Decimal& b) {
  const int finer = a.digits == 0 ? b.exponent : b.digits == 0 ? a.exponent : std::min(a.exponent, b.exponent);
  return scale(a, finer) && scale(b, finer);
}

std::optional<double> rounded(const Decimal& decimal) {
  Wide digits = decimal.digits < 0 ? -decimal.digits : decimal.digits;
  std::string text;
  for (; digits > 0; digits /= 10) text += static_cast<char>('0' + static_cast<int>(digits % 10));
  if (text.empty()) return 0.0;
  if (decimal.digits < 0) text += '-';
  std::ranges::reverse(text);
  return parsed(text + "e" + std::to_string(decimal.exponent));
}

}  // namespace

std::optional<double> decimal_step(double start, double step, std::uint64_t k) {
  Decimal sum = decimal_of(start), width = decimal_of(step);
  if (!align(sum, width)) return std::nullopt;
  if (__builtin_mul_overflow(width.digits, static_cast<Wide>(k), &width.digits)) return std::nullopt;
  if (__builtin_add_overflow(sum.digits, width.digits, &sum.digits)) return std::nullopt;
  return rounded(sum);
}

std::optional<double> decimal_between(double start, double end, std::uint64_t k, std::uint64_t n) {
  Decimal a = decimal_of(start), b = decimal_of(end);
  if (!align(a, b)) return std::nullopt;
  if (__builtin_mul_overflow(a.digits, static_cast<Wide>(n - k), &a.digits)) return std::nullopt;
  if (__builtin_mul_overflow(b.digits, static_cast<Wide>(k), &b.digits)) return std::nullopt;
  if (__builtin_add_overflow(a.digits, b.digits, &a.digits)) return std::nullopt;
  // More digits of the quotient than a double has, where it does not end before.
  const auto divisor = static_cast<Wide>(n);
  for (Wide more = a.digits; a.digits % divisor != 0; a.digits = more, --a.exponent)
    if (__builtin_mul_overflow(a.digits, Wide{10}, &more)) break;
  a.digits /= divisor;
  return rounded(a);
}

double short_decimal(double x) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, x, std::chars_format::scientific, 14).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  return text[text.find('e') - 1] == '0' ? parsed(text).value_or(x) : x;
}

}  // namespace tuner
