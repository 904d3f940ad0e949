// Samples of few values that are not 0: files in the format of LIBSVM.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/splits.hpp"

namespace tuner::objectives {

struct SparseSource {
  std::string path;
  std::string test_path;  // a file for the test split; "": rows of `path`
  SplitShares shares;
};

// A line is LABEL INDEX:VALUE INDEX:VALUE ..., indices from 1 on and rising, # begins a comment; empty lines are passed
// over. Labels are numbers; those of `path` in rising order are the classes. There are as many features as the largest
// index of both files.
// Source: the format of LIBSVM's and LIBLINEAR's README (Chang, Lin).
// Immutable after construction; any number of threads may read.
class SparseTable {
 public:
  // Errors (std::runtime_error, with file and line): unreadable file, no samples, a label, index or value that is no
  // number, indices that do not rise, fewer than 2 or more than 1000 classes, a label of the test file that `path` has
  // not, no rows to train on.
  explicit SparseTable(const SparseSource& source);

  [[nodiscard]] std::size_t features() const { return features_; }
  [[nodiscard]] std::size_t classes() const { return classes_.size(); }
  [[nodiscard]] std::uint64_t size(std::uint32_t split) const { return splits_[split].size(); }

  struct Row {
    std::span<const std::uint32_t> columns;  // from 0 on
    std::span<const double> values;
    std::uint32_t label;
  };
  // Errors: std::out_of_range.
  [[nodiscard]] Row row(std::uint32_t split, std::uint64_t index) const;

 private:
  void read(const std::string& path);
  void add_line(std::string_view line, const std::string& place);
  void number_labels(const SparseSource& source, std::size_t own_rows);

  std::size_t features_ = 0;
  std::vector<double> classes_;  // their labels, rising
  RowSplits splits_;
  std::vector<std::uint64_t> ends_;  // of each row in columns_ and values_
  std::vector<std::uint32_t> columns_;
  std::vector<double> values_;
  std::vector<double> labels_;        // as they stand in the files
  std::vector<std::uint32_t> ids_;    // their places among the classes
  std::vector<std::uint64_t> lines_;  // where the rows stand in their files
};

}  // namespace tuner::objectives
