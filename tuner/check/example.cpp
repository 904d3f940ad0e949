#include "tuner/check/example.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <sstream>

namespace tuner::check {

namespace {

constexpr int kRoundedDigits = 6;
// What a sum of a few terms loses in float64, and much less than any other rule.
constexpr double kExact = 1e-10;

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<std::string_view> pieces_of(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t at; (at = text.find(separator)) != std::string_view::npos; text.remove_prefix(at + 1))
    pieces.push_back(text.substr(0, at));
  pieces.push_back(text);
  return pieces;
}

double number_of(const std::string& word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size())
    throw BadExample(fmt::format("'{}' is no number", word));
  return value;
}

ExampleNumber example_number(const std::string& word) {
  ExampleNumber number{.value = number_of(word)};
  number.tolerance = kExact * std::abs(number.value);
  const std::string digits = word.substr(0, word.find_first_of("eE"));
  std::string significant = digits;
  std::erase_if(significant, [](char c) { return c < '0' || c > '9'; });
  significant.erase(0, significant.find_first_not_of('0'));
  if (std::ssize(significant) < kRoundedDigits) return number;
  const std::size_t point = digits.find('.');
  const double decimals = point == std::string::npos ? 0 : static_cast<double>(digits.size() - point - 1);
  const std::size_t e = word.find_first_of("eE");
  const double exponent = e == std::string::npos ? 0 : number_of(word.substr(word[e + 1] == '+' ? e + 2 : e + 1));
  number.tolerance += 0.5 * std::pow(10, exponent - decimals);
  return number;
}

ExampleNumbers numbers_of(std::string_view text) {
  ExampleNumbers numbers;
  for (const std::string& word : words_of(text)) numbers.push_back(example_number(word));
  return numbers;
}

Value option_value(const tuner_param& param, const std::string& word) {
  if (param.type == TUNER_TYPE_F64) return number_of(word);
  if (param.type == TUNER_TYPE_I64) return static_cast<std::int64_t>(number_of(word));
  if (param.type == TUNER_TYPE_CHOICE) return word;
  if (param.type == TUNER_TYPE_BOOL && (word == "true" || word == "false")) return word == "true";
  throw BadExample(fmt::format("option '{}' cannot have the value '{}' in an example", param.id, word));
}

std::map<std::string, Value> options_of(const Plugin& plugin, std::string_view text) {
  std::map<std::string, Value> options;
  for (const std::string_view piece : pieces_of(text, ',')) {
    const std::vector<std::string> words = words_of(piece);
    if (words.size() != 2) throw BadExample(fmt::format("'{}' is no option and its value", piece));
    const auto index = plugin.find_param(words[0]);
    if (!index) throw BadExample(fmt::format("the plugin has no option '{}'", words[0]));
    options[words[0]] = option_value(plugin.param(*index), words[1]);
  }
  return options;
}

ExamplePart part_of(std::string_view text) {
  ExamplePart part;
  const std::size_t arrow = text.find("->");
  std::vector<std::string> words = words_of(text.substr(0, arrow));
  if (!words.empty() && words.front().find_first_of("0123456789") == std::string::npos) {
    part.word = words.front();
    words.erase(words.begin());
  }
  for (const std::string& word : words) part.given.push_back(example_number(word));
  if (arrow != std::string_view::npos) part.expected = numbers_of(text.substr(arrow + 2));
  if (part.given.empty()) throw BadExample(fmt::format("'{}' has no number", text));
  return part;
}

}  // namespace

std::vector<double> values_of(const ExampleNumbers& numbers) {
  std::vector<double> values;
  for (const ExampleNumber& number : numbers) values.push_back(number.value);
  return values;
}

bool agrees(const ExampleNumber& number, double got) { return std::abs(got - number.value) <= number.tolerance; }

Example parse_example(const Plugin& plugin, std::string_view line) {
  Example example;
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    example.options = options_of(plugin, line.substr(0, colon));
    line.remove_prefix(colon + 1);
  }
  for (const std::string_view piece : pieces_of(line, ';')) example.parts.push_back(part_of(piece));
  return example;
}

}  // namespace tuner::check
