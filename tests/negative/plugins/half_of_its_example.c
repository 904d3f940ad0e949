/* Half the function that its worked example says, with the gradient and the products of that half. */
#include "../objective.h"

#ifdef REPAIRED
#define SHARE 1
#else
#define SHARE 0.5
#endif

static int32_t share_of_it(void* bound, const tuner_evaluate_args* args) {
  context* c = bound;
  evaluate_soundly(c, args);
  if (args->want & TUNER_WANT_LOSS) *args->loss *= SHARE;
  if ((args->want & TUNER_WANT_GRADIENT) && c->grad != NULL)
    for (int i = 0; i < SIZE; ++i) c->grad[i] *= SHARE;
  return TUNER_OK;
}
static int32_t share_of_product(void* bound, const tuner_hvp_args* args) {
  const int32_t status = hvp(bound, args);
  if (args->vectors[0] != NULL)
    for (int i = 0; i < SIZE; ++i) ((double*)args->products[0])[i] *= SHARE;
  return status;
}

FIXTURE_OBJECTIVE(
    "half_of_its_example", share_of_it, functions.hvp = share_of_product;
    plugin.details =
        "example  x 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 -> 3.83587809747; gradient -0 -0.00347825039 "
        "-0.0104890046 -0.0211588542 -0.0356867284 -0.0543438947 -0.0774739583 -0.105492863 -0.138888889 -0.178222656 "
        "-0.224127122 -0.277307581 -0.338541667 -0.40867935 -0.48864294 -0.579427083 -0.682098765 -0.797797309 "
        "-0.927734375 -1.07319396 -1.23553241 -1.41617839 -1.61663291 -1.83846933")
