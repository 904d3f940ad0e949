#include "tuner/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <span>
#include <system_error>

#include "floating_point.hpp"
#include "tuner/child_process.hpp"
#include "tuner/error.hpp"
#include "tuner/extensions/data_files.h"
#include "tuner/system.hpp"

namespace tuner {

namespace {

// What the child of probe_library writes last, once loading has come to an end.
constexpr std::string_view kProbeAnswer = "tuner: plugin probed\n";

// The extensions that HostServices answers, and the device that it passes.
constexpr std::string_view kHostExtensions[] = {TUNER_EXTENSION_DATA_FILES};
constexpr std::string_view kDevice = "cpu";

// Sizes of 1.0, e.g. tuner_param_1_0, and of what 1.1 added: no plugin's struct may be smaller.
#define TUNER_SIZE_1_0(type, size) [[maybe_unused]] constexpr std::uint32_t type##_1_0 = size;
#define TUNER_SIZE_1_1(type, size) [[maybe_unused]] constexpr std::uint32_t type##_1_1 = size;
#define TUNER_NO_FIELD(type, field, offset)
TUNER_ABI_LAYOUT_1_0(TUNER_SIZE_1_0, TUNER_NO_FIELD)
TUNER_ABI_LAYOUT_1_1(TUNER_SIZE_1_1, TUNER_NO_FIELD)
#undef TUNER_SIZE_1_0
#undef TUNER_SIZE_1_1
#undef TUNER_NO_FIELD

// Hashes bytes as they come.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(const void* data, std::size_t bytes) { EVP_DigestUpdate(context_, data, bytes); }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_, digest, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

struct stat status_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw Error(Message::plugin_unreadable,
                fmt::format("cannot read the plugin '{}': {}", path.string(), system_text(errno)),
                "check the path; `tuner plugins` lists what is loaded");
  return status;
}

[[noreturn]] void refuse_writable(const std::filesystem::path& library, const std::filesystem::path& open) {
  const bool itself = library == open;
  throw Error(Message::plugin_world_writable,
              fmt::format("'{}' {} writable by everybody, so anybody could have put code into it", library.string(),
                          itself ? "is" : fmt::format("is reached by way of the folder '{}', which is", open.string())),
              fmt::format("chmod o-w '{}'", open.string()));
}

// Every folder on the way to the file, those of symbolic links as well: who may write into one of them may put another
// file into the place of this one. A sticky folder (/tmp) lets only owners replace their entries.
void require_closed_folders(const std::filesystem::path& library, const std::filesystem::path& given) {
  namespace fs = std::filesystem;
  constexpr int kMostLinks = 40;  // as the kernel
  const fs::path absolute = fs::absolute(given);
  std::deque<fs::path> rest(absolute.begin(), absolute.end());
  fs::path at = "/";
  for (int links = 0; !rest.empty() && links <= kMostLinks;) {
    const fs::path name = rest.front();
    rest.pop_front();
    if (name.empty() || name == "/" || name == ".") continue;
    const mode_t mode = status_of(at).st_mode;
    if ((mode & S_IWOTH) != 0 && (mode & S_ISVTX) == 0) refuse_writable(library, at);
    if (name == "..") {
      at = at.parent_path();
    } else if (!fs::is_symlink(at / name)) {
      at /= name;
    } else {
      const fs::path target = fs::read_symlink(at / name);
      if (target.is_absolute()) at = "/";
      rest.insert(rest.begin(), target.begin(), target.end());
      ++links;
    }
  }
}

void require_regular_file(const std::filesystem::path& path, const struct stat& status) {
  if (S_ISDIR(status.st_mode))
    throw Error(Message::plugin_unreadable, fmt::format("'{}' is a folder, not a plugin library", path.string()),
                "name the .so file, or put the folder into TUNER_PLUGIN_PATH");
  if (!S_ISREG(status.st_mode))
    throw Error(Message::plugin_unreadable, fmt::format("'{}' is not a regular file", path.string()));
  if ((status.st_mode & S_IWOTH) != 0) refuse_writable(path, path);
}

// The linker's own words without the file name that it repeats.
// Boost wraps them: "... (dlerror system message: FILE: words): Bad file descriptor".
std::string linker_text(const std::string& text, const std::filesystem::path& path) {
  const std::string prefix = path.string() + ": ";
  const auto begin = text.find(prefix), end = text.rfind("): ");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + prefix.size(), end - begin - prefix.size());
}

