#include "tuner/commands/study_files.hpp"

#include <filesystem>
#include <map>
#include <new>

#include "tuner/commands/file_hashes.hpp"
#include "tuner/error.hpp"
#include "tuner/grid.hpp"
#include "tuner/search/searcher.hpp"
#include "tuner/trainer.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

class Identification {
 public:
  Identification(StudyPlan& plan, const DataFilesOf& data_files) : plan_(plan), data_files_(data_files) {}

  void run() {
    for (std::size_t branch = 0; branch < plan_.objective.branches.size(); ++branch) {
      branch_ = branch;
      add(plan_.objective.branches[branch]);
    }
    if (plan_.optimizer)
      for (const PluginPlan& optimizer : plan_.optimizer->branches) add(optimizer);
    for (const SchedulePlan& schedule : plan_.schedule.branches)
      for (const StagePlan& stage : schedule.stages) {
        for (const PluginPlan& scheduler : stage.scheduler.branches) add(scheduler);
        for (const OneOf<PluginPlan>& factor : stage.factors)
          for (const PluginPlan& scheduler : factor.branches) add(scheduler);
      }
  }

 private:
  void add(const PluginPlan& plugin) {
    for (std::size_t p = 0; p < plugin.plugin->param_count(); ++p) {
      const tuner_param& param = plugin.plugin->param(p);
      const auto given = plugin.options.find(param.id);
      if ((param.flags & TUNER_PARAM_PATH) != 0 && given != plugin.options.end()) add(plugin, given->second);
    }
    for (const auto& inner : plugin.inner)
      for (const PluginPlan& inside : inner.branches) add(inside);
  }

  void add(const PluginPlan& plugin, const Setting& setting) {
    const auto* searched = std::get_if<SearchParameter>(&setting);
    if (searched == nullptr) return add(plugin, std::get<Value>(setting), std::nullopt, 0);
    const auto* values = std::get_if<Values>(&plan_.space.dimensions[searched->dimension].domain);
    if (values == nullptr) return;
    for (std::size_t i = 0; i < values->size(); ++i) add(plugin, (*values)[i], searched->dimension, i);
  }

  void add(const PluginPlan& plugin, const Value& value, std::optional<std::size_t> dimension, std::size_t index) {
    if (const auto* list = std::get_if<List>(&value)) {
      for (const Scalar& item : *list)
        if (const auto* path = std::get_if<std::string>(&item)) add_path(plugin, *path, dimension, index);
    } else if (const auto* path = std::get_if<std::string>(&value)) {
      add_path(plugin, *path, dimension, index);
    }
  }

  void add_path(const PluginPlan& plugin, const std::string& path, std::optional<std::size_t> dimension,
                std::size_t index) {
    std::error_code error;
    if (path.empty() || plan_.files.contains(path)) return;
    if (fs::is_regular_file(path, error)) {
      plan_.files[path].emplace("", hashes_.of(path));
    } else if (fs::is_directory(path, error) && plugin.plugin->kind() == Kind::objective) {
      auto files = files_in(path, dimension, index);
      if (!files.empty()) plan_.files.emplace(path, std::move(files));
    }
  }

  // Those in `folder` that the objective reads.
  std::map<std::string, std::string> files_in(const fs::path& folder, std::optional<std::size_t> dimension,
                                              std::size_t index) {
    std::map<std::string, std::string> files;
    try {
      for (const std::string& file : data_files_(branch_, dimension, index)) {
        const fs::path name = fs::path(file).lexically_relative(folder);
        if (!name.empty() && *name.begin() != "..") files.emplace(name.string(), hashes_.of(file));
      }
    } catch (const Error& e) {
      if (e.id() == Message::plugin_crashes) throw;
      files.clear();  // data that cannot be opened is for the trials to say
    } catch (const std::bad_alloc&) {
      files.clear();
    }
    return files;
  }

  StudyPlan& plan_;
  const DataFilesOf& data_files_;
  FileHashes hashes_;
  std::size_t branch_ = 0;  // of the objective
};

}  // namespace

Study with_files(Study study, const DataFilesOf& data_files) {
  Identification(study.plan, data_files).run();
  return study;
}

std::vector<std::string> data_files_of(const executor::Inspected& asked, std::size_t branch,
                                       std::optional<std::size_t> dimension, std::size_t index) {
  const StudyPlan& plan = asked.study.plan;
  Configuration point = first_point(plan.space, plan.objective.dimension, branch);
  if (dimension) point[*dimension] = std::get<Values>(plan.space.dimensions[*dimension].domain)[index];
  const PluginUse objective = resolve(plan, point, {}).objective;
  asked.about({{TUNER_KIND_OBJECTIVE, std::string(objective.plugin->id())}});
  const Calling calling(asked.trace, TUNER_KIND_OBJECTIVE);
  try {
    return asked.shared.files(*objective.plugin, objective.options, plan.seed);
  } catch (const std::bad_alloc&) {
    return {};
  }
}

std::string plan_by_path(StudyPlan plan) {
  plan.files.clear();
  return canonical_plan(plan);
}

std::vector<std::pair<std::string, std::string>> file_hashes(const StudyPlan& plan) {
  std::vector<std::pair<std::string, std::string>> hashes;
  for (const auto& [path, files] : plan.files)
    for (const auto& [name, sha256] : files)
      hashes.emplace_back(name.empty() ? path : (fs::path(path) / name).string(), sha256);
  return hashes;
}

Value first_value(const Dimension& dimension) {
  if (const auto* range = std::get_if<Range>(&dimension.domain))
    return range->distribution == Distribution::uniform ? grid_value(*range, 0) : search::random_value(dimension, 0.5);
  return grid_values(dimension).front();
}

Configuration first_point(const Space& space, std::optional<std::size_t> fixed, std::size_t index) {
  Configuration point(space.dimensions.size());
  for (std::size_t i = 0; i < point.size(); ++i)
    if (is_active(space, point, i))
      point[i] = fixed == i ? grid_values(space.dimensions[i])[index] : first_value(space.dimensions[i]);
  return point;
}

}  // namespace tuner::commands
