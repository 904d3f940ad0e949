// Everything the author of a plugin includes. README.md shows a whole one, examples/ has more.
//
// A library of one or several plugins ends with one line:
//
//   TUNER_LIBRARY("my_optimizer", "1.0.0", "MIT", tuner::optimizer<MyOptimizer>)
#pragma once

#include "tuner/sdk/objective.hpp"
#include "tuner/sdk/optimizer.hpp"
#include "tuner/sdk/scheduler.hpp"

namespace tuner::inline sdk::detail {

#if defined(__clang__)
inline constexpr const char* kCompiler = "Clang " __clang_version__;
#else
inline constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

#if defined(__x86_64__)
// The loops of update.hpp for AVX-512 have fused operations at hand even where the rest of the library has none: there
// the compiler contracts, unless it is told not to.
__attribute__((target("fma"), noinline)) inline double rest_of_product(double a, double b, double c) {
  return a * b - c;
}
inline std::uint32_t fused_loops() {
  volatile double e = 0x1p-27;
  const bool fused = __builtin_cpu_supports("fma") && rest_of_product(1 + e, 1 - e, 1) != 0;
  return fused ? TUNER_BUILD_FMA_CONTRACTION : 0;
}
#else
inline std::uint32_t fused_loops() { return 0; }
#endif

inline std::uint32_t build_probe() { return tuner_build_probe() | fused_loops(); }

template <const Descriptor&... plugins>
struct PluginTable {
  static constexpr const tuner_plugin* items[] = {&plugins...};
};

template <const Descriptor&... plugins>
constexpr tuner_library library(const char* name, const char* version, const char* license) {
  tuner_library l{};
  l.struct_size = sizeof l;
  l.abi_major = TUNER_ABI_MAJOR;
  l.abi_minor = TUNER_ABI_MINOR;
  for (const std::uint32_t minor : {plugins.min_host_minor...})
    if (minor > l.min_host_minor) l.min_host_minor = minor;
  l.abi_tag = TUNER_ABI_TAG;
  l.n_plugins = sizeof...(plugins);
  l.plugins = PluginTable<plugins...>::items;
  l.name = name;
  l.version = version;
  l.licence = license;
  l.url = "";
  l.build = kCompiler;
  l.build_probe = &build_probe;
  return l;
}

}  // namespace tuner::inline sdk::detail

// The library's one exported function. Arguments after the license: tuner::optimizer<X>, tuner::scheduler<Y>, ...
#define TUNER_LIBRARY(name, version, license, ...)                                                           \
  extern "C" TUNER_EXPORT const tuner_library* tuner_plugin_v1([[maybe_unused]] std::uint32_t host_minor) {  \
    static constexpr tuner_library kLibrary = ::tuner::detail::library<__VA_ARGS__>(name, version, license); \
    return &kLibrary;                                                                                        \
  }
