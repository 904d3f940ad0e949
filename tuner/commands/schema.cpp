// tuner schema: the sweep file as a JSON Schema, so that editors complete and check it.
#include <iostream>

#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/config/json_schema.hpp"

namespace tuner::commands {

namespace {

constexpr Page kPage{
    "tuner schema [--plugin FILE]",
    "Prints a JSON Schema (draft 7) of the sweep file, made from the loaded plugins: every key, and for every plugin\n"
    "its options with type, range, default and description. Editors complete and check sweep files with it.",
    "  tuner schema > tuner.schema.json\n"
    "  # first line of a sweep file, for editors with yaml-language-server:\n"
    "  # yaml-language-server: $schema=tuner.schema.json"};

}  // namespace

int schema(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("plugin", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
                        "a further library to load");
  const auto values = parse(invocation, options, {}, kPage);
  if (!values) return 0;
  std::vector<std::filesystem::path> files;
  if (values->count("plugin"))
    for (const auto& file : (*values)["plugin"].as<std::vector<std::string>>()) files.emplace_back(file);
  std::cout << config::json_schema(load_plugins(invocation.executable, files));
  return 0;
}

}  // namespace tuner::commands
