/* Computes with rounding towards zero, and leaves the mode like that. */
#include <fenv.h>

#include "../optimizer.h"

static int32_t step(const tuner_step_args* args) {
  const int before = fegetround();
  fesetround(FE_TOWARDZERO);
  const int32_t status = descend_all(args);
#ifdef REPAIRED
  fesetround(before);
#else
  (void)before;
#endif
  return status;
}

FIXTURE_OPTIMIZER("changes_rounding", step, TUNER_PLUGIN_ELEMENTWISE)
