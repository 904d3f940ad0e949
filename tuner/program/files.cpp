#include "tuner/program/files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "tuner/child_process.hpp"
#include "tuner/error.hpp"
#include "tuner/library.hpp"
#include "tuner/text.hpp"

namespace tuner::program {

namespace {

namespace fs = std::filesystem;

// Names of interpreters without their versions, and how their scripts end.
constexpr std::string_view kInterpreters[] = {"python", "pypy", "Rscript", "julia", "bash", "sh",    "dash",
                                              "zsh",    "perl", "ruby",    "node",  "lua",  "octave"};
constexpr std::string_view kScriptEnds[] = {".py", ".R", ".r", ".jl", ".sh", ".pl", ".rb", ".js", ".mjs", ".lua", ".m"};

// In place of a sha256 that is not known.
constexpr std::string_view kUnknown = "0000000000000000000000000000000000000000000000000000000000000000";

// What follows one of these is no file.
constexpr std::string_view kCodeOptions[] = {"-c", "-m", "-e", "-E"};

bool is_interpreter(const std::string& word) {
  std::string name = fs::path(word).filename().string();
  while (!name.empty() && ((name.back() >= '0' && name.back() <= '9') || name.back() == '.')) name.pop_back();
  return std::ranges::find(kInterpreters, name) != std::end(kInterpreters);
}

bool is_file(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path, none);
}

// Where the command itself begins: after `env NAME=VALUE`.
std::size_t after_env(const std::vector<std::string>& words) {
  if (words.empty() || fs::path(words[0]).filename() != "env") return 0;
  std::size_t at = 1;
  while (at < words.size() && (words[at].starts_with('-') || words[at].find('=') != std::string::npos)) ++at;
  return at < words.size() ? at : 0;
}

// The script among the arguments of an interpreter; empty where there is none to be sure of.
std::string script_in(const std::vector<std::string>& words, const fs::path& folder) {
  const std::size_t begin = after_env(words);
  if (begin >= words.size() || !is_interpreter(words[begin])) return {};
  for (std::size_t i = begin + 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (std::ranges::find(kCodeOptions, word) != std::end(kCodeOptions)) return {};
    if (word.starts_with('-')) continue;
    const bool named = std::ranges::any_of(kScriptEnds, [&](std::string_view end) { return word.ends_with(end); });
    if (named || is_file(folder / word)) return word;
  }
  return {};
}

[[noreturn]] void no_program(const std::string& place, std::string what, std::string remedy) {
  throw Error(Message::config_no_program, std::move(what), std::move(remedy)).at(place);
}

// Why `word` cannot be run, and what to do.
[[noreturn]] void refuse_program(const std::string& word, const Program& program, const std::string& path,
                                 const std::string& place) {
  const fs::path file = (fs::path(program.folder) / word).lexically_normal();
  if (word.find('/') == std::string::npos) {
    const bool beside = is_file(file);
    no_program(place,
               fmt::format("there is no program '{}' in the folders of PATH ({})", shown(word), shown(path, 200)),
               beside ? fmt::format("there is a file of that name: write ./{}", word)
                      : "install it, or write the path of the program");
  }
  if (is_file(file))
    no_program(
        place, fmt::format("'{}' is a file that may not be executed", file.string()),
        fmt::format("run chmod +x {}, or put its interpreter before it: command: [python3, {}]", file.string(), word));
  no_program(place, fmt::format("there is no program '{}'", file.string()),
             "paths count from working_directory, which is the folder of the sweep file by default");
}

void check_command(const std::vector<std::string>& words, const Program& program, const std::string& path,
                   const std::string& place) {
  const fs::path folder = program.folder;
  if (words.empty() || words.front().empty())
    no_program(place, "the command is empty", "write command: [PROGRAM, ...]");
  const std::size_t begin = after_env(words);
  for (const std::size_t at : std::set<std::size_t>{0, begin})
    if (find_program(words[at], folder, path).empty()) refuse_program(words[at], program, path, place);
  const std::string script = script_in(words, folder);
  if (script.empty() || is_file(folder / script)) return;
  no_program(place,
             fmt::format("there is no script '{}' for {}", (folder / script).lexically_normal().string(), words[begin]),
             "paths count from working_directory, which is the folder of the sweep file by default");
}

}  // namespace

