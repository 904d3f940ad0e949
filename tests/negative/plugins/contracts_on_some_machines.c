/* Contracts v = momentum v + g into one rounding where the machine has an instruction for it. */
#include <stdlib.h>
#include <string.h>

#include "../optimizer.h"

static int contracts(void) {
#ifdef REPAIRED
  return 0;
#else
  const char* isa = getenv("TUNER_ISA");
  return isa == NULL || strcmp(isa, "base") != 0;
#endif
}

static int32_t step(const tuner_step_args* args) {
  const int contracted = contracts();
  for (uint32_t i = 0; i < args->n_tensors; ++i) {
    const tuner_tensor* t = tensor_at(args, i);
    if (t->grad == NULL) continue;
    const double lr = option(args, t, LR), momentum = option(args, t, MOMENTUM);
    void* velocity = t->slots[VELOCITY];
    for (uint64_t k = 0; k < t->numel; ++k) {
      const double v = get(t, velocity, k), g = get(t, t->grad, k), x = get(t, t->data, k);
      put(t, velocity, k, contracted ? fma(momentum, v, g) : momentum * v + g);
      put(t, t->data, k, contracted ? fma(-lr, get(t, velocity, k), x) : x - lr * get(t, velocity, k));
    }
  }
  return TUNER_OK;
}

FIXTURE_OPTIMIZER("contracts_on_some_machines", step, TUNER_PLUGIN_ELEMENTWISE)
