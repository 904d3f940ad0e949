#include "data/number_table.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace tuner::objectives {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

double number(std::string_view field, const std::string& place) {
  std::string_view digits = field;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    throw std::runtime_error(
        place + ": '" + std::string(field.substr(0, 40)) +
        "' is not a finite number; the file must hold numbers separated by commas, without a header");
  return value;
}

}  // namespace

NumberTable read_number_table(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  NumberTable table;
  std::string line;
  for (std::size_t line_number = 1; std::getline(file, line); ++line_number) {
    std::string_view rest = trimmed(line);
    if (rest.empty()) continue;
    const std::string place = path + ":" + std::to_string(line_number);
    std::size_t columns = 0;
    for (bool more = true; more; ++columns) {
      const auto comma = rest.find(',');
      more = comma != std::string_view::npos;
      table.values.push_back(number(trimmed(rest.substr(0, comma)), place));
      if (more) rest.remove_prefix(comma + 1);
    }
    if (table.rows == 0) table.columns = columns;
    if (columns != table.columns)
      throw std::runtime_error(place + ": " + std::to_string(columns) + " numbers, but the first row has " +
                               std::to_string(table.columns));
    ++table.rows;
  }
  if (file.bad()) throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  if (table.rows == 0) throw std::runtime_error(path + " holds no numbers");
  return table;
}

}  // namespace tuner::objectives
