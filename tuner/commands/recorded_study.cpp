#include "tuner/commands/recorded_study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "tuner/commands/inspection.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/commands/stored_config.hpp"
#include "tuner/commands/study_files.hpp"
#include "tuner/error.hpp"
#include "tuner/search/grid.hpp"
#include "tuner/search/growth.hpp"

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

// Do two spaces differ in nothing but which values their dimensions take? No where a test finds the values.
bool differ_in_domains_alone(const Space& a, const Space& b) {
  const auto same_place = [](const Dimension& x, const Dimension& y) {
    const auto* range = std::get_if<Range>(&x.domain);
    const auto* labels = std::get_if<Branches>(&x.domain);
    const auto* other_labels = std::get_if<Branches>(&y.domain);
    if ((labels == nullptr) != (other_labels == nullptr)) return false;
    if (labels != nullptr && labels->labels != other_labels->labels) return false;
    return x.name == y.name && x.parent == y.parent && x.branch == y.branch && !(range != nullptr && range->source);
  };
  return std::ranges::equal(a.dimensions, b.dimensions, same_place);
}

// A recorded version of the study, read anew. Errors: config.*, plugin.*: it can be no sweep of these plugins.
Study version_of(const Study& now, const storage::StudyVersion& version, const Catalogue& catalogue) {
  const config::SweepFile file{.name = fmt::format("stored config of {}", now.plan.name),
                               .text = version.config_text,
                               .folder = now.source.folder,
                               .study = now.plan.name};
  const std::vector<std::string> overrides =
      version.overrides.empty() ? overrides_of(version.config_text) : version.overrides;
  return config::read_study(file, catalogue, overrides);
}

// What a recorded version of the study had, in the search parameters of `now`.
search::Growth growth_since(const Study& now, const storage::StudyVersion& version, const Catalogue& catalogue) {
  Space then = version_of(now, version, catalogue).plan.space;
  if (now.plan.method != "grid") return search::growth_of(now.plan.space, then);
  if (!differ_in_domains_alone(then, now.plan.space)) return {.refusal = "another grid", .earlier = {}};
  return {.refusal = {}, .earlier = std::move(then)};
}

// The space of a recorded version; nothing where it is another study than `now` but for what its space has more.
std::optional<Space> recorded_space(const Study& now, const storage::StudyVersion& version,
                                    const Catalogue& catalogue) try {
  search::Growth growth = growth_since(now, version, catalogue);
  if (!growth.refusal.empty()) return std::nullopt;
  StudyPlan then = now.plan;
  then.space = std::move(growth.earlier);
  if (plan_identity(canonical_plan(then)) != plan_identity(version.plan)) return std::nullopt;
  return std::move(then.space);
} catch (const Error&) {
  return std::nullopt;
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
    if (there) continue;
    if (!storage::exists(plugin.path))
      throw Error(Message::plugin_unknown,
                  fmt::format("study '{}' was run with {} '{}' of {}, which is not there", study, plugin.kind,
                              plugin.id, plugin.path),
                  "Name the file where it is now: --plugin FILE.");
    catalogue.add_file(plugin.path);
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

Study with_stored_search(Study study, const storage::Store& store, const Catalogue& catalogue) {
  StudyPlan& plan = study.plan;
  plan.search_version = store.search_version(plan.name).value_or(kSearchVersion);
  const bool is_grid = plan.method == "grid";
  if (!is_grid && !plan.searcher) return study;
  std::vector<storage::StudyVersion> versions = store.versions(plan.name);
  if (!versions.empty() && plan_identity(versions.back().plan) == plan_identity(canonical_plan(plan)))
    versions.pop_back();
  std::vector<Space> spaces;
  for (const storage::StudyVersion& version : versions) {
    auto space = recorded_space(study, version, catalogue);
    if (!space) return study;  // opening it says what differs
    spaces.push_back(*std::move(space));
  }
  for (std::size_t i = 0; is_grid && i < spaces.size(); ++i)
    if (!search::has_grid_of(i + 1 < spaces.size() ? spaces[i + 1] : plan.space, spaces[i], plan.search_version))
      return study;
  plan.grown_from = std::move(spaces);
  return study;
}

std::string plan_before_growth(const StudyPlan& plan) {
  if (plan.grown_from.empty()) return {};
  StudyPlan before = plan;
  before.space = plan.grown_from.back();
  return canonical_plan(before);
}

std::string why_not_grown(const Study& study, const storage::Store& store, const Catalogue& catalogue) try {
  const StudyPlan& plan = study.plan;
  const std::vector<storage::StudyVersion> versions = store.versions(plan.name);
  if (versions.empty() || (plan.method != "random" && !plan.searcher)) return {};
  const std::string recorded = plan_identity(versions.back().plan);
  if (recorded == plan_identity(canonical_plan(plan)) || recorded == plan_identity(plan_before_growth(plan))) return {};
  search::Growth growth = growth_since(study, versions.back(), catalogue);
  if (!growth.refusal.empty()) return fmt::format("Its space did not only grow: {}.", growth.refusal);
  StudyPlan before = plan;
  before.space = std::move(growth.earlier);
  if (plan.searcher || recorded != plan_identity(canonical_plan(before))) return {};
  return "A random search does not grow: which configurations it draws follows from its whole space.";
} catch (const Error&) {
  return {};  // nothing is known of a sweep that can no longer be read
}

std::vector<RecordedVersion> recorded_versions(const Study& study, const storage::Store& store,
                                               const Catalogue& catalogue) {
  std::vector<RecordedVersion> recorded;
  if (!study.plan.searcher) return recorded;
  std::vector<storage::StudyVersion> versions = store.versions(study.plan.name);
  if (!versions.empty()) versions.pop_back();
  for (const storage::StudyVersion& version : versions) {
    Study then = version_of(study, version, catalogue);
    then.plan.name = study.plan.name;
    then.plan.metric = study.plan.metric;
    then.plan.search_version = study.plan.search_version;
    then.plan.files = study.plan.files;
    recorded.push_back({.study = std::move(then), .proposals = version.proposals.value_or(0)});
  }
  return recorded;
}

}  // namespace tuner::commands
