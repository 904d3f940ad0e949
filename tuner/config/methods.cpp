#include "tuner/config/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tuner/config/language.hpp"
#include "tuner/config/plugins.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace {

// Methods whose part of the program has not landed.
constexpr std::string_view kLaterMethods[] = {"bohb",      "pbt", "evolution", "latin_hypercube", "successive_halving",
                                              "coordinate"};

// What other systems call a searcher of ours.
constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
    {"bayes", "gp"}, {"bayesian", "gp"}, {"cma_es", "cmaes"}, {"qmc", "sobol"}};

}  // namespace

bool is_searcher(const Node& name, const Catalogue& catalogue) {
  return name.is_scalar() && catalogue.find(Kind::searcher, name.text) != nullptr;
}

std::string read_method_word(const Node& node, const Catalogue& catalogue) {
  const std::string text = node.is_scalar() ? node.text : "";
  if (catalogue.find(Kind::pruner, text) != nullptr)
    throw Error(Message::config_bad_value,
                fmt::format("'{}' is a pruner, and method says where configurations come from", shown(text)),
                fmt::format("write method: random, or a searcher, and pruner: {}", shown(text)))
        .at(node.place);
  if (std::ranges::find(kLaterMethods, text) != std::end(kLaterMethods))
    throw Error(Message::config_not_in_this_version,
                fmt::format("method '{}' is not in this version of tuner", shown(text)),
                "use random, or a searcher that `tuner plugins` lists")
        .at(node.place);
  std::vector<std::string_view> known = words(kMethods);
  for (const auto& plugin : catalogue.plugins())
    if (plugin->kind() == Kind::searcher) known.push_back(plugin->id());
  for (const auto& [theirs, ours] : kOtherNames)
    if (theirs == text && std::ranges::find(known, ours) != known.end())
      throw Error(Message::config_bad_value, fmt::format("there is no method '{}'", shown(text)),
                  fmt::format("write method: {}", ours))
          .at(node.place);
  return word_of(node, "method", known);
}

PluginPlan read_named(const Node& node, Kind kind, std::string_view key, const Keys& keys, Reading& reading) {
  Node plugin = node;
  for (Entry& entry : plugin.entries) {
    if (entry.key == "as") refuse_key(entry, std::string(key), {"name"});
    if (entry.key == "name") entry.key = "plugin";
    if (is_search_parameter(entry.value))
      throw Error(Message::config_impossible,
                  fmt::format("{}.{} is a search parameter, and a {} does not search its own options", key, entry.key,
                              to_string(kind)),
                  "write one value; two studies compare two values")
          .at(entry.value.place);
  }
  return read_plugin(plugin, kind, {.path = std::string(key), .parent = {}}, reading, keys);
}

PrunerPlan read_pruner(const Node& node, Reading& reading) {
  if (node.is_map() && node.given("name") == nullptr)
    throw Error(Message::config_missing_key, "pruner has no name", "add name: PRUNER, which `tuner plugins` lists")
        .at(node.place);
  PrunerPlan pruner;
  const auto integer = [](std::int64_t& to) {
    return [&to](const Entry& entry) {
      to = integer_within(entry.value, host_key(kPrunerKeys, entry.key).bounds, fmt::format("pruner.{}", entry.key));
    };
  };
  const auto delta = [&](const Entry& entry) {
    pruner.min_delta = real_of(entry.value, "pruner.min_delta");
    check_bounds(pruner.min_delta, host_key(kPrunerKeys, "min_delta").bounds, "pruner.min_delta", entry.value.place);
  };
  const Keys keys = readers_of(kPrunerKeys, {{"warmup", integer(pruner.warmup)},
                                             {"interval", integer(pruner.interval)},
                                             {"patience", integer(pruner.patience)},
                                             {"min_delta", delta}});
  pruner.plugin = read_named(node, Kind::pruner, "pruner", keys, reading);
  return pruner;
}

}  // namespace tuner::config
