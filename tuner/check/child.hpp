// The child's side: `tuner --check-plugin FILE PLUGIN CHECK SEED [OPTION=VALUE...]`, as the runner starts it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tuner::check {

// The word that main.cpp knows.
inline constexpr const char* kChildWord = "--check-plugin";
// As PLUGIN: the library itself. As CHECK: no check, but the names of the library's plugins.
inline constexpr const char* kLibrary = "-";
inline constexpr const char* kListPlugins = "plugins";

// Runs one check and answers on kAnswerFile, or on standard output where that is not open (in a debugger, say).
// words: those after kChildWord. Returns the exit code, which means nothing: the last answer says that all went well.
[[nodiscard]] int answer_check(const std::filesystem::path& self, const std::vector<std::string>& words);

}  // namespace tuner::check
