#include "tuner/commands/function_surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include "tuner/commands/inspection.hpp"
#include "tuner/commands/installation.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"
#include "tuner/objective.hpp"
#include "tuner/options.hpp"
#include "tuner/report/record.hpp"
#include "tuner/text.hpp"
#include "tuner/trainer.hpp"

namespace tuner::commands {

namespace {

std::map<std::string, Value> options_of(const Plugin& objective, const std::string& json) {
  std::map<std::string, Value> options;
  const Json document = Json::parse(json);
  for (const auto& [id, value] : document.items())
    if (const auto param = objective.find_param(id); param && !value.is_null())
      options.emplace(id, checked_value(objective, objective.param(*param), value_from(value)));
  return options;
}

// An objective of two weights, wherever they are.
class Function {
 public:
  Function(const executor::Inspected& asked, const PluginUse& use, std::uint64_t seed)
      : id_(use.plugin->id()), objective_(use, asked.shared, seed, host_.abi()) {
    error_.struct_size = sizeof error_;
    for (tuner_rng* rng : {&start_, &random_}) {
      rng->struct_size = sizeof *rng;
      rng->seed = seed;
    }
    start_.purpose = TUNER_RNG_INIT;
    random_.purpose = TUNER_RNG_DROPOUT;
    require(objective_.init(&start_, &error_));
    samples_.resize(objective_.samples(TUNER_SPLIT_TRAIN));
    std::iota(samples_.begin(), samples_.end(), 0);
    const Tensors& tensors = objective_.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i)
      for (std::uint64_t k = 0; tensors.spec(i).is_trained() && k < tensors.abi()[i].numel && weights_.size() < 3; ++k)
        weights_.emplace_back(i, k);
    if (weights_.size() != 2)
      throw Error(Message::config_impossible, fmt::format("objective '{}' has other weights than two", id_));
  }

  [[nodiscard]] double operator()(double x, double y) {
    set(0, x);
    set(1, y);
    Objective::Request request;
    request.want = TUNER_WANT_LOSS;
    request.flags = 0;
    request.indices = samples_;
    request.rng = &random_;
    host_.reset_scratch();
    double loss = std::numeric_limits<double>::quiet_NaN();
    require(objective_.evaluate(request, &loss, nullptr, &error_));
    return loss;
  }

 private:
  void set(std::size_t weight, double value) {
    const auto [tensor, element] = weights_[weight];
    void* data = objective_.tensors().data(tensor);
    if (objective_.tensors().spec(tensor).dtype == TUNER_DTYPE_F32)
      static_cast<float*>(data)[element] = static_cast<float>(value);
    else
      static_cast<double*>(data)[element] = value;
  }
  void require(std::int32_t status) const {
    if (status != TUNER_OK)
      throw Error(Message::config_impossible, fmt::format("objective '{}': {}", id_, error_.text));
  }

