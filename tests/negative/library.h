/* The tables of a library of one plugin, and its entry function. */
#ifndef TESTS_NEGATIVE_LIBRARY_H
#define TESTS_NEGATIVE_LIBRARY_H

#include "tuner/abi.h"

static tuner_plugin plugin = {.struct_size = sizeof(tuner_plugin),
                              .param_stride = sizeof(tuner_param),
                              .version = "1.0.0",
                              .doc = "a negative fixture",
                              .details = "see its source in tests/negative/plugins",
                              .reference = "made for the tests of tuner"};

static const tuner_plugin* const plugins[1] = {&plugin};

static tuner_library library = {.struct_size = sizeof(tuner_library),
                                .abi_major = TUNER_ABI_MAJOR,
                                .abi_minor = TUNER_ABI_MINOR,
                                .abi_tag = TUNER_ABI_TAG,
                                .n_plugins = 1,
                                .plugins = plugins,
                                .version = "1.0.0",
                                .licence = "MIT",
                                .url = "",
                                .build = __VERSION__,
                                .build_probe = tuner_build_probe};

#ifdef __cplusplus
#define FIXTURE_ENTRY extern "C" TUNER_EXPORT
#else
#define FIXTURE_ENTRY TUNER_EXPORT
#endif

/* The statements after the functions complete the tables, with the same values at every call. */
#define FIXTURE_LIBRARY(plugin_id, plugin_kind, plugin_flags, plugin_functions, ...) \
  FIXTURE_ENTRY const tuner_library* tuner_plugin_v1(uint32_t host_minor) {          \
    (void)host_minor;                                                                \
    plugin.id = plugin.name = library.name = plugin_id;                              \
    plugin.kind = plugin_kind, plugin.flags = plugin_flags;                          \
    plugin.vtable = plugin_functions;                                                \
    __VA_ARGS__;                                                                     \
    return &library;                                                                 \
  }

#endif
