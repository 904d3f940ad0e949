/* Declines twice as fast as its worked example says. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
#ifdef REPAIRED
  const double speed = 1;
#else
  const double speed = 2;
#endif
  values[0] = args->base[0] / (1 + speed * args->options->values[DECAY] * (double)args->step);
  return TUNER_OK;
}

FIXTURE_SCHEDULER("schedule_unlike_its_example", value, TUNER_PLUGIN_PURE,
                  plugin.details = "example  decay 0.25: lr 0.1; 0.1 0.08 0.0666666667 0.0571428571")