[[noreturn]] void no_entry(const boost::dll::shared_library& library, const std::filesystem::path& path) {
  for (int major = 2; major < 100; ++major) {
    if (library.has(fmt::format("tuner_plugin_v{}", major)))
      throw Error(
          Message::plugin_other_major,
          fmt::format("'{}' is made for plugin ABI {}; this tuner has ABI {}", path.string(), major, TUNER_ABI_MAJOR),
          fmt::format("build it against the headers of tuner {}.x", TUNER_ABI_MAJOR));
  }
  throw Error(Message::plugin_no_entry,
              fmt::format("'{}' is no tuner plugin: it does not export '{}'", path.string(), TUNER_ENTRY_SYMBOL),
              "end the plugin's source with TUNER_LIBRARY(...), and build it with tuner_add_plugin");
}

[[noreturn]] void bad_descriptor(const std::filesystem::path& path, std::string_view what) {
  throw Error(Message::plugin_bad_descriptor, fmt::format("'{}' describes itself wrongly: {}", path.string(), what),
              "rebuild it with tuner/plugin.hpp, which checks this at compile time, or correct its tables");
}

bool empty(const char* text) { return text == nullptr || *text == 0; }

bool is_word(const char* text, bool plugin) {
  if (empty(text)) return false;
  for (const char* c = text; *c != 0; ++c) {
    const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_';
    if (!plain && !(plugin && (*c == '.' || *c == '-'))) return false;
  }
  return plugin || (text[0] >= 'a' && text[0] <= 'z');
}

template <class Item>
const Item& item_at(const Item* items, std::uint32_t stride, std::size_t index) {
  return *reinterpret_cast<const Item*>(reinterpret_cast<const char*>(items) + index * stride);
}

void check_param(const tuner_param& p, const std::string& plugin, const std::filesystem::path& path) {
  if (p.struct_size < tuner_param_1_0)
    bad_descriptor(path, fmt::format("plugin '{}': a tuner_param of {} bytes", plugin, p.struct_size));
  if (!is_word(p.id, false))
    bad_descriptor(path, fmt::format("plugin '{}': the id of an option is not a word", plugin));
  const std::string where = fmt::format("plugin '{}', option '{}'", plugin, p.id);
  if (p.type < TUNER_TYPE_F64 || p.type > TUNER_TYPE_TEXT_LIST)
    bad_descriptor(path, fmt::format("{}: unknown type {}", where, p.type));
  if (p.type == TUNER_TYPE_CHOICE && (p.n_choices == 0 || p.choices == nullptr))
    bad_descriptor(path, where + ": a choice without choices");
  if (!(p.min <= p.max)) bad_descriptor(path, fmt::format("{}: its range [{:g}, {:g}] is empty", where, p.min, p.max));
  if (p.type <= TUNER_TYPE_CHOICE && (p.flags & TUNER_PARAM_REQUIRED) == 0) {
    const double upper = p.type == TUNER_TYPE_CHOICE ? p.n_choices - 1 : p.max;
    if (!(p.default_value >= p.min && p.default_value <= upper))
      bad_descriptor(path,
                     fmt::format("{}: its default {:g} is outside [{:g}, {:g}]", where, p.default_value, p.min, upper));
  }
  if ((p.flags & TUNER_PARAM_SEARCHABLE) &&
      !(p.search_min >= p.min && p.search_max <= p.max && p.search_min < p.search_max))
    bad_descriptor(path, fmt::format("{}: its search range [{:g}, {:g}] is not inside its range", where, p.search_min,
                                     p.search_max));
}

