// Tables for people and machines.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "tuner/space.hpp"
#include "tuner/storage/store.hpp"
#include "tuner/value.hpp"

namespace tuner::report {

// Rows of cells under a header, written as they come (csv, json) or at the end (table: columns need their widths).
class TableWriter {
 public:
  // format: table, csv, json (an array of objects) or jsonl (an object a line).
  TableWriter(std::ostream& out, std::string format);
  void header(std::vector<std::string> columns);
  void row(const std::vector<Value>& cells);
  // The last row is the best one: it stands out where there are colors.
  void mark() { marked_.push_back(count_ - 1); }
  // Must be called once, after the last row. A table on a terminal (terminal.hpp) that is wider than it has its widest
  // texts shortened to end in an ellipsis, and last columns left out; what was done is said below it.
  void end();

 private:
  void write_csv(const std::vector<Value>& cells);
  void write_json(const std::vector<Value>& cells);
  void keep(const std::vector<Value>& cells);
  void print_table();
  void fit(std::size_t width);
  void append_cell(std::string& line, std::uint64_t row, std::size_t column, std::string_view cell) const;
  void print_note() const;

  std::ostream& out_;
  std::string format_;
  std::vector<std::string> columns_;
  std::uint64_t count_ = 0;
  // Of a table: its cells one behind the other in one text, since a million of texts would take five times the memory.
  std::string text_;
  std::vector<std::uint32_t> sizes_;
  std::vector<std::size_t> widths_;
  std::vector<bool> numeric_;
  std::vector<std::uint64_t> marked_;  // rows, in order
  std::size_t shown_ = 0;              // columns that there is room for
  bool is_shortened_ = false, colors_ = false;
};

// "optimizer=sgd lr=0.01 momentum=0.9", for tables: names by their last word where it is unique in the trial.
[[nodiscard]] std::string parameters_text(const Parameters& parameters);
// "3", "2 of 3, incomplete", "3, 1 without a value": the trials of a configuration.
[[nodiscard]] std::string replicates_text(const storage::ConfigurationRow& configuration);
// "0.51 +- 0.02 (n = 3)"; without a deviation "0.51 (n = 1)".
[[nodiscard]] std::string mean_text(const storage::ConfigurationRow& configuration);
// "3.2 s", "2 min 10 s", "1 h 5 min".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace tuner::report
