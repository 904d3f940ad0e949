/* The ABI as a later minor version might have it: fields appended to every struct. Included before everything else
 * (-include) it makes a plugin or a host "of the future" out of today's sources. The fields are such that every size
 * and every alignment that a careless sizeof or array index relies on is wrong. */
#define TUNER_ABI_GROWTH   \
  unsigned int future_u32; \
  double future_f64[3];    \
  const void* future_pointer;
#include "tuner/abi.h"