  HostServices host_;
  tuner_error error_{};
  tuner_rng start_{}, random_{};
  std::string id_;
  Objective objective_;
  std::vector<std::uint64_t> samples_;
  std::vector<std::pair<std::size_t, std::uint64_t>> weights_;
};

double at(double low, double high, std::size_t i) {
  return low + (high - low) * static_cast<double>(i) / static_cast<double>(kSurfaceSize - 1);
}

// Towards a minimum, by no more than its size.
void widen(double& low, double& high, double to) {
  const double size = high - low;
  if (to < low && to >= low - size) low = to - 0.1 * size;
  if (to > high && to <= high + size) high = to + 0.1 * size;
}

// Those of the metadata which are minima with these options too.
std::vector<std::pair<double, double>> minima_of(const tuner_objective& objective, Function& function) {
  std::vector<std::pair<double, double>> minima;
  if (objective.minimisers == nullptr || objective.dimension != 2 || std::isnan(objective.minimum)) return minima;
  for (std::uint32_t m = 0; m < objective.n_minimisers; ++m) {
    const double x = objective.minimisers[2 * m], y = objective.minimisers[2 * m + 1];
    if (std::abs(function(x, y) - objective.minimum) <= 1e-6 * (1 + std::abs(objective.minimum)))
      minima.emplace_back(x, y);
  }
  return minima;
}

// The file of the recorded build: where it was, or among the plugins that there are now. problem: why it is not found.
std::optional<executor::WorkerSetup::Library> recorded_build(const std::filesystem::path& executable,
                                                             const storage::Store& store, const std::string& study,
                                                             const std::string& objective, std::string& problem) {
  std::vector<storage::PluginRecord> builds;
  for (storage::PluginRecord& plugin : store.plugins(study))
    if (plugin.kind == to_string(Kind::objective) && plugin.id == objective) builds.push_back(std::move(plugin));
  problem = fmt::format("no trial says which build of objective '{}' it was", objective);
  for (const storage::PluginRecord& build : builds) {
    const bool is_there = storage::exists(build.path);
    if (is_there && sha256_of_file(build.path) == build.sha256)
      return executor::WorkerSetup::Library{.path = build.path, .sha256 = build.sha256};
    problem =
        is_there
            ? fmt::format("{} is another build of objective '{}' than the trials had", printable(build.path), objective)
            : fmt::format("the plugin of objective '{}', {}, is not there", objective, printable(build.path));
  }
  const Catalogue catalogue = load_plugins(executable, {});
  if (const Plugin* plugin = catalogue.find(Kind::objective, objective))
    for (const storage::PluginRecord& build : builds)
      if (plugin->library().sha256 == build.sha256)
        return executor::WorkerSetup::Library{.path = plugin->library().path.string(), .sha256 = build.sha256};
  return std::nullopt;
}

Json interval(double low, double high) { return Json::array({low, high}); }

// Six digits are more than a drawing shows.
Json rounded(double value) {
  return report::json_of(std::isfinite(value) ? std::stod(fmt::format("{:.6g}", value)) : value);
}

Json json_of(const Surface& surface) {
  Json values = Json::array(), minima = Json::array();
  for (const double value : surface.values) values.push_back(rounded(value));
  for (const auto& [x, y] : surface.minima) minima.push_back(Json::array({x, y}));
  return {{"size", kSurfaceSize},
          {"x", interval(surface.x_low, surface.x_high)},
          {"y", interval(surface.y_low, surface.y_high)},
          {"values", std::move(values)},
          {"minima", std::move(minima)},
          {"problem", ""}};
}

}  // namespace

Surface surface_of(const executor::Inspected& asked, const SurfaceQuestion& question) {
  const Plugin& objective = asked.catalogue.get(Kind::objective, question.objective);
  asked.about({{TUNER_KIND_OBJECTIVE, question.objective}});
  const Calling calling(asked.trace, TUNER_KIND_OBJECTIVE);
  const PluginUse use{.plugin = &objective,
                      .options = OptionTable(objective, options_of(objective, question.options)),
                      .groups = {},
                      .inner = nullptr};
  Function function(asked, use, question.seed);
  Surface surface{.x_low = question.x_low,
                  .x_high = question.x_high,
                  .y_low = question.y_low,
                  .y_high = question.y_high,
                  .values = {},
                  .minima = minima_of(objective.objective(), function)};
  for (const auto& [x, y] : surface.minima) {
    widen(surface.x_low, surface.x_high, x);
    widen(surface.y_low, surface.y_high, y);
  }
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < kSurfaceSize; ++j)
    for (std::size_t i = 0; i < kSurfaceSize; ++i) {
      surface.values.push_back(function(at(surface.x_low, surface.x_high, i), at(surface.y_low, surface.y_high, j)));
      least = std::min(least, surface.values.back());
    }
  // With these options it may go lower than its metadata says, as a saddle does.
  const double minimum = objective.objective().minimum;
  if (least < minimum - 1e-6 * (1 + std::abs(minimum))) surface.minima.clear();
  return surface;
}

Json surface_json(const std::filesystem::path& executable, const storage::Store& store, const std::string& study,
                  const report::PathBox& box) {
  const auto none = [&](const std::string& problem) {
    return Json{{"size", 0},
                {"x", interval(box.x.low, box.x.high)},
                {"y", interval(box.y.low, box.y.high)},
                {"values", Json::array()},
                {"minima", Json::array()},
                {"problem", problem}};
  };
  const auto objective = report::planned_objective(store, study);
  if (!objective) return none("the objective differs between the trials");
  std::string problem;
  try {
    const auto library = recorded_build(executable, store, study, objective->id, problem);
    if (!library) return none(problem);
    executor::WorkerSetup setup;
    setup.libraries.push_back(*library);
    return json_of(ask_surface(executable, setup,
                               {.objective = objective->id,
                                .options = objective->options.dump(),
                                .seed = store.study(study).seed,
                                .x_low = box.x.low,
                                .x_high = box.x.high,
                                .y_low = box.y.low,
                                .y_high = box.y.high}));
  } catch (const Error& error) {
    return none(error.message());
  }
}

}  // namespace tuner::commands
