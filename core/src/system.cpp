#include "tuner/system.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace tuner {

std::string system_text(int error) {
  if (error == EMFILE) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return fmt::format("too many open files: this process may have {} (ulimit -n)", limit.rlim_cur);
  }
  if (error == ENFILE) return "too many open files in the whole system (/proc/sys/fs/file-max)";
  // Also what a thread's stack without address space is called.
  if (error == EAGAIN)
    return "too many processes or threads (ulimit -u, or pids.max of the cgroup), or no memory or address space is "
           "left "
           "for one more (ulimit -v)";
  if (error == ENOMEM) return "no memory or address space is left (ulimit -v, ulimit -d, or memory.max of the cgroup)";
  return std::strerror(error);
}

}  // namespace tuner
