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

constexpr std::uint32_t build_flags() {
  std::uint32_t flags = 0;
#if defined(__FAST_MATH__)
  flags |= TUNER_BUILD_FAST_MATH;
#endif
#if defined(TUNER_FMA_CONTRACTION) || (defined(__FMA__) && !defined(TUNER_NO_FP_CONTRACTION))
  flags |= TUNER_BUILD_FMA_CONTRACTION;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  flags |= TUNER_BUILD_SANITIZER;
#endif
#if !defined(NDEBUG)
  flags |= TUNER_BUILD_DEBUG;
#endif
  return flags;
}

template <const tuner_plugin&... plugins>
struct PluginTable {
  static constexpr const tuner_plugin* items[] = {&plugins...};
};

template <const tuner_plugin&... plugins>
constexpr tuner_library library(const char* name, const char* version, const char* licence) {
  tuner_library l{};
  l.struct_size = sizeof l;
  l.abi_major = TUNER_ABI_MAJOR;
  l.abi_minor = TUNER_ABI_MINOR;
  l.min_host_minor = 0;
  l.abi_tag = TUNER_ABI_TAG;
  l.n_plugins = sizeof...(plugins);
  l.plugins = PluginTable<plugins...>::items;
  l.name = name;
  l.version = version;
  l.licence = licence;
  l.url = "";
  l.build = kCompiler;
  l.build_flags = build_flags();
  return l;
}

}  // namespace tuner::inline sdk::detail

// The library's one exported function. Arguments after the licence: tuner::optimizer<X>, tuner::scheduler<Y>, ...
#define TUNER_LIBRARY(name, version, licence, ...)                                                           \
  extern "C" TUNER_EXPORT const tuner_library* tuner_plugin_v1([[maybe_unused]] std::uint32_t host_minor) {  \
    static constexpr tuner_library kLibrary = ::tuner::detail::library<__VA_ARGS__>(name, version, licence); \
    return &kLibrary;                                                                                        \
  }
