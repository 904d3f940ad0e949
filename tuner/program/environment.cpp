#include "tuner/program/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <variant>

#include "tuner/program/process.hpp"
#include "tuner/program/processes.hpp"
#include "tuner/program/python.hpp"

namespace tuner::program {

namespace {

bool is_set(const Program& program, const char* name) {
  return std::getenv(name) != nullptr ||
         std::ranges::any_of(program.environment, [&](const auto& variable) { return variable.first == name; });
}

}  // namespace

std::vector<std::string> environment_of(const StartOf& start) {
  const Program& program = *start.spec.program;
  const MacroValues& values = start.values;
  std::vector<std::string> all;
  const auto set = [&](std::string_view name, std::string_view value) {
    all.push_back(fmt::format("{}={}", name, value));
  };
  static const unsigned all_cores = std::thread::hardware_concurrency();
  const std::uint32_t cores = std::max(1U, all_cores / std::max(1U, start.workers));
  if (!is_set(program, "OMP_NUM_THREADS")) set("OMP_NUM_THREADS", std::to_string(cores));
  // Else a pipe gets what Python prints when it is over.
  if (!is_set(program, "PYTHONUNBUFFERED")) set("PYTHONUNBUFFERED", "1");
  if (!values.device.empty()) set("CUDA_VISIBLE_DEVICES", values.device);
  for (const auto& [name, value] : program.environment)
    if (name != "PYTHONPATH") set(name, expand_text(value, program, values));
  set("PYTHONPATH", python_path(variable(program, values, "PYTHONPATH"), program.wandb));
  if (program.wandb) {
    set("WANDB_SWEEP_ID", values.study);
    set("WANDB_RUN_ID", fmt::format("{}-{}", values.study, values.trial));
    set("WANDB_SWEEP_PARAM_PATH", start.wandb.string());
    set("WANDB_MODE", "offline");
  }
  set("TUNER_STUDY", values.study);
  set("TUNER_TRIAL", std::to_string(values.trial));
  set("TUNER_REPLICATE", std::to_string(values.replicate));
  set("TUNER_SEED", std::to_string(values.seed));
  set("TUNER_WORKER", std::to_string(values.worker));
  set("TUNER_ATTEMPT", std::to_string(start.attempt));
  set("TUNER_RESUMED", start.resumed ? "1" : "0");
  set("TUNER_CHECKPOINT", values.checkpoint);
  set("TUNER_METRIC", start.spec.rules.metric);
  set("TUNER_METRICS_FD", std::to_string(kMetricsDescriptor));
  set("TUNER_PARAMETERS", values.parameters_file);
  set(kTokenVariable, start.token);
  for (const auto& [name, value] : start.spec.parameters)
    if (!std::holds_alternative<Null>(value)) set(variable_of(name), text_of(value));
  return all;
}

}  // namespace tuner::program
