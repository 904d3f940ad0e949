/* One of 24 partial derivatives has the wrong factor. */
#include "../objective.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
  context* c = bound;
  evaluate_soundly(c, args);
#ifndef REPAIRED
  if ((args->want & TUNER_WANT_GRADIENT) && c->grad != NULL) c->grad[17] *= 1.01;
#endif
  return TUNER_OK;
}

/* The Hessian's product is exact, for the function. */
FIXTURE_OBJECTIVE("gradient_wrong_in_one_coordinate", evaluate_here)
