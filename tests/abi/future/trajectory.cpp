// trajectory FOLDER: loads the plugins of a folder and trains three trials that use every kind of plugin, groups and
// schedules among them. Prints every metric of every step as hexadecimal floating point, so that equal output means
// equal bits. Compiled with the host of today and with one of abi_future.h.
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <utility>

#include "tuner/catalogue.hpp"
#include "tuner/training.hpp"

namespace {

using tuner::Kind;
using Values = std::map<std::string, tuner::Value>;

tuner::PluginUse use_of(const tuner::Catalogue& catalogue, Kind kind, const char* id, const Values& given) {
  const tuner::Plugin& plugin = catalogue.get(kind, id);
  return {.plugin = &plugin, .options = tuner::OptionTable(plugin, given), .groups = {}, .inner = nullptr};
}

tuner::TrialSpec trial(const tuner::Catalogue& catalogue, std::uint64_t number, tuner::PluginUse optimizer) {
  tuner::TrialSpec spec{.study_seed = 20,
                        .number = number,
                        .objective = use_of(catalogue, Kind::objective, "fixture", {}),
                        .optimizer = std::move(optimizer),
                        .schedule = {},
                        .training = {},
                        .metric = "val_distance",
                        .goal = tuner::Goal::minimize,
                        .target = {}};
  spec.training.epochs = 5;
  spec.training.batch_size = 7;
  spec.training.clip_norm = 4;
  spec.training.log_every = 1;
  spec.schedule.stages.push_back({.scheduler = use_of(catalogue, Kind::scheduler, "fixture", {}), .steps = -1});
  spec.schedule.warmup_steps = 3;
  return spec;
}

void run(const char* title, tuner::TrialSpec spec) {
  tuner::SharedObjectives shared;
  const tuner::TrialResult result = tuner::run_trial(std::move(spec), shared);
  std::printf("%s: %s, %lld steps, %zu metrics %s\n", title, std::string(tuner::to_string(result.outcome)).c_str(),
              static_cast<long long>(result.steps), result.metrics.size(), result.error.c_str());
  for (const tuner::MetricPoint& point : result.metrics)
    std::printf("%lld %s %a\n", static_cast<long long>(point.step), point.name.c_str(), point.value);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  tuner::Catalogue catalogue;
  catalogue.add_folder(argv[1]);
  run("sgd", trial(catalogue, 0,
                   use_of(catalogue, Kind::optimizer, "sgd", {{"lr", 0.05}, {"momentum", 0.9}, {"nesterov", true}})));
  run("fixture", trial(catalogue, 1, use_of(catalogue, Kind::optimizer, "fixture", {{"mode", std::string("noisy")}})));

  const tuner::Plugin& plugin = catalogue.get(Kind::optimizer, "fixture");
  const tuner::GroupMatch biases{.roles = {TUNER_ROLE_BIAS}, .names = {}};
  run("groups", trial(catalogue, 2,
                      {.plugin = &plugin,
                       .options = tuner::OptionTable(
                           plugin, {{"history", std::int64_t{1}}, {"tag", std::string("long tag")}}, {{{"lr", 0.2}}}),
                       .groups = {biases},
                       .inner = nullptr}));
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
