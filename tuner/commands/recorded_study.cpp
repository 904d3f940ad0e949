#include "tuner/commands/recorded_study.hpp"

#include <fmt/format.h>

#include <exception>
#include <filesystem>

#include "tuner/commands/inspection.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/stored_config.hpp"
#include "tuner/commands/study_files.hpp"
#include "tuner/error.hpp"

namespace tuner::commands {

namespace {

RecordedStudy read_with(const storage::StudyRow& row, const std::string& text,
                        const std::optional<config::SweepFile>& file, const Catalogue& catalogue,
                        std::span<const std::string> overrides, config::ReadAs as) {
  // A stored text knows no folder; its paths count from the working directory.
  const config::SweepFile stored{.name = fmt::format("stored config of {}", row.name),
                                 .text = text,
                                 .folder = std::filesystem::current_path(),
                                 .study = row.name};
  RecordedStudy read{.study = config::read_study(file ? *file : stored, catalogue, overrides, as), .as = as};
  StudyPlan& plan = read.study.plan;
  plan.name = row.name;
  // Where the file leaves them open the objective has said them.
  if (plan.metric.name.empty()) plan.metric.name = row.metric;
  if (!plan.goal_given) plan.metric.goal = row.goal;
  return read;
}

[[noreturn]] void other_plan(const std::string& study, const std::optional<config::SweepFile>& file,
                             const std::string& difference) {
  throw Error(Message::storage_other_plan,
              fmt::format("{} gives another plan today than the recorded one (- recorded, + today):\n{}",
                          file ? file->name : fmt::format("the stored config of study '{}'", study), difference),
              !file ? "Where a path differs, run this in the folder of the sweep file or name that with --config FILE; "
                      "where a version differs, name the plugin's old library with --plugin FILE."
                    : "Name the sweep file that the study was run with; where a version differs, name the plugin's old "
                      "library with --plugin FILE.");
}

}  // namespace

Catalogue recorded_plugins(const Invocation& invocation, const storage::Store& store, const std::string& study,
                           std::span<const std::string> named, const std::optional<config::SweepFile>& file) {
  std::vector<std::filesystem::path> files(named.begin(), named.end());
  if (file)
    for (const auto& path : config::plugin_files(*file)) files.push_back(path);
  Catalogue catalogue = load_plugins(invocation.executable, files);
  for (const auto& plugin : store.plugins(study)) {
    bool there = plugin.kind == "program" || plugin.kind == "script" || plugin.kind == "file";
    for (const Kind kind : {Kind::optimizer, Kind::scheduler, Kind::objective})
      there = there || (to_string(kind) == plugin.kind && catalogue.find(kind, plugin.id) != nullptr);
    if (!there && storage::exists(plugin.path)) catalogue.add_file(plugin.path);
  }
  return catalogue;
}

RecordedStudy read_recorded(const storage::Store& store, const std::string& study,
                            const std::optional<config::SweepFile>& file, const Catalogue& catalogue,
                            SharedObjectives& shared, const std::filesystem::path& executable) {
  const storage::StudyRow row = store.study(study);
  const std::string text = store.study_config(study);
  std::vector<std::vector<std::string>> candidates{store.study_overrides(study)};
  if (candidates.front().empty())
    for (auto older = overrides_of(text); !older.empty(); older.erase(older.begin())) candidates.push_back(older);
  std::string difference;
  std::exception_ptr error;
  for (const std::vector<std::string>& overrides : candidates)
    for (const config::ReadAs as : {config::ReadAs::study, config::ReadAs::lr_range_test}) try {
        RecordedStudy read = read_with(row, text, file, catalogue, overrides, as);
        Inspection inspection(executable, read.study, as, catalogue, shared);
        if (!read.study.plan.program)
          read.study = with_files(std::move(read.study), [&](auto branch, auto dimension, auto index) {
            return inspection.data_files(branch, dimension, index);
          });
        const StudyPlan& plan = read.study.plan;
        const std::string found = store.plan_difference(study, canonical_plan(plan), plan_by_path(plan));
        if (found.empty()) return read;
        if (difference.empty()) difference = found;
      } catch (const Error&) {
        if (!error) error = std::current_exception();
      }
  if (difference.empty()) std::rethrow_exception(error);
  other_plan(study, file, difference);
}

}  // namespace tuner::commands
