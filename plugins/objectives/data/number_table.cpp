#include "data/number_table.hpp"

#include <stdexcept>
#include <string_view>

#include "data/lines.hpp"

namespace tuner::objectives {
namespace {

double number(std::string_view field, const std::string& place) {
  if (const auto value = finite_number(field)) return *value;
  throw std::runtime_error(
      place + ": '" + std::string(field.substr(0, 40)) +
      "' is not a finite number; the file must hold numbers separated by commas, without a header");
}

}  // namespace

NumberTable read_number_table(const std::string& path) {
  LineReader lines(path);
  NumberTable table;
  std::string line;
  while (lines.next(line)) {
    std::string_view rest = trimmed(line);
    if (rest.empty()) continue;
    const std::string place = lines.place();
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
  if (table.rows == 0) throw std::runtime_error(path + " holds no numbers");
  return table;
}

}  // namespace tuner::objectives
