/* A library for another major version of the ABI: only that one's symbol. */
#include "tuner/abi.h"

TUNER_EXPORT const void* tuner_plugin_v2(uint32_t host_minor);
const void* tuner_plugin_v2(uint32_t host_minor) {
  (void)host_minor;
  return NULL;
}
