#include "tuner/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>

#include "tuner/json.hpp"
#include "tuner/report/csv.hpp"
#include "tuner/report/terminal.hpp"
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

// The first characters and an ellipsis. Requires: it is longer than that.
std::string shortened(std::string_view text, std::size_t most) {
  std::size_t end = 0, characters = 0;
  while (end < text.size()) {
    if ((text[end] & 0xc0) != 0x80 && ++characters == most) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + "\u2026";
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

constexpr std::uint64_t kHeader = UINT64_MAX;

// As many columns as fit when their texts are narrow; then the widest texts give way first. Numbers stay as they are.
void TableWriter::fit(std::size_t width) {
  constexpr std::size_t kNarrow = 10, kBetween = 2;
  shown_ = columns_.size();
  if (width == 0) return;
  const auto total = [&](std::size_t most) {
    std::size_t sum = kBetween * (shown_ - 1);
    for (std::size_t i = 0; i < shown_; ++i) sum += numeric_[i] ? widths_[i] : std::min(widths_[i], most);
    return sum;
  };
  while (shown_ > 1 && total(kNarrow) > width) --shown_;
  std::size_t most = *std::ranges::max_element(widths_);
  while (most > kNarrow && total(most) > width) --most;
  for (std::size_t i = 0; i < shown_; ++i) {
    if (numeric_[i] || widths_[i] <= most) continue;
    widths_[i] = most;
    is_shortened_ = true;
  }
}

void TableWriter::append_cell(std::string& line, std::uint64_t row, std::size_t column, std::string_view cell) const {
  const std::string text = width(cell) > widths_[column] ? shortened(cell, widths_[column]) : std::string(cell);
  const std::string space(widths_[column] - width(text), ' ');
  std::string_view color;
  if (colors_ && !cell.empty()) {
    if (row == kHeader)
      color = kBold;
    else if (std::ranges::binary_search(marked_, row))
      color = kBest;
    else if (columns_[column] == "outcome")
      color = color_of_outcome(cell);
  }
  if (numeric_[column]) line += space;
  line += color;
  line += text;
  if (!color.empty()) line += kPlain;
  if (!numeric_[column] && column + 1 < shown_) line += space;
  if (column + 1 < shown_) line += "  ";
}

void TableWriter::print_note() const {
  constexpr std::string_view kHow = "; all of it: append | cat\n";
  if (is_shortened_) out_ << "\u2026 is more than fits" << kHow;
  if (shown_ == columns_.size()) return;
  const std::vector<std::string> rest(columns_.begin() + static_cast<std::ptrdiff_t>(shown_), columns_.end());
  out_ << fmt::format("{} of {} columns fit, not {}", shown_, columns_.size(), fmt::join(rest, ", ")) << kHow;
}

void TableWriter::print_table() {
  const Terminal terminal = terminal_of(out_);
  colors_ = terminal.colors;
  fit(terminal.width);
  std::string line;
  const auto end_line = [&] {
    line.erase(line.find_last_not_of(' ') + 1);
    line += '\n';
    out_ << line;
    line.clear();
  };
  for (std::size_t i = 0; i < shown_; ++i) append_cell(line, kHeader, i, columns_[i]);
  end_line();
  std::string_view rest = text_;
  for (std::size_t cell = 0; cell < sizes_.size(); ++cell) {
    const std::size_t column = cell % columns_.size();
    if (column < shown_) append_cell(line, cell / columns_.size(), column, rest.substr(0, sizes_[cell]));
    if (column + 1 == columns_.size()) end_line();
    rest.remove_prefix(sizes_[cell]);
  }
  print_note();
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
