#include "data/sparse_table.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include "data/lines.hpp"

namespace tuner::objectives {
namespace {

constexpr std::uint32_t kLargestIndex = 100'000'000;
constexpr std::size_t kMostClasses = 1000;

// Takes the first word off the text; empty where there is none.
std::string_view next_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, std::min(text.find_first_of(" \t"), text.size()));
  text.remove_prefix(word.size());
  return word;
}

std::string shown(std::string_view word) { return "'" + std::string(word.substr(0, 40)) + "'"; }

std::string shown(double label) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, label).ptr};
}

std::uint32_t index_of(std::string_view word, const std::string& place) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
  if (error != std::errc() || end != word.data() + word.size() || index < 1 || index > kLargestIndex)
    throw std::runtime_error(place + ": the index " + shown(word) + " is not a whole number from 1 to " +
                             std::to_string(kLargestIndex));
  return index;
}

}  // namespace

SparseTable::SparseTable(const SparseSource& source) {
  read(source.path);
  const std::size_t own_rows = labels_.size();
  SplitShares shares = source.shares;
  if (!source.test_path.empty()) {
    shares.test = 0;
    read(source.test_path);
  }
  number_labels(source, own_rows);
  splits_ = split_rows(own_rows, shares, source.path);
  for (std::size_t row = own_rows; row < labels_.size(); ++row) splits_[TUNER_SPLIT_TEST].push_back(row);
}

void SparseTable::read(const std::string& path) {
  const std::size_t before = labels_.size();
  LineReader lines(path);
  std::string line;
  for (std::uint64_t number = 1; lines.next(line); ++number) {
    const std::string_view text = trimmed(std::string_view(line).substr(0, std::min(line.find('#'), line.size())));
    if (text.empty()) continue;
    add_line(text, lines.place());
    lines_.push_back(number);
  }
  if (labels_.size() == before) throw std::runtime_error(path + " has no samples");
}

void SparseTable::add_line(std::string_view line, const std::string& place) {
  const std::string_view label = next_word(line);
  const auto value_of_label = finite_number(label);
  if (!value_of_label)
    throw std::runtime_error(place + ": " + shown(label) +
                             " is no label: a line is LABEL INDEX:VALUE INDEX:VALUE ..., the label a number");
  std::uint32_t last = 0;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error(place + ": " + shown(word) + " is no INDEX:VALUE");
    const std::uint32_t index = index_of(word.substr(0, colon), place);
    if (index <= last)
      throw std::runtime_error(place + ": the index " + std::to_string(index) + " follows " + std::to_string(last) +
                               ", and indices must rise");
    const auto value = finite_number(word.substr(colon + 1));
    if (!value)
      throw std::runtime_error(place + ": the value " + shown(word.substr(colon + 1)) + " of index " +
                               std::to_string(index) + " is not a finite number");
    last = index;
    columns_.push_back(index - 1);
    values_.push_back(*value);
  }
  features_ = std::max<std::size_t>(features_, last);
  labels_.push_back(*value_of_label);
  ends_.push_back(columns_.size());
}

void SparseTable::number_labels(const SparseSource& source, std::size_t own_rows) {
  classes_.assign(labels_.begin(), labels_.begin() + static_cast<std::ptrdiff_t>(own_rows));
  std::ranges::sort(classes_);
  classes_.erase(std::unique(classes_.begin(), classes_.end()), classes_.end());
  if (classes_.size() < 2 || classes_.size() > kMostClasses)
    throw std::runtime_error(source.path + " has " + std::to_string(classes_.size()) + " different " +
                             (classes_.size() == 1 ? "label" : "labels") + ", and 2 to " +
                             std::to_string(kMostClasses) + " classes are possible");
  if (features_ == 0) throw std::runtime_error(source.path + " has no values beside its labels");
  for (std::size_t row = 0; row < labels_.size(); ++row) {
    const auto found = std::ranges::lower_bound(classes_, labels_[row]);
    if (found == classes_.end() || *found != labels_[row])
      throw std::runtime_error(source.test_path + ":" + std::to_string(lines_[row]) + ": the label " +
                               shown(labels_[row]) + " is not among those of " + source.path);
    ids_.push_back(static_cast<std::uint32_t>(found - classes_.begin()));
  }
}

SparseTable::Row SparseTable::row(std::uint32_t split, std::uint64_t index) const {
  const auto& rows = splits_.at(split);
  if (index >= rows.size())
    throw std::out_of_range("sample " + std::to_string(index) + " of " + std::to_string(rows.size()));
  const std::uint64_t row = rows[index], begin = row == 0 ? 0 : ends_[row - 1], count = ends_[row] - begin;
  return {std::span(columns_).subspan(begin, count), std::span(values_).subspan(begin, count), ids_[row]};
}

}  // namespace tuner::objectives
