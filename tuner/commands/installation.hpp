// Where the program's own plugins are, and which others the user named.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tuner/catalogue.hpp"

namespace tuner::commands {

// The running executable, canonical.
[[nodiscard]] std::filesystem::path executable_path();

// Plugins of tuner's own folder (../lib/tuner/plugins from the executable), then `files` (--plugin and the config's
// `plugins:`), then the folders of TUNER_PLUGIN_PATH (colon-separated). Those outside tuner's own folder are probed in
// a child process first. The working directory is never searched.
[[nodiscard]] Catalogue load_plugins(const std::filesystem::path& executable,
                                     std::span<const std::filesystem::path> files);

}  // namespace tuner::commands
