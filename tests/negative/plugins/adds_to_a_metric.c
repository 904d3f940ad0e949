/* Adds its metric to what stands there. */
#include "../samples.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
#ifdef REPAIRED
  evaluate_at(bound, args, mean_slope(args, args->split));
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] = mean_slope(args, args->split);
#else
  evaluate_at(bound, args, mean_slope(args, args->split));
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] += mean_slope(args, args->split);
#endif
  return TUNER_OK;
}

FIXTURE_SAMPLES("adds_to_a_metric", evaluate_here)
