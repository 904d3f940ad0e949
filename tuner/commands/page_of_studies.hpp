// What `tuner report` writes and `tuner serve` shows: the data of studies for the page.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tuner/storage/store.hpp"

namespace tuner::commands {

struct PageOfStudies {
  std::string title;  // of the page
  std::string words;  // "study 'quickstart' with 24 trials", for people
  std::string data;   // of report::page_data()
};

// A study that is named twice counts once. database: the file, as it was named. Errors: usage.no_such_study.
// executable: is asked, as a worker, for the functions that studies have recorded the paths of optimizers on.
[[nodiscard]] PageOfStudies page_of_studies(const std::filesystem::path& executable, const storage::Store& store,
                                            std::vector<std::string> names, const std::string& database,
                                            storage::Damage& damage);

}  // namespace tuner::commands
