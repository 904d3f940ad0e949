// Runs a trial that is a program: starts it, takes in what it says, ends it and everything that it has started.
//
// Standard output has its reports and its output, standard error output alone; descriptor $TUNER_METRICS_FD reports
// alone, and where it is used standard output is output alone. The program leads a process group of its own. It is
// ended by SIGTERM, and after its grace by SIGKILL; when it has ended, so has all that it started.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tuner/plan.hpp"
#include "tuner/program/files.hpp"
#include "tuner/program/memory_group.hpp"
#include "tuner/program/pattern.hpp"
#include "tuner/program/program.hpp"
#include "tuner/trial/channel.hpp"
#include "tuner/trial_run.hpp"

namespace tuner::program {

// One trial of a program.
struct ProgramSpec {
  std::shared_ptr<const Program> program;
  TrialId id;
  std::string study;
  std::uint32_t seed = 0;
  Parameters parameters;  // the active ones
  TrialRules rules;
  std::filesystem::path checkpoints;  // of the study
};
// Requires: study.plan.program.
[[nodiscard]] ProgramSpec spec_of(const Study& study, const Configuration& point, const TrialId& id);
[[nodiscard]] inline const TrialRules& rules_of(const ProgramSpec& spec) { return spec.rules; }

// The devices of a worker, as CUDA_VISIBLE_DEVICES has them: every `workers`-th; where there are fewer than workers,
// one, which several workers share.
[[nodiscard]] std::string devices_of(const std::vector<std::string>& devices, std::uint32_t workers,
                                     std::uint32_t worker);

// What the trials of one worker share. Threads: one trial at a time.
class Host {
 public:
  // Requires: study.plan.program. The study must outlive it.
  explicit Host(const Study& study);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  // The work of one trial, between the beginning and the end of `run`. earlier: what it had measured before it was
  // paused or cancelled; it counts where the program has left something to continue from. Throws TrialEnded.
  void run(const ProgramSpec& spec, TrialRun& run, const trial::Seat& seat, const std::optional<TrialResult>& earlier);

 private:
  friend class ProgramRun;
  const Study& study_;
  std::string key_;  // of the study, for tokens
  HashedFiles hashes_;
  std::vector<std::pair<std::string, Pattern>> patterns_;       // by metric: of what is printed
  std::vector<std::pair<std::string, Pattern>> file_patterns_;  // of files
  // Has the system taken memory back from the control group of this process since the last call?
  [[nodiscard]] bool was_out_of_memory();
  std::uint64_t out_of_memory_kills_ = own_out_of_memory_kills();
  std::optional<MemoryMethod> memory_;  // where there is a limit
  Descriptor parameters_;               // a file in memory with those of the running trial
  std::string parameters_path_;
  bool names_parameters_file_ = false;  // the command has ${args_json_file}, which is to end in .json
};

}  // namespace tuner::program