std::string variable(const Program& program, const MacroValues& values, const std::string& name) {
  for (const auto& [given, value] : program.environment)
    if (given == name) return expand_text(value, program, values);
  const char* ours = std::getenv(name.c_str());
  return ours != nullptr ? ours : "";
}

std::vector<FileUse> files_of(const Program& program, const std::vector<std::string>& words,
                              const std::string& path_variable) {
  const fs::path folder = program.folder;
  std::vector<FileUse> files;
  const std::size_t begin = after_env(words);
  if (words.empty()) return files;
  files.push_back({.kind = "program",
                   .name = words[begin],
                   .path = find_program(words[begin], folder, path_variable).string(),
                   .sha256 = {}});
  if (const std::string script = script_in(words, folder); !script.empty())
    files.push_back(
        {.kind = "script", .name = script, .path = (folder / script).lexically_normal().string(), .sha256 = {}});
  for (const std::string& file : program.files)
    files.push_back({.kind = "file", .name = file, .path = file, .sha256 = {}});
  return files;
}

void check_files(const Study& study, const std::vector<Configuration>& points) {
  const Program& program = *study.plan.program;
  const std::string& place = study.source.path;
  std::error_code none;
  if (!fs::is_directory(program.folder, none))
    no_program(place, fmt::format("there is no folder '{}' to run the program in", program.folder),
               "working_directory counts from the folder of the sweep file: correct it, or make the folder");
  for (const std::string& file : program.files)
    if (!is_file(file))
      no_program(place, fmt::format("there is no file '{}', which files: names", file),
                 "files count from the folder of the sweep file: correct the path, or remove it");
  for (const std::string& name : environment_names(program))
    if (std::getenv(name.c_str()) == nullptr)
      throw Error(Message::config_bad_macro, fmt::format("the environment has no variable '{}'", shown(name)),
                  fmt::format("set it before you start tuner: export {}=...", name))
          .at(place);
  std::set<std::vector<std::string>> seen;
  for (const Configuration& point : points) {
    MacroValues values;
    values.parameters = active_parameters(program, study.plan.space, point);
    values.study = study.plan.name;
    const std::vector<std::string> words = expand_command(program, values);
    const std::vector<std::string> head(words.begin(), words.begin() + std::min<std::ptrdiff_t>(std::ssize(words), 3));
    if (seen.insert(head).second) check_command(words, program, variable(program, values, "PATH"), place);
  }
}

std::string HashedFiles::sha256_of(const std::string& file) {
  struct stat status {};
  const std::string unknown(kUnknown);
  if (::stat(file.c_str(), &status) != 0) return unknown;
  const std::string state =
      fmt::format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                  status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  Known& known = known_[file];
  if (known.state == state) return known.sha256;
  try {
    known = {.state = state, .sha256 = sha256_of_file(file)};
  } catch (const Error&) {
    known = {};
    return unknown;
  }
  return known.sha256;
}

std::vector<std::string> changed_files(const std::vector<RecordedVersion>& recorded, const std::vector<FileUse>& now) {
  std::vector<std::string> lines;
  for (const FileUse& file : now) {
    std::string earlier;
    for (const RecordedVersion& version : recorded) {
      if (version.kind != file.kind || version.name != file.name || version.sha256 == file.sha256 ||
          version.sha256 == kUnknown)
        continue;
      earlier += fmt::format("{}{} {} with sha256 {:.12}", earlier.empty() ? "" : ", ",
                             version.first == version.last ? "trial" : "trials",
                             version.first == version.last
                                 ? fmt::format("{}", version.first)
                                 : fmt::format("{} to {} ({} of them)", version.first, version.last, version.trials),
                             version.sha256);
    }
    if (!earlier.empty())
      lines.push_back(fmt::format("{} '{}' has changed: the trials from now on have sha256 {:.12}; before were {}",
                                  file.kind, file.name, file.sha256, earlier));
  }
  return lines;
}

}  // namespace tuner::program
