#include "tuner/commands/installation.hpp"

#include <cstdlib>
#include <sstream>

namespace tuner::commands {

std::filesystem::path executable_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

Catalogue load_plugins(const std::filesystem::path& executable, std::span<const std::filesystem::path> files) {
  Catalogue catalogue;
  catalogue.add_folder(executable.parent_path().parent_path() / "lib" / "tuner" / "plugins");
  catalogue.probe_with(executable);
  for (const auto& file : files) catalogue.add_file(file);
  if (const char* folders = std::getenv("TUNER_PLUGIN_PATH")) {
    std::istringstream list(folders);
    for (std::string folder; std::getline(list, folder, ':');)
      if (!folder.empty()) catalogue.add_folder(folder);
  }
  return catalogue;
}

}  // namespace tuner::commands