void check_slots(const tuner_slot* slots, std::uint32_t n, std::uint32_t stride, const std::string& plugin,
                 const std::filesystem::path& path) {
  if (n > 0 && (slots == nullptr || stride < tuner_slot_1_0))
    bad_descriptor(path, fmt::format("plugin '{}': its table of slots is broken", plugin));
  for (std::uint32_t i = 0; i < n; ++i) {
    const tuner_slot& slot = item_at(slots, stride, i);
    if (slot.struct_size < tuner_slot_1_0 || !is_word(slot.id, false))
      bad_descriptor(path, fmt::format("plugin '{}': slot {} is broken", plugin, i));
    if (slot.scope > TUNER_SCOPE_GLOBAL || slot.dtype > TUNER_DTYPE_I64)
      bad_descriptor(path, fmt::format("plugin '{}', slot '{}': unknown scope or type", plugin, slot.id));
  }
}

template <class Vtable>
const Vtable& vtable_of(const tuner_plugin& plugin, std::uint32_t least, const std::filesystem::path& path) {
  const auto* table = static_cast<const Vtable*>(plugin.vtable);
  if (table->struct_size < least)
    bad_descriptor(path, fmt::format("plugin '{}': its function table has {} bytes", plugin.id, table->struct_size));
  return *table;
}

// Whether a struct of another minor version has this field of later than 1.0.
template <class Struct, class Field>
bool covers(const Struct& item, Field Struct::*field) {
  const auto offset = reinterpret_cast<const char*>(&(item.*field)) - reinterpret_cast<const char*>(&item);
  return item.struct_size >= static_cast<std::size_t>(offset) + sizeof(Field);
}

// What the library found out itself; without a probe what it says, which nobody has checked.
std::uint32_t build_flags_of(const tuner_library& table) {
  if (!covers(table, &tuner_library::build_probe) || table.build_probe == nullptr)
    return table.build_flags & ~TUNER_BUILD_PROBED;
  return table.build_probe();
}

void check_devices(const char* id, const tuner_objective& objective, const std::filesystem::path& path) {
  if (!covers(objective, &tuner_objective::n_devices) || objective.devices == nullptr) return;
  std::string named;
  for (std::uint32_t d = 0; d < objective.n_devices; ++d) {
    if (empty(objective.devices[d])) bad_descriptor(path, fmt::format("plugin '{}': device {} has no name", id, d));
    if (std::string_view(objective.devices[d]) == kDevice) return;
    named += fmt::format("{}{}", named.empty() ? "" : ", ", objective.devices[d]);
  }
  throw Error(Message::plugin_not_hosted,
              fmt::format("'{}': objective '{}' computes on {} alone; this tuner has the device {}", path.string(), id,
                          named.empty() ? "no device" : named, kDevice),
              fmt::format("add \"{}\" to its devices, or use a newer tuner", kDevice));
}

