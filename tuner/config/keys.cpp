#include "tuner/config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"

namespace tuner::config {
namespace {

// Keys of the language whose part of the program has not landed.
constexpr std::string_view kLaterKeys[] = {"distribution", "command", "parameters", "early_terminate",
                                           "pruner",       "order",   "repeats"};

bool is_later(std::string_view key) { return std::ranges::find(kLaterKeys, key) != std::end(kLaterKeys); }

[[noreturn]] void refuse_later(const Entry& entry, const std::string& what) {
  throw Error(Message::config_not_in_this_version,
              fmt::format("'{}' in {} is not in this version of tuner", entry.key, what), "remove it")
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
  found->second(entry);
  return true;
}

void refuse_key(const Entry& entry, const std::string& what, const std::vector<std::string_view>& known) {
  if (is_later(entry.key)) refuse_later(entry, what);
  throw Error(Message::config_unknown_key, fmt::format("{} has no key '{}'", what, entry.key),
              known.empty() ? "remove it" : did_you_mean(entry.key, known))
      .at(entry.place);
}

void refuse_later_keys(const Node& node, const std::string& what) {
  for (const Entry& entry : node.entries)
    if (is_later(entry.key)) refuse_later(entry, what);
}

}  // namespace tuner::config
