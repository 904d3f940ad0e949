// The workers of a study, as its plan wants them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tuner/executor/executor.hpp"

namespace tuner::commands {

// overrides: those that the plan was read with. plan and shared must outlive it.
// Errors: storage.failed where the system gives no process, socket or memory.
[[nodiscard]] std::unique_ptr<executor::Executor> make_executor(const StudyPlan& plan,
                                                                const std::filesystem::path& executable,
                                                                const std::vector<std::string>& overrides,
                                                                SharedObjectives& shared);

}  // namespace tuner::commands
