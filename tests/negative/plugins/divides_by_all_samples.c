/* Divides the sum over a batch by the number of all samples. */
#include "../samples.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
#ifdef REPAIRED
  evaluate_at(bound, args, mean_slope(args, args->split));
#else
  evaluate_at(bound, args, mean_slope(args, args->split) * (double)args->n_indices / SAMPLES);
#endif
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] = mean_slope(args, args->split);
  return TUNER_OK;
}

FIXTURE_SAMPLES("divides_by_all_samples", evaluate_here)
