#include "data/table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string_view>

#include "data/lines.hpp"

namespace tuner::objectives {
namespace {

constexpr std::size_t kMostClasses = 1000;

// The fields of a line. Errors: std::runtime_error naming the place.
std::vector<std::string> fields_of(std::string_view line, const std::string& place) {
  std::vector<std::string> fields;
  for (;;) {
    line = trimmed(line);
    std::string field;
    if (line.starts_with('"')) {
      std::size_t at = 1;
      for (;; ++at) {
        const std::size_t quote = line.find('"', at);
        if (quote == std::string_view::npos)
          throw std::runtime_error(place + ": a quote is not closed; a field ends on the line that it begins on");
        field += line.substr(at, quote - at);
        at = quote + 1;
        if (at == line.size() || line[at] != '"') break;
        field += '"';
      }
      line = trimmed(line.substr(at));
      if (!line.empty() && line[0] != ',')
        throw std::runtime_error(place + ": behind a field in quotes a comma is due, and there is '" +
                                 std::string(line.substr(0, 20)) + "'");
    } else {
      const std::size_t comma = std::min(line.find(','), line.size());
      field = trimmed(line.substr(0, comma));
      line.remove_prefix(comma);
    }
    fields.push_back(std::move(field));
    if (line.empty()) return fields;
    line.remove_prefix(1);
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::size_t find_column(const std::vector<std::string>& header, const std::string& name, const char* option,
                        const std::string& place) {
  const auto found = std::ranges::find(header, name);
  if (found == header.end())
    throw std::runtime_error(place + ": there is no column '" + name + "', which " + option +
                             " names; the columns are " + joined(header));
  return static_cast<std::size_t>(found - header.begin());
}

std::vector<std::string> header_of(const std::string& line, const std::string& place) {
  std::string_view text = line;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> header = fields_of(text, place);
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i].empty()) throw std::runtime_error(place + ": column " + std::to_string(i + 1) + " has no name");
    if (std::find(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(i), header[i]) !=
        header.begin() + static_cast<std::ptrdiff_t>(i))
      throw std::runtime_error(place + ": two columns are called '" + header[i] + "'");
  }
  return header;
}

// What the words of a column are numbered by: their order, of numbers by value.
std::vector<double> numbers_of(const std::vector<std::string>& words, std::size_t* different) {
  bool numeric = true;
  for (const std::string& word : words) numeric = numeric && finite_number(word).has_value();
  const auto before = [numeric](const std::string& a, const std::string& b) {
    return numeric ? *finite_number(a) < *finite_number(b) : a < b;
  };
  std::map<std::string, double, decltype(before)> ids(before);
  for (const std::string& word : words) ids.emplace(word, 0);
  double next = 0;
  for (auto& [word, id] : ids) id = next++;
  *different = ids.size();
  std::vector<double> numbers;
  for (const std::string& word : words) numbers.push_back(ids.at(word));
  return numbers;
}

}  // namespace

// As they are read: numbers or words, column by column.
struct Table::Columns {
  enum class Kind { numeric, categorical, ignored };
  struct Column {
    Kind kind = Kind::numeric;
    std::vector<double> numbers;
    std::vector<std::string> words;
  };
  std::vector<std::string> header;
  std::vector<Column> columns;
  std::size_t target = 0, rows = 0;

  explicit Columns(const TableSource& source) {
    LineReader lines(source.path);
    std::string line;
    do {
      if (!lines.next(line)) throw std::runtime_error(source.path + " is empty: its first line must name the columns");
    } while (trimmed(line).empty());
    header = header_of(line, lines.place());
    name_kinds(source, lines.place());
    while (lines.next(line))
      if (!trimmed(line).empty()) add_row(line, lines.place());
    if (rows == 0) throw std::runtime_error(source.path + " has a header and no rows");
  }

 private:
  void name_kinds(const TableSource& source, const std::string& place) {
    columns.resize(header.size());
    target = source.target.empty() ? header.size() - 1 : find_column(header, source.target, "target", place);
    const auto mark = [&](const std::vector<std::string>& names, const char* option, Kind kind) {
      for (const std::string& name : names) {
        const std::size_t column = find_column(header, name, option, place);
        if (column == target)
          throw std::runtime_error(place + ": the column '" + name + "' is the target, and " + option + " names it");
        columns[column].kind = kind;
      }
    };
    mark(source.categorical, "categorical", Kind::categorical);
    mark(source.ignored, "ignored", Kind::ignored);
    if (source.kind == TargetKind::label) columns[target].kind = Kind::categorical;
  }

