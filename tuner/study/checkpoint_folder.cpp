#include "tuner/study/checkpoint_folder.hpp"

#include <filesystem>
#include <system_error>

namespace tuner::study {

namespace {

void remove_empty_folders(const CheckpointRules& rules) {
  std::error_code none;
  // Empty ones that workers of programs hand from trial to trial.
  for (const auto& entry : std::filesystem::directory_iterator(rules.folder, none))
    if (entry.path().filename().string().starts_with("spare-")) std::filesystem::remove(entry.path(), none);
  for (const auto& folder : {rules.folder, rules.folder.parent_path()}) {
    if (std::filesystem::is_directory(folder, none)) std::filesystem::remove(folder, none);
  }
}

}  // namespace

void remove_leftover_checkpoints(const CheckpointRules& rules, const std::set<std::uint64_t>& done) {
  for (const std::uint64_t number : trials_with_checkpoints(rules))
    if (done.contains(number)) remove_checkpoints(rules, number);
  if (!rules.folder.empty()) remove_empty_folders(rules);
}

void remove_checkpoints_of(const CheckpointRules& rules, std::span<const storage::TrialRecord> records, bool is_idle) {
  std::error_code none;
  if (!std::filesystem::exists(rules.folder, none)) return;
  for (const auto& record : records)
    if (!is_open(record.result.outcome)) remove_checkpoints(rules, record.id.number);
  if (is_idle) remove_empty_folders(rules);
}

}  // namespace tuner::study
