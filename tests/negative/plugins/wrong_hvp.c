/* The product leaves out the curvature of the quartic term. */
#include "../objective.h"

static int32_t product(void* bound, const tuner_hvp_args* args) {
#ifdef REPAIRED
  return hvp(bound, args);
#else
  (void)bound;
  (void)hvp;
  const double* vector = args->vectors[0];
  for (int i = 0; vector != NULL && i < SIZE; ++i) ((double*)args->products[0])[i] = weight(i) * vector[i];
  return TUNER_OK;
#endif
}

FIXTURE_OBJECTIVE("wrong_hvp", evaluate, functions.hvp = product)