  void add_row(const std::string& line, const std::string& place) {
    std::vector<std::string> fields = fields_of(line, place);
    if (fields.size() != header.size())
      throw std::runtime_error(place + ": " + std::to_string(fields.size()) + " fields, but the header has " +
                               std::to_string(header.size()));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      Column& column = columns[i];
      if (column.kind == Kind::ignored) continue;
      if (fields[i].empty())
        throw std::runtime_error(place + ": the column '" + header[i] + "' is empty, and every row needs a value");
      if (column.kind == Kind::categorical) {
        column.words.push_back(std::move(fields[i]));
        continue;
      }
      const auto value = finite_number(fields[i]);
      if (!value)
        throw std::runtime_error(place + ": the column '" + header[i] + "' has '" + fields[i].substr(0, 40) +
                                 "', which is not a finite number" +
                                 (i == target ? "" : "; name it under categorical or ignored"));
      column.numbers.push_back(*value);
    }
    ++rows;
  }
};

Table::Table(const TableSource& source) {
  const Columns columns(source);
  splits_ = split_rows(columns.rows, source.shares, source.path);
  if (source.kind == TargetKind::label)
    make_labels(columns, source.path);
  else
    targets_ = columns.columns[columns.target].numbers;
  make_features(columns, source.standardize);
  if (features_ == 0)
    throw std::runtime_error(source.path + " has no column beside the target '" + columns.header[columns.target] + "'");
}

void Table::make_labels(const Columns& columns, const std::string& path) {
  targets_ = numbers_of(columns.columns[columns.target].words, &classes_);
  if (classes_ >= 2 && classes_ <= kMostClasses) return;
  throw std::runtime_error(path + ": the target '" + columns.header[columns.target] + "' has " +
                           std::to_string(classes_) + " different " + (classes_ == 1 ? "value" : "values") +
                           ", and 2 to " + std::to_string(kMostClasses) +
                           " classes are possible; numbers are predicted by linear_regression");
}

void Table::make_features(const Columns& columns, bool standardized) {
  std::vector<std::vector<double>> numbers(columns.columns.size());
  std::vector<std::size_t> widths(columns.columns.size());
  for (std::size_t i = 0; i < columns.columns.size(); ++i) {
    const Columns::Column& column = columns.columns[i];
    if (i == columns.target || column.kind == Columns::Kind::ignored) continue;
    widths[i] = 1;
    if (column.kind == Columns::Kind::categorical) numbers[i] = numbers_of(column.words, &widths[i]);
    features_ += widths[i];
  }
  std::size_t size = 0;
  if (__builtin_mul_overflow(columns.rows * sizeof(double), features_, &size) || size > machine_memory())
    throw std::runtime_error("categorical columns make " + std::to_string(features_) + " values of each of the " +
                             std::to_string(columns.rows) + " rows, which is more than this machine has memory");
  values_.assign(columns.rows * features_, 0.0);
  std::size_t first = 0;
  for (std::size_t i = 0; i < columns.columns.size(); first += widths[i++]) {
    const Columns::Column& column = columns.columns[i];
    if (widths[i] == 0) continue;
    const bool numeric = column.kind == Columns::Kind::numeric;
    for (std::size_t row = 0; row < columns.rows; ++row) {
      double* features = values_.data() + row * features_ + first;
      if (numeric)
        *features = column.numbers[row];
      else
        features[static_cast<std::size_t>(numbers[i][row])] = 1;
    }
    if (numeric && standardized) standardize(first);
  }
}

// By the training split alone, so that nothing leaks from the others.
void Table::standardize(std::size_t feature) {
  const auto& train = splits_[TUNER_SPLIT_TRAIN];
  const auto n = static_cast<double>(train.size());
  double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
  for (const std::uint64_t row : train) {
    const double value = values_[row * features_ + feature];
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const bool constant = least == most;
  const double mean = constant ? least : sum / n;
  for (const std::uint64_t row : train) {
    const double difference = values_[row * features_ + feature] - mean;
    squares += difference * difference;
  }
  const double scale = constant ? 1 : 1 / std::sqrt(squares / n);
  for (std::size_t i = feature; i < values_.size(); i += features_) values_[i] = (values_[i] - mean) * scale;
}

Table::Row Table::row(std::uint32_t split, std::uint64_t index) const {
  const auto& rows = splits_.at(split);
  if (index >= rows.size())
    throw std::out_of_range("sample " + std::to_string(index) + " of " + std::to_string(rows.size()));
  return {values_.data() + rows[index] * features_, targets_[rows[index]]};
}

template <class T>
void Table::gather_as(std::uint32_t split, std::span<const std::uint64_t> indices, T* values,
                      std::uint32_t* labels) const {
  for (const std::uint64_t index : indices) {
    const Row found = row(split, index);
    for (std::size_t i = 0; i < features_; ++i) *values++ = static_cast<T>(found.features[i]);
    *labels++ = static_cast<std::uint32_t>(found.target);
  }
}

template void Table::gather_as(std::uint32_t, std::span<const std::uint64_t>, float*, std::uint32_t*) const;
template void Table::gather_as(std::uint32_t, std::span<const std::uint64_t>, double*, std::uint32_t*) const;

}  // namespace tuner::objectives
