// tuner plugins new: the files of a plugin that builds, passes the checks and runs, to be changed into one's own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "tuner/commands/installation.hpp"
#include "tuner/commands/options.hpp"
#include "tuner/commands/plugins.hpp"
#include "tuner/error.hpp"
#include "tuner/report/output.hpp"
#include "tuner/system.hpp"
#include "tuner/templates/templates.hpp"
#include "tuner/text.hpp"

namespace tuner::commands {

namespace {

namespace fs = std::filesystem;

constexpr Page kPage{
    "tuner plugins new ID [--kind optimizer|scheduler|objective|searcher|pruner] [--language cpp|c] "
    "[--folder DIR]",
    "Writes a complete small plugin, its CMakeLists.txt, a sweep that compares it with others, and a "
    "README. It builds\n"
    "with `find_package(tuner)` against an installed tuner, and its ctest runs `tuner plugins check`.",
    "  tuner plugins new my_optimizer\n  tuner plugins new my_schedule --kind scheduler --language c\n"
    "  tuner plugins new my_problem --kind objective --folder plugins/my_problem\n"
    "  tuner plugins new my_searcher --kind searcher\n  tuner plugins new my_pruner --kind pruner"};

struct KindWords {
  std::string name;      // "optimizer"
  Kind kind;             // of plugin
  const char* compares;  // what its sweep shows
};
const std::array kKinds{
    KindWords{"optimizer", Kind::optimizer, "compares it with adam and sgd"},
    KindWords{"scheduler", Kind::scheduler, "compares it with constant and cosine"},
    KindWords{"objective", Kind::objective, "trains it with adam"},
    KindWords{"searcher", Kind::searcher, "searches with it, for 200 trials"},
    KindWords{"pruner", Kind::pruner, "searches at random, and stops trials with it"},
};

struct Language {
  std::string name;     // "cpp", which is also the ending of its files
  const char* project;  // as CMake's project() calls it
};
const std::array kLanguages{Language{"cpp", "CXX"}, Language{"c", "C"}};

// The entry of `table` that --OPTION names.
template <class Table>
const auto& chosen(const Table& table, const po::variables_map& values, const char* option) {
  const auto word = values[option].as<std::string>();
  const auto found = std::ranges::find(table, word, [](const auto& entry) { return entry.name; });
  if (found != table.end()) return *found;
  std::vector<std::string> names;
  for (const auto& entry : table) names.push_back(entry.name);
  throw Error(Message::usage_bad_option, fmt::format("there is no {} '{}'", option, shown(word)),
              did_you_mean(word, names));
}

// The id names a folder, a file, a CMake target and a word of YAML beside the plugin.
void require_usable(const std::string& id) {
  static constexpr std::size_t kLongest = 64;
  const bool starts_well = !id.empty() && id[0] >= 'a' && id[0] <= 'z';
  const bool consists_well = std::ranges::all_of(
      id, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; });
  if (!starts_well || !consists_well || id.size() > kLongest)
    throw Error(Message::usage_bad_option, fmt::format("'{}' cannot be the id of a plugin", shown(id)),
                fmt::format("an id is a letter, then letters, digits, '_', '-' and '.', all of them small, at most {}",
                            kLongest));
  static constexpr std::array kTargets{
      "all",     "clean",          "edit_cache",    "help", "install", "list_install_components",
      "package", "package_source", "rebuild_cache", "test"};
  static constexpr std::array kWords{"false", "none", "null", "search", "sequence", "true"};
  if (std::ranges::count(kTargets, id) > 0)
    throw Error(Message::usage_bad_option, fmt::format("'{}' is a target that CMake makes itself", id),
                "choose another id");
  if (std::ranges::count(kWords, id) > 0)
    throw Error(Message::usage_bad_option, fmt::format("'{}' means something else in a sweep file", id),
                "choose another id");
}

void require_new(const std::string& id, Kind kind, const fs::path& executable) {
  const Catalogue catalogue = load_plugins(executable, {});
  for (const auto& plugin : catalogue.plugins())
    if (plugin->kind() == kind && plugin->id() == id)
      throw Error(Message::plugin_duplicate_id, fmt::format("the {} '{}' exists already", to_string(kind), id),
                  fmt::format("choose another id: a sweep names plugins by it. It is that of {}",
                              plugin->library().path.string()));
}

void require_free(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) return;
  if (!fs::is_directory(folder, error))
    throw Error(Message::usage_bad_option, fmt::format("'{}' exists and is no folder", folder.string()),
                "name another with --folder");
  if (!fs::is_empty(folder, error) || error)
    throw Error(Message::usage_bad_option,
                fmt::format("the folder '{}' {}", folder.string(), error ? error.message() : "is not empty"),
                "name another with --folder: nothing is overwritten");
}

