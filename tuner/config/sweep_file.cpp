#include "tuner/config/sweep_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tuner/config/scalars.hpp"
#include "tuner/config/wandb.hpp"
#include "tuner/config/yaml.hpp"
#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner::config {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;

// `ladder` is what tuner 1.0 called the `grid` of an LR range test.
void rename_ladder(Node& root) {
  const auto section = std::ranges::find(root.entries, "lr_range", &Entry::key);
  if (section == root.entries.end()) return;
  std::vector<Entry>& entries = section->value.entries;
  const auto ladder = std::ranges::find(entries, "ladder", &Entry::key);
  if (ladder == entries.end()) return;
  if (std::ranges::find(entries, "grid", &Entry::key) != entries.end())
    throw Error(Message::config_duplicate_key, "lr_range.grid and lr_range.ladder are one thing, and both are given",
                "remove ladder, the older name")
        .at(ladder->place);
  ladder->key = "grid";
}

std::string with_grid(const std::string& assignment) {
  constexpr std::string_view kOld = "lr_range.ladder";
  const bool old = assignment.starts_with(kOld) && assignment.find_first_of(".=", kOld.size()) == kOld.size();
  return old ? "lr_range.grid" + assignment.substr(kOld.size()) : assignment;
}

}  // namespace

std::vector<std::string> read_plugin_list(const Node& node) {
  if (!node.is_list())
    throw Error(Message::config_wrong_type,
                fmt::format("plugins is {}, and a list of files is due", node.description()),
                "write plugins: [path/to/plugin.so]")
        .at(node.place);
  std::vector<std::string> files;
  for (const Node& item : node.items) files.push_back(string_of(item, "an item of plugins"));
  return files;
}

SweepFile read_file(const fs::path& file) {
  const auto refuse = [&](const std::string& why, const std::string& remedy) {
    throw Error(Message::config_unreadable, fmt::format("the file cannot be read: {}", why), remedy)
        .at(shown(file.string()));
  };
  std::error_code status;
  if (fs::is_directory(file, status)) refuse("it is a folder", "name the sweep file in it");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  std::vector<char> block(std::size_t{1} << 16);
  while (stream && text.size() <= kLargestFile) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.is_open() || stream.bad())
    refuse(errno != 0 ? std::strerror(errno) : "input failed", "check the path and its permissions");
  if (text.size() > kLargestFile)
    refuse(fmt::format("it has more than {} MiB", kLargestFile >> 20), "a sweep file has a few lines: check the path");
  const bool regular = fs::is_regular_file(file, status);
  return {.name = file.string(),
          .text = std::move(text),
          .folder = regular ? fs::absolute(file).parent_path() : fs::current_path(),
          .study = regular ? file.stem().string() : "stdin"};
}

Node document_of(const SweepFile& file, std::span<const std::string> overrides) {
  Node root = parse_document(file.text, file.name, Tags::numbers);
  if (!is_wandb_sweep(root)) root = parse_document(file.text, file.name);
  for (const std::string& assignment : overrides) {
    for (const auto& [given, other] : {std::pair("trials=", "run_cap"), {"run_cap=", "trials"}})
      if (assignment.starts_with(given))
        std::erase_if(root.entries, [&](const Entry& entry) { return entry.key == other; });
    rename_ladder(root);
    apply_override(root, with_grid(assignment));
  }
  rename_ladder(root);
  if (root.place.empty()) root.place = file.name;
  return root;
}

Converted convert(const SweepFile& file, std::span<const std::string> overrides) {
  const Node root = document_of(file, overrides);
  if (!is_wandb_sweep(root))
    throw Error(Message::usage_bad_option,
                "this is no sweep file of W&B: it has an objective, or neither program nor parameters",
                "give a file of W&B; one of tuner needs no conversion")
        .at(shown(file.name));
  WandbSweep sweep = translate_wandb(root, file.folder);
  Converted converted{.text = to_yaml(sweep.root), .warnings = std::move(sweep.warnings)};
  // Nothing is printed that could not be run; a program has no plugins.
  const Catalogue none;
  static_cast<void>(
      read_study({.name = file.name, .text = converted.text, .folder = file.folder, .study = file.study}, none));
  return converted;
}

std::vector<fs::path> plugin_files(const SweepFile& file) {
  const Node root = parse_document(file.text, file.name, Tags::numbers);
  std::vector<fs::path> paths;
  if (const Node* plugins = root.given("plugins"))
    for (const std::string& path : read_plugin_list(*plugins)) paths.push_back((file.folder / path).lexically_normal());
  return paths;
}

}  // namespace tuner::config
