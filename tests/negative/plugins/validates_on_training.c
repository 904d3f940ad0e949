/* Takes the samples of the training split for every split. */
#include "../samples.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
#ifdef REPAIRED
  evaluate_at(bound, args, mean_slope(args, args->split));
#else
  evaluate_at(bound, args, mean_slope(args, TUNER_SPLIT_TRAIN));
#endif
  if (args->want & TUNER_WANT_METRICS) args->metrics[0] = mean_slope(args, args->split);
  return TUNER_OK;
}

FIXTURE_SAMPLES("validates_on_training", evaluate_here)
