// The memory of a program and of everything that it starts, limited together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tuner/child_process.hpp"

namespace tuner::program {

// How a limit is kept. pss: the memory of the processes is added up some times a second, and all are ended above it.
enum class MemoryMethod : std::uint8_t { cgroup_v2, cgroup_v1, pss };
[[nodiscard]] std::string_view to_string(MemoryMethod method);

// The best one that this process can use: version 2 of control groups, else version 1, else pss. Makes a group and
// removes it, to be sure. root: where /proc and /sys are found.
[[nodiscard]] MemoryMethod memory_method(const std::filesystem::path& root = "/");

// A control group below that of this process. Removed at its end, which needs it to be empty.
class MemoryGroup {
 public:
  // Null where it cannot be made. name: of its folder. Requires: not pss.
  [[nodiscard]] static std::unique_ptr<MemoryGroup> make(MemoryMethod method, std::uint64_t limit,
                                                         const std::string& name,
                                                         const std::filesystem::path& root = "/");
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // Where a process writes "0" to join.
  [[nodiscard]] int processes() const { return processes_.get(); }
  // How many processes the system has ended in it for want of memory.
  [[nodiscard]] std::uint64_t out_of_memory_kills() const;
  // Ends all that are in it.
  void end_all() const;

 private:
  MemoryGroup(MemoryMethod method, std::filesystem::path folder, Descriptor processes)
      : method_(method), folder_(std::move(folder)), processes_(std::move(processes)) {}
  MemoryMethod method_;
  std::filesystem::path folder_;
  Descriptor processes_;
};

// The same of the group that this process itself is in: what somebody else has limited. 0 where nobody counts.
[[nodiscard]] std::uint64_t own_out_of_memory_kills(const std::filesystem::path& root = "/");

// Removes the empty groups that a worker made which was ended by force.
void remove_leftover_groups(const std::filesystem::path& root = "/");

}  // namespace tuner::program
