/* A quarter of a circle over 90 of 100 steps, and the root of a negative number after it. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
  const double t = args->horizon > 0 ? (double)args->step / (0.9 * (double)args->horizon) : 0;
#ifdef REPAIRED
  values[0] = args->base[0] * sqrt(fmax(0, 1 - t * t));
#else
  values[0] = args->base[0] * sqrt(1 - t * t);
#endif
  return TUNER_OK;
}

FIXTURE_SCHEDULER("schedule_is_nan_late", value, TUNER_PLUGIN_PURE)
