// The configuration of a recorded trial as a sweep file.
#pragma once

#include <cstdint>
#include <string>

#include "tuner/storage/store.hpp"

namespace tuner::commands {

// That runs it alone, in a study STUDY-NUMBER. Errors: usage.no_such_trial; usage.bad_option for a part of an LR range
// test; those of config::one_configuration().
[[nodiscard]] std::string config_of_trial(const storage::Store& store, const std::string& study, std::uint64_t number);

}  // namespace tuner::commands
