// The options of an objective that learns from a CSV file.
#pragma once

#include <string>
#include <vector>

#include "data/table.hpp"
#include "param_table.hpp"

namespace tuner::objectives {

inline constexpr Param kSplitParams[] = {
    real("valid_share", 0.15, "share of the rows of data_file that are for validation")
        .at_least(0)
        .below(1)
        .with(TUNER_PARAM_DATA)
        .structural(),
    real("test_share", 0.15, "share of the rows of data_file that are for test")
        .at_least(0)
        .below(1)
        .with(TUNER_PARAM_DATA)
        .structural(),
    integer("split_seed", 1, "rows are shuffled by it before they are split; 0: they stay in order")
        .at_least(0)
        .with(TUNER_PARAM_DATA)
        .structural()};
enum SplitOption { kValidShare, kTestShare, kSplitSeed, kSplitOptions };

inline constexpr Param kColumnParams[] = {
    text("data_file", nullptr, "CSV file with a header, numbers and words separated by commas")
        .with(TUNER_PARAM_DATA | TUNER_PARAM_PATH)
        .structural(),
    text("target", nullptr, "column that is predicted; without it the last one").with(TUNER_PARAM_DATA).structural(),
    texts("categorical", "[]", "columns of words, of which each becomes a value of 0 or 1")
        .with(TUNER_PARAM_DATA)
        .structural(),
    texts("ignored", "[]", "columns that are not looked at").with(TUNER_PARAM_DATA).structural(),
    boolean("standardize", true, "numeric columns to mean 0 and deviation 1 over the training split")
        .with(TUNER_PARAM_DATA)
        .structural()};
enum TableOption { kDataFile, kTarget, kCategorical, kIgnored, kStandardize, kColumnOptions };
inline constexpr auto kTableParams = joined(kColumnParams, kSplitParams);

inline SplitShares split_shares(const Options& o, std::size_t first) {
  if (o[first + kValidShare] + o[first + kTestShare] >= 1)
    throw Invalid("valid_share and test_share leave no rows to train on: their sum must be below 1");
  return {.valid = o[first + kValidShare],
          .test = o[first + kTestShare],
          .seed = static_cast<std::uint64_t>(o.integer(first + kSplitSeed))};
}

// Of the options from `first` on. Throws Invalid.
inline TableSource table_source(const Options& o, std::size_t first, TargetKind kind) {
  if (o.text(first + kDataFile).empty()) throw Invalid("data_file is missing, the CSV file with the samples");
  const auto categorical = o.texts(first + kCategorical), ignored = o.texts(first + kIgnored);
  return {.path = std::string(o.text(first + kDataFile)),
          .target = std::string(o.text(first + kTarget)),
          .categorical = {categorical.begin(), categorical.end()},
          .ignored = {ignored.begin(), ignored.end()},
          .standardize = o.flag(first + kStandardize),
          .shares = split_shares(o, first + kColumnOptions),
          .kind = kind};
}

}  // namespace tuner::objectives
