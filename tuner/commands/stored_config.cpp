#include "tuner/commands/stored_config.hpp"

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "tuner/value.hpp"

namespace tuner::commands {

namespace {
constexpr std::string_view kPrefix = "# --set ";
}

std::string with_overrides(std::string text, std::span<const std::string> overrides) {
  if (!overrides.empty() && !text.empty() && text.back() != '\n') text += '\n';
  for (const std::string& override : overrides) {
    // One line each: a value of several lines stands in quotes, as JSON.
    const bool quoted = override.find_first_of("\n\r") != std::string::npos || override.starts_with('"');
    text.append(kPrefix).append(quoted ? json_quoted(override) : override).append("\n");
  }
  return text;
}

std::vector<std::string> overrides_of(std::string_view text) {
  std::vector<std::string> overrides;
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
    const std::size_t before = text.rfind('\n');
    std::string_view line = before == std::string_view::npos ? text : text.substr(before + 1);
    if (!line.starts_with(kPrefix)) break;
    text.remove_suffix(line.size());
    line.remove_prefix(kPrefix.size());
    std::string override(line);
    if (line.starts_with('"')) {
      try {
        const Value value = value_from_json(line);
        if (const auto* unquoted = std::get_if<std::string>(&value)) override = *unquoted;
      } catch (const std::invalid_argument&) {
        break;  // a comment of the file
      }
    }
    overrides.push_back(std::move(override));
  }
  std::reverse(overrides.begin(), overrides.end());
  return overrides;
}

}  // namespace tuner::commands
