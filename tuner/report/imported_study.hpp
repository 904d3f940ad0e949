// A study of another system as one of ours, for the store.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tuner/storage/rows.hpp"

namespace tuner::report {

struct ImportedStudy {
  storage::StudyRecord study;  // the version of tuner is left to the caller
  std::vector<storage::TrialRecord> trials;
  std::uint64_t left_out = 0;  // trials that have not ended
  // What people wrote down of trials, by number.
  std::vector<std::pair<std::uint64_t, std::string>> notes{}, tags{};
};

}  // namespace tuner::report