void check_vtable(const tuner_plugin& plugin, const std::filesystem::path& path) {
  const auto require = [&](bool there, std::string_view function) {
    if (!there) bad_descriptor(path, fmt::format("plugin '{}': it has no {}()", plugin.id, function));
  };
  if (plugin.kind == TUNER_KIND_OPTIMIZER) {
    const auto& table = vtable_of<tuner_optimizer>(plugin, tuner_optimizer_1_0, path);
    require(table.step != nullptr, "step");
    check_slots(table.slots, table.n_slots, table.slot_stride, plugin.id, path);
  } else if (plugin.kind == TUNER_KIND_SCHEDULER) {
    const auto& table = vtable_of<tuner_scheduler>(plugin, tuner_scheduler_1_0, path);
    require(table.value != nullptr, "value");
    if (table.n_outputs == 0 || table.outputs == nullptr)
      bad_descriptor(path, fmt::format("plugin '{}': a scheduler without outputs", plugin.id));
    check_slots(table.slots, table.n_slots, table.slot_stride, plugin.id, path);
  } else if (plugin.kind == TUNER_KIND_OBJECTIVE) {
    const auto& table = vtable_of<tuner_objective>(plugin, tuner_objective_1_0, path);
    require(table.describe && table.bind && table.release && table.init && table.evaluate,
            "describe, bind, release, init or evaluate");
    require((table.open == nullptr) == (table.close == nullptr), "close beside its open, or the other way round");
    check_devices(plugin.id, table, path);
  } else if (plugin.kind == TUNER_KIND_SEARCHER) {
    const auto& table = vtable_of<tuner_searcher>(plugin, tuner_searcher_1_1, path);
    require(table.create && table.observe && table.propose && table.destroy, "create, observe, propose or destroy");
  } else if (plugin.kind == TUNER_KIND_PRUNER) {
    const auto& table = vtable_of<tuner_pruner>(plugin, tuner_pruner_1_1, path);
    require(table.create && table.observe && table.decide && table.destroy, "create, observe, decide or destroy");
  } else {
    bad_descriptor(path,
                   fmt::format("plugin '{}' is of kind {}, which this tuner does not have", plugin.id, plugin.kind));
  }
}

// What 1.1 added to the description of a plugin.
void check_extensions(const tuner_plugin& plugin, const std::filesystem::path& path) {
  if (!covers(plugin, &tuner_plugin::n_extensions)) return;
  const auto ids = [&](const char* const* table, std::uint32_t n, std::string_view what) {
    if (n > 0 && table == nullptr)
      bad_descriptor(path, fmt::format("plugin '{}': its table of {} is null", plugin.id, what));
    for (std::uint32_t i = 0; i < n; ++i)
      if (empty(table[i])) bad_descriptor(path, fmt::format("plugin '{}': extension {} has no id", plugin.id, i));
    return std::span(table, n);
  };
  for (const char* id : ids(plugin.needed_extensions, plugin.n_needed_extensions, "needed extensions"))
    if (std::ranges::find(kHostExtensions, std::string_view(id)) == std::end(kHostExtensions))
      throw Error(Message::plugin_needs_newer_host,
                  fmt::format("'{}': plugin '{}' needs the extension '{}', which this tuner does not have",
                              path.string(), plugin.id, id),
                  "use a newer tuner");
  for (const char* id : ids(plugin.extensions, plugin.n_extensions, "extensions"))
    if (plugin.get_extension == nullptr || plugin.get_extension(id) == nullptr)
      bad_descriptor(path,
                     fmt::format("plugin '{}' lists the extension '{}', and its get_extension() does not answer it",
                                 plugin.id, id));
}

// The last part of what a child wrote, until its end of file or the deadline.
struct ProbeOutput {
  std::string last;
  bool ended = false;
};
ProbeOutput read_until(int file, std::chrono::steady_clock::time_point deadline) {
  constexpr std::size_t kKept = 1000;
  ProbeOutput output;
  char buffer[512];
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{.fd = file, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0) return output;
    const ssize_t n = ::read(file, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    output.last.append(buffer, static_cast<std::size_t>(n));
    if (output.last.size() > kKept) output.last.erase(0, output.last.size() - kKept);
  }
  output.ended = true;
  return output;
}

// A child that loads the library, and the end of the pipe that it prints into.
std::pair<pid_t, Descriptor> start_probe(const std::filesystem::path& self, const std::filesystem::path& library) {
  try {
    Pipe output;
    const pid_t child =
        launch({.program = self,
                .arguments = {"--probe-plugin", library.string()},
                .descriptors = {{output.write.get(), STDOUT_FILENO}, {output.write.get(), STDERR_FILENO}}});
    return {child, std::move(output.read)};
  } catch (const std::system_error& e) {
    throw Error(Message::plugin_unreadable,
                fmt::format("cannot try '{}': {}", library.string(), system_text(e.code().value())),
                "free processes or memory, and start again");
  }
}

}  // namespace

