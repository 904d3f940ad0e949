#include "tuner/config/workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tuner/config/language.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace {

constexpr std::string_view kHost = "${host}", kAuto = "auto";

std::uint32_t number_of(const Node& node, std::string_view key, const std::string& what) {
  return static_cast<std::uint32_t>(integer_within(node, host_key(kWorkersKeys, key).bounds, what));
}

// Numbers or UUIDs, as CUDA_VISIBLE_DEVICES has them.
std::vector<std::string> read_devices(const Node& node) {
  if (!node.is_list() || node.items.empty())
    throw Error(Message::config_wrong_type,
                fmt::format("workers.devices is {}, and a list of devices is due", node.description()),
                "write devices: [0, 1]")
        .at(node.place);
  std::vector<std::string> devices;
  for (const Node& item : node.items) {
    const std::string device = string_of(item, "an item of workers.devices");
    if (device.empty() || device.find(',') != std::string::npos)
      throw Error(Message::config_bad_value, fmt::format("'{}' is no device", shown(device)),
                  "write the number of each, or its UUID: devices: [0, 1]")
          .at(item.place);
    devices.push_back(device);
  }
  return devices;
}

std::vector<std::string> read_words(const Node& node, const std::string& what, const std::string& remedy) {
  if (!node.is_list())
    throw Error(Message::config_wrong_type, fmt::format("{} is {}, and a list is due", what, node.description()),
                remedy)
        .at(node.place);
  if (node.items.empty())
    throw Error(Message::config_bad_value, fmt::format("{} is an empty list", what), remedy).at(node.place);
  std::vector<std::string> words;
  for (const Node& item : node.items) {
    words.push_back(string_of(item, "an item of " + what));
    if (words.back().empty())
      throw Error(Message::config_bad_value, fmt::format("an item of {} is empty", what), remedy).at(item.place);
  }
  return words;
}

// A program may be told to run anything by a host that begins as an option does.
std::vector<std::string> read_hosts(const Node& node) {
  std::vector<std::string> hosts = read_words(node, "workers.hosts", "write hosts: [a, b]");
  for (std::size_t i = 0; i < hosts.size(); ++i)
    if (hosts[i].starts_with('-'))
      throw Error(Message::config_bad_value,
                  fmt::format("'{}' is no host: the launcher would take it for an option", shown(hosts[i])),
                  "write options into launcher")
          .at(node.items[i].place);
  return hosts;
}

void check_launch(const Node& node, const RunSettings& run) {
  const LaunchPlan& launch = run.launch;
  const auto given = [&](std::string_view key) { return node.given(std::string(key)); };
  if (launch.command.empty()) {
    for (const std::string_view key : {"hosts", "per_host", "program", "nodes", "send_plugins"}) {
      // In a job of Slurm the launcher is known without a word.
      if (launch.automatic && key != "hosts" && key != "per_host") continue;
      if (const Node* value = given(key))
        throw Error(Message::config_missing_key, fmt::format("workers has {}, and no launcher", key),
                    fmt::format("add launcher: [ssh, \"{}\"], or remove {}", kHost, key))
            .at(value->place);
    }
    return;
  }
  const bool of_host = std::ranges::any_of(
      launch.command, [](const std::string& word) { return word.find(kHost) != std::string::npos; });
  if (of_host && launch.hosts.empty())
    throw Error(Message::config_missing_key, fmt::format("launcher has {}, and there are no hosts", kHost),
                "add hosts: [a, b]")
        .at(launch.place);
  if (!launch.hosts.empty() && !of_host)
    throw Error(Message::config_missing_key, fmt::format("launcher does not say where {} stands", kHost),
                fmt::format("write launcher: [ssh, \"{}\"], or remove hosts", kHost))
        .at(launch.place);
  if (const Node* count = given("count"); count != nullptr && !launch.hosts.empty())
    throw Error(Message::config_duplicate_key, "workers has hosts and count: there are per_host workers on each host",
                "remove count, and give per_host: N")
        .at(count->place);
  const auto bounds = host_key(kWorkersKeys, "count").bounds;
  if (const auto all = static_cast<double>(launch.hosts.size()) * launch.per_host; all > bounds.max)
    throw Error(Message::config_out_of_range,
                fmt::format("{} hosts with {} workers each are {} workers, and {} are possible", launch.hosts.size(),
                            launch.per_host, all, bounds.max),
                "lower per_host, or leave hosts out")
        .at(given("hosts")->place);
}

}  // namespace

void read_workers(const Node& node, RunSettings& run) {
  LaunchPlan& launch = run.launch;
  const auto count = [&](const Node& given, const std::string& what) {
    const auto workers = integer_or_word(given, kAuto, host_key(kWorkersKeys, "count").bounds, what);
    launch.automatic = !workers;
    if (launch.automatic && launch.place.empty()) launch.place = given.place;
    if (workers) run.workers = static_cast<std::uint32_t>(*workers);
  };
  if (!node.is_map()) return count(node, "workers");
  const auto command = [&](const Entry& entry) {
    launch.command = read_words(entry.value, "workers.launcher", "write launcher: [srun, --ntasks=1]");
    launch.place = entry.value.place;
  };
  const auto program = [&](const Entry& entry) {
    launch.program = string_of(entry.value, "workers.program");
    if (launch.program.empty())
      throw Error(Message::config_bad_value, "workers.program is an empty string",
                  "name tuner as the other machines have it, or remove the key")
          .at(entry.value.place);
  };
  read_keys(
      node, "workers",
      readers_of(
          kWorkersKeys,
          {{"count", [&](const Entry& entry) { count(entry.value, "workers.count"); }},
           {"launcher", command},
           {"hosts", [&](const Entry& entry) { launch.hosts = read_hosts(entry.value); }},
           {"per_host",
            [&](const Entry& entry) { launch.per_host = number_of(entry.value, "per_host", "workers.per_host"); }},
           {"nodes",
            [&](const Entry& entry) {
              launch.any_nodes = word_of(entry.value, "workers.nodes", words(kNodes)) == "any";
            }},
           {"send_plugins",
            [&](const Entry& entry) { launch.send_plugins = boolean_of(entry.value, "workers.send_plugins"); }},
           {"program", program},
           {"devices", [&](const Entry& entry) { run.devices = read_devices(entry.value); }},
           {"nice", [&](const Entry& entry) {
              run.nice = static_cast<int>(number_of(entry.value, "nice", "workers.nice"));
            }}}));
  check_launch(node, run);
  if (!launch.hosts.empty()) run.workers = static_cast<std::uint32_t>(launch.hosts.size()) * launch.per_host;
}

}  // namespace tuner::config
