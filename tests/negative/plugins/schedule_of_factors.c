/* Returns the factor of the configured value, not the value. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
  const double factor = exp(-args->options->values[DECAY] * (double)args->step);
#ifdef REPAIRED
  values[0] = args->base[0] * factor;
#else
  values[0] = factor;
#endif
  return TUNER_OK;
}

FIXTURE_SCHEDULER("schedule_of_factors", value, TUNER_PLUGIN_PURE)
