/* The header by itself, first in a file and twice, in C and in C++. */
#include "tuner/abi.h"

#ifdef __cplusplus
extern "C"
#endif
    TUNER_EXPORT const tuner_library*
    tuner_plugin_v1(uint32_t host_minor);

const tuner_library* tuner_plugin_v1(uint32_t host_minor) {
  static const tuner_library library = {sizeof(tuner_library),
                                        TUNER_ABI_MAJOR,
                                        TUNER_ABI_MINOR,
                                        0,
                                        TUNER_ABI_TAG,
                                        0,
                                        NULL,
                                        "",
                                        "",
                                        "",
                                        "",
                                        "",
                                        0,
                                        0,
                                        NULL};
  tuner_rng rng = {sizeof(tuner_rng), TUNER_RNG_INIT, host_minor, 0, 0, 0};
  return tuner_rng_next_below(&rng, 2) == 2 ? NULL : &library;
}
