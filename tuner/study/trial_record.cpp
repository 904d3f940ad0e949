#include "tuner/study/trial_record.hpp"

#include <string>
#include <utility>

#include "tuner/library.hpp"
#include "tuner/program/program.hpp"

namespace tuner::study {

storage::TrialRecord record_of(executor::Finished trial, const StudyPlan& plan, const search::Searcher& searcher,
                               const BuildRecords& builds) {
  storage::TrialRecord record;
  record.id = trial.job.id;
  // Of a configuration that is proposed again those that were proposed before it, too.
  const std::uint32_t replicates = searcher.replicates(record.id.configuration);
  record.replicates = (record.id.replicate / replicates + 1) * replicates;
  record.attempt = trial.job.attempt;
  record.seed = plan.seed;
  record.started_at_ms = trial.started_at_ms;
  record.finished_at_ms = trial.finished_at_ms;
  record.parameters = parameters_of(plan.space, trial.job.point);
  record.result = std::move(trial.result);
  for (const Plugin* plugin : plugins_of(plan, trial.job.point)) record.plugins.push_back(builds.at(plugin));
  // Where its worker died nobody knows what the program's files were.
  if (plan.program && !record.result.process)
    record.plugins.push_back({.kind = "program",
                              .id = plan.program->command.front(),
                              .version = {},
                              .sha256 = std::string(64, '0'),
                              .path = {},
                              .build = {}});
  if (record.result.process)
    for (const FileUse& file : record.result.process->files)
      record.plugins.push_back(
          {.kind = file.kind, .id = file.name, .version = {}, .sha256 = file.sha256, .path = file.path, .build = {}});
  return record;
}

storage::PluginRecord plugin_record(const Plugin& plugin) {
  const tuner_library& table = *plugin.library().table;
  return {.kind = std::string(to_string(plugin.kind())),
          .id = std::string(plugin.id()),
          .version = std::string(plugin.version()),
          .sha256 = plugin.library().sha256,
          .path = plugin.library().path.string(),
          .abi_minor = table.abi_minor,
          .build_flags = plugin.library().build_flags,
          .build = table.build ? table.build : ""};
}

}  // namespace tuner::study
