// Tables of columns with names: CSV files with a header, for learning to predict one column from the others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/labelled_samples.hpp"
#include "data/splits.hpp"

namespace tuner::objectives {

enum class TargetKind { number, label };

struct TableSource {
  std::string path;
  std::string target;                    // the column to predict; "": the last one
  std::vector<std::string> categorical;  // columns of words, each word a value of 0 or 1 (one-hot)
  std::vector<std::string> ignored;      // columns that are not looked at
  bool standardize = true;               // numeric columns to mean 0, deviation 1 over the training split
  SplitShares shares;
  TargetKind kind = TargetKind::number;
};

// Fields are separated by commas; spaces around them do not count; "..." holds commas, and "" within it a quote. Empty
// lines are passed over, an UTF-8 mark at the beginning too.
// Features stand in the order of the columns, those of a categorical column in the order of its words. Standardized
// values are (x - mean) / deviation, the deviation that of the population; a column that is constant in the training
// split becomes x - mean.
// Immutable after construction; any number of threads may read.
class Table final : public LabelledSamples {
 public:
  // Errors (std::runtime_error, with file and line): unreadable or empty file, a header without names or with one
  // twice, an unknown column, a row of another length, an empty field, no number where one is due, a quote that is not
  // closed, no rows, none to train on, labels of fewer than 2 or more than 1000 classes, more values than memory.
  explicit Table(const TableSource& source);

  [[nodiscard]] std::size_t features() const override { return features_; }
  [[nodiscard]] std::size_t classes() const override { return classes_; }
  [[nodiscard]] std::uint64_t size(std::uint32_t split) const override { return splits_[split].size(); }
  void gather(std::uint32_t split, std::span<const std::uint64_t> indices, float* values,
              std::uint32_t* labels) const override {
    gather_as(split, indices, values, labels);
  }
  void gather(std::uint32_t split, std::span<const std::uint64_t> indices, double* values,
              std::uint32_t* labels) const override {
    gather_as(split, indices, values, labels);
  }

  // Of sample `index` of a split: its features, and its target (a label's number where targets are labels).
  // Errors: std::out_of_range.
  struct Row {
    const double* features;
    double target;
  };
  [[nodiscard]] Row row(std::uint32_t split, std::uint64_t index) const;

 private:
  struct Columns;
  void make_labels(const Columns& columns, const std::string& path);
  void make_features(const Columns& columns, bool standardized);
  void standardize(std::size_t feature);
  template <class T>
  void gather_as(std::uint32_t split, std::span<const std::uint64_t> indices, T* values, std::uint32_t* labels) const;

  std::size_t features_ = 0, classes_ = 0;
  RowSplits splits_;
  std::vector<double> values_;  // by rows of the file
  std::vector<double> targets_;
};

}  // namespace tuner::objectives
