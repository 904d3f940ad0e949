#include "tuner/report/table.hpp"
#include "tuner/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace tuner::report {

namespace {

// Width on a terminal: code points, which is right for all but wide scripts.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string csv_cell(const Value& value) {
  if (std::holds_alternative<Null>(value)) return "";
  std::string text = to_display(value, 17);
  if (const auto* d = std::get_if<double>(&value); d && std::isfinite(*d)) text = format_number(*d);
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string escaped = "\"";
  for (const char c : text) escaped += c == '"' ? std::string("\"\"") : std::string(1, c);
  return escaped + "\"";
}

}  // namespace

TableWriter::TableWriter(std::ostream& out, std::string format) : out_(out), format_(std::move(format)) {}

void TableWriter::header(std::vector<std::string> columns) {
  columns_ = std::move(columns);
  numeric_.assign(columns_.size(), true);
  if (format_ == "json") out_ << "[";
  if (format_ != "csv") return;
  for (std::size_t i = 0; i < columns_.size(); ++i) out_ << (i ? "," : "") << csv_cell(columns_[i]);
  out_ << "\n";
}

void TableWriter::row(const std::vector<Value>& cells) {
  ++count_;
  if (format_ == "csv") {
    for (std::size_t i = 0; i < cells.size(); ++i) out_ << (i ? "," : "") << csv_cell(cells[i]);
    out_ << "\n";
  } else if (format_ == "json") {
    out_ << (count_ > 1 ? ",\n " : "\n ") << "{";
    for (std::size_t i = 0; i < cells.size(); ++i)
      out_ << (i ? ", " : "") << json_quoted(columns_[i]) << ": " << to_json(cells[i]);
    out_ << "}";
  } else {
    auto& texts = rows_.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      texts.push_back(std::holds_alternative<Null>(cells[i]) ? "" : to_display(cells[i]));
      std::ranges::replace_if(
          texts.back(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
      texts.back() = printable(texts.back());
      if (!std::holds_alternative<double>(cells[i]) && !std::holds_alternative<std::int64_t>(cells[i]) &&
          !texts.back().empty())
        numeric_[i] = false;
    }
  }
}

void TableWriter::end() {
  if (format_ == "json")
    out_ << (count_ > 0 ? "\n]\n" : "]\n");
  else if (format_ == "table")
    print_table();
}

void TableWriter::print_table() {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) widths.push_back(width(column));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      line += numeric_[i] ? space + row[i] : row[i] + space;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out_ << line << "\n";
  };
  print(columns_);
  for (const auto& row : rows_) print(row);
}

std::string parameters_text(const Parameters& parameters) {
  const auto last_word = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  std::string text;
  for (const auto& [name, value] : parameters) {
    const std::string word = last_word(name);
    const auto same =
        std::ranges::count_if(parameters, [&](const auto& other) { return last_word(other.first) == word; });
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", same == 1 ? word : name, to_display(value, 4));
  }
  return text;
}

std::string parameters_json(const Parameters& parameters) {
  std::string text = "{";
  for (const auto& [name, value] : parameters)
    text += fmt::format("{}{}: {}", text.size() > 1 ? ", " : "", json_quoted(name), to_json(value));
  return text + "}";
}

std::string replicates_text(const storage::ConfigurationRow& configuration) {
  std::string text = std::to_string(configuration.replicates);
  if (!configuration.complete()) text += fmt::format(" of {}, incomplete", configuration.due);
  if (const std::int64_t failed = configuration.replicates - configuration.completed; failed > 0)
    text += fmt::format(", {} without a value", failed);
  return text;
}

std::string mean_text(const storage::ConfigurationRow& configuration) {
  std::string text = fmt::format("{:.6g}", configuration.mean);
  if (configuration.standard_deviation) text += fmt::format(" +- {:.2g}", *configuration.standard_deviation);
  return text + fmt::format(" (n = {})", configuration.completed);
}

std::string duration_text(double seconds) {
  if (!(std::abs(seconds) < 1e15)) return fmt::format("{:g} s", seconds);
  if (seconds < 0.000995) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.0995) return fmt::format("{:.3g} ms", seconds * 1000);
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace tuner::report
