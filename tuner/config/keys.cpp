#include "tuner/config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {
namespace {

// Keys whose part of the program has not landed, and words of other systems, with what says the same here.
struct LaterKey {
  std::string_view key, remedy;
};
constexpr LaterKey kLaterKeys[] = {
    {"command", "a program is an objective: write objective: {command: [...], parameters: {...}, metrics: {...}}"},
    {"parameters", "write its keys where they belong: under objective, optimizer, scheduler and training"},
    {"early_terminate", "write pruner: NAME, e.g. asha, or wandb_hyperband with the keys of early_terminate"},
    {"order", "remove it: a grid runs in the order of the file"},
    {"repeats", "remove it: every configuration runs once"}};

const LaterKey* find_later(std::string_view key) {
  const auto found = std::ranges::find(kLaterKeys, key, &LaterKey::key);
  return found == std::end(kLaterKeys) ? nullptr : found;
}

[[noreturn]] void refuse_later(const Entry& entry, const LaterKey& later, const std::string& what) {
  throw Error(Message::config_not_in_this_version,
              fmt::format("'{}' in {} is not in this version of tuner", entry.key, what), std::string(later.remedy))
      .at(entry.place);
}

}  // namespace

void read_keys(const Node& node, const std::string& what, const Keys& keys) {
  if (!node.is_map())
    throw Error(Message::config_wrong_type, fmt::format("{} is {}, and a map is due", what, node.description()),
                "write its keys below it, or in braces: {key: value}")
        .at(node.place);
  std::vector<std::string_view> known;
  for (const auto& [key, read] : keys) known.push_back(key);
  for (const Entry& entry : node.entries)
    if (!read_key(entry, keys)) refuse_key(entry, what, known);
}

bool read_key(const Entry& entry, const Keys& keys) {
  const auto found = std::ranges::find(keys, entry.key, [](const auto& key) { return key.first; });
  if (found == keys.end()) return false;
  if (!entry.value.says_null()) found->second(entry);
  return true;
}

void refuse_key(const Entry& entry, const std::string& what, const std::vector<std::string_view>& known) {
  if (const LaterKey* later = find_later(entry.key)) refuse_later(entry, *later, what);
  throw Error(Message::config_unknown_key, fmt::format("{} has no key '{}'", what, shown(entry.key)),
              known.empty() ? "remove it" : did_you_mean(entry.key, known))
      .at(entry.place);
}

void refuse_later_keys(const Node& node, const std::string& what) {
  for (const Entry& entry : node.entries)
    if (const LaterKey* later = find_later(entry.key)) refuse_later(entry, *later, what);
}

}  // namespace tuner::config
