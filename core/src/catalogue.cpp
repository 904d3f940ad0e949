#include "tuner/catalogue.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "tuner/error.hpp"
#include "tuner/text.hpp"

namespace tuner {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::optimizer:
      return "optimizer";
    case Kind::scheduler:
      return "scheduler";
    case Kind::objective:
      return "objective";
    case Kind::searcher:
      return "searcher";
    case Kind::pruner:
      return "pruner";
  }
  return "plugin";
}

const tuner_param& Plugin::param(std::size_t index) const {
  return *reinterpret_cast<const tuner_param*>(reinterpret_cast<const char*>(descriptor_->params) +
                                               index * descriptor_->param_stride);
}

std::optional<std::size_t> Plugin::find_param(std::string_view id) const {
  for (std::size_t i = 0; i < param_count(); ++i)
    if (id == param(i).id) return i;
  return std::nullopt;
}

std::vector<std::string_view> Plugin::param_ids() const {
  std::vector<std::string_view> ids;
  for (std::size_t i = 0; i < param_count(); ++i) ids.emplace_back(param(i).id);
  return ids;
}

std::size_t Plugin::slot_count() const {
  if (kind() == Kind::optimizer) return optimizer().n_slots;
  return kind() == Kind::scheduler ? scheduler().n_slots : 0;
}

const tuner_slot& Plugin::slot(std::size_t index) const {
  const bool scheduling = kind() == Kind::scheduler;
  const auto* first = reinterpret_cast<const char*>(scheduling ? scheduler().slots : optimizer().slots);
  return *reinterpret_cast<const tuner_slot*>(first +
                                              index * (scheduling ? scheduler().slot_stride : optimizer().slot_stride));
}

void Catalogue::add_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    for (const auto& library : libraries_)
      if (library->device == status.st_dev && library->inode == status.st_ino) return;
    if (!self_.empty() && S_ISREG(status.st_mode)) probe_library(self_, path);
  }
  auto library = load_library(path);
  std::vector<std::unique_ptr<Plugin>> added;
  for (std::uint32_t i = 0; i < library->table->n_plugins; ++i) {
    auto plugin = std::make_unique<Plugin>(library->table->plugins[i], library.get());
    if (const Plugin* other = find(plugin->kind(), plugin->id()))
      throw Error(Message::plugin_duplicate_id,
                  fmt::format("{} '{}' is in two libraries: '{}' and '{}'", to_string(plugin->kind()), plugin->id(),
                              other->library().path.string(), library->path.string()),
                  "load only one of them, or rename one");
    added.push_back(std::move(plugin));
  }
  std::ranges::move(added, std::back_inserter(plugins_));
  libraries_.push_back(std::move(library));
}

void Catalogue::add_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  if (error)
    throw Error(Message::plugin_unreadable,
                fmt::format("cannot read the plugin folder '{}': {}", folder.string(), error.message()),
                "check --plugin and TUNER_PLUGIN_PATH");
  std::ranges::sort(files);
  for (const auto& file : files) add_file(file);
}

const Plugin* Catalogue::find(Kind kind, std::string_view id) const {
  for (const auto& plugin : plugins_)
    if (plugin->kind() == kind && plugin->id() == id) return plugin.get();
  return nullptr;
}

const Plugin& Catalogue::get(Kind kind, std::string_view id) const {
  if (const Plugin* plugin = find(kind, id)) return *plugin;
  std::vector<std::string_view> same_kind;
  std::string remedy;
  for (const auto& plugin : plugins_) {
    if (plugin->kind() == kind)
      same_kind.push_back(plugin->id());
    else if (plugin->id() == id)
      remedy = fmt::format("'{}' is a plugin of kind {}", id, to_string(plugin->kind()));
  }
  if (remedy.empty()) remedy = did_you_mean(id, same_kind);
  throw Error(Message::plugin_unknown, fmt::format("there is no {} '{}'", to_string(kind), shown(id)),
              remedy.empty() ? "load its library with --plugin FILE" : remedy);
}

}  // namespace tuner