// "my_optimizer" is MyOptimizer.
std::string type_name(const std::string& id) {
  std::string name;
  bool first = true;
  for (const char c : id) {
    const bool separator = c == '_' || c == '-' || c == '.';
    if (!separator) name += first && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    first = separator;
  }
  return name;
}

using Placeholders = std::vector<std::pair<std::string, std::string>>;

std::string_view template_text(const std::string& name) {
  const auto all = templates::all();
  const auto found = std::ranges::find(all, name, &templates::Template::name);
  if (found == all.end()) throw std::logic_error("no template " + name);
  return found->text;
}

// Every @word@ of the text replaced; what replaces it may have such words of its own.
std::string filled(std::string text, const Placeholders& placeholders) {
  for (const auto& [word, value] : placeholders) {
    const std::string placeholder = "@" + word + "@";
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos;)
      text.replace(at, placeholder.size(), value);
  }
  return text;
}

void write(const fs::path& file, const std::string& text) {
  if (const int error = report::write_file(file, text))
    throw Error(Message::storage_failed, fmt::format("cannot write {}: {}", file.string(), system_text(error)),
                "make room, or name a folder that can be written with --folder");
}

// In quotes where the shell would take it apart.
std::string shell_word(const std::string& text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+,@%").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// What to do next, for the tuner that runs here: where its package is, CMake is told so.
void print_next(const fs::path& folder, const KindWords& kind, const fs::path& executable) {
  const fs::path prefix = executable.parent_path().parent_path();
  const bool installed = fs::exists(prefix / "lib/cmake/tuner/tunerConfig.cmake");
  std::cout << "\nnext:\n";
  if (!installed && fs::exists(prefix / "cmake_install.cmake")) {
    const std::string build = shell_word(prefix.string());
    std::cout << fmt::format(
        "  cmake --build {} --target installable   # plugins are built against an installed tuner\n"
        "  cmake --install {} --prefix DIR\n",
        build, build);
  }
  std::cout << fmt::format(
      "  cd {}\n  cmake -B build -DCMAKE_PREFIX_PATH={} && cmake --build build\n"
      "  ctest --test-dir build --output-on-failure   # checks it\n"
      "  tuner --config sweep.yaml                    # {}\n",
      shell_word(folder.string()), installed ? shell_word(prefix.string()) : "DIR", kind.compares);
}

}  // namespace

int new_plugin(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("kind", po::value<std::string>()->default_value("optimizer")->value_name("KIND"),
                        "optimizer, scheduler, objective, searcher or pruner")(
      "language", po::value<std::string>()->default_value("cpp")->value_name("LANGUAGE"), "cpp or c")(
      "folder", po::value<std::string>()->value_name("DIR"), "where to write (default: a new folder named ID)");
  const auto values = parse(invocation, options, {"ID"}, kPage);
  if (!values) return 0;
  const std::string id = required(*values, "ID", kPage);
  const KindWords& kind = chosen(kKinds, *values, "kind");
  const Language& language = chosen(kLanguages, *values, "language");
  require_usable(id);
  require_new(id, kind.kind, invocation.executable);
  const fs::path folder = values->count("folder") ? (*values)["folder"].as<std::string>() : id;
  require_free(folder);

  const std::string source = id + "." + language.name;
  const Placeholders placeholders{
      {"library", std::string(template_text("library.c"))},
      {"id", id},
      {"type", type_name(id)},
      {"kind", kind.name},
      {"min_host_minor", kind.kind == Kind::searcher || kind.kind == Kind::pruner ? "1" : "0"},
      {"source", source},
      {"language", language.project},
      {"compares", kind.compares}};
  const std::array<std::pair<std::string, std::string>, 4> files{{{source, kind.name + "." + language.name},
                                                                  {"CMakeLists.txt", "CMakeLists.txt"},
                                                                  {"sweep.yaml", kind.name + ".yaml"},
                                                                  {"README.md", "README.md"}}};
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(Message::usage_bad_option, fmt::format("cannot make '{}': {}", folder.string(), error.message()),
                "name a folder that can be made with --folder");
  for (const auto& [file, from] : files) {
    write(folder / file, filled(std::string(template_text(from)), placeholders));
    std::cout << "wrote " << (folder / file).string() << "\n";
  }
  print_next(folder, kind, invocation.executable);
  return 0;
}

}  // namespace tuner::commands
