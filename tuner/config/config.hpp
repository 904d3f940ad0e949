// Reading a sweep file: YAML -> Study. The only place that knows YAML.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/catalogue.hpp"
#include "tuner/plan.hpp"

namespace tuner::config {

// What a file is read as. An LR range test of the run or sweep that it describes: method, metric, and what a search may
// take (trials, run_cap, partial, budget) do not count; unless its method is lr_range anyway, the study is called
// NAME.lr_range.
enum class ReadAs : std::uint8_t { study, lr_range_test };

// A sweep file as read, once: it may be a pipe.
struct SweepFile {
  std::string name;  // as given; stands in messages
  std::string text;
  std::filesystem::path folder;  // where relative paths count from: the file's, for a pipe the working directory
  std::string study;             // name of its study where it gives none: its stem, for a pipe "stdin"
};

// A study's checkpoints are in a folder of its name. Errors: config.bad_value for what cannot be one.
void check_study_name(const std::string& name);

// Errors: config.unreadable, also for a file of more than 64 MiB.
[[nodiscard]] SweepFile read_file(const std::filesystem::path& file);

// overrides: "training.epochs=1", as --set gives them: the value is YAML, the key must be a legal one.
// Errors: every config.* message but those about running, each with file, line and column ("--set KEY" for overrides).
// The metric stays empty where the file names none. A sweep file of W&B is translated first (wandb.hpp).
[[nodiscard]] Study read_study(const SweepFile& file, const Catalogue& catalogue,
                               std::span<const std::string> overrides = {}, ReadAs as = ReadAs::study);
// The same from text; `name` stands in messages and gives the default study name (its stem).
[[nodiscard]] Study parse_study(std::string_view text, const std::string& name, const std::filesystem::path& folder,
                                const Catalogue& catalogue, std::span<const std::string> overrides = {},
                                ReadAs as = ReadAs::study);

// A sweep file of W&B in our language, and what is done otherwise than by W&B. The text is read with the same result.
struct Converted {
  std::string text;
  std::vector<std::string> warnings;
};
// Errors: usage.bad_option for a file that is not W&B's; those of read_study.
[[nodiscard]] Converted convert(const SweepFile& file, std::span<const std::string> overrides = {});

// Library files that the file's `plugins:` list names, absolute; read before the catalogue is complete.
[[nodiscard]] std::vector<std::filesystem::path> plugin_files(const SweepFile& file);

}  // namespace tuner::config
