// The workers of a study, as its plan wants them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner::commands {

// as: what the study was read as. study and shared must outlive it.
[[nodiscard]] std::unique_ptr<executor::Executor> make_executor(const Study& study,
                                                                const std::filesystem::path& executable,
                                                                SharedObjectives& shared,
                                                                config::ReadAs as = config::ReadAs::study);

}  // namespace tuner::commands
