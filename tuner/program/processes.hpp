// Processes of the machine as /proc shows them: what descends from one, and what an earlier run left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tuner::program {

// The variable of the environment that a trial's processes inherit, "STUDY:WORKER:TICKS:NUMBER": the study's key, the
// worker's pid and start in clock ticks since boot, the trial's number.
inline constexpr const char* kTokenVariable = "TUNER_TRIAL_TOKEN";

// Of a study. folder: that of its checkpoints, which no other study has.
[[nodiscard]] std::string study_key(const std::filesystem::path& folder);
// The token of a trial of this process.
[[nodiscard]] std::string token_of(std::string_view key, std::uint64_t number);

// Ends all processes that carry a token of the study, by SIGKILL, whatever worker they belong to. How many there were.
// Requires: no trial of the study runs.
std::size_t end_processes_of(std::string_view key);
// Those whose worker has ended.
std::size_t end_strays_of(std::string_view key);
// Those of one worker, which has ended.
std::size_t end_processes_of_worker(pid_t worker);

// All processes that descend from `process`, as far as /proc shows them.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t process);
// Ends and reaps every child of this process, and what becomes its child meanwhile. Requires: this process is a
// subreaper that has no children but those of a program.
void end_children();

// Bytes of memory of these processes, shared pages divided among those that have them (PSS).
[[nodiscard]] std::uint64_t memory_of(const std::vector<pid_t>& processes);

}  // namespace tuner::program
