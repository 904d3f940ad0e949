#include "tuner/system.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

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

std::string machine_text() {
  std::string words, line;
  std::ifstream file("/proc/cpuinfo");
  while (words.empty() && std::getline(file, line))
    if (line.starts_with("model name")) words = line.substr(std::min(line.find(':') + 2, line.size()));
  if (words.empty()) words = "unknown processor";
  words += fmt::format(", {} processors", std::thread::hardware_concurrency());
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && size > 0)
    words += fmt::format(", {:.0f} GB", static_cast<double>(pages) * static_cast<double>(size) / 1e9);
  utsname system{};
  if (::uname(&system) == 0) words += fmt::format(", {} {} {}", system.sysname, system.release, system.machine);
  return words;
}

}  // namespace tuner
