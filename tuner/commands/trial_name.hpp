#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tuner/commands/options.hpp"

namespace tuner::commands {

// STUDY and NUMBER of "STUDY/NUMBER". Errors: usage.no_such_trial.
[[nodiscard]] std::pair<std::string, std::uint64_t> trial_name(const std::string& words, const Page& page);

}  // namespace tuner::commands
