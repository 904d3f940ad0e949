/* Keeps its intermediate values in a static, which all trials share. */
#include "../objective.h"

static int32_t evaluate_here(void* bound, const tuner_evaluate_args* args) {
  const context* c = bound;
#ifdef REPAIRED
  double point[SIZE];
#else
  static double point[SIZE];
#endif
  for (int i = 0; i < SIZE; ++i) point[i] = c->x[i];
  if (args->want & TUNER_WANT_LOSS) *args->loss = loss_at(point);
  if ((args->want & TUNER_WANT_GRADIENT) && c->grad != NULL) gradient_at(point, c->grad);
  return TUNER_OK;
}

FIXTURE_OBJECTIVE("static_workspace", evaluate_here)
