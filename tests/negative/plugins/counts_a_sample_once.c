/* Leaves out a sample that has just been there. */
#include "../samples.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
#ifdef REPAIRED
  evaluate_at(bound, args, mean_slope(args, args->split));
#else
  double sum = 0;
  for (uint64_t k = 0; k < args->n_indices; ++k)
    if (k == 0 || args->indices[k] != args->indices[k - 1]) sum += slope_of(args->split, args->indices[k]);
  evaluate_at(bound, args, sum / (double)args->n_indices);
#endif
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] = mean_slope(args, args->split);
  return TUNER_OK;
}

FIXTURE_SAMPLES("counts_a_sample_once", evaluate_here)
