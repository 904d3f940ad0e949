/* Its entry function returns nothing. */
#include "tuner/abi.h"

TUNER_EXPORT const tuner_library* tuner_plugin_v1(uint32_t host_minor);
const tuner_library* tuner_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return NULL;
}
