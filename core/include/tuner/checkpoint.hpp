// Checkpoints: files from which a trial that was stopped or killed continues with the same bits.
//
// FOLDER/NUMBER/STEP is the state of trial NUMBER after STEP updates: parameters, slots, places in random streams, and
// what was measured so far. The order of the samples and all other randomness follow from seed, trial and step. Each
// file names the plan that it belongs to and ends with its sha256; it appears whole, by renaming, or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tuner {

// How a study keeps them. Wall time between two; 0: none are written, and none are read.
struct CheckpointRules {
  double every_seconds = 60;
  bool keep_all = false;         // else the last one, until its trial is in the database
  std::filesystem::path folder;  // of the study
};

// The checkpoints of one trial. identity: of the plan and its plugins; those of another are not taken.
class Checkpoints {
 public:
  Checkpoints(const CheckpointRules& rules, std::uint64_t number, std::string identity);

  // The newest state that is whole and of this plan. One that is not is renamed to STEP.damaged, and `log` says why;
  // the one before it is tried next.
  [[nodiscard]] std::optional<std::string> newest(std::vector<std::string>& log) const;
  // Is the next one due, `seconds` after the last or the start?
  [[nodiscard]] bool due(double seconds) const { return rules_.every_seconds > 0 && seconds >= rules_.every_seconds; }
  // Where it cannot be written, `log` says why: the trial goes on without.
  void write(std::int64_t step, std::string_view state, std::vector<std::string>& log) const;

 private:
  CheckpointRules rules_;
  std::filesystem::path folder_;
  std::string identity_;
};

// Forgets those of a trial that is in the database.
void remove_checkpoints(const CheckpointRules& rules, std::uint64_t number);

// The state in a file. Throws Garbled where it is not whole or belongs to another plan.
[[nodiscard]] std::string read_checkpoint(const std::filesystem::path& file, std::string_view identity);

}  // namespace tuner
