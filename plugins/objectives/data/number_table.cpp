#include "data/number_table.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "data/file.hpp"

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

class LineReader {
 public:
  explicit LineReader(const std::string& path) : path_(path), file_(path) {}

  // False at the end of the file. Errors: those of DataFile; a line that no table of numbers has.
  bool next(std::string& line) {
    line.clear();
    for (;;) {
      if (at_ == end_) {
        end_ = file_.read(buffer_, sizeof buffer_);
        at_ = 0;
        if (end_ == 0) return !line.empty();
      }
      const char* begin = buffer_ + at_;
      const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', end_ - at_));
      const std::size_t length = newline ? static_cast<std::size_t>(newline - begin) : end_ - at_;
      line.append(begin, length);
      at_ += length + (newline ? 1 : 0);
      if (line.size() > kLongestLine)
        throw std::runtime_error(path_ + " has a line of more than " + std::to_string(kLongestLine) +
                                 " bytes: it is no table of numbers");
      if (newline) return true;
    }
  }

 private:
  static constexpr std::size_t kLongestLine = std::size_t{64} << 20;
  const std::string& path_;
  DataFile file_;
  char buffer_[1 << 16];
  std::size_t at_ = 0, end_ = 0;
};

}  // namespace

NumberTable read_number_table(const std::string& path) {
  LineReader lines(path);
  NumberTable table;
  std::string line;
  for (std::size_t line_number = 1; lines.next(line); ++line_number) {
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
  if (table.rows == 0) throw std::runtime_error(path + " holds no numbers");
  return table;
}

}  // namespace tuner::objectives
