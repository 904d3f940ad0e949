#include "tuner/program/memory_group.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

namespace tuner::program {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "tuner-";

std::string read(const fs::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char bytes[4096];
  for (ssize_t n = 0; descriptor.is_open() && (n = ::read(descriptor.get(), bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(n));
  return text;
}

bool write(const fs::path& file, const std::string& text) {
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return descriptor.is_open() && ::write(descriptor.get(), text.data(), text.size()) == std::ssize(text);
}

bool has_word(const std::string& text, std::string_view word) {
  std::istringstream words(text);
  for (std::string one; words >> one;)
    if (one == word) return true;
  return false;
}

// Where a hierarchy is mounted: of type `type`, and with `option` among its options where that is not empty.
fs::path mount_of(const fs::path& root, std::string_view type, std::string_view option) {
  std::istringstream mounts(read(root / "proc/self/mounts"));
  for (std::string device, place, kind, options, rest; mounts >> device >> place >> kind >> options;) {
    std::getline(mounts, rest);
    if (kind != type) continue;
    if (option.empty() || ("," + options + ",").find(fmt::format(",{},", option)) != std::string::npos)
      return root / fs::path(place).relative_path();
  }
  return {};
}

// The path of this process in a hierarchy: "0::/a/b" of version 2, "5:memory:/a/b" of version 1.
std::string path_in(const fs::path& root, std::string_view controller) {
  std::istringstream lines(read(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool found = controller.empty()
                           ? line.starts_with("0::")
                           : ("," + controllers + ",").find(fmt::format(",{},", controller)) != std::string::npos;
    if (found) return line.substr(second + 1);
  }
  return {};
}

// The folder of this process's own group; empty where there is no such hierarchy.
fs::path own_group(const fs::path& root, MemoryMethod method) {
  const bool second = method == MemoryMethod::cgroup_v2;
  const fs::path mount = second ? mount_of(root, "cgroup2", "") : mount_of(root, "cgroup", "memory");
  const std::string path = path_in(root, second ? "" : "memory");
  if (mount.empty() || path.empty()) return {};
  const fs::path folder = mount / fs::path(path).relative_path();
  std::error_code none;
  // In a container the path may be that outside of it.
  return fs::is_directory(folder, none) ? folder : mount;
}

// Groups below ours limit memory only where ours hands that on, which it may as long as no process is in it directly,
// or where somebody has prepared it.
bool hands_on_memory(const fs::path& own) {
  if (has_word(read(own / "cgroup.subtree_control"), "memory")) return true;
  return has_word(read(own / "cgroup.controllers"), "memory") && write(own / "cgroup.subtree_control", "+memory");
}

// local: without those of the groups below.
std::uint64_t kills_in(const fs::path& folder, MemoryMethod method, bool local) {
  const char* second = local ? "memory.events.local" : "memory.events";
  std::istringstream lines(read(folder / (method == MemoryMethod::cgroup_v2 ? second : "memory.oom_control")));
  std::string word;
  std::uint64_t number = 0;
  while (lines >> word >> number)
    if (word == "oom_kill") return number;
  return 0;
}

}  // namespace

std::string_view to_string(MemoryMethod method) {
  switch (method) {
    case MemoryMethod::cgroup_v2:
      return "control groups, version 2";
    case MemoryMethod::cgroup_v1:
      return "control groups, version 1";
    case MemoryMethod::pss:
      break;
  }
  return "adding up the memory of its processes";
}

MemoryMethod memory_method(const fs::path& root) {
  const std::string name = fmt::format("{}{}-probe", kPrefix, ::getpid());
  for (const MemoryMethod method : {MemoryMethod::cgroup_v2, MemoryMethod::cgroup_v1})
    if (MemoryGroup::make(method, std::uint64_t{1} << 40, name, root)) return method;
  return MemoryMethod::pss;
}

std::unique_ptr<MemoryGroup> MemoryGroup::make(MemoryMethod method, std::uint64_t limit, const std::string& name,
                                               const fs::path& root) {
  const bool second = method == MemoryMethod::cgroup_v2;
  const fs::path own = own_group(root, method);
  if (own.empty() || (second && !hands_on_memory(own))) return nullptr;
  const fs::path folder = own / name;
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return nullptr;
  const std::string bytes = std::to_string(limit);
  const bool limited = write(folder / (second ? "memory.max" : "memory.limit_in_bytes"), bytes);
  // Where the system counts swap: none beyond the limit.
  static_cast<void>(second ? write(folder / "memory.swap.max", "0")
                           : write(folder / "memory.memsw.limit_in_bytes", bytes));
  if (second) static_cast<void>(write(folder / "memory.oom.group", "1"));
  Descriptor processes(::open((folder / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (limited && processes.is_open())
    return std::unique_ptr<MemoryGroup>(new MemoryGroup(method, folder, std::move(processes)));
  ::rmdir(folder.c_str());
  return nullptr;
}

MemoryGroup::~MemoryGroup() {
  // A process that has just ended may still be on its way out.
  for (int attempt = 0; attempt < 100 && ::rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++attempt)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::uint64_t MemoryGroup::out_of_memory_kills() const { return kills_in(folder_, method_, false); }

void MemoryGroup::end_all() const {
  if (method_ == MemoryMethod::cgroup_v2 && write(folder_ / "cgroup.kill", "1")) return;
  std::istringstream processes(read(folder_ / "cgroup.procs"));
  for (pid_t process = 0; processes >> process;)
    if (process > 0) ::kill(process, SIGKILL);
}

std::uint64_t own_out_of_memory_kills(const fs::path& root) {
  std::uint64_t kills = 0;
  for (const MemoryMethod method : {MemoryMethod::cgroup_v2, MemoryMethod::cgroup_v1})
    if (const fs::path own = own_group(root, method); !own.empty()) kills += kills_in(own, method, true);
  return kills;
}

void remove_leftover_groups(const fs::path& root) {
  std::error_code none;
  for (const MemoryMethod method : {MemoryMethod::cgroup_v2, MemoryMethod::cgroup_v1}) {
    const fs::path own = own_group(root, method);
    if (own.empty()) continue;
    std::vector<fs::path> leftover;
    for (const auto& entry : fs::directory_iterator(own, none)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(kPrefix)) continue;
      const pid_t worker = std::atoi(name.c_str() + kPrefix.size());
      if (worker > 0 && ::kill(worker, 0) != 0 && errno == ESRCH) leftover.push_back(entry.path());
    }
    for (const fs::path& folder : leftover) ::rmdir(folder.c_str());
  }
}

}  // namespace tuner::program
