#include "file_system.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace tuner::storage {
namespace {

struct Name {
  std::uint32_t magic;
  const char* name;
};
// Source: linux/magic.h, and the kernel's sources for those that it does not list.
constexpr Name kNetwork[] = {
    {0x6969, "nfs"},       {0x517b, "smb"},       {0xff534d42, "cifs"}, {0xfe534d42, "smb2"},   {0x01021997, "9p"},
    {0x564c, "ncp"},       {0x5346414f, "afs"},   {0x73757245, "coda"}, {0x00c36400, "ceph"},   {0x0bd00bd0, "lustre"},
    {0x01161970, "gfs2"},  {0x7461636f, "ocfs2"}, {0x47504653, "gpfs"}, {0x19830326, "beegfs"}, {0x786f4256, "vboxsf"},
    {0xaad7aaea, "panfs"}, {0x6b414653, "kafs"},
};
constexpr std::uint32_t kFuse = 0x65735546;
constexpr std::string_view kNetworkFuse[] = {
    "sshfs",     "s3fs",      "rclone",   "gcsfuse",   "goofys",   "davfs",     "davfs2",
    "curlftpfs", "glusterfs", "ceph",     "seaweedfs", "moosefs",  "mfs",       "lizardfs",
    "juicefs",   "smbnetfs",  "nfs",      "ceph-fuse", "blobfuse", "blobfuse2", "google-drive-ocamlfuse",
    "onedriver", "mount-s3",  "s3backer", "hdfs",      "fuse_dfs"};

}  // namespace

FileSystem file_system_of(const std::filesystem::path& path) {
  std::filesystem::path place = path;
  struct statfs system {};
  // The file itself may be a link to elsewhere.
  if (::statfs(place.c_str(), &system) != 0) {
    place = path.parent_path();
    if (::statfs(place.c_str(), &system) != 0) return {};
  }
  FileSystem found{.magic = static_cast<std::uint32_t>(system.f_type), .type = {}};
  struct stat status {};
  if (found.magic == kFuse && ::stat(place.c_str(), &status) == 0) {
    std::ifstream file("/proc/self/mountinfo");
    found.type = mounted_type(std::string{std::istreambuf_iterator<char>(file), {}}, status.st_dev);
  }
  return found;
}

std::string network_name(const FileSystem& system) {
  if (system.magic == kFuse) {
    const std::string_view type = system.type;
    if (!type.starts_with("fuse.")) return {};
    const auto* known = std::ranges::find(kNetworkFuse, type.substr(5));
    return known == std::end(kNetworkFuse) ? std::string() : system.type;
  }
  const auto* known = std::ranges::find(kNetwork, system.magic, &Name::magic);
  return known == std::end(kNetwork) ? std::string() : known->name;
}

std::string mounted_type(std::string_view mountinfo, dev_t device) {
  const std::string wanted = fmt::format("{}:{}", major(device), minor(device));
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, number, word;
    fields >> id >> parent >> number;
    if (number != wanted) continue;
    // Some optional fields, a dash, then the type.
    while (fields >> word && word != "-") {
    }
    if (fields >> word) return word;
  }
  return {};
}

}  // namespace tuner::storage
