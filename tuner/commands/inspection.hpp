// What plugins are asked before any trial runs: their metrics, the files of their data, their tensors, whether trials
// can be made ready. Open, describe and bind are called for it, in a worker process, so that a plugin that crashes
// there is named and ends no coordinator; with `isolation: thread` in this one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/commands/function_surface.hpp"
#include "tuner/commands/plugin_page.hpp"
#include "tuner/commands/study_check.hpp"
#include "tuner/config/config.hpp"
#include "tuner/executor/inspector.hpp"

namespace tuner::commands {

// Of one study. Errors of all questions: those of the answer, and plugin.crashes.
class Inspection {
 public:
  // study: as config::read_study() gave it, but for its run settings; what it is read as. catalogue and shared must
  // outlive the inspection.
  Inspection(const std::filesystem::path& executable, Study study, config::ReadAs as, const Catalogue& catalogue,
             SharedObjectives& shared);

  // See study_check.hpp; by branch of the objective.
  [[nodiscard]] std::vector<std::vector<MetricName>> metric_names();
  [[nodiscard]] std::vector<ObjectiveTensors> objective_tensors();
  void check(const std::vector<CheckedPoint>& points);
  // The files that a branch of the objective reads, with value `index` of `dimension` where one is given.
  [[nodiscard]] std::vector<std::string> data_files(std::size_t branch, std::optional<std::size_t> dimension,
                                                    std::size_t index);

 private:
  [[nodiscard]] std::string ask(const std::string& question);
  Study study_;
  const Catalogue& catalogue_;
  SharedObjectives& shared_;
  std::unique_ptr<executor::Inspector> inspector_;  // null: in this process
};

// What the worker does: see executor/inspector.hpp.
[[nodiscard]] std::string answer(const executor::Inspected& inspected, std::string_view question);

// What search_process.hpp asks, for answer().
[[nodiscard]] std::string search_question(std::string_view arguments);

// The same for one plugin, without a study: see plugin_page.hpp and schedule_curve.hpp.
[[nodiscard]] Layout inspect_layout(const std::filesystem::path& executable, const Plugin& objective,
                                    const std::vector<std::string>& settings);
[[nodiscard]] std::string inspect_curve(const std::filesystem::path& executable, const Plugin& scheduler,
                                        const std::vector<std::string>& settings);

// See function_surface.hpp; plugin.crashes where it takes more than 20 s.
[[nodiscard]] Surface ask_surface(const std::filesystem::path& executable, const executor::WorkerSetup& setup,
                                  const SurfaceQuestion& question);

// What a worker of the study gets. as: what it is read as.
[[nodiscard]] executor::WorkerSetup worker_setup(const Study& study, config::ReadAs as);

}  // namespace tuner::commands
