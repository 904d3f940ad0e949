/* A straight line that does not stop at zero. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
  const double t = args->horizon > 0 ? (double)args->step / (0.9 * (double)args->horizon) : 0;
#ifdef REPAIRED
  values[0] = args->base[0] * fmax(0, 1 - t);
#else
  values[0] = args->base[0] * (1 - t);
#endif
  return TUNER_OK;
}

FIXTURE_SCHEDULER("schedule_below_zero", value, TUNER_PLUGIN_PURE)
