/* Counts the steps itself, in a static: the second trial goes on where the first one ended. */
#include "../schedule.h"

static int32_t value(const tuner_schedule_args* args, double* values) {
  double t = (double)args->step;
#ifndef REPAIRED
  static int64_t calls = 0;
  t = (double)calls++;
#endif
  values[0] = args->base[0] / (1 + args->options->values[DECAY] * t);
  return TUNER_OK;
}

FIXTURE_SCHEDULER("schedule_with_a_static", value, 0)
