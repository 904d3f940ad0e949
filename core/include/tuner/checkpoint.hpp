// Checkpoints: files from which a trial that was stopped or killed continues with the same bits.
//
// FOLDER/NUMBER/STEP is the state of trial NUMBER after STEP updates: parameters, slots, places in random streams, and
// what was measured so far. The order of the samples and all other randomness follow from seed, trial and step. Each
// file names the plan and the trial that it belongs to and ends with its sha256; it appears whole, by renaming, or not
// at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/space.hpp"

namespace tuner {

// How a study keeps them. Wall time between two; 0: none are written, and none are read.
struct CheckpointRules {
  double every_seconds = 60;
  bool keep_all = false;  // else the last one, until its trial is in the database
  // Bytes that those of paused trials may take together, unless all are kept.
  std::uint64_t paused_limit = std::uint64_t{10} << 30;
  bool shared = false;           // the folder was given: workers on other machines see it too
  std::filesystem::path folder;  // of the study
};

// A state that a file holds.
struct Checkpoint {
  std::int64_t step = 0;
  std::string state;
};

// The checkpoints of one trial. plan: the identity of the plan and its plugins. Those of another plan, or of a trial of
// another number, of another replicate or with other parameters, are not taken.
class Checkpoints {
 public:
  Checkpoints(const CheckpointRules& rules, const TrialId& trial, const Parameters& parameters, std::string_view plan);

  // The newest whole state of this trial with a step below `below`. One that is not whole or not of this trial is set
  // aside; the one before it is tried next. What else lies in the folder is ignored. `log` names all of these.
  [[nodiscard]] std::optional<Checkpoint> newest(std::vector<std::string>& log, std::int64_t below = INT64_MAX) const;
  // Renames the file of that step to STEP.damaged; `log` says why.
  void set_aside(std::int64_t step, std::string_view why, std::vector<std::string>& log) const;
  // Is the next one due, `seconds` after the last or the start?
  [[nodiscard]] bool due(double seconds) const { return rules_.every_seconds > 0 && seconds >= rules_.every_seconds; }
  // 0, or the errno of what went wrong, which `log` says too: the trial goes on without.
  int write(std::int64_t step, std::string_view state, std::vector<std::string>& log) const;

 private:
  CheckpointRules rules_;
  std::filesystem::path folder_;
  std::string identity_;
};

// Forgets those of a trial that is in the database.
void remove_checkpoints(const CheckpointRules& rules, std::uint64_t number);

// What those of a trial take on the disk.
[[nodiscard]] std::uint64_t checkpoint_bytes(const CheckpointRules& rules, std::uint64_t number);

// Numbers of the trials that have a folder of checkpoints.
[[nodiscard]] std::vector<std::uint64_t> trials_with_checkpoints(const CheckpointRules& rules);

// The state in a file. Throws DecodeError where it is not whole or has another identity.
[[nodiscard]] std::string read_checkpoint(const std::filesystem::path& file, std::string_view identity);

}  // namespace tuner
