// The workers of a study, as its plan wants them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner::commands {

// overrides, as: what the plan was read with. plan and shared must outlive it.
[[nodiscard]] std::unique_ptr<executor::Executor> make_executor(const StudyPlan& plan,
                                                                const std::filesystem::path& executable,
                                                                const std::vector<std::string>& overrides,
                                                                SharedObjectives& shared,
                                                                config::ReadAs as = config::ReadAs::study);

}  // namespace tuner::commands