void check_library_table(const tuner_library* table, const std::filesystem::path& path) {
  if (table == nullptr) bad_descriptor(path, fmt::format("{}() returned null", TUNER_ENTRY_SYMBOL));
  if (table->struct_size < tuner_library_1_0)
    bad_descriptor(path, fmt::format("a tuner_library of {} bytes", table->struct_size));
  if (table->abi_major != TUNER_ABI_MAJOR)
    throw Error(Message::plugin_other_major, fmt::format("'{}' is made for plugin ABI {}; this tuner has ABI {}",
                                                         path.string(), table->abi_major, TUNER_ABI_MAJOR));
  if (table->min_host_minor > TUNER_ABI_MINOR)
    throw Error(Message::plugin_needs_newer_host,
                fmt::format("'{}' needs plugin ABI {}.{}; this tuner has {}.{}", path.string(), TUNER_ABI_MAJOR,
                            table->min_host_minor, TUNER_ABI_MAJOR, TUNER_ABI_MINOR),
                "use a newer tuner");
  if (table->abi_tag != TUNER_ABI_TAG)
    throw Error(Message::plugin_other_platform,
                fmt::format("'{}' has the platform tag {:#010x}; this tuner has {:#010x}", path.string(),
                            table->abi_tag, TUNER_ABI_TAG),
                "build it for this machine");
  if (table->n_plugins == 0 || table->plugins == nullptr) bad_descriptor(path, "it holds no plugin");
  for (std::uint32_t i = 0; i < table->n_plugins; ++i) {
    const tuner_plugin* plugin = table->plugins[i];
    if (plugin == nullptr || plugin->struct_size < tuner_plugin_1_0)
      bad_descriptor(path, fmt::format("plugin number {} is broken", i));
    if (!is_word(plugin->id, true)) bad_descriptor(path, fmt::format("plugin number {} has no proper id", i));
    if (empty(plugin->version) || empty(plugin->doc))
      bad_descriptor(path, fmt::format("plugin '{}' has no version or no doc", plugin->id));
    if (plugin->vtable == nullptr) bad_descriptor(path, fmt::format("plugin '{}' has no functions", plugin->id));
    if (plugin->n_params > 0 && (plugin->params == nullptr || plugin->param_stride < tuner_param_1_0))
      bad_descriptor(path, fmt::format("plugin '{}': its table of options is broken", plugin->id));
    for (std::uint32_t p = 0; p < plugin->n_params; ++p) {
      const tuner_param& param = item_at(plugin->params, plugin->param_stride, p);
      check_param(param, plugin->id, path);
      for (std::uint32_t q = 0; q < p; ++q)
        if (std::strcmp(item_at(plugin->params, plugin->param_stride, q).id, param.id) == 0)
          bad_descriptor(path, fmt::format("plugin '{}' has two options '{}'", plugin->id, param.id));
    }
    check_vtable(*plugin, path);
    check_extensions(*plugin, path);
    for (std::uint32_t j = 0; j < i; ++j)
      if (table->plugins[j]->kind == plugin->kind && std::strcmp(table->plugins[j]->id, plugin->id) == 0)
        bad_descriptor(path, fmt::format("it holds two plugins '{}'", plugin->id));
  }
}

