// The plugins there are, by kind and id.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/library.hpp"

namespace tuner {

enum class Kind : std::uint32_t {
  optimizer = TUNER_KIND_OPTIMIZER,
  scheduler = TUNER_KIND_SCHEDULER,
  objective = TUNER_KIND_OBJECTIVE,
  searcher = TUNER_KIND_SEARCHER,
  pruner = TUNER_KIND_PRUNER,
};
inline constexpr Kind kKinds[] = {Kind::optimizer, Kind::scheduler, Kind::objective, Kind::searcher, Kind::pruner};
[[nodiscard]] std::string_view to_string(Kind kind);  // "optimizer"

// A plugin and the library it came from. Reads the descriptor with the strides of the library's own ABI minor.
class Plugin {
 public:
  Plugin(const tuner_plugin* descriptor, const Library* library) : descriptor_(descriptor), library_(library) {}

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(descriptor_->kind); }
  [[nodiscard]] std::string_view id() const { return descriptor_->id; }
  [[nodiscard]] std::string_view version() const { return descriptor_->version; }
  [[nodiscard]] bool has(std::uint32_t flag) const { return (descriptor_->flags & flag) != 0; }
  [[nodiscard]] const tuner_plugin& descriptor() const { return *descriptor_; }
  [[nodiscard]] const Library& library() const { return *library_; }

  [[nodiscard]] std::size_t param_count() const { return descriptor_->n_params; }
  [[nodiscard]] const tuner_param& param(std::size_t index) const;
  [[nodiscard]] std::optional<std::size_t> find_param(std::string_view id) const;
  [[nodiscard]] std::vector<std::string_view> param_ids() const;

  [[nodiscard]] const tuner_optimizer& optimizer() const {
    return *static_cast<const tuner_optimizer*>(descriptor_->vtable);
  }
  [[nodiscard]] const tuner_scheduler& scheduler() const {
    return *static_cast<const tuner_scheduler*>(descriptor_->vtable);
  }
  [[nodiscard]] const tuner_objective& objective() const {
    return *static_cast<const tuner_objective*>(descriptor_->vtable);
  }
  [[nodiscard]] const tuner_searcher& searcher() const {
    return *static_cast<const tuner_searcher*>(descriptor_->vtable);
  }
  [[nodiscard]] const tuner_pruner& pruner() const { return *static_cast<const tuner_pruner*>(descriptor_->vtable); }
  // Slots of an optimizer or scheduler.
  [[nodiscard]] std::size_t slot_count() const;
  [[nodiscard]] const tuner_slot& slot(std::size_t index) const;

 private:
  const tuner_plugin* descriptor_;
  const Library* library_;
};

// Threads: filled by one thread, then read by any number. Plugins keep their address and are never unloaded.
class Catalogue {
 public:
  // Loads a library and adds its plugins; the same file (by device and inode) twice is no error.
  // Errors: those of load_library; plugin.duplicate_id, naming both files.
  void add_file(const std::filesystem::path& path);
  // Every *.so of a folder, in order of name. A missing folder is plugin.unreadable.
  void add_folder(const std::filesystem::path& folder);
  // An executable to probe libraries with before they are loaded; none: libraries are trusted.
  void probe_with(std::filesystem::path self) { self_ = std::move(self); }

  [[nodiscard]] const Plugin* find(Kind kind, std::string_view id) const;
  // Throws plugin.unknown with "did you mean" and, where another kind has that id, says so.
  [[nodiscard]] const Plugin& get(Kind kind, std::string_view id) const;
  [[nodiscard]] std::span<const std::unique_ptr<Plugin>> plugins() const { return plugins_; }

 private:
  std::filesystem::path self_;
  std::vector<std::unique_ptr<Library>> libraries_;
  std::vector<std::unique_ptr<Plugin>> plugins_;
};

}  // namespace tuner
