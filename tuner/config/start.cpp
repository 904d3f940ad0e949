#include "tuner/config/start.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/config/scalars.hpp"
#include "tuner/error.hpp"
#include "tuner/grid.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace {

// By its name, or by the last word of it where no other dimension that may be meant has that.
std::size_t dimension_of(const Entry& entry, const Space& space) {
  std::vector<std::size_t> found;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < space.dimensions.size(); ++i) {
    const std::string& name = space.dimensions[i].name;
    if (name == entry.key) return i;
    if (name.substr(name.rfind('.') + 1) == entry.key) found.push_back(i);
    names.push_back(name);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    throw Error(Message::config_unknown_key, fmt::format("there is no search parameter '{}'", shown(entry.key)),
                did_you_mean(entry.key, names))
        .at(entry.place);
  throw Error(Message::config_bad_value,
              fmt::format("'{}' may be {} or {}", entry.key, names[found[0]], names[found[1]]), "write the whole name")
      .at(entry.place);
}

Value value_of(const Node& node, const Dimension& dimension) {
  if (node.is_scalar())
    if (const auto value = value_from_text(dimension, node.text)) return *value;
  throw Error(Message::config_bad_value, fmt::format("{} is no value of {}", node.description(), dimension.name),
              fmt::format("it is {}", values_text(dimension)))
      .at(node.place);
}

Configuration read_one(const Node& node, const Space& space) {
  if (!node.is_map())
    throw Error(Message::config_wrong_type, fmt::format("an item of start is {}, and a map is due", node.description()),
                "write start: [{lr: 0.1}]")
        .at(node.place);
  Configuration configuration(space.dimensions.size());
  std::vector<std::pair<std::size_t, const Entry*>> given;
  for (const Entry& entry : node.entries) given.emplace_back(dimension_of(entry, space), &entry);
  std::ranges::sort(given, {}, &std::pair<std::size_t, const Entry*>::first);  // parents first
  for (const auto& [i, entry] : given) {
    const Dimension& dimension = space.dimensions[i];
    if (!is_active(space, configuration, i)) {
      const Dimension& parent = space.dimensions[*dimension.parent];
      throw Error(Message::config_impossible,
                  fmt::format("{} is there where {} is {}, and start does not say so", dimension.name, parent.name,
                              std::get<Branches>(parent.domain).labels[dimension.branch]),
                  fmt::format("add {}: {}", parent.name, std::get<Branches>(parent.domain).labels[dimension.branch]))
          .at(entry->place);
    }
    configuration[i] = value_of(entry->value, dimension);
  }
  return configuration;
}

}  // namespace

std::vector<Configuration> read_start(const Node& node, const Space& space) {
  if (!node.is_list())
    throw Error(Message::config_wrong_type, fmt::format("start is {}, and a list is due", node.description()),
                "write start: [{lr: 0.1}]")
        .at(node.place);
  std::vector<Configuration> start;
  for (const Node& item : node.items) start.push_back(read_one(item, space));
  return start;
}

}  // namespace tuner::config
