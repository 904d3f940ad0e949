#include "tuner/system.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include "tuner/library.hpp"

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

std::string processor_text() {
  utsname system{};
  std::string words = ::uname(&system) == 0 ? system.machine : "unknown";
#if defined(__x86_64__)
  __builtin_cpu_init();
  const std::pair<const char*, bool> features[] = {
      {"avx", __builtin_cpu_supports("avx")},          {"avx2", __builtin_cpu_supports("avx2")},
      {"fma", __builtin_cpu_supports("fma")},          {"fma4", __builtin_cpu_supports("fma4")},
      {"avx512f", __builtin_cpu_supports("avx512f")},  {"avx512dq", __builtin_cpu_supports("avx512dq")},
      {"avx512vl", __builtin_cpu_supports("avx512vl")}};
  for (const auto& [name, is_there] : features)
    if (is_there) words += fmt::format(" {}", name);
#endif
  for (const char* name : {"TUNER_ISA", "GLIBC_TUNABLES"})
    if (const char* value = std::getenv(name)) words += fmt::format(" {}={}", name, value);
  return words;
}

std::string libm_text() {
  std::string words = fmt::format("glibc {}", ::gnu_get_libc_version());
  Dl_info where{};
  if (void* function = ::dlsym(RTLD_DEFAULT, "exp");
      function != nullptr && ::dladdr(function, &where) != 0 && where.dli_fname != nullptr)
    words += fmt::format(", libm {:.12}", sha256_of_file(where.dli_fname));
  return words;
}

}  // namespace tuner
