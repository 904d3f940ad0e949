#include "tuner/commands/inspection.hpp"

#include <algorithm>

#include "tuner/commands/schedule_curve.hpp"
#include "tuner/commands/search_process.hpp"
#include "tuner/commands/study_files.hpp"
#include "tuner/error.hpp"

namespace tuner::commands {

namespace {

enum class What : std::uint32_t { metric_names, tensors, check, data_files, layout, curve, search, surface };

struct DataFiles {
  std::uint64_t branch = 0;
  std::optional<std::uint64_t> dimension;
  std::uint64_t index = 0;
};
template <class Archive>
void serialize(Archive& archive, DataFiles& question) {
  archive(question.branch, question.dimension, question.index);
}

// Of one plugin of the catalogue.
struct OfPlugin {
  std::string id;
  std::vector<std::string> settings;
};
template <class Archive>
void serialize(Archive& archive, OfPlugin& question) {
  archive(question.id, question.settings);
}

template <class... Arguments>
std::string question_of(What what, const Arguments&... arguments) {
  Writer out;
  out(what, arguments...);
  return out.bytes();
}

std::string ask_alone(const std::filesystem::path& executable, const Plugin& plugin, What what,
                      const std::vector<std::string>& settings) {
  executor::WorkerSetup setup;
  setup.libraries.push_back({plugin.library().path.string(), plugin.library().sha256});
  return executor::Inspector(executable, setup).ask(question_of(what, OfPlugin{std::string(plugin.id()), settings}));
}

}  // namespace

std::string answer(const executor::Inspected& asked, std::string_view question) {
  Reader in(question);
  switch (in.get<What>()) {
    case What::metric_names:
      return to_bytes(metric_names_of(asked));
    case What::tensors:
      return to_bytes(objective_tensors(asked));
    case What::check:
      check_points(asked, in.get<std::vector<CheckedPoint>>());
      return {};
    case What::data_files: {
      const auto which = in.get<DataFiles>();
      return to_bytes(data_files_of(asked, which.branch, which.dimension, which.index));
    }
    case What::layout: {
      const auto of = in.get<OfPlugin>();
      const Plugin& objective = asked.catalogue.get(Kind::objective, of.id);
      asked.about({{TUNER_KIND_OBJECTIVE, of.id}});
      return to_bytes(layout_of(objective, of.settings));
    }
    case What::curve: {
      const auto of = in.get<OfPlugin>();
      const Plugin& scheduler = asked.catalogue.get(Kind::scheduler, of.id);
      asked.about({{TUNER_KIND_SCHEDULER, of.id}});
      return to_bytes(schedule_curve(scheduler, of.settings));
    }
    case What::surface:
      return to_bytes(surface_of(asked, in.get<SurfaceQuestion>()));
    case What::search:
      return answer_search(asked, in);
  }
  throw DecodeError("a question that nobody asks");
}

std::string search_question(std::string_view arguments) { return question_of(What::search) + std::string(arguments); }

Inspection::Inspection(const std::filesystem::path& executable, Study study, config::ReadAs as,
                       const Catalogue& catalogue, SharedObjectives& shared)
    : study_(std::move(study)), catalogue_(catalogue), shared_(shared) {
  if (study_.run.isolation == Isolation::process)
    inspector_ = std::make_unique<executor::Inspector>(executable, worker_setup(study_, as));
}

std::string Inspection::ask(const std::string& question) {
  if (inspector_) return inspector_->ask(question);
  TrialTrace trace;
  std::unique_ptr<search::Engine> no_engine;
  std::unique_ptr<search::PruneEngine> no_prune_engine;
  return answer({catalogue_, study_, shared_, trace, [](const executor::Subjects&) {}, no_engine, no_prune_engine},
                question);
}

std::vector<std::vector<MetricName>> Inspection::metric_names() {
  return from_bytes<std::vector<std::vector<MetricName>>>(ask(question_of(What::metric_names)));
}

std::vector<ObjectiveTensors> Inspection::objective_tensors() {
  return from_bytes<std::vector<ObjectiveTensors>>(ask(question_of(What::tensors)));
}

void Inspection::check(const std::vector<CheckedPoint>& points) {
  static_cast<void>(ask(question_of(What::check, points)));
}

std::vector<std::string> Inspection::data_files(std::size_t branch, std::optional<std::size_t> dimension,
                                                std::size_t index) {
  return from_bytes<std::vector<std::string>>(ask(question_of(What::data_files, DataFiles{branch, dimension, index})));
}

Layout inspect_layout(const std::filesystem::path& executable, const Plugin& objective,
                      const std::vector<std::string>& settings) {
  return from_bytes<Layout>(ask_alone(executable, objective, What::layout, settings));
}

std::string inspect_curve(const std::filesystem::path& executable, const Plugin& scheduler,
                          const std::vector<std::string>& settings) {
  return from_bytes<std::string>(ask_alone(executable, scheduler, What::curve, settings));
}

Surface ask_surface(const std::filesystem::path& executable, const executor::WorkerSetup& setup,
                    const SurfaceQuestion& question) {
  executor::Asked asked;
  asked.when = "when it was asked for its function, for the page";
  asked.time_limit = std::chrono::seconds(20);
  return from_bytes<Surface>(executor::Inspector(executable, setup, asked).ask(question_of(What::surface, question)));
}

executor::WorkerSetup worker_setup(const Study& study, config::ReadAs as) {
  executor::WorkerSetup setup{.libraries = {},
                              .config_text = study.source.text,
                              .config_name = study.source.path,
                              .config_folder = study.source.folder,
                              .overrides = study.source.overrides,
                              .read_as = static_cast<std::uint8_t>(as),
                              .metric = study.plan.metric.name,
                              .goal = study.plan.metric.goal,
                              .memory_limit = study.run.memory_limit,
                              .workers = study.run.workers,
                              .trial_memory = study.run.trial_memory,
                              .checkpoint_folder = study.run.checkpoint.folder.string()};
  for (const Plugin* plugin : plugins_of(study.plan))
    setup.libraries.push_back({plugin->library().path.string(), plugin->library().sha256});
  return setup;
}

}  // namespace tuner::commands
