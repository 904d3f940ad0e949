#include "data/lines.hpp"

#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace tuner::objectives {

bool LineReader::next(std::string& line) {
  constexpr std::size_t kLongestLine = std::size_t{64} << 20;
  line.clear();
  ++number_;
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

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<double> finite_number(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace tuner::objectives