std::unique_ptr<Library> load_library(const std::filesystem::path& given) {
  // -ffast-math start-up code turns on flush-to-zero; and std::filesystem reckons in floating point, which leaves
  // flags.
  const FloatingPointGuard guard;
  const struct stat status = status_of(given);
  auto library = std::make_unique<Library>();
  library->path = std::filesystem::canonical(given);
  require_regular_file(library->path, status);
  require_closed_folders(library->path, given);
  library->device = status.st_dev;
  library->inode = status.st_ino;
  library->sha256 = sha256_of_file(library->path);

  boost::dll::shared_library loaded;
  try {
    // The default would resolve symbols at their first use, in the middle of a trial.
    loaded.load(library->path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& e) {
    throw Error(Message::plugin_not_a_library,
                fmt::format("'{}' cannot be loaded: {}", library->path.string(), linker_text(e.what(), library->path)),
                "a plugin is a shared library (.so) with every symbol resolved: link it with -Wl,-z,defs");
  }
  if (!loaded.has(TUNER_ENTRY_SYMBOL)) no_entry(loaded, library->path);
  const auto entry = loaded.get<const tuner_library*(std::uint32_t)>(TUNER_ENTRY_SYMBOL);
  library->table = entry(TUNER_ABI_MINOR);
  check_library_table(library->table, library->path);
  library->build_flags = build_flags_of(*library->table);
  if (sha256_of_file(library->path) != library->sha256)
    throw Error(Message::plugin_changed, fmt::format("'{}' changed while it was loaded", library->path.string()),
                "start again");
  // Never unloaded: results, messages and threads may still point into it, and outlive any static of ours.
  static auto* const kept = new std::vector<boost::dll::shared_library>;
  kept->push_back(std::move(loaded));
  return library;
}

int answer_probe(const std::filesystem::path& path) {
  end_with_parent(STDOUT_FILENO);
  int code = 0;
  try {
    (void)load_library(path);
  } catch (const Error& e) {
    code = exit_code(e.id());
  }
  std::fflush(stdout);
  return ::write(STDOUT_FILENO, kProbeAnswer.data(), kProbeAnswer.size()) < 0 ? 1 : code;
}

void probe_library(const std::filesystem::path& self, const std::filesystem::path& path,
                   std::chrono::milliseconds time_limit) {
  const auto [child, output] = start_probe(self, path);
  const ProbeOutput said = read_until(output.get(), std::chrono::steady_clock::now() + time_limit);
  if (!said.ended) ::kill(child, SIGKILL);
  const int status = wait_for(child);
  // A child that refuses the library in an orderly way is no crash: loading it here gives the same answer with its own
  // message. The answer must be there, since a constructor may end the process with any code.
  const bool answered = said.last.ends_with(kProbeAnswer);
  if (said.ended && WIFEXITED(status) && answered) return;
  std::string how = fmt::format("ended that process with exit code {}", WEXITSTATUS(status));
  if (!said.ended)
    how = fmt::format("did not come back within {:g} s", std::chrono::duration<double>(time_limit).count());
  else if (WIFSIGNALED(status))
    how = fmt::format("crashed that process with signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  throw Error(
      Message::plugin_crashes_on_load,
      fmt::format("loading '{}' in a process of its own {}{}{}", path.string(), how, said.last.empty() ? "" : ": ",
                  said.last),
      "its static constructors run before tuner can look at it: find them with `gdb --args tuner --probe-plugin FILE`");
}

std::string build_flags_text(std::uint32_t flags) {
  constexpr const char* kNames[] = {"fast-math", "FMA contraction", "sanitizer", "debug", "assertions"};  // by bit
  std::string text = flags & TUNER_BUILD_PROBED ? "" : "unknown build";
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    if ((flags >> bit & 1) == 0 || 1u << bit == TUNER_BUILD_PROBED) continue;
    if (!text.empty()) text += ", ";
    text += bit < std::size(kNames) ? kNames[bit] : fmt::format("flag {:#x}", 1u << bit);
  }
  return text;
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Error(Message::plugin_unreadable, fmt::format("cannot read '{}': {}", path.string(), system_text(errno)));
  Sha256 hash;
  char buffer[1 << 16];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0)
    hash.add(buffer, static_cast<std::size_t>(file.gcount()));
  return hash.hex();
}

std::string sha256_of_text(std::string_view text) {
  Sha256 hash;
  hash.add(text.data(), text.size());
  return hash.hex();
}

}  // namespace tuner
