// The front of a study with several metrics: what no other configuration is at least as good as in all of them and
// better in one.
#pragma once

#include <string>
#include <vector>

#include "tuner/json.hpp"
#include "tuner/report/filter.hpp"
#include "tuner/storage/store.hpp"

namespace tuner::report {

struct FrontRow {
  storage::RunRow run;         // of the first trial of the configuration
  std::vector<double> values;  // of each metric; means over the replicates
};

struct Front {
  std::vector<std::string> metrics;
  std::vector<Goal> goals;
  std::vector<FrontRow> rows;       // best first by the first metric, then by the next ones, then by number
  std::vector<FrontRow> dominated;  // the others, in that order
};

[[nodiscard]] bool has_several_metrics(const storage::Store& store, const std::string& study);

// Of the configurations whose due trials have all completed and are feasible. where: trials that match alone; null:
// all.
[[nodiscard]] Front front_of(const storage::Store& store, const std::string& study, const Filter* where,
                             storage::Damage* damage);

// {"trial": 7, "configuration": 7, "values": {"loss": 0.1, "bytes": 3}, "parameters": {...}}
[[nodiscard]] Json json_of(const Front& front, const FrontRow& row);
// At most so many rows, 0: all.
void print_front(const Front& front, std::string_view format, std::uint64_t most,
                 const std::vector<std::string>& parameters);

}  // namespace tuner::report
