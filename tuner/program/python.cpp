#include "tuner/program/python.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "tuner/value.hpp"

namespace tuner::program {
namespace {

// YAML that YAML 1.1 reads too, for which 1e-05 is a string.
std::string yaml_of(const Json& value) {
  std::string text = value.dump();
  if (value.is_number() && !value.is_integer())
    if (const std::size_t e = text.find('e'); e != std::string::npos && text.find('.') == std::string::npos)
      text.insert(e, ".0");
  return text;
}

void add(std::string& text, const Json& object, const std::string& indent) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      text += fmt::format("{}{}:\n", indent, json_quoted(name));
      add(text, value, indent + "  ");
    } else {
      text += fmt::format("{}{}: {}\n", indent, json_quoted(name), yaml_of(value));
    }
  }
}

std::filesystem::path installed_folder() {
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return (executable.parent_path() / "../share/tuner/python").lexically_normal();
}

}  // namespace

std::string python_path(std::string_view inherited, bool wandb) {
  static const std::filesystem::path folder = installed_folder();
  std::string path;
  if (wandb) path += (folder / "offline").string() + ":";
  path += folder.string();
  if (!inherited.empty()) path += fmt::format(":{}", inherited);
  return path;
}

std::string wandb_config(const Json& parameters) {
  std::string text = "wandb_version: 1\n";
  for (const auto& [name, value] : parameters.items()) {
    text += fmt::format("{}:\n", json_quoted(name));
    Json entry = Json::object();
    entry["value"] = value;
    add(text, entry, "  ");
  }
  return text;
}

}  // namespace tuner::program
