#include "tuner/check/settings.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "tuner/error.hpp"
#include "tuner/options.hpp"

namespace tuner::check {

std::pair<std::string, Value> read_setting(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos)
    throw Error(Message::usage_bad_option, fmt::format("'--set {}' has no '='", setting),
                "write --set OPTION=VALUE, as in --set gamma=0.5");
  const std::string text = setting.substr(equals + 1);
  try {
    return {setting.substr(0, equals), value_from_json(text)};
  } catch (const std::invalid_argument&) {
    return {setting.substr(0, equals), text};
  }
}

std::map<std::string, Value> settings_for(const Plugin& plugin, std::span<const std::string> settings) {
  std::map<std::string, Value> given;
  for (const std::string& setting : settings) {
    const auto [id, value] = read_setting(setting);
    if (const auto param = plugin.find_param(id)) given[id] = checked_value(plugin, plugin.param(*param), value);
  }
  return given;
}

}  // namespace tuner::check
