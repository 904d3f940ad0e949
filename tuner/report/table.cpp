#include "tuner/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>

#include "tuner/json.hpp"
#include "tuner/report/csv.hpp"
#include "tuner/text.hpp"

namespace tuner::report {

namespace {

// Width on a terminal: code points, which is right for all but wide scripts.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string csv_text(const Value& cell) {
  if (std::holds_alternative<Null>(cell)) return "";
  const auto* number = std::get_if<double>(&cell);
  return number != nullptr && std::isfinite(*number) ? format_number(*number) : to_display(cell, 17);
}

std::string table_text(const Value& cell) {
  if (std::holds_alternative<Null>(cell)) return "";
  std::string text = to_display(cell);
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return printable(text);
}

bool is_number(const Value& cell) {
  return std::holds_alternative<double>(cell) || std::holds_alternative<std::int64_t>(cell);
}

}  // namespace

TableWriter::TableWriter(std::ostream& out, std::string format) : out_(out), format_(std::move(format)) {}

void TableWriter::header(std::vector<std::string> columns) {
  columns_ = std::move(columns);
  numeric_.assign(columns_.size(), true);
  for (const std::string& column : columns_) widths_.push_back(width(column));
  if (format_ == "json") out_ << "[";
  if (format_ == "csv") write_csv({columns_.begin(), columns_.end()});
}

void TableWriter::row(const std::vector<Value>& cells) {
  if (format_ == "csv")
    write_csv(cells);
  else if (format_ == "json" || format_ == "jsonl")
    write_json(cells);
  else
    keep(cells);
  ++count_;
}

void TableWriter::write_csv(const std::vector<Value>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    append_csv(line, csv_text(cells[i]));
  }
  out_ << line << "\n";
}

void TableWriter::write_json(const std::vector<Value>& cells) {
  Json object = Json::object();
  for (std::size_t i = 0; i < cells.size(); ++i) object[columns_[i]] = document_of(cells[i]);
  if (format_ == "jsonl")
    out_ << object.line() << "\n";
  else
    out_ << (count_ > 0 ? ",\n " : "\n ") << object.line();
}

void TableWriter::keep(const std::vector<Value>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string text = table_text(cells[i]);
    if (!is_number(cells[i]) && !text.empty()) numeric_[i] = false;
    widths_[i] = std::max(widths_[i], width(text));
    sizes_.push_back(static_cast<std::uint32_t>(text.size()));
    text_ += text;
  }
}

void TableWriter::end() {
  if (format_ == "json")
    out_ << (count_ > 0 ? "\n]\n" : "]\n");
  else if (format_ == "table")
    print_table();
}

void TableWriter::print_table() {
  std::string line;
  const auto add = [&](std::size_t column, std::string_view cell) {
    const std::size_t space = widths_[column] - width(cell);
    if (numeric_[column]) line.append(space, ' ');
    line += cell;
    if (!numeric_[column]) line.append(space, ' ');
    line += "  ";
    if (column + 1 < columns_.size()) return;
    line.erase(line.find_last_not_of(' ') + 1);
    line += '\n';
    out_ << line;
    line.clear();
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) add(i, columns_[i]);
  std::string_view rest = text_;
  for (std::size_t cell = 0; cell < sizes_.size(); ++cell) {
    add(cell % columns_.size(), rest.substr(0, sizes_[cell]));
    rest.remove_prefix(sizes_[cell]);
  }
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
