// Rows of one kind, one after the other, as a table for people, as JSON or as CSV. They are written as they come; a
// table at its end, as columns need their widths.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/record.hpp"
#include "tuner/report/table.hpp"
#include "tuner/storage/rows.hpp"
#include "tuner/value.hpp"

namespace tuner::report {

// What people see of a row.
template <class Row>
struct View {
  std::vector<std::string> columns;
  std::function<std::vector<Value>(const Row& row)> cells;
};
// repeated: with configuration and replicate.
[[nodiscard]] View<storage::RunRow> trial_view(bool repeated);
[[nodiscard]] View<storage::ConfigurationRow> configuration_view();
[[nodiscard]] View<storage::StudyRow> study_view();

// What programs read: objects that all have the same keys. JSON: an array with an object a line; jsonl: the lines
// alone. CSV by RFC 4180 but for the end of a line, which is a newline alone: a column for each key, behind them for
// each parameter one that is called `param.` and its name. Null and a parameter that a trial does not have are empty
// cells, an empty text is "".
class RecordWriter {
 public:
  // like: has the keys of all records.
  RecordWriter(std::ostream& out, std::string_view format, const Json& like, std::vector<std::string> parameters);
  void row(const Json& record);
  // Must be called once, after the last row.
  void end();

 private:
  void write_csv(const Json& record);
  void end_line();

  std::ostream& out_;
  bool csv_, lines_, empty_ = true;
  std::vector<std::string> parameters_;
  std::string line_;
};

template <class Row>
class Listing {
 public:
  // format: table, csv, json or jsonl. parameters: their names, for CSV.
  Listing(std::ostream& out, const std::string& format, View<Row> view, std::vector<std::string> parameters = {})
      : view_(std::move(view)), table_(out, "table") {
    if (format == "table")
      table_.header(view_.columns);
    else
      records_.emplace(out, format, json_of(Row{}), std::move(parameters));
  }
  void row(const Row& row) {
    if (records_) return records_->row(json_of(row));
    table_.row(view_.cells(row));
    if (is_best_ && is_best_(row)) table_.mark();
  }
  // Which rows of a table stand out.
  void mark(std::function<bool(const Row& row)> is_best) { is_best_ = std::move(is_best); }
  // Must be called once, after the last row.
  void end() { records_ ? records_->end() : table_.end(); }

 private:
  View<Row> view_;
  TableWriter table_;
  std::optional<RecordWriter> records_;
  std::function<bool(const Row& row)> is_best_;
};

// Prints what read(take) gives to take(row). Where that throws, what was printed is whole: an array of JSON has its
// end.
template <class Row, class Read>
void print(Listing<Row> listing, Read read) {
  try {
    read([&](const Row& row) { listing.row(row); });
  } catch (...) {
    listing.end();
    throw;
  }
  listing.end();
}

}  // namespace tuner::report
