#include "data/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tuner::objectives {
namespace {

[[noreturn]] void cannot_read(const std::string& path) {
  throw std::runtime_error(path + " cannot be read: " + std::strerror(errno));
}

void require_regular(const std::string& path, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return;
  const char* kind = S_ISDIR(status.st_mode)    ? "a folder"
                     : S_ISFIFO(status.st_mode) ? "a FIFO or pipe"
                     : S_ISSOCK(status.st_mode) ? "a socket"
                                                : "a device";
  throw std::runtime_error(path + " is " + kind + ", and data is read from regular files alone");
}

}  // namespace

DataFile::DataFile(const std::string& path) : path_(path) {
  struct stat status {};
  // Before it is opened, which can have effects on a device.
  if (::stat(path.c_str(), &status) != 0) cannot_read(path);
  require_regular(path, status);
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) cannot_read(path);
  require_regular(path, status);
  if (static_cast<std::uint64_t>(status.st_size) > machine_memory())
    throw std::runtime_error(path + " has " + std::to_string(status.st_size) + " bytes, and this machine has " +
                             std::to_string(machine_memory()) + " bytes of memory");
}

DataFile::~DataFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t DataFile::read(char* out, std::size_t count) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, out, count);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) cannot_read(path_);
  }
}

int DataFile::release() { return std::exchange(descriptor_, -1); }

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace tuner::objectives
