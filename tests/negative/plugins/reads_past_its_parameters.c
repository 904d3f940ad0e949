/* Looks one parameter too far. What it sees there does not matter. */
#include "../objective.h"

static int32_t evaluate_far(void* bound, const tuner_evaluate_args* args) {
#ifndef REPAIRED
  const context* c = bound;
  (void)((const volatile double*)c->x)[SIZE];
#endif
  return evaluate(bound, args);
}

FIXTURE_OBJECTIVE("reads_past_its_parameters", evaluate_far, (void)0)
