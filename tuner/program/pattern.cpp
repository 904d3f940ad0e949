#include "tuner/program/pattern.hpp"

#include <re2/re2.h>

#include <charconv>
#include <stdexcept>

namespace tuner::program {

struct Pattern::Expression {
  re2::RE2 re2;
};

Pattern::Pattern(const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingUTF8);
  expression_.reset(new Expression{{text, options}});
  if (!expression_->re2.ok()) throw std::invalid_argument(expression_->re2.error());
  if (const int groups = expression_->re2.NumberOfCapturingGroups(); groups != 1)
    throw std::invalid_argument("it has " + std::to_string(groups) + " groups in parentheses, and one is due");
}
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

std::optional<double> Pattern::find(std::string_view line) const {
  re2::StringPiece found;
  if (!re2::RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), expression_->re2, &found))
    return std::nullopt;
  return number_in({found.data(), found.size()});
}

std::optional<double> number_in(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tuner::program
