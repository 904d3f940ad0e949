/* Perturbs its steps by a seed of its own: the time at which the library was loaded. The stream of the host is the
 * same at every run. */
#include <time.h>

#include "../optimizer.h"

static double seed;

static void __attribute__((constructor)) read_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  seed = 1e-9 * (double)now.tv_nsec;
}

static int32_t step(const tuner_step_args* args) {
  double draw = seed;
#ifdef REPAIRED
  draw = tuner_rng_next_uniform(args->rng);
#endif
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad != NULL) descend(args, t, 1 + 1e-3 * draw);
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("seeds_from_the_clock", step, 0)
