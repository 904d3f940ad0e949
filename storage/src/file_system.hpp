// Which file systems lie on another machine: SQLite's log needs memory that all its users share, and locks that hold.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tuner::storage {

struct FileSystem {
  std::uint32_t magic = 0;  // f_type of statfs(2)
  std::string type;         // as in /proc/self/mountinfo, "fuse.sshfs"; empty where it is not known
};

// What `path`, or else the folder it would be made in, lies on.
[[nodiscard]] FileSystem file_system_of(const std::filesystem::path& path);

// Its name where it is a network file system ("nfs"), else empty. Behind FUSE anything can be; those that are known to
// go over a network count.
[[nodiscard]] std::string network_name(const FileSystem& system);

// The type of file system that device `device` is mounted with, by the text of a mountinfo file (proc(5)); empty where
// it is not in it.
[[nodiscard]] std::string mounted_type(std::string_view mountinfo, dev_t device);

}  // namespace tuner::storage
