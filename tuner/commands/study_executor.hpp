// The workers of a study, as its plan wants them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tuner/config/config.hpp"
#include "tuner/executor/executor.hpp"

namespace tuner::commands {

// On this machine. as: what the study was read as. study and shared must outlive it.
[[nodiscard]] std::unique_ptr<executor::Executor> make_executor(const Study& study,
                                                                const std::filesystem::path& executable,
                                                                SharedObjectives& shared,
                                                                config::ReadAs as = config::ReadAs::study);

// On other machines, with checkpoints in a folder of their own there. study.run.launch names a launcher. Errors:
// config.no_program.
[[nodiscard]] std::unique_ptr<executor::Executor> make_launched_executor(const Study& study,
                                                                         const std::filesystem::path& executable,
                                                                         config::ReadAs as);

}  // namespace tuner::commands
