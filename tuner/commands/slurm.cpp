#include "tuner/commands/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

constexpr const char* kTasksPerNode = "SLURM_TASKS_PER_NODE";
constexpr std::uint32_t kMostNodes = 100000;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Takes a number from the front; 0 where the text does not begin with one.
std::uint32_t take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view beginning) {
  if (!text.starts_with(beginning)) return false;
  text.remove_prefix(beginning.size());
  return true;
}

// "4(x2),3" are 4, 4 and 3. Empty where it is no such list.
std::vector<std::uint32_t> tasks_of(std::string_view text) {
  std::vector<std::uint32_t> tasks;
  do {
    const std::uint32_t each = take_number(text);
    std::uint32_t nodes = 1;
    if (take(text, "(x") && ((nodes = take_number(text)) == 0 || !take(text, ")"))) return {};
    if (each == 0 || tasks.size() + nodes > kMostNodes) return {};
    tasks.insert(tasks.end(), nodes, each);
  } while (take(text, ","));
  return text.empty() ? tasks : std::vector<std::uint32_t>{};
}

std::vector<std::uint32_t> tasks_of_job(const std::string& place) {
  const std::string_view text = variable(kTasksPerNode);
  std::vector<std::uint32_t> tasks = tasks_of(text);
  if (tasks.empty())
    throw Error(Message::config_bad_value,
                fmt::format("workers is auto, and {} is '{}', which is no list of tasks", kTasksPerNode, shown(text)),
                "run it in a job of sbatch or salloc, or give a number of workers")
        .at(place);
  return tasks;
}

}  // namespace

void place_workers(RunSettings& run) {
  LaunchPlan& launch = run.launch;
  if (!launch.automatic) return;
  const bool given = !launch.command.empty();
  if (variable("SLURM_JOB_ID").empty()) {
    if (given)
      throw Error(Message::config_missing_key,
                  "workers is auto, and this is no job of Slurm: how many the launcher starts is not known",
                  "give count: N")
          .at(launch.place);
    run.workers = std::max(1u, std::thread::hardware_concurrency());
    return;
  }
  const std::vector<std::uint32_t> tasks = tasks_of_job(launch.place);
  run.workers = std::reduce(tasks.begin(), tasks.end());
  if (given || tasks.size() == 1) return;
  if (run.isolation == Isolation::thread)
    throw Error(Message::config_impossible,
                fmt::format("workers on {} nodes are processes, and isolation is thread", tasks.size()),
                "remove isolation, or give a number of workers")
        .at(launch.place);
  // The step gets all that the job has on the node, and says what its workers say at once.
  launch.command = {"srun",      "--nodes=1", "--ntasks=1",      "--relative=${host}",
                    "--overlap", "--mem=0",   "--cpu-bind=none", "--unbuffered"};
  for (std::size_t node = 0; node < tasks.size(); ++node) launch.hosts.push_back(std::to_string(node));
  launch.counts = tasks;
  launch.per_host = *std::ranges::max_element(tasks);
}

}  // namespace tuner::commands
