// Trials side by side, and groups of trials: studies, or the builds of a plugin within one.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/statistics.hpp"
#include "tuner/storage/rows.hpp"

namespace tuner::report {

// Trials side by side: what each of them has of a thing, in a row for the thing.
struct SideBySide {
  std::vector<std::string> names;  // of the trials: "quickstart/7"
  struct Row {
    std::string section;  // "trial", "parameter", "metric", "plugin"
    std::string name;
    std::vector<std::optional<Value>> cells;  // by trial; nothing where it has none
    [[nodiscard]] bool differs() const;
  };
  std::vector<Row> rows;
};
// Metrics by their last values, plugins by version and the beginning of their hash. Seconds do not count as a
// difference.
[[nodiscard]] SideBySide side_by_side(const std::vector<std::string>& names,
                                      const std::vector<storage::TrialDetail>& trials);
void print(std::ostream& out, const SideBySide& trials, bool differences_alone);
[[nodiscard]] Json json_of(const SideBySide& trials);

// Trials that belong together, with the values of those that have one.
struct Group {
  std::string name;  // of the study, or of the build
  std::string what;  // of a build: what it is; else empty
  std::uint64_t trials = 0, completed = 0;
  std::vector<double> values;        // of completed trials, where they are numbers
  std::vector<std::string> pairing;  // of each value what it was measured with: parameters and replicate
};
struct GroupResult {
  std::optional<double> best, median;
  Mean mean;
  // Against the first group: pairs of trials with equal parameters and replicates, where every value of the smaller
  // group has one; else all values.
  std::optional<Test> test;
  std::size_t pairs = 0;  // 0: unpaired
};
struct GroupComparison {
  std::string metric;
  Goal goal = Goal::minimize;
  std::vector<Group> groups;
  std::vector<GroupResult> results;  // by group
};
[[nodiscard]] GroupComparison compare(std::string metric, Goal goal, std::vector<Group> groups);
void print(std::ostream& out, const GroupComparison& comparison);
[[nodiscard]] Json json_of(const GroupComparison& comparison);

}  // namespace tuner::report
