// The environment that a trial's program is started with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tuner/program/macros.hpp"
#include "tuner/program/program.hpp"
#include "tuner/program/runner.hpp"

namespace tuner::program {

inline constexpr int kMetricsDescriptor = 3;  // $TUNER_METRICS_FD

// What belongs to one start of the program.
struct StartOf {
  const ProgramSpec& spec;
  const MacroValues& values;
  std::uint32_t workers = 1;  // of the study, which share the machine's cores
  std::uint32_t attempt = 1;
  bool resumed = false;         // its folder has something to continue from
  std::string token;            // by which its processes are known again
  std::filesystem::path wandb;  // the file for W&B's library
};

// "NAME=value" of all variables that are set beside those of this process.
[[nodiscard]] std::vector<std::string> environment_of(const StartOf& start);

}  // namespace tuner::program
