/* Writes a metric that it does not declare. */
#include "../samples.h"

static int32_t evaluate_samples(void* bound, const tuner_evaluate_args* args) {
  const double slope = mean_slope(args, args->split);
  evaluate_at(bound, args, slope);
  if (args->want & TUNER_WANT_METRICS) {
    args->metrics[0] = slope;
#ifndef REPAIRED
    args->metrics[1] = slope;
#endif
  }
  return TUNER_OK;
}

FIXTURE_SAMPLES("writes_a_metric_too_many", evaluate_samples, (void)0)
